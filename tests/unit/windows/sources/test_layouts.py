"""A source whose form changed is an error that names what was expected; nothing else ever comes out of an importer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.merge.claims import Parsed
from osimages.windows.sources import (
    cve,
    data_for_geeks,
    endoflife_date,
    graph_products,
    images,
    msrc,
    release_information,
    servicing_index,
    update_history,
)
from osimages.windows.sources.parsing import LayoutError
from tests.unit.windows.sources.sampled import sample

Parse = Callable[[bytes], Parsed]
SAMPLES: list[tuple[Parse, str]] = [
    (servicing_index.parse, "servicing-index.json"),
    (update_history.parse, "update-history.html"),
    (release_information.parse, "release-information.md"),
    (release_information.parse, "release-information.html"),
    (endoflife_date.parse, "endoflife.date.json"),
    (msrc.parse, "msrc-2026-Dec.json"),
    (cve.parse, "cve.json"),
    (data_for_geeks.parse, "dataforgeeks-builds.json"),
    (data_for_geeks.parse, "dataforgeeks-lifecycle.json"),
    (graph_products.parse, "graph-products.json"),
    (images.parse, "images.json"),
]
JSON_SAMPLES = [(parse, name) for parse, name in SAMPLES if name.endswith(".json")]
each_sample = pytest.mark.parametrize(("parse", "name"), SAMPLES, ids=[name for _, name in SAMPLES])

# What is renamed in a document, and what the error then names.
RENAMED: list[tuple[Parse, str, str, str, str]] = [
    (servicing_index.parse, "servicing-index.json", '"items"', '"nodes"', "'items'"),
    (servicing_index.parse, "servicing-index.json", '"children"', '"kids"', "'children'"),
    (servicing_index.parse, "servicing-index.json", "Windows 1", "Product 1", "lanes"),
    (servicing_index.parse, "servicing-index.json", " 2026—", " in 2026: ", "titles such as"),
    (
        update_history.parse,
        "update-history.html",
        "learnRenderLeftNav",
        "navigationOfToday",
        "learnRenderLeftNavCategory",
    ),
    (update_history.parse, "update-history.html", "Articles", "Entries", "titles such as"),
    (release_information.parse, "release-information.md", "Update type", "Sort", "'Update type'"),
    (release_information.parse, "release-information.html", "<th>Build</th>", "<th>Number</th>", "'Build'"),
    (release_information.parse, "release-information.md", "Availability date", "Day", "'Availability date'"),
    (release_information.parse, "release-information.md", "2026-12-08", "8 December", "of another form"),
    (endoflife_date.parse, "endoflife.date.json", '"result"', '"product"', "'result'"),
    (endoflife_date.parse, "endoflife.date.json", '"name": "1', '"name": "win-1', "releases named as"),
    (msrc.parse, "msrc-2026-Dec.json", '"ProductTree"', '"Products"', "ProductTree"),
    (msrc.parse, "msrc-2026-Dec.json", "InitialReleaseDate", "Day", "InitialReleaseDate"),
    (cve.parse, "cve.json", '"cna"', '"adp"', "cveMetadata"),
    (data_for_geeks.parse, "dataforgeeks-builds.json", "KBTitle", "Title", "'KBTitle'"),
    (data_for_geeks.parse, "dataforgeeks-lifecycle.json", "EndDate", "Until", "'EndDate'"),
    (graph_products.parse, "graph-products.json", '"value"', '"items"', "'value'"),
    (images.parse, "images.json", '"value"', '"items"', "'value'"),
]


@pytest.mark.parametrize(
    ("parse", "name", "old", "new", "expected"), RENAMED, ids=[f"{n}: {o}" for _, n, o, _, _ in RENAMED]
)
def test_a_changed_form_is_named(parse: Parse, name: str, old: str, new: str, expected: str) -> None:
    text = sample(name).decode()
    assert old in text
    with pytest.raises(LayoutError) as caught:
        parse(text.replace(old, new).encode())
    assert expected in str(caught.value)
    assert "expected" in str(caught.value)


@each_sample
@pytest.mark.parametrize("other", [b"", b"null", b"[]", b"{}", b"<html></html>", b"\xff\xfe\x00", b"[1]", b"Not found"])
def test_another_document_is_an_error(parse: Parse, name: str, other: bytes) -> None:
    if (parse, other) == (cve.parse, b"[]"):
        return  # no records are no records
    with pytest.raises(LayoutError):
        parse(other)


def _outcome(parse: Parse, content: bytes) -> None:
    try:
        found = parse(content)
    except LayoutError as error:
        assert str(error)
    else:
        assert isinstance(found, Parsed)


@each_sample
def test_a_document_that_ends_early_is_never_a_crash(parse: Parse, name: str) -> None:
    content = sample(name)
    for length in range(0, len(content), max(1, len(content) // 150)):
        _outcome(parse, content[:length])


DEEP = [
    (update_history.parse, b"<div>" * 100_000 + b'<div class="learnRenderLeftNavCategory">'),
    (update_history.parse, b"<ul><li>" * 100_000),
    (release_information.parse, b"<div><p>" * 100_000 + b"<table><tr><td>"),
    (release_information.parse, b"[" * 9_000_000),
    (
        graph_products.parse,
        b'{"value":[{"name":"Windows 11, version 25H2","revisions":' + b"[" * 900 + b"]" * 900 + b"}]}",
    ),
    (graph_products.parse, b"[" * 100_000),
    (servicing_index.parse, b'{"items":' * 100_000),
]


@pytest.mark.parametrize(
    ("parse", "content"), DEEP, ids=lambda each: each[:20].decode() if isinstance(each, bytes) else ""
)
def test_what_nests_without_end_is_refused_at_once(parse: Parse, content: bytes) -> None:
    """Parsing the first of these takes minutes."""
    with pytest.raises(LayoutError):
        parse(content)


@given(st.sampled_from(SAMPLES), st.binary(max_size=400))
def test_any_bytes(which: tuple[Parse, str], content: bytes) -> None:
    _outcome(which[0], content)


@given(st.sampled_from(SAMPLES), st.integers(0, 10**9), st.text(max_size=30))
def test_any_text_in_the_midst_of_a_document(which: tuple[Parse, str], place: int, text: str) -> None:
    parse, name = which
    content = sample(name).decode()
    at = place % len(content)
    _outcome(parse, (content[:at] + text + content[at + len(text) :]).encode("utf-8", "surrogatepass"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        found += [each for name, inner in value.items() for each in _places(inner, (*path, name))]
    elif isinstance(value, list):
        found += [each for number, inner in enumerate(value) for each in _places(inner, (*path, number))]
    return found


@given(st.sampled_from(JSON_SAMPLES), st.integers(0, 10**9), VALUES)
def test_any_value_in_the_place_of_any_member(which: tuple[Parse, str], place: int, value: object) -> None:
    parse, name = which
    document = json.loads(sample(name))
    places = _places(document)
    *path, last = places[place % len(places)]
    holder = document
    for step in path:
        holder = holder[step]
    holder[last] = value
    _outcome(parse, json.dumps(document).encode())
