"""Context URLs: what they say a response holds."""

from __future__ import annotations

import pytest

from osimages.odata import ODataSyntaxError
from osimages.odata.context import Context, ContextItem, ContextStep, parse_context
from osimages.odata.tree import Argument, Literal, LiteralKind


def test_what_this_service_sends() -> None:
    found = parse_context("#deviceManagement/managedDeviceWindowsOSImages(id,availableUpdates)/$entity")
    steps = (ContextStep("deviceManagement", None, 1), ContextStep("managedDeviceWindowsOSImages", None, 18))
    items = tuple(ContextItem((name,), False, None, at) for name, at in (("id", 47), ("availableUpdates", 50)))
    assert found == Context(steps, items, "$entity")


def test_keys_are_told_from_items() -> None:
    key = (Argument(None, Literal(LiteralKind.STRING, "x", 3)),)
    assert parse_context("#a('x')/b(*,n.*,c+(d))/$delta") == Context(
        (ContextStep("a", key, 1), ContextStep("b", None, 8)),
        (
            ContextItem(("*",), False, None, 10),
            ContextItem(("n.*",), False, None, 12),
            ContextItem(("c",), True, (ContextItem(("d",), False, None, 19),), 16),
        ),
        "$delta",
    )


@pytest.mark.parametrize(
    ("text", "name"), [("#Collection(Edm.String)", "Edm.String"), ("#Collection($ref)", "$ref"), ("#$ref", "$ref")]
)
def test_what_is_no_path(text: str, name: str) -> None:
    found = parse_context(text)
    assert (found.path[0].name, found.is_collection) == (name, "Collection" in text)


@pytest.mark.parametrize(
    "text",
    ["", "a", "#", "#a/", "#a(", "#a(b", "#a/$nothing", "#a(b)/$link", "#Collection(a)", "#a/$entity/b", "#a(b=c)"],
)
def test_what_is_no_context(text: str) -> None:
    with pytest.raises(ODataSyntaxError):
        parse_context(text)
