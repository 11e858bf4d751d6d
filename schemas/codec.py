"""Nouns to JSON and back, typed and without pickle (msgspec)."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def encode(noun: Any) -> bytes:
    """UTF-8 JSON of a noun. Equal nouns give equal bytes: fields keep their order, mappings are sorted."""
    return msgspec.json.encode(noun, order="deterministic")


def decode(data: bytes, kind: type[T]) -> T:
    """The noun of type ``kind`` in ``data``. Raises ``msgspec.ValidationError`` for anything else."""
    return msgspec.json.decode(data, type=kind)


def builtins(noun: Any) -> Any:
    """A noun as dicts, lists, strings and numbers."""
    return msgspec.to_builtins(noun, order="deterministic")


def convert(value: Any, kind: type[T]) -> T:
    """Dicts and lists as the noun of type ``kind``, checked."""
    return msgspec.convert(value, kind)
