"""Entity tags and the conditions set on them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.odata.errors import PRECONDITION_FAILED, ODataError
from osimages.odata.wire.etags import CollectionTags, check_if_match, etag, names_version


@pytest.mark.parametrize("header", ['W/"7"', '"7"', "*", " * ", '"1", W/"7"', 'W/"1",W/"7"'])
def test_headers_that_name_the_version(header: str) -> None:
    assert names_version(header, 7)
    check_if_match(header, 7)


@pytest.mark.parametrize("header", ['W/"8"', '"77"', '"17"', "7", "", '"7', "W/7", "**"])
def test_headers_that_do_not(header: str) -> None:
    assert not names_version(header, 7)
    with pytest.raises(ODataError) as refused:
        check_if_match(header, 7)
    assert refused.value.condition is PRECONDITION_FAILED
    assert etag(7) in refused.value.message


def test_no_header_is_no_condition() -> None:
    check_if_match(None, 7)


def test_tags_are_weak() -> None:
    assert etag(7) == 'W/"7"'


# --- collections ------------------------------------------------------------------------------------------------------
TAGS = CollectionTags(b"s" * 32, "1.0")
parts = st.lists(st.one_of(st.none(), st.text(max_size=8), st.binary(max_size=8)), max_size=4)
revisions = st.tuples(st.integers(0, 2**63 - 1), st.text(max_size=32))


@given(revisions, parts, revisions, parts)
def test_only_what_is_the_same_has_the_same_tag(
    one: tuple[int, str], shape: list[str | bytes | None], other: tuple[int, str], another: list[str | bytes | None]
) -> None:
    tag = TAGS.tag(one, *shape)
    assert tag == TAGS.tag(one, *shape)
    assert (tag == TAGS.tag(other, *another)) == ((one, shape) == (other, another))


@pytest.mark.parametrize(
    "others", [CollectionTags(b"t" * 32, "1.0"), CollectionTags(b"s" * 32, "1.1"), CollectionTags(b"s" * 32, "1", ".0")]
)
def test_services_that_answer_differently_have_other_tags(others: CollectionTags) -> None:
    assert TAGS.tag((7, "a"), "b") != others.tag((7, "a"), "b")


@given(revisions, parts)
def test_the_tag_of_a_collection_is_weak_and_names_no_version(
    revision: tuple[int, str], shape: list[str | bytes | None]
) -> None:
    tag = TAGS.tag(revision, *shape).decode()
    assert re.fullmatch(r'W/"c[0-9a-f]{32}"', tag)
    assert not names_version(tag, revision[0])
