"""Accept headers and `$format`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.odata.errors import FORMAT_NOT_ACCEPTABLE, NOT_ACCEPTABLE, ODataError
from osimages.odata.wire.media_types import STORED_FORM, JsonForm, Metadata, json_form, metadata_as_json, ranges


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/json",
        "APPLICATION/JSON",
        "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
        "text/html, application/xhtml+xml, */*;q=0.8",
    ],
)
def test_the_usual_form(accept: str | None) -> None:
    assert json_form(accept, None) is STORED_FORM


@pytest.mark.parametrize(
    ("accept", "level"),
    [
        ("application/json;odata.metadata=none", Metadata.NONE),
        ('application/json; metadata="full"', Metadata.FULL),
        ("application/json;q=0.1;odata.metadata=full, application/json;odata.metadata=none;q=0.9", Metadata.NONE),
        ("*/*, application/json;odata.metadata=full", Metadata.MINIMAL),
        ("application/json;odata.metadata=full;q=0, */*;q=0.1", Metadata.MINIMAL),
        ("application/json;odata.metadata=some, application/json;odata.metadata=none;q=0.2", Metadata.NONE),
        ("application/json;charset=utf-16;odata.metadata=none, application/*;q=0.1", Metadata.MINIMAL),
    ],
)
def test_the_most_wanted_counts(accept: str, level: Metadata) -> None:
    assert json_form(accept, None).metadata is level


def test_content_type_says_the_form() -> None:
    form = json_form("application/json;odata.metadata=none;IEEE754Compatible=true", None)
    assert form == JsonForm(
        Metadata.NONE,
        True,
        "@odata.",
        b"application/json;odata.metadata=none;odata.streaming=true;IEEE754Compatible=true;charset=utf-8",
    )


@pytest.mark.parametrize(
    ("accept", "asked"),
    [
        ("image/png", None),
        ("application/json;q=0", None),
        ("application/json;q=0, */*", None),
        ("application/*;q=0, */*", None),
        ("application/json;charset=utf-16", None),
        ("x", None),
        ("*/*", "xml"),
        (None, ""),
    ],
)
def test_what_cannot_be_served(accept: str | None, asked: str | None) -> None:
    with pytest.raises(ODataError) as refused:
        json_form(accept, asked)
    assert refused.value.condition is (NOT_ACCEPTABLE if asked is None else FORMAT_NOT_ACCEPTABLE)
    assert refused.value.target == (None if asked is None else "$format")


AXIOS = "application/json, text/plain, */*"
POWER_QUERY = (
    "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,"
    "application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7"
)


@pytest.mark.parametrize(
    ("accept", "asked", "as_json", "as_json_in_401"),
    [
        (None, None, False, False),
        ("*/*", None, False, False),
        ("application/*", None, False, False),
        (AXIOS, None, False, True),
        (POWER_QUERY, None, False, True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", None, False, False),
        ("application/json", None, True, True),
        ("application/json;odata.metadata=minimal, text/plain", None, True, True),
        ("application/json, application/xml;q=0.9", None, False, True),
        ("application/json;q=0.8, application/xml", None, False, False),
        ("application/xml, application/json", None, False, False),
        ("application/json", "xml", False, False),
        ("application/json", "application/xml", False, False),
        ("application/xml", "json", True, True),
        ("application/xml", "application/json;odata.metadata=full", True, True),
        ("application/xml;q=0, */*", None, True, True),
        ("application/json;q=0, */*", None, False, False),
        ("application/json;q=0.5, */*;q=0.1", None, False, True),
        ("image/png", "application/json, application/xml", True, True),
    ],
)
def test_metadata(accept: str | None, asked: str | None, as_json: bool, as_json_in_401: bool) -> None:
    assert metadata_as_json(accept, asked, "4.0") is as_json
    assert metadata_as_json(accept, asked, "4.01") is as_json_in_401


@pytest.mark.parametrize(("accept", "asked"), [("text/html", None), (None, "atom"), ("*/*;q=0", None), (None, "")])
def test_metadata_that_cannot_be_served(accept: str | None, asked: str | None) -> None:
    with pytest.raises(ODataError) as rejected:
        metadata_as_json(accept, asked, "4.01")
    assert rejected.value.condition is (NOT_ACCEPTABLE if asked is None else FORMAT_NOT_ACCEPTABLE)


def test_the_form_of_401() -> None:
    assert json_form(None, None, "4.01").annotation == "@"
    assert json_form("application/json;metadata=full", None, "4.01").annotation == "@"
    assert not json_form(None, None, "4.01").is_stored
    assert json_form(None, None, "4.01").content_type == STORED_FORM.content_type


def test_the_form_of_40_has_its_own_types_and_looks_like_the_usual_one() -> None:
    found = json_form(None, None, "4.0")
    assert not found.is_stored
    assert (found.annotation, found.content_type) == (STORED_FORM.annotation, STORED_FORM.content_type)


@given(st.text(max_size=60))
def test_any_header_can_be_read(text: str) -> None:
    for each in ranges(text):
        assert 0 <= each.quality <= 1
    try:
        assert isinstance(json_form(text, None), JsonForm)
    except ODataError as error:
        assert error.condition is NOT_ACCEPTABLE
