"""Multipart batches: what is read is what was written, and any other text is refused with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.odata.errors import BATCH_MALFORMED, ODataError
from osimages.odata.service.batch.batch_items import Item, Outcome
from osimages.odata.service.batch.multipart_format import is_multipart, read, write
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest
from tests.support import multipart


def batch(content: bytes, content_type: str = multipart.CONTENT_TYPE) -> ApiRequest:
    headers = {b"content-type": content_type.encode()}
    return ApiRequest("POST", "/beta/$batch", "", headers, "http://localhost", "r", "c", content)


_PIECES = (
    *(b"--batch-1", b"--batch-1--", b"\r\n", b"\n", b"--inner", b"GET x", b":", b" ", b"\x00", b"\xff"),
    *(b"Content-Type: application/http", b"Content-Type: multipart/mixed; boundary=inner"),
)
_names = st.text("abcdefghij-", min_size=1, max_size=8).map(lambda name: f"x-{name}")
_values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
_requests = st.tuples(
    st.sampled_from(["GET", "POST", "patch", "DELETE"]),
    st.text("abc/$?='()%20é", min_size=1, max_size=20),
    st.dictionaries(_names, _values, max_size=3),
    st.binary(max_size=60).filter(lambda body: b"batch-1" not in body),
)


@given(st.lists(_requests, min_size=1, max_size=4))
def test_what_is_written_is_read(requests: list[tuple[str, str, dict[str, str], bytes]]) -> None:
    parts = []
    for method, url, headers, body in requests:
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"Content-Type: application/http\r\n\r\n{method} {url} HTTP/1.1\r\n{fields}"
        parts.append(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    content = b"".join(b"--batch-1\r\n%b\r\n" % part for part in parts) + b"--batch-1--\r\n"
    assert read(batch(content), 20) == [
        Item(None, method.upper(), url, {name.encode(): value.encode() for name, value in headers.items()}, body)
        for method, url, headers, body in requests
    ]


@given(st.lists(st.sampled_from(_PIECES), max_size=25))
def test_any_text_is_read_or_refused(pieces: list[bytes]) -> None:
    try:
        assert all(isinstance(each, Item) for each in read(batch(b"".join(pieces)), 25))
    except ODataError as error:
        assert error.condition is BATCH_MALFORMED


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    test_any_text_is_read_or_refused.hypothesis.inner_test([content])  # type: ignore[attr-defined]


def test_which_types_are_multipart() -> None:
    assert is_multipart(batch(b"", "Multipart/Mixed; boundary=x"))
    assert not is_multipart(batch(b"", "application/json"))
    assert not is_multipart(ApiRequest("POST", "/", "", {}, "http://localhost", "r", "c"))


def test_answers_are_what_mail_programs_read() -> None:
    def done(status: int, body: bytes = b"") -> Outcome:
        return Outcome(batch(b""), Reply(status, body, b"text/plain", ((b"etag", b'W/"1"'),)))

    items = [
        Item("1", "GET", "a", {}, b""),
        Item("2", "POST", "a", {}, b"", group="g"),
        Item("3", "POST", "a", {}, b"", group="g"),
        Item(None, "POST", "a", {}, b"", group="h"),
    ]
    reply = write(items, [done(200, b"--x"), done(201, b"made"), done(204), done(409, b"no")])
    first, group, failed = multipart.read((reply.content_type or b"").decode(), reply.body)
    assert (first.status, first.text, first.content_id) == (200, "--x", "1")
    assert [(each.status, each.content_id) for each in group.inside] == [(201, "2"), (204, "3")]
    assert (failed.status, failed.text, failed.inside) == (409, "no", ())
    assert first.headers is not None
    assert first.headers["ETag"] == 'W/"1"'


def test_long_headers_are_rejected_before_the_end_of_the_part_is_searched_for() -> None:
    head = b"--batch-1\r\nContent-Type: application/http\r\n"
    with pytest.raises(ODataError, match="headers of more than 65536 bytes"):
        read(batch(head + b"a:\r\n" * 100_000), 20)  # it has no end


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_long_body_behind_no_headers_or_short_ones(end: bytes) -> None:
    long = b"x" * 100_000
    for head in (b"", b"a: b" + end):
        content = end.join((b"--batch-1", head, long, b"--batch-1--"))
        with pytest.raises(ODataError, match="a part is neither application/http nor"):
            read(batch(content), 20)
    content = end.join((b"--batch-1", b"--batch-1", b"a: b", b"--batch-1--", long))
    with pytest.raises(ODataError, match="a part is neither application/http nor"):
        read(batch(content), 20)
