"""Filters made at random: valid ones with the tree that they stand for, and texts that are almost filters."""

from __future__ import annotations

from hypothesis import strategies as st

_NAMES = st.sampled_from(["id", "supportedEditions", "not", "any", "eq", "desc", "größe", "x1", "_"])
_STRINGS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(
    lambda text: ("'" + text.replace("'", "''") + "'", repr(text))
)
_LITERALS = (
    _STRINGS
    | st.integers(-(10**20), 10**20).map(lambda number: (str(number), str(number)))
    | st.dates().map(lambda day: (day.isoformat(), repr(day.isoformat())))
    | st.uuids().map(lambda guid: (str(guid), repr(str(guid))))
    | st.sampled_from([("null", "None"), ("true", "True"), ("FALSE", "False"), ("a.b'c'", "a.b'c'")])
)
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map(lambda names: ("/".join(names), "/".join(names)))

Pair = tuple[str, str]
"""A text, and its tree as `shown` shows it."""


def _in_parentheses(pair: Pair) -> str:
    return f"({pair[0]})"


def _combined(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    operators = st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le", "add", "sub", "mul", "div", "mod"])
    binary = st.tuples(inner, operators, inner).map(
        lambda parts: (
            f"{_in_parentheses(parts[0])} {parts[1].upper()} {_in_parentheses(parts[2])}",
            f"({parts[1]} {parts[0][1]} {parts[2][1]})",
        )
    )
    logical = st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=4)).map(
        lambda parts: (
            f" {parts[0]} ".join(map(_in_parentheses, parts[1])),
            f"({parts[0]} {' '.join(shown for _, shown in parts[1])})",
        )
    )
    negated = inner.map(lambda pair: (f"not{_in_parentheses(pair)}", f"(not {pair[1]})"))
    called = st.lists(inner, min_size=2, max_size=2).map(
        lambda pairs: (
            f"contains({' , '.join(text for text, _ in pairs)})",
            f"contains({', '.join(shown for _, shown in pairs)})",
        )
    )
    listed = st.tuples(_PATHS, st.lists(inner, max_size=3)).map(
        lambda parts: (
            f"{parts[0][0]} in [{','.join(text for text, _ in parts[1])}]",
            f"(in {parts[0][1]} [{', '.join(shown for _, shown in parts[1])}])",
        )
    )
    quantified = st.tuples(_PATHS, st.sampled_from(["any", "all"]), inner).map(
        lambda parts: (
            f"{parts[0][0]}/{parts[1]}(x: {parts[2][0]})",
            f"{parts[0][1]}/{parts[1]}(x:{parts[2][1]})",
        )
    )
    return binary | logical | negated | called | listed | quantified


FILTERS: st.SearchStrategy[Pair] = st.recursive(_LITERALS | _PATHS, _combined, max_leaves=12)

_PIECES = st.sampled_from(
    [
        *"()[]{},/:;=*-+@$'\"%&. \t\n\0",
        *(
            " eq ",
            " and ",
            " or ",
            "not ",
            " in ",
            " has ",
            " add ",
            "any(",
            "all(x:",
            "contains(",
            "$count",
            "$filter(",
        ),
        *("id", "x", "supportedEditions", "supportedArchitectures", "availableUpdates", "e/editionType", "$it", "@p"),
        *("null", "true", "INF", "-INF", "NaN", "1", "-1", "1.5e3", "2026-02-30", "''", "'x'", "duration'P1D'"),
        *("microsoft.graph.managedDeviceArchitecture'x64'", '"a\\ud800"', "\ud800", "٣", "é", "10:00", "1e999"),
    ]
)
ALMOST_FILTERS: st.SearchStrategy[str] = st.lists(_PIECES, max_size=25).map("".join) | st.text(max_size=60)
