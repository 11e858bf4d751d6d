"""File names from titles, which anybody may have written."""

from __future__ import annotations

import re
from typing import Any


def film_name(record: dict[str, Any]) -> str:
    """A name for a film's file: its title in word characters of any script, and its id, so that no two films share one.

    >>> film_name({"film": {"id": "0123456789abcdef", "title": "../The Harbour: 2"}})
    'The_Harbour_2-0123456789abcdef'
    """
    title = "_".join(re.findall(r"\w+", record["film"]["title"]))[:80]
    return f"{title}-{record['film']['id']}" if title else record["film"]["id"]
