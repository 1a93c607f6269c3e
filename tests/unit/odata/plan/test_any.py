"""Whatever is asked, it is planned or refused with a row of the table of errors, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from osimages.graph.model import GRAPH, IMAGE
from osimages.odata.errors import ODataError
from osimages.odata.plan.build import build_query
from osimages.odata.plan.query_limits import Limits
from osimages.odata.plan.resolve import Kind, resolve
from osimages.odata.text.text_limits import Bounds
from tests.unit.odata.text.filters import ALMOST_FILTERS, FILTERS

_LIMITS = Limits(page_size=100, bounds=Bounds())


def _status(ask: Callable[[], object]) -> int:
    try:
        ask()
    except ODataError as error:
        assert error.message
        return error.condition.status
    return 200


_SEGMENTS = st.sampled_from(
    [
        *("deviceManagement", "managedDeviceWindowsOSImages", "managedDeviceWindowsOSImages('x')", "id"),
        *("supportedEditions", "$count", "$value", "$metadata", "$batch", "$", "", "%", "%2F", "%00", "%FF", "(", ")"),
        *(
            "getAllManagedDeviceWindowsOSImages()",
            "microsoft.graph.getAllManagedDeviceWindowsOSImages",
            "{x}",
            "\ud800",
        ),
    ]
)
_PATHS = st.text() | st.lists(_SEGMENTS | st.text(max_size=5), max_size=8).map("/".join)


@given(_PATHS)
def test_any_path(path: str) -> None:
    assert _status(lambda: resolve(GRAPH, path)) in (200, 400, 404)


_OPTIONS = st.sampled_from(
    [
        "$filter",
        "filter",
        "$select",
        "$orderby",
        "$top",
        "$skip",
        "$count",
        "$skiptoken",
        "$format",
        "$expand",
        "x",
        "@p",
    ]
)
_VALUES = (
    ALMOST_FILTERS
    | FILTERS.map(lambda pair: pair[0])
    | st.sampled_from(["id", "*", "id desc", "true", "1", "0", "@p", "@p or @p", "id in @p", "not @p", "json"])
)
_QUERIES = st.text() | st.lists(
    st.tuples(_OPTIONS, _VALUES).map(lambda pair: f"{pair[0]}={quote(pair[1], errors='replace')}"), max_size=4
).map("&".join)


@given(st.sampled_from(Kind), _QUERIES)
@example(Kind.COLLECTION, "$filter=@p&@p=@p")
@example(Kind.COLLECTION, "$filter=@a and @a&@a=@b or @b&@b=@c and @c&@c=@a")
@example(Kind.COLLECTION, "$filter=id%20eq%20%22%5Cud800%22")
@example(Kind.COLLECTION, "$filter=-INF(1)")
@example(Kind.COLLECTION, "$filter=\ud800")
def test_any_query(kind: Kind, query: str) -> None:
    assert _status(lambda: build_query(GRAPH, IMAGE, kind, query, _LIMITS)) in (200, 400)


_CONDITIONS = st.sampled_from(
    [
        *("id eq 'x'", "id in ('a','b')", "startswith(id,'W')", "supportedArchitectures/any(a:a eq 'x64')", "true"),
        "supportedEditions/any(e:e/supportEndDate gt 2026-11-23 and e/editionType eq 'education')",
        "availableUpdates/all(u:u/releaseYear ge 2026 or contains(u/buildVersion,id))",
    ]
)
_VALID = st.recursive(
    _CONDITIONS,
    lambda inner: (
        inner.map(lambda one: f"not ({one})")
        | st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})")
        | inner.map(lambda one: f"({one}) eq false")
    ),
    max_leaves=8,
)


@given(_VALID)
def test_conditions_of_the_model_are_planned(text: str) -> None:
    found = build_query(GRAPH, IMAGE, Kind.COLLECTION, f"$filter={quote(text)}", _LIMITS)
    assert found.shape.condition is not None
    assert hash(found.shape) == hash(build_query(GRAPH, IMAGE, Kind.COUNT, f"filter={quote(text)}", _LIMITS).shape)
