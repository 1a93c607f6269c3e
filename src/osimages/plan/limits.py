"""How much one request may ask for, taken from the settings."""

from __future__ import annotations

from dataclasses import dataclass

from osimages.odata.parser import Bounds
from osimages.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """`page_size` is the most items in a page; `bounds` those of a filter."""

    page_size: int
    bounds: Bounds


def limits_of(settings: Settings) -> Limits:
    """The limits that the settings give."""
    bounds = Bounds(settings.max_filter_nodes, settings.max_filter_depth, settings.max_filter_in_items)
    return Limits(settings.page_size, bounds)
