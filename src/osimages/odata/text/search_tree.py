"""The tree of a `$search`: terms and phrases with AND, OR and NOT."""

from __future__ import annotations

import msgspec


class SearchTerm(msgspec.Struct, frozen=True):
    """A word, or a phrase in double quotes."""

    text: str
    is_phrase: bool
    position: int


class SearchIncomplete(msgspec.Struct, frozen=True):
    """A text that somebody is still typing, in single quotes: it is not read further."""

    text: str
    position: int


class SearchNot(msgspec.Struct, frozen=True):
    """NOT operand."""

    operand: Search
    position: int


class SearchAnd(msgspec.Struct, frozen=True):
    """All of two or more operands; `AND` may be left out between them."""

    operands: tuple[Search, ...]
    position: int


class SearchOr(msgspec.Struct, frozen=True):
    """One of two or more operands."""

    operands: tuple[Search, ...]
    position: int


Search = SearchTerm | SearchIncomplete | SearchNot | SearchAnd | SearchOr
