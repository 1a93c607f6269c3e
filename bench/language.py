"""What the query language costs in one process: microseconds to parse and to bind, and a shape that is seen first."""

from __future__ import annotations

import timeit
from collections.abc import Callable

from osimages.graph.model import GRAPH, IMAGE
from osimages.graph.tables import IMAGES
from osimages.odata import parse_filter
from osimages.odata.plan.bind import bind_filter
from osimages.odata.plan.query import Shape
from osimages.odata.sql.sqlite.rendering import SqliteRenderer

_FILTERS = {
    "simple filter": "id eq 'Windows 11 24H2'",
    "any and in": (
        "supportedEditions/any(e:e/editionType in ('enterprise','education') and e/supportEndDate ge 2026-11-23)"
    ),
    "15 conditions": " or ".join(f"id eq 'Windows 11 {number}H2'" for number in range(15)),
}
_RUNS = 2_000
_MOST_SIMPLE = 40  # microseconds to parse and bind a simple filter


def language_facts() -> dict[str, str]:
    """What there is to say of each filter, by name."""
    return {name: _told(name, text) for name, text in _FILTERS.items()}


def _told(name: str, text: str) -> str:
    tree = parse_filter(text)
    bound = bind_filter(GRAPH, IMAGE, tree, {})
    shape = Shape(bound.condition, False)
    parsing = _microseconds(lambda: parse_filter(text))
    binding = _microseconds(lambda: bind_filter(GRAPH, IMAGE, tree, {}))
    cold = _microseconds(lambda: SqliteRenderer(IMAGES).page(shape, None), runs=100)
    met = ""
    if name == "simple filter":
        met = f" (at most {_MOST_SIMPLE}: {'met' if parsing + binding <= _MOST_SIMPLE else 'MISSED'})"
    told = f"parse {parsing:.1f} + bind {binding:.1f} = {parsing + binding:.1f} us{met}"
    return f"{told}; SQL for a shape seen first {cold:.0f} us"


def _microseconds(run: Callable[[], object], runs: int = _RUNS) -> float:
    return min(timeit.repeat(run, number=runs, repeat=5)) / runs * 1e6
