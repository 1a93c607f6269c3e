"""What is written from a tree is read as the same tree, whatever the tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from osimages.odata import (
    Bounds,
    QueryOptions,
    parse_apply,
    parse_compute,
    parse_expand,
    parse_filter,
    parse_options,
    parse_orderby,
    parse_search,
    parse_select,
    render,
)
from tests.unit.odata.text import trees
from tests.unit.odata.text.trees import without_positions

_BOUNDS = Bounds(nodes=100_000, depth=100)


def _is_read_again(node: Any, parse: Callable[..., Any]) -> None:
    text = render(node)
    assert without_positions(parse(text, _BOUNDS)) == node, text


@given(trees.EXPRESSIONS)
def test_expressions(tree: Any) -> None:
    _is_read_again(tree, parse_filter)


@given(trees.SEARCHES)
def test_searches(tree: Any) -> None:
    _is_read_again(tree, parse_search)


@given(trees.ORDER_ITEMS)
def test_orderby(items: Any) -> None:
    _is_read_again(items, parse_orderby)


@given(trees.COMPUTE_ITEMS)
def test_compute(items: Any) -> None:
    _is_read_again(items, parse_compute)


@given(trees.SELECT_ITEMS)
def test_select(items: Any) -> None:
    _is_read_again(items, parse_select)


@given(trees.EXPAND_ITEMS)
def test_expand(items: Any) -> None:
    _is_read_again(items, parse_expand)


@given(trees.STEPS)
def test_apply(steps: Any) -> None:
    _is_read_again(steps, parse_apply)


@given(trees.EXPRESSIONS, trees.SEARCHES, trees.SELECT_ITEMS, trees.STEPS)
def test_options(condition: Any, search: Any, select: Any, steps: Any) -> None:
    options = QueryOptions(
        filter=condition,
        search=search,
        select=select,
        apply=steps,
        top=5,
        count=True,
        aliases={"@p": condition},
        custom={"a&b": "c=d+e"},
        given=frozenset(("filter", "search", "select", "apply", "top", "count")),
    )
    assert without_positions(parse_options(render(options), _BOUNDS)) == options


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("((a eq 1)) and (b or c)", "a eq 1 and (b or c)"),
        ("a add (b add c)", "a add (b add c)"),
        ("(a add b) add c", "a add b add c"),
        ("not (a eq 1)", "not (a eq 1)"),
        ("(not a) eq 1", "not a eq 1"),
        ("-(1)", "-(1)"),
        ("a in ['x']", "a in ('x')"),
        ("case(a:10 ,true:20)", "case(a: 10,true: 20)"),
        ('"it\'s"', "'it''s'"),
        ("1.50", "1.50"),
        ("TRUE", "true"),
    ],
)
def test_parentheses_only_where_they_are_needed(text: str, written: str) -> None:
    assert render(parse_filter(text)) == written
