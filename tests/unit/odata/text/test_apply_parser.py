"""Steps of $apply: which there are, where which may stand, and what is said of others."""

from __future__ import annotations

import pytest

from osimages.odata import ODataSyntaxError, parse_apply
from osimages.odata.text.query_tree import (
    AggregateStep,
    ComputeItem,
    ComputeStep,
    GroupByStep,
    PageStep,
    SearchStep,
    UnsupportedStep,
)
from osimages.odata.text.search_tree import SearchIncomplete
from osimages.odata.text.tree import Aggregate, AggregateFrom, Cast, Count, Member, Name


def test_groups_and_aggregates() -> None:
    assert parse_apply("groupby((a,b/c),aggregate(d with sum as e,$count as f))/top(2)") == (
        GroupByStep(
            (Name("a", 9), Member(Name("b", 11), "c", 13)),
            (
                AggregateStep(
                    (
                        Aggregate(Name("d", 26), "sum", (), "e", 26),
                        Aggregate(None, None, (), "f", 42),
                    ),
                    16,
                ),
            ),
            0,
        ),
        PageStep("top", 2, 56),
    )


@pytest.mark.parametrize(
    ("text", "aggregate"),
    [
        ("Forecast", Aggregate(Name("Forecast", 10), None, (), None, 10)),
        ("a/$count as b", Aggregate(Count(Name("a", 10), None, None, 12), None, (), "b", 10)),
        ("n.Type with n.best as b", Aggregate(Cast(None, "n.Type", 10), "n.best", (), "b", 10)),
        (
            "a with sum from b,c with max as d",
            Aggregate(Name("a", 10), "sum", (AggregateFrom((Name("b", 26), Name("c", 28)), "max"),), "d", 10),
        ),
    ],
)
def test_forms_of_aggregates(text: str, aggregate: Aggregate) -> None:
    assert parse_apply(f"aggregate({text})") == (AggregateStep((aggregate,), 0),)


def test_computed_and_searched() -> None:
    assert parse_apply("compute(a as b)/search('(')") == (
        ComputeStep((ComputeItem(Name("a", 8), "b", 8),), 0),
        SearchStep(SearchIncomplete("(", 23), 16),
    )


def test_what_is_not_supported_is_read_by_name() -> None:
    ancestors, own, group = parse_apply(
        "ancestors($root/a,b,c/d,filter(e eq ')'),3,keep start)/n.own(x=(1))/groupby((rolluprecursive($root/a,b,c)))"
    )
    assert ancestors == UnsupportedStep("ancestors", "$root/a,b,c/d,filter(e eq ')'),3,keep start", 0)
    assert own == UnsupportedStep("n.own", "x=(1)", 55)
    assert group == GroupByStep((UnsupportedStep("rolluprecursive", "$root/a,b,c", 77),), (), 68)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, "Expected a transformation, found the end"),
        ("nothing(a)", 0, "Expected a transformation, found 'nothing'"),
        ("Filter(a)", 0, "Expected a transformation, found 'Filter'"),
        ("filter", 6, "Expected '(' after 'filter', found the end"),
        ("identity()", 8, "Expected an operator or the end of the expression, found '('"),
        ("top(-1)", 4, "Expected a number without a sign, of at most 18 digits, found '-1'"),
        ("aggregate(a with sum)", 20, "Expected 'as' and a name, found ')'"),
        ("aggregate(a with total as b)", 17, "Expected a method such as sum, min, max, average, countdistinct"),
        ("aggregate(a add b as c)", 18, "Expected 'with' and a method, found 'as'"),
        ("aggregate($count with sum as a)", 17, "'$count' is aggregated already"),
        ("aggregate(a/$count)", 18, "Expected 'as' and a name, found ')'"),
        ("aggregate(a with sum from b as c)", 28, "Expected 'with' and a method, found 'as'"),
        ("groupby(a)", 8, "Expected '(', found 'a'"),
        ("groupby((a/n.Type))", 11, "A path to group by does not end with a type"),
        ("groupby((a/@b.c))", 11, "Expected a path of properties"),
        ("groupby((a(1)/b))", 10, "Expected a path of properties"),
        ("groupby(($it/a))", 9, "Expected a path of properties"),
        ("concat(identity)", 15, "Expected ',', found ')'"),
        ("nest(identity", 13, "Expected ')', found the end"),
        ("traverse", 8, "Expected '(' after 'traverse', found the end"),
        ("n.Function", 10, "Expected '(' after 'n.Function', found the end"),
    ],
)
def test_what_is_no_step(text: str, position: int, message: str) -> None:
    with pytest.raises(ODataSyntaxError) as caught:
        parse_apply(text)
    assert caught.value.position == position
    assert caught.value.message.startswith(message)
