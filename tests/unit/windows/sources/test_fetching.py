"""Fetching from a real server that serves, truncates, slows, redirects and refuses."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from osimages.windows.sources import fetching
from osimages.windows.sources.cache import Cache
from osimages.windows.sources.fetching import Document, Fetcher, FetchError, Request
from tests.support.web import Given, Reply, Web, serving

NOW = datetime(2026, 12, 9, 12, tzinfo=UTC)


class Time:
    """A clock that goes on when somebody pauses, and by itself by `pace` at each look."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pace = 0.0
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        """Goes on at once."""
        self.pauses.append(seconds)
        self.seconds += seconds

    def clock(self) -> float:
        """The time."""
        self.seconds += self.pace
        return self.seconds

    def now(self) -> datetime:
        """The date and time."""
        return NOW + timedelta(seconds=self.seconds)


@pytest.fixture
def time() -> Time:
    """A clock of the test's own."""
    return Time()


@pytest.fixture
def fetcher(tmp_path: Path, time: Time) -> Iterator[Fetcher]:
    """A fetcher that never waits."""
    found = Fetcher(Cache(tmp_path / "cache"), now=time.now, pause=time.pause, clock=time.clock)
    yield found
    found.close()


@pytest.fixture
def web() -> Iterator[Web]:
    """A server that answers "hello" unless told otherwise."""
    with serving(lambda given: Reply(b"hello")) as found:
        yield found


def offline(tmp_path: Path) -> Fetcher:
    """A fetcher that asks nobody, with the cache of the other."""
    return Fetcher(Cache(tmp_path / "cache"), not_asked="--offline was given")


def kept(fetcher: Fetcher, web: Web) -> Document:
    """What the server answers, which is of use."""
    document = fetcher.fetch(Request(web.url))
    fetcher.keep()
    return document


def test_a_document_is_asked_for_politely(web: Web, fetcher: Fetcher) -> None:
    document = fetcher.fetch(Request(f"{web.url}/toc.json", "application/json"))
    assert (document.content, document.is_unchanged, document.is_old) == (b"hello", False, False)
    headers = web.asked[0].headers
    assert headers["user-agent"].startswith("osimages/")
    assert (headers["accept"], headers["accept-encoding"]) == ("application/json", "gzip")
    assert "if-none-match" not in headers


def test_what_has_not_changed_is_not_sent_again(web: Web, fetcher: Fetcher) -> None:
    modified = "Tue, 08 Dec 2026 18:00:00 GMT"
    web.answer = lambda given: (
        Reply(status=304)
        if given.headers.get("if-none-match") == '"1"' and given.headers.get("if-modified-since") == modified
        else Reply(b"hello", headers={"ETag": '"1"', "Last-Modified": modified})
    )
    for _ in range(3):
        document = kept(fetcher, web)
        assert document.content == b"hello"
    assert document.is_unchanged
    assert len(web.asked) == 3


def test_an_etag_that_no_request_can_hold(web: Web, fetcher: Fetcher) -> None:
    web.answer = lambda given: Reply(b"hello", headers={"ETag": '"\xff"'})
    for _ in range(2):
        assert kept(fetcher, web).content == b"hello"
    assert "if-none-match" not in web.asked[-1].headers


def test_the_same_content_without_an_etag_is_unchanged_too(web: Web, fetcher: Fetcher) -> None:
    assert not kept(fetcher, web).is_unchanged
    assert kept(fetcher, web).is_unchanged
    web.answer = lambda given: Reply(b"other")
    assert not fetcher.fetch(Request(web.url)).is_unchanged


def test_a_304_that_nobody_asked_for_is_an_error(web: Web, fetcher: Fetcher) -> None:
    web.answer = lambda given: Reply(status=304)
    with pytest.raises(FetchError, match="answers 304"):
        fetcher.fetch(Request(web.url))


def test_compressed_answers(web: Web, fetcher: Fetcher) -> None:
    web.answer = lambda given: Reply(gzip.compress(b"hello" * 1000), headers={"Content-Encoding": "gzip"})
    assert fetcher.fetch(Request(web.url)).content == b"hello" * 1000


def answers(*replies: Reply) -> Callable[[Given], Reply]:
    """One after the other; the last one for ever."""
    left = list(replies)
    return lambda given: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again_after_longer_and_longer_pauses(
    web: Web, fetcher: Fetcher, time: Time, status: int
) -> None:
    web.answer = answers(Reply(status=status), Reply(status=status), Reply(b"hello"))
    assert fetcher.fetch(Request(web.url)).content == b"hello"
    assert time.pauses == [1.0, 2.0]


@pytest.mark.parametrize(
    ("given", "waited"),
    [("7", 7.0), ("2.128", 2.128), ("0", 0.0), ("-5", 0.0), ("nonsense", 1.0), ("Tue, 08 Dec 2020 18:00:00 GMT", 0.0)],
)
def test_how_long_a_server_asks_to_wait(web: Web, fetcher: Fetcher, time: Time, given: str, waited: float) -> None:
    web.answer = answers(Reply(status=429, headers={"Retry-After": given}), Reply(b"hello"))
    assert fetcher.fetch(Request(web.url)).content == b"hello"
    assert time.pauses == [waited]


def test_a_server_that_asks_to_wait_for_long_is_left_alone(web: Web, fetcher: Fetcher, time: Time) -> None:
    web.answer = lambda given: Reply(status=429, headers={"Retry-After": "3600"})
    with pytest.raises(FetchError, match="answers 429 and asks to wait 3600 s; try later"):
        fetcher.fetch(Request(web.url))
    assert time.pauses == []


def test_a_server_that_stays_in_trouble(web: Web, fetcher: Fetcher) -> None:
    web.answer = lambda given: Reply(status=500)
    with pytest.raises(FetchError, match="answers 500 after 4 attempts"):
        fetcher.fetch(Request(web.url))
    assert len(web.asked) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_not_asked_again(web: Web, fetcher: Fetcher, status: int) -> None:
    web.answer = lambda given: Reply(status=status)
    with pytest.raises(FetchError, match=f"answers {status}"):
        fetcher.fetch(Request(web.url))
    assert len(web.asked) == 1


def test_an_answer_that_ends_early_is_asked_for_again(web: Web, fetcher: Fetcher) -> None:
    web.answer = answers(Reply(b"hello world", cut=5), Reply(b"hello world"))
    assert kept(fetcher, web).content == b"hello world"
    web.answer = lambda given: Reply(b"hello again", cut=5)
    assert fetcher.fetch(Request(web.url)).content == b"hello world", "what was kept is still good"


def test_compression_that_ends_early_or_is_none(web: Web, fetcher: Fetcher) -> None:
    whole = gzip.compress(os.urandom(5000))
    web.answer = answers(
        Reply(whole[:-100], headers={"Content-Encoding": "gzip"}), Reply(whole, headers={"Content-Encoding": "gzip"})
    )
    assert len(kept(fetcher, web).content) == 5000
    web.answer = lambda given: Reply(b"no gzip", headers={"Content-Encoding": "gzip"})
    assert "broken compression" in fetcher.fetch(Request(web.url)).trouble


def test_an_encoding_that_was_not_asked_for(web: Web, fetcher: Fetcher) -> None:
    web.answer = lambda given: Reply(zlib.compress(b"x"), headers={"Content-Encoding": "br"})
    with pytest.raises(FetchError, match="encoding 'br'"):
        fetcher.fetch(Request(web.url))


def test_sizes_are_bounded(web: Web, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 1024 * 1024)
    bomb = gzip.compress(bytes(40 * 1024 * 1024))
    assert len(bomb) < 50_000
    for reply in (Reply(bytes(1024 * 1024 + 1)), Reply(bomb, headers={"Content-Encoding": "gzip"})):
        web.answer = answers(reply)
        with pytest.raises(FetchError, match="more than 1 MB"):
            fetcher.fetch(Request(web.url))


def test_times_are_bounded(web: Web, fetcher: Fetcher, time: Time) -> None:
    web.answer = lambda given: Reply(bytes(3_000_000))
    time.pace = 50.0
    with pytest.raises(FetchError, match="takes longer than 120 s"):
        fetcher.fetch(Request(web.url))


def test_redirects_within_the_hosts_of_a_source(web: Web, fetcher: Fetcher) -> None:
    web.answer = lambda given: (
        Reply(b"there") if given.path == "/new" else Reply(status=301, headers={"Location": "/new"})
    )
    assert fetcher.fetch(Request(f"{web.url}/old")).content == b"there"


@pytest.mark.parametrize(
    "target", ["http://[", "http://127.0.0.2:1/", "https://example.com/", "file:///etc/passwd", "ftp://127.0.0.1/"]
)
def test_redirects_to_anywhere_else_are_not_followed(web: Web, fetcher: Fetcher, target: str) -> None:
    web.answer = lambda given: Reply(status=302, headers={"Location": target})
    with pytest.raises(FetchError, match="redirects to"):
        fetcher.fetch(Request(web.url))
    assert len(web.asked) == 1


def test_redirects_without_end(web: Web, fetcher: Fetcher) -> None:
    web.answer = lambda given: Reply(status=302, headers={"Location": "/again"})
    with pytest.raises(FetchError, match="redirects more than 5 times"):
        fetcher.fetch(Request(web.url))


def test_what_was_fetched_outlives_its_source(fetcher: Fetcher, tmp_path: Path) -> None:
    with serving(lambda given: Reply(b"hello")) as web:
        kept(fetcher, web)
    document = fetcher.fetch(Request(web.url))
    assert (document.content, document.is_old, document.fetched_at) == (b"hello", True, NOW)
    assert "cannot be reached" in document.trouble
    assert offline(tmp_path).fetch(Request(web.url)).content == b"hello"


def test_what_is_of_no_use_takes_nothings_place(web: Web, fetcher: Fetcher, time: Time, tmp_path: Path) -> None:
    web.answer = lambda given: Reply(b"hello", headers={"ETag": '"1"'})
    fetcher.fetch(Request(web.url))
    assert fetcher.drop() is None, "nothing was kept before"
    kept(fetcher, web)
    time.pause(86_400)
    web.answer = lambda given: Reply(b"we are sorry", headers={"ETag": '"2"'})
    assert fetcher.fetch(Request(web.url)).content == b"we are sorry"
    assert fetcher.drop() == NOW
    assert fetcher.drop() is None
    fetcher.keep()
    assert offline(tmp_path).fetch(Request(web.url)).content == b"hello"
    fetcher.fetch(Request(web.url))
    assert web.asked[-1].headers["if-none-match"] == '"1"'


def test_offline_nobody_is_asked(web: Web, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="is not in the cache and was not fetched: --offline was given"):
        offline(tmp_path).fetch(Request(web.url))
    assert web.asked == []


@pytest.mark.parametrize("harm", ["body", "json", "both"])
def test_a_cache_that_was_harmed_is_not_used(web: Web, fetcher: Fetcher, tmp_path: Path, harm: str) -> None:
    web.answer = lambda given: Reply(b"hello", headers={"ETag": '"1"'})
    kept(fetcher, web)
    for file in (tmp_path / "cache").iterdir():
        if harm in (file.suffix[1:], "both"):
            file.write_bytes(b"x" + file.read_bytes()[1:])
    assert fetcher.fetch(Request(web.url)).content == b"hello"
    assert "if-none-match" not in web.asked[-1].headers


def test_files_and_standard_input(fetcher: Fetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toc.json").write_bytes(b"a file")
    assert fetcher.fetch(Request(str(tmp_path / "toc.json"))).content == b"a file"
    with pytest.raises(FetchError, match=r"nothing\.json cannot be read: No such file"):
        fetcher.fetch(Request(str(tmp_path / "nothing.json")))
    with pytest.raises(FetchError, match="cannot be read"):
        fetcher.fetch(Request(str(tmp_path)))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"typed")))
    assert fetcher.fetch(Request("-")).content == b"typed"
    monkeypatch.setattr(fetching, "MAX_BYTES", 3)
    with pytest.raises(FetchError, match="more than"):
        fetcher.fetch(Request(str(tmp_path / "toc.json")))


@pytest.mark.parametrize("address", ["http://", "http://[", "https://x:99999/", "http://127.0.0.1:1/"])
def test_addresses_that_lead_nowhere(fetcher: Fetcher, address: str) -> None:
    with pytest.raises(FetchError):
        fetcher.fetch(Request(address))
