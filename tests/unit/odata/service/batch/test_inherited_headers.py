"""Headers that batch items inherit."""

from __future__ import annotations

from osimages.odata.service.batch.inherited_headers import inherited_headers, with_inherited


def test_what_is_inherited() -> None:
    given = {
        b"accept": b"multipart/mixed;q=0.9, application/json;odata.metadata=none",
        b"prefer": b"return=minimal, odata.continue-on-error; a=1, respond-async, maxpagesize=2",
        b"odata-version": b"4.0",
        b"odata-maxversion": b"4.01",
        b"content-type": b"application/json",
        b"if-match": b"*",
        b"if-none-match": b"*",
        b"isolation": b"snapshot",
        b"odata-isolation": b"snapshot",
        b"content-encoding": b"gzip",
    }
    assert inherited_headers(given) == {
        b"accept": b"application/json;odata.metadata=none",
        b"prefer": b"return=minimal, maxpagesize=2",
        b"odata-version": b"4.0",
        b"odata-maxversion": b"4.01",
    }


def test_headers_of_the_batch_itself_are_not_inherited() -> None:
    assert inherited_headers({b"accept": b"Multipart/Mixed", b"prefer": b"respond-async"}) == {}
    assert inherited_headers({}) == {}


def test_an_items_own_headers_win() -> None:
    inherited = {b"accept": b"application/json", b"prefer": b"return=minimal, maxpagesize=2"}
    own = {b"prefer": b"return=representation", b"if-match": b"*"}
    assert with_inherited(own, inherited) == {
        b"accept": b"application/json",
        b"prefer": b"return=representation, return=minimal, maxpagesize=2",
        b"if-match": b"*",
    }
    assert with_inherited({b"accept": b"*/*"}, inherited)[b"accept"] == b"*/*"
