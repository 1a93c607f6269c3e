"""Too much of an expression is refused as too much, whatever its form, and never exhausts the interpreter's stack."""

from __future__ import annotations

import pytest

from osimages.odata.text.parser import Bounds, parse_expression, parse_orderby
from osimages.odata.text.syntax_errors import ODataLimitError
from osimages.odata.text.tree import ListExpression, Logical


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "a" + ")" * 10_000,
        "(" * 10_000,
        "[" * 10_000,
        '{"a":' * 10_000,
        "not " * 10_000 + "a",
        "not(" * 10_000,
        "- " * 10_000 + "a",
        "-" * 10_000 + "a",
        "concat(" * 10_000,
        "case(" * 10_000,
        "case(a:" * 10_000,
        "cast(" * 10_000,
        "f(x=" * 10_000,
        "a/any(x:" * 10_000,
        "a/$filter(" * 10_000,
        "a/$count($filter=" * 10_000,
        "a in (" * 10_000,
        "a" + "/a" * 10_000,
        "a" + "/f()" * 10_000,
        "a" + "/$filter(b)" * 10_000,
        "a" + "/b(1)" * 10_000,
        "a" + "/1" * 10_000,
        "a/$count($search=" + "(" * 10_000,
        "a/$count($search=" + "NOT " * 10_000,
        "a" + " add a" * 10_000,
        "a" + " eq a" * 10_000,
        "a" + " in a" * 10_000,
        "a eq (" * 10_000,
        "a or (b and (" * 10_000,
    ],
)
def test_deep_texts_are_refused_as_too_deep(text: str) -> None:
    with pytest.raises(ODataLimitError) as caught:
        parse_expression(text)
    assert (caught.value.setting, caught.value.limit) == ("max_filter_depth", 50)
    assert str(caught.value) == "The nesting of the expression exceeds the limit of 50 (setting 'max_filter_depth')"


@pytest.mark.parametrize(
    "text",
    [
        "a eq 1" + " or a eq 1" * 10_000,
        "a" + " and a" * 10_000,
        "f(" + ",".join(f"x{number}=a" for number in range(10_000)) + ")",
        "case(" + "a:b," * 10_000 + "a:b)",
        "a/$count($search=" + "a " * 10_000 + ")",
        "{" + ",".join(['"a":1'] * 10_000) + "}",
    ],
)
def test_large_texts_are_refused_as_too_large(text: str) -> None:
    with pytest.raises(ODataLimitError) as caught:
        parse_expression(text)
    assert (caught.value.setting, caught.value.limit) == ("max_filter_nodes", 2000)


def test_a_large_orderby_is_refused() -> None:
    assert len(parse_orderby("a," * 15 + "a")) == 16
    with pytest.raises(ODataLimitError) as caught:
        parse_orderby("a," * 10_000 + "a")
    assert (caught.value.setting, caught.value.limit) == ("max_orderby_items", 16)


@pytest.mark.parametrize(("opening", "closing"), [("a in (", ")"), ("[", "]"), ("a in [", "]")])
def test_long_lists_are_refused(opening: str, closing: str) -> None:
    bounds = Bounds(nodes=100_000, list_items=5)
    assert parse_expression(f"{opening}1,2,3,4,5{closing}", bounds)
    with pytest.raises(ODataLimitError) as caught:
        parse_expression(f"{opening}1,2,3,4,5,6{closing}", bounds)
    assert (caught.value.setting, caught.value.limit) == ("max_filter_in_items", 5)


def test_the_bounds_are_exact() -> None:
    nested = "(" * 4 + "a" + ")" * 4
    assert parse_expression(nested, Bounds(depth=5))
    with pytest.raises(ODataLimitError):
        parse_expression(nested, Bounds(depth=4))
    assert parse_expression("a eq 1", Bounds(nodes=3))
    with pytest.raises(ODataLimitError):
        parse_expression("a eq 1", Bounds(nodes=2))


def test_long_chains_of_one_logical_operator_stay_flat() -> None:
    found = parse_expression(" or ".join(["a eq 1"] * 500))
    assert isinstance(found, Logical)
    assert len(found.operands) == 500


def test_depth_is_given_back_after_each_part() -> None:
    part = "(" * 40 + "a" + ")" * 40
    found = parse_expression(f"[{','.join([part] * 20)}]")
    assert isinstance(found, ListExpression)
    assert len(found.items) == 20


def test_a_long_string_literal_is_one_node() -> None:
    assert parse_expression("id eq '" + "''" * 100_000 + "'", Bounds(nodes=3))
