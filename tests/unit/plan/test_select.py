"""$select as paths, in the order in which the model declares them."""

from __future__ import annotations

import pytest

from osimages.odata.options import OptionError
from osimages.odata.parser import parse_select
from osimages.plan.select import selected
from tests.support.second_model import MODEL, SPECIMEN


def paths(text: str, *computed: str) -> tuple[str, ...] | None:
    return selected(MODEL, SPECIMEN, parse_select(text), computed)


def test_nothing_is_asked_for() -> None:
    assert selected(MODEL, SPECIMEN, None, ()) is None


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
    ["nothing", "place/nothing", "string/x", "n/x", "other.model.specimen/id", "parts($top=1)", "parts($select=x)"],
)
def test_what_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(OptionError) as refused:
        paths(text, "n")
    assert refused.value.option == "$select"
