"""Shapes on a map as OData writes them: SRID=0;Point(142.1 64.1). They are confirmed, and stay text.

Grammar: https://docs.oasis-open.org/odata/odata/v4.01/os/abnf/odata-abnf-construction-rules.txt, part 7
"""

from __future__ import annotations

import re
from functools import cache

_NUMBER = r"(?:[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|NaN|-?INF)"
_POSITION = rf"{_NUMBER}(?: {_NUMBER}){{1,3}}"
_POINT = rf"\({_POSITION}\)"
_RING = rf"\({_POSITION}(?:,{_POSITION})*+\)"
_LINE = rf"\({_POSITION}(?:,{_POSITION})++\)"
_POLYGON = rf"\({_RING}(?:,{_RING})*+\)"


def _list_of(part: str) -> str:
    return rf"\((?:{part}(?:,{part})*+)?\)"


@cache
def _simple() -> re.Pattern[str]:
    """A shape that holds no others; compiled when one is first met, which few services ever do."""
    return re.compile(
        rf"(?:Point{_POINT}|LineString{_LINE}|Polygon{_POLYGON}|MultiPoint{_list_of(_POINT)}"
        rf"|MultiLineString{_list_of(_LINE)}|MultiPolygon{_list_of(_POLYGON)})",
        re.IGNORECASE,
    )


_SRID = re.compile(r"SRID=[0-9]{1,5};", re.IGNORECASE)
_COLLECTION = re.compile(r"GeometryCollection\(", re.IGNORECASE)


def is_shape(text: str) -> bool:
    """Whether a text is a shape with its coordinate system. Collections hold shapes, also other collections."""
    start = _SRID.match(text)
    if start is None:
        return False
    position, depth = start.end(), 0
    while True:
        opening = _COLLECTION.match(text, position)
        if opening is not None:
            position, depth = opening.end(), depth + 1
            continue
        shape = _simple().match(text, position)
        if shape is None:
            return False
        position = shape.end()
        while depth and text.startswith(")", position):
            position, depth = position + 1, depth - 1
        if position == len(text):
            return depth == 0
        if not depth or text[position] != ",":
            return False
        position += 1
