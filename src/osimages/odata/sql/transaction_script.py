"""Transaction scripts: generators of statements, which each database executes with its own driver.

A change is written once, as a generator that yields statements and receives their rows. The order of its statements and
its conditions are the same on every database, and several scripts become one transaction with `yield from`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

Result = TypeVar("Result")
Values = Mapping[str, object]
Row = tuple[Any, ...]


class KeyTakenError(Exception):
    """A row with that key is there already."""


class Statement(msgspec.Struct, frozen=True):
    """A statement with parameters named `:like_this`; with a sequence of values it is run for each of them."""

    sql: str
    values: Values | Sequence[Values] = {}


Rows = Sequence[Row]
Script = Generator[Statement, Rows, Result]
