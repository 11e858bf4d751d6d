"""The page: one HTML document with its style, its script and its data inside, that may load nothing from anywhere unless it is told from where."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib import resources
from typing import Any

#: In the order in which they build on each other.
SCRIPTS = ("dom.js", "source.js", "charts.js", "timeline.js", "sync.js", "player.js", "clip.js", "edit.js", "sections.js", "browse.js", "main.js")


def page(data: dict[str, Any], title: str, media: str = "data:", connect: str = "'none'", scripts: str = "") -> str:
    """The document that shows ``data``.

    ``media`` and ``connect`` are the policy's sources of pictures and sounds, and of answers; scripts other than the page's own never run: those of
    the report, or ``scripts``.
    """
    style, script = read("page.css"), '"use strict";\n' + (scripts or "".join(read(name) for name in SCRIPTS))
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src {media}; media-src {media}; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )
    parts = {"policy": html.escape(policy), "title": html.escape(title), "style": style, "script": script, "data": embedded(data)}
    return re.sub(r"@@(\w+)@@", lambda place: parts[place[1]], read("page.html"))


def embedded(data: Any) -> str:
    """JSON that can stand in a script element whatever its strings say: nothing in it ends the element or opens a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def data_uri(kind: str, data: bytes) -> str:
    """Bytes as an address that holds them."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def read(name: str) -> str:
    """A part of the page: its style, its skeleton, one of ``SCRIPTS``."""
    return (resources.files("cinedub.report") / "page" / name).read_text(encoding="utf-8")
