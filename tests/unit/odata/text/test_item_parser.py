"""Items of $select and $expand, and the options that may stand in parentheses after them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from osimages.odata import ODataSyntaxError, parse_expand, parse_select, render
from osimages.odata.text.query_tree import ExpandItem, QueryOptions, SelectItem
from osimages.odata.text.search_tree import SearchTerm
from osimages.odata.text.tree import Literal, LiteralKind, Name


def test_select() -> None:
    assert parse_select("id,a/n.Type/b,*,n.*,n.Function(x,y)") == (
        SelectItem(("id",), None, None, 0),
        SelectItem(("a", "n.Type", "b"), None, None, 3),
        SelectItem(("*",), None, None, 14),
        SelectItem(("n.*",), None, None, 16),
        SelectItem(("n.Function",), ("x", "y"), None, 20),
    )


def test_options_of_a_selected_collection() -> None:
    (item,) = parse_select("a/@b.c($top=5;$search=x;@p=1)")
    one = Literal(LiteralKind.INTEGER, 1, 27)
    given = frozenset(("top", "search"))
    options = QueryOptions(top=5, search=SearchTerm("x", False, 22), aliases={"@p": one}, given=given)
    assert item == SelectItem(("a", "@b.c"), None, options, 0)


def test_expand() -> None:
    assert parse_expand("a/n.Type,b/$ref,*,*/$ref,$value") == (
        ExpandItem(("a", "n.Type"), None, 0),
        ExpandItem(("b", "$ref"), None, 9),
        ExpandItem(("*",), None, 16),
        ExpandItem(("*", "$ref"), None, 18),
        ExpandItem(("$value",), None, 25),
    )


def test_options_of_what_is_expanded() -> None:
    (item,) = parse_expand("a($levels=max;expand=b($levels=2);$filter=x;$count=true)")
    assert item.options is not None
    assert (item.options.levels, item.options.count, item.options.filter) == (0, True, Name("x", 42))
    assert item.options.expand[0].options == QueryOptions(levels=2, given=frozenset(("levels",)))


@pytest.mark.parametrize(
    "text",
    [
        "a($filter=b eq ')';$orderby=c desc,d;$skip=1;$top=2;$count=false)",
        'a/$count($filter=b;$search="c d")',
        "a($select=b($orderby=c),d;$compute=e as f;$apply=filter(g)/top(1))",
        "a/b($expand=c/$ref($filter=d)),e",
    ],
)
def test_what_is_read_is_written_again(text: str) -> None:
    written = render(parse_expand(text))
    assert render(parse_expand(written)) == written
    assert sorted(written) == sorted(text)  # options may come in another order


_COUNT = "Expected $filter, $search, found"


@pytest.mark.parametrize(
    ("parse", "text", "position", "message"),
    [
        (parse_select, "", 0, "Expected the name of a property, found the end"),
        (parse_select, "a/", 2, "Expected the name of a property, found the end"),
        (parse_select, "a/*", 2, "Expected the name of a property, found '*'"),
        (parse_select, "*/a", 1, "Expected an operator or the end of the expression, found '/'"),
        (parse_select, "a()", 2, "Expected the name of a parameter, found ')'"),
        (parse_select, "a(b.c)", 2, "Expected the name of a parameter, found 'b.c'"),
        (
            parse_select,
            "a($expand=b)",
            2,
            "Expected $compute, $count, $filter, $orderby, $search, $select, $skip, $top,",
        ),
        (parse_select, "a($top=1;$top=2)", 9, "'$top' is given more than once"),
        (parse_select, "a(@p=1;@p=2)", 7, "'@p' is given more than once"),
        (parse_select, "a($top=-1)", 7, "Expected a number without a sign, of at most 18 digits, found '-1'"),
        (parse_select, "a($count=1)", 9, "Expected 'true' or 'false', found '1'"),
        (parse_select, "a($top=1,b)", 8, "Expected ')', found ','"),
        (parse_expand, "a/$count($top=1)", 9, f"{_COUNT} '$top'"),
        (parse_expand, "a/$count(@p=1)", 9, f"{_COUNT} '@p'"),
        (
            parse_expand,
            "a/$ref($levels=1)",
            7,
            "Expected $count, $filter, $orderby, $search, $skip, $top, found '$levels'",
        ),
        (parse_expand, "*($filter=a)", 2, "Expected $levels, found '$filter'"),
        (parse_expand, "a($levels=0)", 10, "Expected a number from 1 on, or 'max', found '0'"),
        (parse_expand, "a/$value", 2, "Expected $ref or $count, found '$value'"),
        (parse_expand, "*/$count", 2, "Expected $ref, found '$count'"),
        (parse_expand, "a($search=b", 11, "Expected ')', found the end"),
    ],
)
def test_what_is_no_item(parse: Callable[[str], object], text: str, position: int, message: str) -> None:
    with pytest.raises(ODataSyntaxError) as caught:
        parse(text)
    assert caught.value.position == position
    assert caught.value.message.startswith(message)
