"""How much of a text is read, so that no text costs more than its reader can afford."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is read: most nodes and deepest nesting of an option, most items of one list and of an $orderby.

    Parsing takes a few frames of Python's stack for each level of nesting: `depth` can be 100 with Python's defaults.
    """

    nodes: int = 2000
    depth: int = 50
    list_items: int = 1000
    order_items: int = 16


BOUNDS = Bounds()
