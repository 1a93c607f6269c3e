"""Retry-After in every form, and what happens to writes, hosts and bodies that the sources' tests do not cover."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.sources.http_client import HttpClient, HttpError, Limits, retry_after
from tests.support.web import Reply, Web, serving

SERVER_TIME = "Sun, 29 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("2.128", 2.128),
        ("0", 0.0),
        ("-5", 0.0),
        ("nan", 0.0),
        ("Sun, 29 Nov 2026 12:01:30 GMT", 90.0),
        ("Sunday, 29-Nov-26 12:01:30 GMT", 90.0),
        ("Sun Nov 29 12:01:30 2026", 90.0),
        ("Sun, 29 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 29 Nov 99999 11:00:00 GMT", None),
        ("", None),
        ("soon", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    """A date counts from the server's own time: the clock here may be wrong."""
    assert retry_after({"retry-after": text, "date": SERVER_TIME}) == seconds


@given(st.text(max_size=40), st.text(max_size=40))
def test_retry_after_is_never_an_error(text: str, date: str) -> None:
    found = retry_after({"retry-after": text, "date": date})
    assert found is None or found >= 0


@pytest.fixture
def pauses() -> list[float]:
    """The pauses of the client, in seconds, without waiting."""
    return []


@pytest.fixture
def web() -> Iterator[Web]:
    """A server that answers 200."""
    with serving(lambda given: Reply(b"{}")) as found:
        yield found


def test_each_wait_is_reported_before_it_begins(web: Web, pauses: list[float]) -> None:
    waits: list[tuple[str, float]] = []
    client = HttpClient(Limits(attempts=3), pause=pauses.append, on_wait=lambda *each: waits.append(each))
    replies = [Reply(status=429, headers={"Retry-After": "9"}), Reply(status=502), Reply(b"{}")]
    web.answer = lambda given: replies.pop(0)
    assert client.send("GET", web.url, {}).attempts == 3
    assert waits == [("answers 429", 9.0), ("answers 502", 2.0)]
    assert pauses == [9.0, 2.0]
    client.close()


def test_a_host_that_never_answered_is_given_up_sooner(pauses: list[float]) -> None:
    client = HttpClient(Limits(attempts=7), pause=pauses.append)
    with serving(lambda given: Reply(b"{}")) as web:
        assert client.send("GET", web.url, {}).status == 200
    for url, attempts in (("http://127.0.0.1:1/", 3), (web.url, 7)):
        with pytest.raises(HttpError, match=f"cannot be reached: .* after {attempts} attempts"):
            client.send("GET", url, {})
    client.close()


@pytest.mark.parametrize("size", [10, 12])
def test_compression_that_ends_before_any_byte(web: Web, pauses: list[float], size: int) -> None:
    client = HttpClient(Limits(attempts=2), pause=pauses.append)
    web.answer = lambda given: Reply(gzip.compress(b"x" * 5000)[:size], headers={"Content-Encoding": "gzip"})
    with pytest.raises(HttpError, match="ends before its answer is complete after 2 attempts"):
        client.send("GET", web.url, {})
    web.answer = lambda given: Reply(b"", 204, headers={"Content-Encoding": "gzip"})
    assert client.send("GET", web.url, {}).content == b""
    client.close()
