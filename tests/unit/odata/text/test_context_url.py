"""Context URLs: what they say a response holds."""

from __future__ import annotations

import pytest

from osimages.odata import ODataSyntaxError
from osimages.odata.text.context_url import Context, ContextItem, ContextStep, parse_context
from osimages.odata.text.tree import Argument, EnumLiteral, Literal, LiteralKind


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
    ("key", "value"),
    [
        ("P1D", Literal(LiteralKind.DURATION, "P1D", 3)),
        ("red", EnumLiteral("", "red", 3)),
        ("TRUE", Literal(LiteralKind.BOOLEAN, True, 3)),
        ("2026-11-24T10:30Z", Literal(LiteralKind.DATETIMEOFFSET, "2026-11-24T10:30Z", 3)),
    ],
)
def test_values_of_keys_stand_as_in_a_body(key: str, value: Literal | EnumLiteral) -> None:
    """What looks like a name that is selected is a key where the path goes on."""
    assert parse_context(f"#a({key})/b").path[0].key == (Argument(None, value),)


def test_a_collection_of_complex_values_has_items() -> None:
    found = parse_context("#Collection(n.T)(a)")
    assert found.is_collection
    assert found.items == (ContextItem(("a",), False, None, 17),)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "#", "#a/", "#a(", "#a(b", "#a/$nothing", "#a(b)/$link", "#Collection(a)", "#a/$entity/b"),
        *("#a(b=c)", "# a", "#a/ b", "#a(-)/b", "#a(1.)/b", "#a(1,2)/b", "#a(b=)/c", "#Collection($ref)(a)"),
    ],
)
def test_what_is_no_context(text: str) -> None:
    with pytest.raises(ODataSyntaxError):
        parse_context(text)
