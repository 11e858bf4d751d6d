"""Chinese in simplified characters."""

from __future__ import annotations

import re

import zhconv

#: zhconv keeps 著 wherever it doesn't know the word. It is 着 but in words like 著名, 显著 and 原著.
_ASPECT = re.compile(r"(?<![显卓昭原名巨专论编译土遗合拙新所])著(?![名作称者述书录有])")


def simplified(text: str) -> str:
    """The text in simplified characters, as written on the mainland.

    >>> simplified("他一直等著那本名著")
    '他一直等着那本名著'
    """
    return _ASPECT.sub("着", zhconv.convert(text, "zh-cn"))


def simplified_parts(parts: list[str]) -> list[str]:
    """Parts of one text, each read with its neighbours: 著 by itself says nothing."""
    whole = simplified("".join(parts))
    if len(whole) != sum(map(len, parts)):
        return [simplified(part) for part in parts]
    found, at = [], 0
    for part in parts:
        found.append(whole[at : at + len(part)])
        at += len(part)
    return found
