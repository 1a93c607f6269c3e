"""Binds the text of a filter over the images, for tests that say what comes of it."""

from __future__ import annotations

import pytest

from osimages.graph.model import GRAPH, IMAGE
from osimages.odata.plan.bind import BindError, Bound, bind_filter
from osimages.odata.text.parser import parse_expression
from osimages.odata.text.text_limits import Bounds


def bound(text: str, aliases: dict[str, str] | None = None) -> Bound:
    """The condition that a filter and its parameter aliases stand for."""
    trees = {name: parse_expression(value) for name, value in (aliases or {}).items()}
    return bind_filter(GRAPH, IMAGE, parse_expression(text, Bounds(nodes=10_000, depth=100)), trees)


def refusal(text: str, aliases: dict[str, str] | None = None) -> str:
    """Why a filter has no meaning."""
    with pytest.raises(BindError) as caught:
        bound(text, aliases)
    return str(caught.value)
