"""Nouns to JSON and back, typed and without pickle (msgspec).

A type is learnt before it is first used, by one thread at a time: msgspec 0.22 hands what it knows of a dataclass to other threads while it is still
learning it, and their first use of it ends the process.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def encode(noun: Any) -> bytes:
    """UTF-8 JSON of a noun. Equal nouns give equal bytes: fields keep their order, mappings are sorted."""
    return msgspec.json.encode(noun, order="deterministic")


def decode(data: bytes, kind: type[T]) -> T:
    """The noun of type ``kind`` in ``data``. Raises ``msgspec.ValidationError`` for anything else."""
    _learn(kind)
    return msgspec.json.decode(data, type=kind)


def builtins(noun: Any) -> Any:
    """A noun as dicts, lists, strings and numbers."""
    return msgspec.to_builtins(noun, order="deterministic")


def convert(value: Any, kind: type[T]) -> T:
    """Dicts and lists as the noun of type ``kind``, checked."""
    _learn(kind)
    return msgspec.convert(value, kind)


_LEARNING, _LEARNT = threading.Lock(), set[Any]()


def _learn(kind: Any) -> None:
    if kind not in _LEARNT:
        with _LEARNING:
            msgspec.json.Decoder(kind)
            _LEARNT.add(kind)
