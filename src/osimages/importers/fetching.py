"""Fetches documents: from the web with conditional requests and patience, from files, or from standard input.

Sizes and times are bounded, and redirects leave neither the hosts of a source nor HTTPS: what answers may be anybody.
"""

from __future__ import annotations

import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec

from osimages.importers.cache import Cache, Entry

MAX_BYTES = 64 * 1024 * 1024  # the largest monthly document of the security guide has about a tenth of that
MAX_SECONDS = 120.0
MAX_WAIT_SECONDS = 60.0
_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 1.0
_MAX_REDIRECTS = 5
_TIMEOUT = httpx.Timeout(20.0, connect=10.0)
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_STANDARD_INPUT = "-"


class FetchError(Exception):
    """A document cannot be had; the text says why, and where it helps, what to do."""


class Request(msgspec.Struct, frozen=True):
    """Where a document is: an address, the path of a file, or `-`. `hosts` are those that a redirect may lead to
    beside that of the address itself. Documents that need a token (`headers`) are not kept on disk.
    """

    location: str
    accept: str = "*/*"
    hosts: frozenset[str] = frozenset()
    headers: Mapping[str, str] = {}


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
    """Fetches, and keeps what it fetched in a folder, once it is known to be of use."""

    def __init__(
        self,
        cache: Cache,
        *,
        is_offline: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._is_offline = is_offline
        self._now = now
        self._pause = pause
        self._clock = clock
        self._client: httpx.Client | None = None
        # What came from the web since `keep` or `drop`, the media type asked for, and when the copy before it came.
        self._fetched: list[tuple[Entry, str, datetime | None]] = []

    def close(self) -> None:
        """Ends connections."""
        if self._client is not None:
            self._client.close()

    def fetch(self, request: Request) -> Document:
        """The document; what was kept of it where its source cannot be had. Raises FetchError."""
        if request.location == _STANDARD_INPUT:
            return Document(_STANDARD_INPUT, _bounded(sys.stdin.buffer.read(MAX_BYTES + 1)), self._now())
        if not is_address(request.location):
            return Document(request.location, _file(Path(request.location)), self._now())
        kept = None if request.headers else self._cache.find(request.location, request.accept)
        if self._is_offline:
            if kept is None:
                raise FetchError(f"{request.location} was never fetched; leave --offline away, or give a file")
            return Document(request.location, kept.content, kept.fetched_at, trouble="not asked (--offline)")
        try:
            return self._from_web(request, kept)
        except FetchError as error:
            if kept is None:
                raise
            return Document(request.location, kept.content, kept.fetched_at, trouble=str(error))

    def keep(self) -> None:
        """Keeps what was fetched since the last time, in the place of what was kept before. Raises FetchError."""
        fetched, self._fetched = self._fetched, []
        try:
            for entry, accept, _ in fetched:
                self._cache.keep(entry, accept)
        except OSError as error:
            raise FetchError(f"what was fetched cannot be kept: {error}") from None

    def drop(self) -> datetime | None:
        """Forgets what was fetched since the last time, as it is of no use: what was kept before stays.

        Gives when the oldest of that was fetched; None where nothing was kept.
        """
        fetched, self._fetched = self._fetched, []
        return min((before for _, _, before in fetched if before is not None), default=None)

    def _from_web(self, request: Request, kept: Entry | None) -> Document:
        headers = {
            "User-Agent": f"osimages/{version('osimages')}",
            "Accept": request.accept,
            "Accept-Encoding": "gzip",
            **request.headers,
        }
        if kept is not None and kept.etag:
            headers["If-None-Match"] = kept.etag
        if kept is not None and kept.last_modified:
            headers["If-Modified-Since"] = kept.last_modified
        content, answered = self._patiently(request, headers)
        if content is None and kept is not None:
            entry = msgspec.structs.replace(kept, fetched_at=self._now())
        else:
            etag, modified = _validator(answered, "etag"), _validator(answered, "last-modified")
            entry = Entry(request.location, content or b"", self._now(), etag, modified)
        if not request.headers:
            self._fetched.append((entry, request.accept, None if kept is None else kept.fetched_at))
        is_unchanged = kept is not None and kept.content == entry.content
        return Document(request.location, entry.content, entry.fetched_at, is_unchanged=is_unchanged)

    def _patiently(self, request: Request, headers: Mapping[str, str]) -> tuple[bytes | None, Mapping[str, str]]:
        """The content (None: not modified) and the headers, after as many attempts as it takes."""
        deadline = self._clock() + MAX_SECONDS
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._follow(request, headers, deadline)
            except _TryAgainError as error:
                wait = pause if error.after is None else error.after
                if attempt == _ATTEMPTS:
                    raise FetchError(f"{request.location} {error} after {_ATTEMPTS} attempts") from None
                if wait > MAX_WAIT_SECONDS:
                    raise FetchError(f"{request.location} {error} and asks to wait {wait:.0f} s; try later") from None
                self._pause(wait)
                pause *= 2
        raise AssertionError("the last attempt returns or raises")

    def _follow(
        self, request: Request, headers: Mapping[str, str], deadline: float
    ) -> tuple[bytes | None, Mapping[str, str]]:
        address = request.location
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                with self._connected().stream("GET", address, headers=dict(headers)) as response:
                    if response.status_code in _REDIRECTS:
                        address = _redirected(address, response.headers.get("location", ""), request)
                        continue
                    if response.status_code == 304 and ("If-None-Match" in headers or "If-Modified-Since" in headers):
                        return None, response.headers
                    _check(address, response)
                    return b"".join(self._chunks(address, response, deadline)), response.headers
            except httpx.TransportError as error:
                raise _TryAgainError(f"cannot be reached: {error or type(error).__name__}") from None
            except httpx.HTTPError as error:
                raise FetchError(f"{address} gives no answer that can be read: {error}") from None
            except httpx.InvalidURL as error:
                raise FetchError(f"{address} is no address: {error}") from None
        raise FetchError(f"{request.location} redirects more than {_MAX_REDIRECTS} times")

    def _chunks(self, address: str, response: httpx.Response, deadline: float) -> Iterator[bytes]:
        """The body, decompressed, as far as size and time allow."""
        encoding = response.headers.get("content-encoding", "").strip().casefold()
        if encoding not in ("", "identity", "gzip"):
            raise FetchError(f"{address} answers in the encoding '{encoding}', which was not asked for")
        unpack = zlib.decompressobj(16 + zlib.MAX_WBITS) if encoding == "gzip" else None
        size = 0
        for received in response.iter_raw():
            try:
                chunk = received if unpack is None else unpack.decompress(received, MAX_BYTES + 1 - size)
            except zlib.error:
                raise _TryAgainError("answers with broken compression") from None
            size += len(chunk)
            if size > MAX_BYTES or (unpack is not None and unpack.unconsumed_tail):
                raise FetchError(f"{address} answers with more than {MAX_BYTES // 1024 // 1024} MB")
            if self._clock() > deadline:
                raise FetchError(f"{address} takes longer than {MAX_SECONDS:.0f} s to answer")
            yield chunk
        if unpack is not None and not unpack.eof:
            raise _TryAgainError("ends before its answer is complete")

    def _connected(self) -> httpx.Client:
        if self._client is None:
            self._client = httpx.Client(timeout=_TIMEOUT, follow_redirects=False)
        return self._client


class _TryAgainError(Exception):
    """An attempt failed for a reason that may pass; `after` is how long the server asks to wait, in seconds."""

    def __init__(self, text: str, after: float | None = None) -> None:
        self.after = after
        super().__init__(text)


def is_address(location: str) -> bool:
    """Whether a location is an address of the web, and not a file."""
    return location.startswith(("https://", "http://"))


def _validator(headers: Mapping[str, str], name: str) -> str:
    """What a server may be asked with the next time; empty where it sent none, or what no request can hold."""
    found = headers.get(name, "")
    return found if found.isascii() and found.isprintable() else ""


def _redirected(address: str, target: str, request: Request) -> str:
    """Where a redirect leads; only within the hosts of the source, and never from HTTPS to HTTP."""
    there, here = urlsplit(urljoin(address, target)), urlsplit(address)
    allowed = request.hosts | {urlsplit(request.location).hostname}
    if there.hostname not in allowed or there.scheme not in (here.scheme, "https"):
        raise FetchError(f"{address} redirects to {there.scheme}://{there.netloc}, which is not followed")
    if request.headers and there.netloc != here.netloc:
        raise FetchError(f"{address} redirects to {there.netloc}, to which no token is sent")
    return there.geturl()


def _check(address: str, response: httpx.Response) -> None:
    status = response.status_code
    if status in _TRY_AGAIN:
        raise _TryAgainError(f"answers {status}", _asked_to_wait(response.headers.get("retry-after", "")))
    if status in (401, 403):
        raise FetchError(f"{address} answers {status}: the token is missing, has expired, or lacks a permission")
    if status != 200:
        raise FetchError(f"{address} answers {status}")


def _asked_to_wait(text: str) -> float | None:
    """Seconds, or a date (RFC 9110, section 10.2.3); Graph's own example has a fraction."""
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


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
