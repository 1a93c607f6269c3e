"""From a query string to a plan: which options a target takes, what they mean, and how they are refused."""

from __future__ import annotations

import pytest

from osimages.graph.model import DEVICE_MANAGEMENT, GRAPH, IMAGE
from osimages.odata.errors import (
    EXPAND_NOT_SUPPORTED,
    INVALID_FILTER,
    INVALID_OPTION,
    INVALID_ORDERBY,
    INVALID_SELECT,
    LIMIT_EXCEEDED,
    OPTION_NOT_SUPPORTED,
    Condition,
    ODataError,
)
from osimages.odata.model.types import Primitive
from osimages.odata.plan.build import Query, build_plan, build_query
from osimages.odata.plan.expressions import Compare, Comparison, Field, FunctionCall, Operation, Order, Parameter
from osimages.odata.plan.pagination import Position
from osimages.odata.plan.query import Shape
from osimages.odata.plan.query_limits import Limits
from osimages.odata.plan.resolve import Kind
from osimages.odata.text.text_limits import Bounds

_LIMITS = Limits(page_size=100, bounds=Bounds(nodes=50, depth=10, list_items=5))
_NAMES = tuple(declared.name for declared in IMAGE.properties)
_TYPE = "microsoft.graph.managedDeviceWindowsOperatingSystemImage"


def _query(query: str, kind: Kind = Kind.COLLECTION) -> Query:
    entity = DEVICE_MANAGEMENT if kind is Kind.SINGLETON else IMAGE
    return build_query(GRAPH, entity, kind, query, _LIMITS)


def _refusal(query: str, kind: Kind = Kind.COLLECTION) -> ODataError:
    with pytest.raises(ODataError) as caught:
        _query(query, kind)
    assert caught.value.condition.status == 400
    return caught.value


def test_an_empty_query_asks_for_everything() -> None:
    found = _query("")
    assert found.shape == Shape(None)
    assert (found.constants, found.select, found.top, found.skip, found.count) == ((), None, None, 0, False)
    assert (found.skiptoken, found.format, found.identity) == (None, None, "")


def test_everything_at_once() -> None:
    found = _query("$filter=id eq 'x'&$select=ID&$orderby=id desc&$top=7&$skip=3&$count=true&$skiptoken=t&$format=json")
    assert found.shape.condition == Compare(Comparison.EQ, Field(None, "id"), Parameter(0))
    assert found.shape.descending
    assert (found.constants, found.select, found.top, found.skip, found.count) == (("x",), ("id",), 7, 3, True)
    assert (found.skiptoken, found.format) == ("t", "json")


_VALUES = {
    "$filter": "id eq 'x'",
    "$select": "id",
    "$orderby": "id",
    "$top": "1",
    "$skip": "1",
    "$count": "true",
    "$skiptoken": "x",
    "$format": "json",
}
_TAKEN = {
    Kind.COLLECTION: set(_VALUES),
    Kind.FUNCTION: set(_VALUES),
    Kind.REFERENCES: set(_VALUES) - {"$select"},
    Kind.COUNT: {"$filter"},
    Kind.DELTA: {"$filter", "$select", "$top", "$skiptoken", "$format"},
    Kind.ENTITY: {"$select", "$format"},
    Kind.SINGLETON: {"$select", "$format"},
}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("option", _VALUES)
def test_every_option_on_every_kind_of_target(kind: Kind, option: str) -> None:
    query = f"{option}={_VALUES[option]}"
    if option in _TAKEN.get(kind, {"$format"}):
        assert _query(query, kind)
        return
    error = _refusal(query, kind)
    assert error.target == option
    assert error.message.endswith("it cannot be used on this resource")


_UNREAD = {"$id": "x", "$index": "1"}


@pytest.mark.parametrize("option", [*_UNREAD, "$schemaversion"])
def test_options_that_are_known_but_not_supported(option: str) -> None:
    error = _refusal(f"{option}={_UNREAD.get(option, 'x')}")
    assert (error.condition, error.target) == (OPTION_NOT_SUPPORTED, option)
    assert error.message == f"The query option '{option}' is not supported on this resource."


@pytest.mark.parametrize(
    ("value", "named"),
    [("a", "a"), ("a,b", "a"), (" a , b", "a"), ("*", "*"), ("x/y($top=1)", "x/y"), ("x" * 100, "x" * 64)],
)
def test_expand(value: str, named: str) -> None:
    error = _refusal(f"$expand={value}")
    assert (error.condition, error.target) == (EXPAND_NOT_SUPPORTED, "$expand")
    assert error.message == f"Expand is not allowed for property '{named}' according to the entity schema."


@pytest.mark.parametrize(
    ("query", "row", "target", "message"),
    [
        (
            "$filter=id eq",
            INVALID_FILTER,
            "$filter",
            "Invalid filter clause: Expected a property, a literal or a function,"
            " found the end at position 5 in 'id eq'",
        ),
        (
            "filter=foo eq 'x'",
            INVALID_FILTER,
            "$filter",
            f"Invalid filter clause: Could not find a property named 'foo' on type '{_TYPE}', at position 0",
        ),
        (
            "$select=id,foo",
            INVALID_SELECT,
            "$select",
            f"Parsing OData Select and Expand failed: Could not find a property named 'foo' on type '{_TYPE}'.",
        ),
        (
            "$orderby=foo",
            INVALID_ORDERBY,
            "$orderby",
            f"Invalid orderby clause: Could not find a property named 'foo' on type '{_TYPE}', at position 0",
        ),
        ("$nothing=1", INVALID_OPTION, "$nothing", "Invalid query option '$nothing': there is no such option"),
        ("$top=1&top=2", INVALID_OPTION, "$top", "Invalid query option '$top': it is given more than once"),
        (
            "$top=-1",
            INVALID_OPTION,
            "$top",
            "Invalid query option '$top': Expected a number without sign at position 0 in '-1'",
        ),
        (
            "$count=maybe",
            INVALID_OPTION,
            "$count",
            "Invalid query option '$count': Expected 'true' or 'false' at position 0 in 'maybe'",
        ),
        (
            "@p='{x}",
            INVALID_OPTION,
            "@p",
            "Invalid query option '@p': Unterminated string literal at position 0 in ''{x}'",
        ),
        (
            "$filter=" + "not " * 20 + "true",
            LIMIT_EXCEEDED,
            None,
            "The nesting of the expression exceeds the limit of 10 (setting 'max_filter_depth').",
        ),
        (
            "$filter=" + "true or " * 50 + "true",
            LIMIT_EXCEEDED,
            None,
            "The size of the expression exceeds the limit of 50 (setting 'max_filter_nodes').",
        ),
        (
            "$filter=id in (1,2,3,4,5,6)",
            LIMIT_EXCEEDED,
            None,
            "The length of a list exceeds the limit of 5 (setting 'max_filter_in_items').",
        ),
    ],
)
def test_refusals_name_the_option_and_the_reason(query: str, row: Condition, target: str | None, message: str) -> None:
    error = _refusal(query)
    assert (error.condition, error.target, error.message) == (row, target, message)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("id", ("id",)),
        ("availableUpdates,id", ("id", "availableUpdates")),
        ("SUPPORTEDEDITIONS", ("supportedEditions",)),
        ("id,ID,id", ("id",)),
        ("*", _NAMES),
        ("id,*", _NAMES),
        (f"{_TYPE}/id", ("id",)),
    ],
)
def test_select(text: str, names: tuple[str, ...]) -> None:
    assert _query(f"$select={text}").select == names


@pytest.mark.parametrize(
    "text", ["foo", "*,foo", "supportedEditions/x", "other.type/id", "id/x", "**", "$it", "id($top=1)"]
)
def test_select_of_what_does_not_exist(text: str) -> None:
    assert _refusal(f"$select={text}").condition is INVALID_SELECT


@pytest.mark.parametrize(
    ("text", "descending"),
    [("id", False), ("id asc", False), ("ID desc", True), ("id DESC", True), ("$it/id desc", True)],
)
def test_orderby(text: str, descending: bool) -> None:
    assert _query(f"$orderby={text}").shape.descending is descending


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id,id desc", "The same value is named more than once, at position 3"),
        ("supportedEditions", "The property 'supportedEditions' cannot be used in $orderby, at position 0"),
        ("id,availableUpdates", "The property 'availableUpdates' cannot be used in $orderby, at position 3"),
        ("supportedEditions/$count", "The property 'supportedEditions' cannot be used in $orderby, at position 0"),
        ("id add 1", "Edm.String and Edm.Int32"),
        ("null", "This literal has no type that values here have, at position 0"),
        ("id/x", "There is no property 'x' on this path, at position 3"),
        ("x" * 100, f"Could not find a property named '{'x' * 64}' on type '{_TYPE}', at position 0"),
    ],
)
def test_orderby_of_what_cannot_be_sorted_by(text: str, reason: str) -> None:
    error = _refusal(f"$orderby={text}")
    assert error.condition is INVALID_ORDERBY
    assert error.message.startswith("Invalid orderby clause: ")
    assert reason in error.message


def test_orderby_of_expressions() -> None:
    found = _query("$orderby=length(id) desc,id desc,tolower(id)").shape
    key = Field(None, "id")
    assert found.order == (Order(FunctionCall(Operation.LENGTH, Primitive.STRING, (key,)), True, False),)
    assert found.descending  # what follows the key changes nothing


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$top=1", "top=1"),
        ("$top=1", "$TOP=1"),
        ("$top=1", "$top=1&$skiptoken=abc"),
        ("", "skipToken=abc"),
        ("$top=1&$skip=2", "skip=2&top=1"),
        ("$filter=id eq 'a b'", "$filter=id+eq+%27a%20b%27"),
        ("x=1&$top=1", "%24top=1&x=1&$skiptoken=a"),
    ],
)
def test_queries_that_are_the_same_for_paging(one: str, other: str) -> None:
    assert _query(one).identity == _query(other).identity


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", "$top=1"),
        ("$top=1", "$top=2"),
        ("$top=1", "$skip=1"),
        ("$filter=id eq 'a'", "$filter=id eq 'A'"),
        ("x=1&$top=5", "x=1%26top=5"),
        ("x=1&y=2", "x=1%26y%3D2"),
        ("x=1", "y=1"),
        ("x=%00", "x="),
    ],
)
def test_queries_that_differ_for_paging(one: str, other: str) -> None:
    assert _query(one).identity != _query(other).identity


def test_a_first_page() -> None:
    plan = build_plan(_query("$filter=id gt 'a'&$select=id&$skip=3&$count=true"), None, 100)
    assert plan.constants == ("a",)
    assert (plan.select, plan.count, plan.skip, plan.limit, plan.remaining, plan.after) == (
        ("id",),
        True,
        3,
        100,
        None,
        (),
    )
    assert plan.shape.after is None


def test_a_page_that_continues_skips_nothing() -> None:
    plan = build_plan(_query("$orderby=id desc&$skip=3"), Position(("k",), None), 100)
    assert (plan.skip, plan.limit, plan.remaining, plan.after) == (0, 100, None, ("k",))
    assert (plan.shape.descending, plan.shape.after) == (True, ())


@pytest.mark.parametrize(
    ("top", "position", "limit", "remaining"),
    [
        (0, None, 0, 0),
        (5, None, 5, 5),
        (100, None, 100, 100),
        (250, None, 100, 250),
        (250, Position(("k",), 150), 100, 150),
        (250, Position(("k",), 50), 50, 50),
        (250, Position(("k",), None), 100, None),
        (50, Position(("k",), None), 50, None),
    ],
)
def test_top_as_a_limit_to_all_pages(top: int, position: Position | None, limit: int, remaining: int | None) -> None:
    plan = build_plan(_query(f"$top={top}"), position, 100, is_top_a_limit=True)
    assert (plan.limit, plan.remaining) == (limit, remaining)


@pytest.mark.parametrize(
    ("top", "position", "limit", "remaining"),
    [
        (0, None, 0, None),
        (5, None, 5, None),
        (250, None, 100, None),
        (5, Position(("k",), None), 5, None),
        (250, Position(("k",), 50), 50, 50),
    ],
)
def test_top_as_a_page_size(top: int, position: Position | None, limit: int, remaining: int | None) -> None:
    plan = build_plan(_query(f"$top={top}"), position, 100)
    assert (plan.limit, plan.remaining) == (limit, remaining)


def test_aliases_reach_the_filter() -> None:
    assert _query("$filter=id eq @p&@p='x'").constants == ("x",)
    assert _refusal("$filter=id eq @q&@p='x'").target == "$filter"
