"""Texts of expressions made at random, by the grammar, and the same with a fault or two in them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_LITERALS = (
    *("null", "true", "false", "0", "42", "-1", "1.5", "-2.5e3", "'x'", "''", "'it''s'", "INF", "NaN"),
    *("32a4ac62-1b1a-4a4c-9a3b-0123456789ab", "2026-11-24", "10:30:00", "2026-11-24T10:30:00Z", "duration'P1D'"),
    *("2026-11-24T10:30:00.5-08:00", "binary'AAEC'", "n.Colour'red'", "n.Flavour'sweet,hot'"),
)
_PATHS = ("id", "a/b", "a/b/c", "$it/id", "items/$count", "@p")
_BINARY = ("eq", "ne", "gt", "ge", "lt", "le", "add", "sub", "mul", "div", "divby", "mod", "and", "or")
_UNARY_FUNCTIONS = ("length", "tolower", "trim", "year", "date", "time", "round", "floor", "totalseconds")
_BINARY_FUNCTIONS = ("contains", "startswith", "concat", "indexof", "matchesPattern")
_FAULTS = (
    *("(", ")", ",", "/", ":", "'", '"', " eq ", " and ", " or ", "not ", "-", " in ", "()", "(1)", " asc"),
    *("any(", "$count", "@", "$", ".", ";", "=", "x", "1", " ", "''", "[", "]", "%", "+"),
)


@st.composite
def expressions(draw: Any, depth: int = 3) -> str:
    """A text that the grammar has."""

    def one(values: tuple[str, ...]) -> str:
        return str(draw(st.sampled_from(values)))

    def inner() -> str:
        return str(draw(expressions(depth - 1)))

    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return one(_LITERALS) if draw(st.booleans()) else one(_PATHS)
    match draw(st.integers(0, 8)):
        case 0 | 1 | 2:
            return f"{inner()} {one(_BINARY)} {inner()}"
        case 3:
            return f"({inner()})"
        case 4:
            return f"not ({inner()})" if draw(st.booleans()) else f"-({inner()})"
        case 5:
            return f"{one(_UNARY_FUNCTIONS)}({inner()})"
        case 6:
            return f"{one(_BINARY_FUNCTIONS)}({inner()},{inner()})"
        case 7:
            listed = ",".join(draw(st.lists(st.sampled_from(_LITERALS), min_size=1, max_size=3)))
            return f"{one(_PATHS)} in ({listed})"
    return f"{one(('items', 'a/items'))}/{one(('any', 'all'))}(x:{inner()})"


@st.composite
def faulty(draw: Any) -> str:
    """A text of the grammar from which something was taken, or in which something was put."""
    text = draw(expressions())
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.integers(0, len(text)))
        if draw(st.booleans()):
            text = text[:place] + draw(st.sampled_from(_FAULTS)) + text[place:]
        else:
            text = text[:place] + text[place + draw(st.integers(1, 3)) :]
    return str(text)
