"""Send HTTP requests with bounded sizes, times and retries, to servers that may be slow, throttling or broken."""

from __future__ import annotations

import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import msgspec

_TRANSIENT = frozenset({429, 500, 502, 503, 504})
# A server that answers with one of these has not begun with the request.
_NOT_PROCESSED = frozenset({429, 503})
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
# A host that has never answered is more likely unreachable than in trouble.
_CONNECT_ATTEMPTS = 3


class Limits(msgspec.Struct, frozen=True):
    """Bounds of a request: attempts, attempts where each 429 says how long to wait, bytes of a decompressed body, and
    seconds for connecting, for silence, for one body, and for one wait that a server asks for with Retry-After.
    """

    attempts: int = 4
    throttled_attempts: int = 4
    max_bytes: int = 64 * 1024 * 1024
    connect_seconds: float = 10.0
    silence_seconds: float = 20.0
    body_seconds: float = 120.0
    wait_seconds: float = 60.0


class HttpError(Exception):
    """A request had no usable response. The text follows the URL in a sentence: "cannot be reached: ..."."""


class HttpResponse(msgspec.Struct, frozen=True):
    """A response with its decompressed body, after `attempts`. `wait_asked` is a Retry-After beyond the limit."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    attempts: int = 1
    wait_asked: float | None = None

    @property
    def outcome(self) -> str:
        """The status as it follows the URL in a sentence: "answers 500 after 4 attempts"."""
        if self.wait_asked is not None:
            return f"answers {self.status} and asks to wait {self.wait_asked:.0f} s; try later"
        return f"answers {self.status}{_after(self.attempts)}"


class HttpClient:
    """Sends requests over kept connections, follows no redirect, and retries what may pass.

    `on_wait` is called with a reason and the seconds before each pause between attempts.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        on_wait: Callable[[str, float], None] = lambda reason, seconds: None,
    ) -> None:
        self._limits = limits
        self._pause = pause
        self._clock = clock
        self._on_wait = on_wait
        self._client: httpx.Client | None = None
        self._reached: set[str] = set()

    def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            self._client.close()

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
        *,
        is_repeatable: bool = True,
    ) -> HttpResponse:
        """Return the response; the last one where every attempt met a transient status (429, 500, 502, 503, 504).

        A request that is not `is_repeatable` is sent again only if the server cannot have processed it.
        Raises HttpError.
        """
        attempt, backoff = 1, _FIRST_PAUSE_SECONDS
        while True:
            wait = backoff
            try:
                response = self._attempt(method, url, headers, content)
            except _TransientError as error:
                may_repeat = is_repeatable or error.is_unsent
                if not may_repeat or attempt >= self._attempts(url, error):
                    raise HttpError(f"{error}{_after(attempt)}") from None
                reason = str(error)
            else:
                response = msgspec.structs.replace(response, attempts=attempt)
                may_repeat = is_repeatable or response.status in _NOT_PROCESSED
                if response.status not in _TRANSIENT or not may_repeat:
                    return response
                asked = retry_after(response.headers)
                wait = backoff if asked is None else asked
                if wait > self._limits.wait_seconds:
                    return msgspec.structs.replace(response, wait_asked=wait)
                is_told = response.status == 429 and asked is not None
                if attempt >= (self._limits.throttled_attempts if is_told else self._limits.attempts):
                    return response
                reason = f"answers {response.status}"
            self._on_wait(reason, wait)
            self._pause(wait)
            attempt, backoff = attempt + 1, min(2 * backoff, _LONGEST_PAUSE_SECONDS)

    def _attempts(self, url: str, error: _TransientError) -> int:
        is_new = error.is_unsent and _host(url) not in self._reached
        return min(self._limits.attempts, _CONNECT_ATTEMPTS) if is_new else self._limits.attempts

    def _attempt(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> HttpResponse:
        deadline = self._clock() + self._limits.body_seconds
        sent = {"Accept-Encoding": "gzip", **headers}
        try:
            with self._connected().stream(method, url, headers=sent, content=content) as response:
                self._reached.add(_host(url))
                body = b"".join(self._chunks(response, deadline))
                return HttpResponse(response.status_code, response.headers, body)
        except httpx.UnsupportedProtocol as error:
            raise HttpError(f"is no address: {error}") from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            if _has_cause(error, ssl.SSLCertVerificationError):
                raise HttpError(f"has a certificate that is not trusted: {error}; see SSL_CERT_FILE") from None
            raise _TransientError(f"cannot be reached: {error or type(error).__name__}", is_unsent=True) from None
        except httpx.TransportError as error:
            raise _TransientError(f"cannot be reached: {error or type(error).__name__}") from None
        except httpx.HTTPError as error:
            raise HttpError(f"gives no answer that can be read: {error}") from None
        except httpx.InvalidURL as error:
            raise HttpError(f"is no address: {error}") from None

    def _chunks(self, response: httpx.Response, deadline: float) -> Iterator[bytes]:
        """Return the body, decompressed, as far as size and time allow."""
        encoding = response.headers.get("content-encoding", "").strip().casefold()
        if encoding not in ("", "identity", "gzip"):
            raise HttpError(f"answers in the encoding '{encoding}', which was not asked for")
        unpack = zlib.decompressobj(16 + zlib.MAX_WBITS) if encoding == "gzip" else None
        limits, size, is_empty = self._limits, 0, True
        for received in response.iter_raw():
            is_empty = False
            try:
                chunk = received if unpack is None else unpack.decompress(received, limits.max_bytes + 1 - size)
            except zlib.error:
                raise _TransientError("answers with broken compression") from None
            size += len(chunk)
            if size > limits.max_bytes or (unpack is not None and unpack.unconsumed_tail):
                raise HttpError(f"answers with more than {limits.max_bytes // 1024 // 1024} MB")
            if self._clock() > deadline:
                raise HttpError(f"takes longer than {limits.body_seconds:.0f} s to answer")
            yield chunk
        if unpack is not None and not is_empty and not unpack.eof:
            raise _TransientError("ends before its answer is complete")

    def _connected(self) -> httpx.Client:
        if self._client is None:
            timeout = httpx.Timeout(self._limits.silence_seconds, connect=self._limits.connect_seconds)
            try:
                self._client = httpx.Client(timeout=timeout, follow_redirects=False)
            except OSError as error:
                raise HttpError(f"cannot be asked: SSL_CERT_FILE or SSL_CERT_DIR cannot be read: {error}") from None
            except (ValueError, ImportError, httpx.InvalidURL) as error:
                raise HttpError(f"cannot be asked through the proxy of the environment: {error}") from None
        return self._client


class _TransientError(Exception):
    """An attempt failed for a reason that may pass. `is_unsent`: the server cannot have received the request."""

    def __init__(self, text: str, *, is_unsent: bool = False) -> None:
        self.is_unsent = is_unsent
        super().__init__(text)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a Retry-After header asks for; None where it has none, or one that cannot be read.

    Seconds or a date (RFC 9110, section 10.2.3). Graph's own example has a fraction. A date is compared with the
    server's own Date, as clocks differ.
    """
    text = headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    until = _http_date(text)
    if until is None:
        return None
    return max(0.0, (until - (_http_date(headers.get("date", "")) or datetime.now(UTC))).total_seconds())


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _after(attempts: int) -> str:
    return f" after {attempts} attempts" if attempts > 1 else ""


def _has_cause(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False
