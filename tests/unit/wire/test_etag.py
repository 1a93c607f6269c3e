"""Entity tags and the conditions set on them."""

from __future__ import annotations

import pytest

from osimages.errors import PRECONDITION_FAILED, ServiceError
from osimages.wire.etag import check_if_match, etag, names_version


@pytest.mark.parametrize("header", ['W/"7"', '"7"', "*", " * ", '"1", W/"7"', 'W/"1",W/"7"'])
def test_headers_that_name_the_version(header: str) -> None:
    assert names_version(header, 7)
    check_if_match(header, 7)


@pytest.mark.parametrize("header", ['W/"8"', '"77"', '"17"', "7", "", '"7', "W/7", "**"])
def test_headers_that_do_not(header: str) -> None:
    assert not names_version(header, 7)
    with pytest.raises(ServiceError) as refused:
        check_if_match(header, 7)
    assert refused.value.row is PRECONDITION_FAILED
    assert etag(7) in refused.value.message


def test_no_header_is_no_condition() -> None:
    check_if_match(None, 7)


def test_tags_are_weak() -> None:
    assert etag(7) == 'W/"7"'
