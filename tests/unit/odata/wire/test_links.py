"""URLs that the service hands out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.graph.model import GRAPH
from osimages.odata.plan.resolve import Kind, resolve
from osimages.odata.wire.links import Links

LINKS = Links("https://localhost:8443/beta")
SET = "deviceManagement/managedDeviceWindowsOSImages"
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("path", "select", "context"),
    [
        ("deviceManagement", None, "deviceManagement"),
        ("deviceManagement", ("id",), "deviceManagement(id)"),
        ("deviceManagement/id", None, "deviceManagement/id"),
        (SET, None, SET),
        (SET, ("id", "availableUpdates"), f"{SET}(id,availableUpdates)"),
        (f"{SET}/a", None, f"{SET}/$entity"),
        (f"{SET}/a", ("id",), f"{SET}(id)/$entity"),
        (f"{SET}/a%27b/availableUpdates", None, f"{SET}('a%27%27b')/availableUpdates"),
    ],
)
def test_context(path: str, select: tuple[str, ...] | None, context: str) -> None:
    assert LINKS.context(resolve(GRAPH, path), select) == f"https://localhost:8443/beta/$metadata#{context}"


def test_the_address_of_the_singleton() -> None:
    for path in ("deviceManagement", "deviceManagement/id", "DEVICEMANAGEMENT/$ref"):
        assert LINKS.entity(resolve(GRAPH, path), "deviceManagement") == "https://localhost:8443/beta/deviceManagement"


@given(KEYS)
def test_the_address_of_any_key_leads_to_it(key: str) -> None:
    address = LINKS.entity(resolve(GRAPH, SET), key)
    assert address.isascii()
    segments = address.removeprefix("https://localhost:8443/beta/").split("/")
    assert not {".", ".."} & {segment.replace("%2E", ".") for segment in segments}, "clients would resolve these"
    target = resolve(GRAPH, "/".join(segments))
    assert (target.kind, target.key) == (Kind.ENTITY, key)


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("", "?$skiptoken=T"),
        ("$top=5", "?$top=5&$skiptoken=T"),
        ("%24skipToken=old&$top=5", "?$top=5&$skiptoken=T"),
        ("skiptoken=old", "?$skiptoken=T"),
        ("$filter=id+eq+%27a%26b%27&&mine=1", "?$filter=id+eq+%27a%26b%27&mine=1&$skiptoken=T"),
        ("$filter=id in ['a'] or '%5C' eq '^'", "?$filter=id%20in%20%5B'a'%5D%20or%20'%5C'%20eq%20'%5E'&$skiptoken=T"),
    ],
)
def test_next_page_keeps_all_options_but_the_token(query: str, kept: str) -> None:
    assert LINKS.next_page(resolve(GRAPH, SET), query, "T") == f"https://localhost:8443/beta/{SET}{kept}"


def test_next_page_of_the_function() -> None:
    target = resolve(GRAPH, f"{SET}/a%20b/getAllManagedDeviceWindowsOSImages()")
    link = LINKS.next_page(target, "", "T")
    assert link == f"https://localhost:8443/beta/{SET}/a%20b/getAllManagedDeviceWindowsOSImages?$skiptoken=T"
