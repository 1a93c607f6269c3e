"""From the text of one query option, percent-decoded, to its tree. Each function raises ODataSyntaxError with the
position at fault, or ODataLimitError where a text is too large or too deep. `encoded` are the positions of semicolons
that were percent-encoded, which only the words of a `$search` tell from others.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import TypeVar

from osimages.odata.text.apply_parser import ApplyReader
from osimages.odata.text.expression_parser import ExpressionReader
from osimages.odata.text.item_parser import ItemReader
from osimages.odata.text.query_tree import ComputeItem, ExpandItem, OrderItem, SelectItem, Step
from osimages.odata.text.search_parser import parse_search
from osimages.odata.text.syntax_errors import ODataSyntaxError
from osimages.odata.text.text_limits import BOUNDS, Bounds
from osimages.odata.text.tree import EnumLiteral, Expression, Literal

__all__ = [
    "Bounds",
    "parse_apply",
    "parse_compute",
    "parse_expand",
    "parse_expression",
    "parse_filter",
    "parse_literal",
    "parse_orderby",
    "parse_search",
    "parse_select",
]
Tree = TypeVar("Tree")
NONE: Set[int] = frozenset()


def parse_expression(text: str, bounds: Bounds = BOUNDS, encoded: Set[int] = NONE) -> Expression:
    """The tree of one expression: a `$filter`, or the value of a parameter alias."""
    return _parsed(ExpressionReader.expression, text, bounds, encoded)


parse_filter = parse_expression


def parse_literal(text: str, bounds: Bounds = BOUNDS) -> Literal | EnumLiteral:
    """A single constant, such as the value of a key."""
    found = parse_expression(text, bounds)
    if not isinstance(found, Literal | EnumLiteral):
        raise ODataSyntaxError("Expected a literal", 0, text)
    return found


def parse_orderby(text: str, bounds: Bounds = BOUNDS, encoded: Set[int] = NONE) -> tuple[OrderItem, ...]:
    """The items of an `$orderby`."""
    return _parsed(ExpressionReader.order_items, text, bounds, encoded)


def parse_compute(text: str, bounds: Bounds = BOUNDS, encoded: Set[int] = NONE) -> tuple[ComputeItem, ...]:
    """The items of a `$compute`."""
    return _parsed(ExpressionReader.compute_items, text, bounds, encoded)


def parse_select(text: str, bounds: Bounds = BOUNDS, encoded: Set[int] = NONE) -> tuple[SelectItem, ...]:
    """The items of a `$select`."""
    return _parsed(lambda reader: ItemReader(reader).select_items(), text, bounds, encoded)


def parse_expand(text: str, bounds: Bounds = BOUNDS, encoded: Set[int] = NONE) -> tuple[ExpandItem, ...]:
    """The items of an `$expand`."""
    return _parsed(lambda reader: ItemReader(reader).expand_items(), text, bounds, encoded)


def parse_apply(text: str, bounds: Bounds = BOUNDS, encoded: Set[int] = NONE) -> tuple[Step, ...]:
    """The steps of an `$apply`."""
    return _parsed(lambda reader: ApplyReader(reader).steps(), text, bounds, encoded)


def _parsed(rule: Callable[[ExpressionReader], Tree], text: str, bounds: Bounds, encoded: Set[int]) -> Tree:
    reader = ExpressionReader(text, bounds, encoded)
    if reader.start and reader.word not in ("[", "{"):  # before these the grammar has it
        raise ODataSyntaxError("White space before the expression", 0, text)
    found = rule(reader)
    reader.expect_end()
    if text[-1] in " \t":
        raise ODataSyntaxError("White space after the expression", len(text.rstrip(" \t")), text)
    return found
