"""Fetches documents: from the web with conditional requests and patience, from files, or from standard input.

Sizes and times are bounded, and redirects leave neither the hosts of a source nor HTTPS: what answers may be anybody.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import msgspec

from osimages.windows.sources.cache import Cache, Entry
from osimages.windows.sources.http_client import HttpClient, HttpError, Limits

MAX_BYTES = 64 * 1024 * 1024  # the largest monthly document of the security guide has about a tenth of that
_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_STANDARD_INPUT = "-"


class FetchError(Exception):
    """A document cannot be had; the text says why, and where it helps, what to do."""


class Request(msgspec.Struct, frozen=True):
    """Where a document is: an address, the path of a file, or `-`. `hosts` are those that a redirect may lead to
    beside that of the address itself.
    """

    location: str
    accept: str = "*/*"
    hosts: frozenset[str] = frozenset()


class Document(msgspec.Struct, frozen=True):
    """What was fetched. `is_old` tells that the source could not be had and this was kept from before; then `trouble`
    says why it could not.
    """

    location: str
    content: bytes
    fetched_at: datetime
    is_unchanged: bool = False
    trouble: str = ""

    @property
    def is_old(self) -> bool:
        """Whether this is what was kept from before."""
        return bool(self.trouble)


class Fetcher:
    """Fetches, and keeps what it fetched in a folder, once it is known to be of use.

    With `not_asked`, the reason why, it sends no request: only the cache and files are read.
    """

    def __init__(
        self,
        cache: Cache,
        *,
        not_asked: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._not_asked = not_asked
        self._now = now
        self._pause = pause
        self._clock = clock
        self._client: HttpClient | None = None
        # What came from the web since `keep` or `drop`, the media type asked for, and when the copy before it came.
        self._fetched: list[tuple[Entry, str, datetime | None]] = []

    @property
    def not_asked(self) -> str:
        """The reason why no request is sent; empty if they are."""
        return self._not_asked

    def now(self) -> datetime:
        """Return the date and time that documents get."""
        return self._now()

    def close(self) -> None:
        """End connections."""
        if self._client is not None:
            self._client.close()

    def fetch(self, request: Request) -> Document:
        """Return the document; what was kept of it where its source cannot be had. Raises FetchError."""
        if request.location == _STANDARD_INPUT:
            return Document(_STANDARD_INPUT, _bounded(sys.stdin.buffer.read(MAX_BYTES + 1)), self._now())
        if not is_address(request.location):
            return Document(request.location, _file(Path(request.location)), self._now())
        kept = self._cache.find(request.location, request.accept)
        if self._not_asked:
            if kept is None:
                raise FetchError(f"{request.location} is not in the cache and was not fetched: {self._not_asked}")
            return Document(request.location, kept.content, kept.fetched_at, trouble=f"not fetched: {self._not_asked}")
        try:
            return self._from_web(request, kept)
        except FetchError as error:
            if kept is None:
                raise
            return Document(request.location, kept.content, kept.fetched_at, trouble=str(error))

    def keep(self) -> None:
        """Keep what was fetched since the last time, in the place of what was kept before. Raises FetchError."""
        fetched, self._fetched = self._fetched, []
        try:
            for entry, accept, _ in fetched:
                self._cache.keep(entry, accept)
        except OSError as error:
            raise FetchError(f"what was fetched cannot be kept: {error}") from None

    def drop(self) -> datetime | None:
        """Forget what was fetched since the last time, as it is of no use: what was kept before stays.

        Gives when the oldest of that was fetched; None where nothing was kept.
        """
        fetched, self._fetched = self._fetched, []
        return min((before for _, _, before in fetched if before is not None), default=None)

    def _from_web(self, request: Request, kept: Entry | None) -> Document:
        headers = {
            "User-Agent": f"osimages/{version('osimages')}",
            "Accept": request.accept,
        }
        if kept is not None and kept.etag:
            headers["If-None-Match"] = kept.etag
        if kept is not None and kept.last_modified:
            headers["If-Modified-Since"] = kept.last_modified
        content, answered = self._follow(request, headers)
        if content is None and kept is not None:
            entry = msgspec.structs.replace(kept, fetched_at=self._now())
        else:
            etag, modified = _validator(answered, "etag"), _validator(answered, "last-modified")
            entry = Entry(request.location, content or b"", self._now(), etag, modified)
        self._fetched.append((entry, request.accept, None if kept is None else kept.fetched_at))
        is_unchanged = kept is not None and kept.content == entry.content
        return Document(request.location, entry.content, entry.fetched_at, is_unchanged=is_unchanged)

    def _follow(self, request: Request, headers: Mapping[str, str]) -> tuple[bytes | None, Mapping[str, str]]:
        """Return the content (None: not modified) and the headers, wherever redirects lead."""
        address = request.location
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                response = self._connected().send("GET", address, headers)
            except HttpError as error:
                raise FetchError(f"{address} {error}") from None
            if response.status in _REDIRECTS:
                address = _redirected(address, response.headers.get("location", ""), request)
            elif response.status == 304 and ("If-None-Match" in headers or "If-Modified-Since" in headers):
                return None, response.headers
            elif response.status == 200:
                return response.content, response.headers
            else:
                raise FetchError(f"{address} {response.outcome}")
        raise FetchError(f"{request.location} redirects more than {_MAX_REDIRECTS} times")

    def _connected(self) -> HttpClient:
        if self._client is None:
            self._client = HttpClient(Limits(max_bytes=MAX_BYTES), pause=self._pause, clock=self._clock)
        return self._client


def is_address(location: str) -> bool:
    """Return whether a location is an address of the web, and not a file."""
    return location.startswith(("https://", "http://"))


def _validator(headers: Mapping[str, str], name: str) -> str:
    """What a server may be asked with the next time; empty where it sent none, or what no request can hold."""
    found = headers.get(name, "")
    return found if found.isascii() and found.isprintable() else ""


def _redirected(address: str, target: str, request: Request) -> str:
    """Where a redirect leads; only within the hosts of the source, and never from HTTPS to HTTP."""
    try:
        there, here = urlsplit(urljoin(address, target)), urlsplit(address)
    except ValueError:
        raise FetchError(f"{address} redirects to what is no address") from None
    allowed = request.hosts | {urlsplit(request.location).hostname}
    if there.hostname not in allowed or there.scheme not in (here.scheme, "https"):
        raise FetchError(f"{address} redirects to {there.scheme}://{there.netloc}, which is not followed")
    return there.geturl()


def _file(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return _bounded(stream.read(MAX_BYTES + 1))
    except OSError as error:
        raise FetchError(f"{path} cannot be read: {error.strerror}") from None


def _bounded(content: bytes) -> bytes:
    if len(content) > MAX_BYTES:
        raise FetchError(f"it has more than {MAX_BYTES // 1024 // 1024} MB")
    return content
