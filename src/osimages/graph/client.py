"""The client of Microsoft Graph: requests with a token that never leaves its host, pages, retries and clear errors."""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import msgspec

from osimages.graph.client_errors import GraphError, failure, plain, shown
from osimages.graph.client_tokens import Tokens, tenant_in
from osimages.windows.sources.http_client import HttpClient, HttpError, HttpResponse, Limits

# Graph throttles by windows of 10 to 20 seconds, and asks for up to minutes:
# https://learn.microsoft.com/graph/throttling
LIMITS = Limits(attempts=7, throttled_attempts=30, silence_seconds=100.0, wait_seconds=300.0)
_MOST_PAGES = 20_000  # with the usual 1,000 devices on each, more than any tenant has
_MOST_EMPTY_PAGES = 100
_UNQUOTED = ",()'/:$"
_PORTS = {"https": 443, "http": 80}
_CLAIMS = re.compile(r'\bclaims="([\w+/=-]{1,8192})"')


class GraphPage(msgspec.Struct, frozen=True):
    """A page of a collection: its URL, its body, and the items in it, which may be anything that JSON has."""

    url: str
    content: bytes
    items: list[Any]


class _Collection(msgspec.Struct):
    value: list[Any]
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")
    next_link_401: str | None = msgspec.field(default=None, name="@nextLink")  # OData JSON Format 4.01, section 4.5.5


class GraphClient:
    """A client of one server: Graph in one of its clouds, osimages, or another one with the same API.

    `base_url` is that of an API version, such as https://graph.microsoft.com/beta: no token is sent anywhere else.
    """

    def __init__(
        self,
        base_url: str,
        tokens: Tokens,
        *,
        limits: Limits = LIMITS,
        pause: Callable[[float], None] = time.sleep,
        on_wait: Callable[[str, float], None] = lambda reason, seconds: None,
    ) -> None:
        self.base_url = api_url(base_url)
        self._origin = _origin(urlsplit(self.base_url))
        self._tokens = tokens
        self._http = HttpClient(limits, pause=pause, on_wait=on_wait)

    def __enter__(self) -> GraphClient:
        """Use the client until the end of a block."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close all connections."""
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def tenant(self) -> str | None:
        """Return the tenant that the token names, None where it cannot be read. Raises GraphError.

        A label only: nothing is verified, and a token for Graph need not be readable.
        """
        return tenant_in(self._tokens.get())

    def url(self, path: str, options: Mapping[str, str] | None = None) -> str:
        """Return the URL of a path below the API version, or an absolute URL as it is, with query options."""
        address = path if "://" in path else f"{self.base_url}/{path}"
        if not options:
            return address
        # A space as %20: not every server of OData reads `+` as one.
        query = "&".join(f"{name}={quote(value, safe=_UNQUOTED)}" for name, value in options.items())
        return f"{address}{'&' if '?' in address else '?'}{query}"

    def get(self, path: str, options: Mapping[str, str] | None = None, *, permission: str) -> dict[str, Any]:
        """Return the JSON object at a path. Raises GraphError."""
        found: dict[str, Any] = self._read(self.url(path, options), dict[str, Any], permission)[0]
        return found

    def pages(self, path: str, options: Mapping[str, str] | None = None, *, permission: str) -> Iterator[GraphPage]:
        """Yield every page of a collection, one in memory at a time.

        Raises GraphError: also where a page continues on another host, at a page that was there before, or without
        end.
        """
        url, seen, empty = self.url(path, options), set[int](), 0
        while True:
            seen.add(hash(url))
            page, content = self._read(url, _Collection, permission)
            empty = 0 if page.value else empty + 1
            yield GraphPage(url, content, page.value)
            link = page.next_link or page.next_link_401
            if not link:
                return
            following = _joined(url, link)
            if hash(following) in seen or len(seen) >= _MOST_PAGES or empty >= _MOST_EMPTY_PAGES:
                raise GraphError(f"{shown(url)} has pages without end: the next one is {shown(following)}")
            url = following

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        permission: str,
        is_repeatable: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Send a JSON body, or none; return the JSON object of the response, empty where it has no body.

        `headers` are sent with the usual ones. Raises GraphError.
        `is_repeatable`: the request has the same effect if it is sent twice, as a PATCH has. Any other is sent again
        only if the server cannot have processed it.
        """
        url = self.url(path)
        content = None if body is None else msgspec.json.encode(body)
        response = self._send(method, url, content, is_repeatable=is_repeatable, headers=headers)
        if not 200 <= response.status < 300:
            raise failure(url, response, permission)
        found: dict[str, Any] = _decoded(url, response.content, dict[str, Any]) if response.content.strip() else {}
        return found

    def _read(self, url: str, kind: type[Any], permission: str) -> tuple[Any, bytes]:
        """Return the decoded body and its bytes. Repeat the request if it is not JSON: it may have been cut off."""
        is_last = False
        while True:
            response = self._send("GET", url)
            if response.status != 200:
                raise failure(url, response, permission)
            try:
                return _decoded(url, response.content, kind), response.content
            except GraphError:
                if is_last:
                    raise
                is_last = True

    def _send(
        self,
        method: str,
        url: str,
        content: bytes | None = None,
        *,
        is_repeatable: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        self._check_origin(url)
        try:
            response = self._once(method, url, content, is_repeatable, headers or {})
            if response.status == 401 and self._tokens.renew(_claims_of(response)):
                response = self._once(method, url, content, is_repeatable, headers or {})
        except HttpError as error:
            raise GraphError(f"{shown(url)} {error}") from None
        return response

    def _once(
        self, method: str, url: str, content: bytes | None, is_repeatable: bool, more: Mapping[str, str]
    ) -> HttpResponse:
        headers = {
            **more,
            "User-Agent": f"osimages/{version('osimages')}",
            "Accept": "application/json",
            "Authorization": f"Bearer {self._tokens.get()}",
        }
        if content is not None:
            headers["Content-Type"] = "application/json"
        return self._http.send(method, url, headers, content, is_repeatable=is_repeatable)

    def _check_origin(self, url: str) -> None:
        try:
            origin = _origin(urlsplit(url))
        except ValueError:
            origin = None
        if origin != self._origin:
            raise GraphError(f"{shown(url)} is not on the server {self.base_url}: no token is sent there")


def api_url(url: str) -> str:
    """Return the URL of an API version of a server: beta where the URL of its root is given. Raises GraphError.

    Plain HTTP is for loopback addresses alone, as in Microsoft's SDKs: a token can be read on its way.
    """
    try:
        parts = urlsplit(url.strip())
        _, host, _ = _origin(parts)
    except ValueError as error:
        raise GraphError(f"'{plain(url)}' is no address of a server: {error}") from None
    if parts.username is not None or parts.query or parts.fragment:
        raise GraphError(f"'{parts.scheme}://{host}...' is no address of an API: it has a user, a query or a fragment")
    if parts.scheme == "http" and not _is_loopback(host):
        raise GraphError(f"{shown(url)}: a token is sent over HTTPS only, except to this computer itself")
    path = parts.path.strip("/")
    return f"{parts.scheme}://{parts.netloc}/{path or 'beta'}"


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port of a URL. Raises ValueError where it is not one of HTTP."""
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("it begins with https:// and a host")
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def _joined(url: str, reference: str) -> str:
    try:
        return urljoin(url, reference)
    except ValueError:
        raise GraphError(f"{shown(url)} continues at {plain(reference)!r}, which is no address") from None


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _decoded(url: str, content: bytes, kind: type[Any]) -> Any:
    text = content.removeprefix(b"\xef\xbb\xbf")
    try:
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.DecodeError:
            # One half of a surrogate pair, in the name of a device, must not cost a whole page.
            return msgspec.convert(json.loads(text), kind)
    except (ValueError, RecursionError) as error:
        raise GraphError(f"{shown(url)} answers with what is no JSON of Graph's form: {plain(str(error))}") from None


def _claims_of(response: HttpResponse) -> str | None:
    """Return the claims that a 401 asks for (continuous access evaluation), as JSON.

    https://learn.microsoft.com/entra/identity-platform/claims-challenge
    """
    found = _CLAIMS.search(response.headers.get("www-authenticate", ""))
    if found is None:
        return None
    text = found[1].rstrip("=")
    try:
        return base64.urlsafe_b64decode(f"{text}{'=' * (-len(text) % 4)}".replace("+", "-").replace("/", "_")).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
