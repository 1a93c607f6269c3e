"""$select as paths, in the order in which the model declares them."""

from __future__ import annotations

import re

import pytest

from osimages.odata.plan.bind_select import selected
from osimages.odata.text.options_parser import OptionError
from osimages.odata.text.parser import parse_select
from tests.support.second_model import MODEL, SPECIMEN


def paths(text: str, *computed: str) -> tuple[str, ...] | None:
    return selected(MODEL, SPECIMEN, parse_select(text), computed).paths


def test_nothing_is_asked_for() -> None:
    assert selected(MODEL, SPECIMEN, None, ()).paths is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("string,id", ("id", "string")),
        ("STRING", ("string",)),
        ("place/city", ("place/city",)),
        ("place/height,place/city", ("place/height", "place/city")),
        ("place/city,place", ("place",)),
        ("parts/origin/city,parts/name", ("parts/origin/city", "parts/name")),
        ("parts/origin/city,parts/origin,id", ("id", "parts/origin")),
        ("parts($select=name,origin($select=city))", ("parts/name", "parts/origin/city")),
        ("example.museum.specimen/place/city", ("place/city",)),
        ("parts($top=1;$select=name),id", ("id", "parts/name")),
        ("strings($top=1),strings", ("strings",)),
        ("id,n", ("id", "n")),
        ("n,id,m", ("id", "n", "m")),
    ],
)
def test_paths(text: str, found: tuple[str, ...]) -> None:
    assert paths(text, "n", "m") == found


def test_everything_is_every_property_and_what_is_computed() -> None:
    found = paths("*", "n")
    assert found == (*(each.name for each in SPECIMEN.properties), "n")


@pytest.mark.parametrize(
    "text",
    ["nothing", "place/nothing", "string/x", "n/x", "other.model.specimen/id", "parts($select=x)"],
)
def test_what_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(OptionError) as refused:
        paths(text, "n")
    assert refused.value.option == "$select"


def test_options_that_choose_items_are_noted() -> None:
    found = selected(MODEL, SPECIMEN, parse_select("strings($top=1),parts($select=name),int32s($skip=2)"), ())
    options = {declared.name: (each.top, each.skip) for declared, each in found.options.items()}
    assert options == {"strings": (1, None), "int32s": (None, 2)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("place($top=1)", "'place': it is no collection"),
        ("parts($select=origin($top=1))", "'parts/origin': it is no collection"),
        ("parts($compute=1 as n)", "$compute cannot stand in parentheses after 'parts'"),
        ("parts($top=1),parts($skip=1)", "Options of 'parts' are given more than once"),
    ],
)
def test_options_that_make_no_sense_are_refused(text: str, told: str) -> None:
    with pytest.raises(OptionError, match=re.escape(told)):
        paths(text)
