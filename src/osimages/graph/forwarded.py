"""Forwarded headers: the external URL of a request, and the address of its client, behind trusted proxies.

Anybody can send the headers that proxies send, so they are believed from addresses that the settings name, and from
nobody else. One form of them is read, not both: a proxy that sets one passes the other on as the client sent it.
Sources: RFC 7239 (Forwarded); X-Forwarded-* as https://developer.mozilla.org/docs/Web/HTTP/Headers documents them.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import msgspec

from osimages.odata.service.outgoing import Send
from osimages.odata.service.request import Receive, Scope, in_origin_form, origin_of
from osimages.odata.wire.header_fields import combined

App = Callable[[Scope, Receive, Send], Awaitable[None]]
_Network = IPv4Network | IPv6Network
_Headers = dict[bytes, bytes]

# Segments `.` and `..` are none: whoever follows a link takes them away, with what stands before them.
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]{1,64}){1,8}", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_MOST_ADDRESS_CHARACTERS = 64
# No request comes through more proxies. Farther ones are not looked at.
_MOST_PROXIES = 32
_USUAL_PORTS = {"http": "80", "https": "443"}


class ExternalUrl(msgspec.Struct, frozen=True):
    """The service as a client sees it: scheme, host with port, and path prefix; and the address that the client comes
    from, empty if that is not known.
    """

    scheme: str
    host: str
    prefix: str
    client: str


class ForwardedHeaders:
    """An ASGI middleware: gives requests the external URL and the client's address that trusted proxies report.

    `public_url` is what clients see, whatever the headers say. Headers of the form `form` (`x-forwarded`, `forwarded`)
    are believed of peers in `trusted`. The prefix becomes the scope's `root_path`; the peer of the connection stays in
    `peer`.
    """

    def __init__(
        self, app: App, public_url: str = "", trusted: tuple[_Network, ...] = (), form: str = "x-forwarded"
    ) -> None:
        self._app = app
        self._public = _split_url(public_url.rstrip("/"))
        self._trusted = trusted
        self._read = _x_forwarded if form == "x-forwarded" else _forwarded
        self._is_trusted_short = lru_cache(1024)(self._find_trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its external URL."""
        scope = in_origin_form(scope)
        given = scope["headers"]
        peer = scope.get("client")
        seen = self.external_url(scope["scheme"], combined(given), peer[0] if peer else "")
        headers = [(name, value) for name, value in given if name != b"host"]
        await self._app(
            {
                **scope,
                "scheme": seen.scheme,
                "headers": [*headers, (b"host", seen.host.encode("latin-1"))],
                "root_path": seen.prefix,
                "client": (seen.client, 0),
                "peer": peer,
            },
            receive,
            send,
        )

    def external_url(self, scheme: str, headers: _Headers, peer: str) -> ExternalUrl:
        """Return the external URL of a request that came over a connection from `peer`."""
        forwarded = _Forwarded()
        client = peer
        if self._trusted and self._is_trusted(peer):
            forwarded = self._read(headers)
            client = self._client(forwarded.clients, peer)
        if self._public is not None:
            return ExternalUrl(*self._public, client)
        scheme = forwarded.scheme or scheme
        host = forwarded.host or headers.get(b"host", b"").decode("latin-1")
        return ExternalUrl(scheme, _with_port(host, forwarded.port, scheme), forwarded.prefix, client)

    def _client(self, clients: tuple[str, ...], peer: str) -> str:
        """The nearest address that is no trusted proxy's: what stands before it anybody may have made up."""
        for each in reversed(clients):
            if not self._is_trusted(each):
                return each if _address(each) is not None else ""
        return clients[0] if clients else peer

    def _is_trusted(self, peer: str) -> bool:
        return len(peer) <= _MOST_ADDRESS_CHARACTERS and self._is_trusted_short(peer)

    def _find_trusted(self, peer: str) -> bool:
        address = _address(peer)
        return address is not None and any(address in network for network in self._trusted)


class _Forwarded(msgspec.Struct, frozen=True):
    """What the headers of a proxy say; empty where they say nothing that can be used."""

    scheme: str = ""
    host: str = ""
    port: str = ""
    prefix: str = ""
    clients: tuple[str, ...] = ()


def is_public_url(url: str) -> bool:
    """Whether links can start with it: http or https, a host, and perhaps a path of plain segments."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    prefix = f"{slash}{path}".rstrip("/")
    is_path = not prefix or _PREFIX.fullmatch(prefix) is not None
    return bool(separator) and scheme in _USUAL_PORTS and is_path and bool(origin_of(scheme, host))


def networks(text: str) -> tuple[_Network, ...]:
    """The networks that a setting names, between commas or spaces. Raises ValueError."""
    found = []
    for each in text.replace(",", " ").split():
        try:
            found.append(ip_network(each))
        except ValueError:
            raise ValueError(
                f"trusted_proxies: '{each}' is no address or network: write 10.0.0.5 or 10.0.0.0/24."
            ) from None
    return tuple(found)


def _x_forwarded(headers: _Headers) -> _Forwarded:
    prefix = _nearest(headers, b"x-forwarded-prefix").rstrip("/")
    port = _nearest(headers, b"x-forwarded-port")
    return _Forwarded(
        _scheme(_nearest(headers, b"x-forwarded-proto")),
        _nearest(headers, b"x-forwarded-host"),
        port if _PORT.fullmatch(port) else "",
        prefix if _PREFIX.fullmatch(prefix) else "",
        _elements(_text(headers, b"x-forwarded-for")),
    )


def _forwarded(headers: _Headers) -> _Forwarded:
    elements = [_pairs(each) for each in _elements(_text(headers, b"forwarded"))]
    nearest = elements[-1] if elements else {}
    clients = tuple(_node(each["for"]) for each in elements if "for" in each)
    return _Forwarded(_scheme(nearest.get("proto", "")), nearest.get("host", ""), clients=clients)


def _elements(text: str) -> tuple[str, ...]:
    """The nearest elements of a list.

    Quotes hide no comma: a client that opens one could otherwise swallow what a proxy appends.
    """
    pieces = text.rsplit(",", _MOST_PROXIES)[-_MOST_PROXIES:]
    return tuple(each for each in map(str.strip, pieces) if each)


def _pairs(element: str) -> dict[str, str]:
    pairs = (each.partition("=") for each in element.split(";"))
    return {name.strip().lower(): value.strip().strip('"') for name, equals, value in pairs if equals}


def _node(text: str) -> str:
    """The address of a node, without its port (RFC 7239, section 6)."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _nearest(headers: _Headers, name: bytes) -> str:
    """The last of several values: the one that the nearest proxy, which is trusted, added."""
    return _text(headers, name).rpartition(",")[2].strip()


def _text(headers: _Headers, name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


def _scheme(text: str) -> str:
    return text.lower() if text.lower() in _USUAL_PORTS else ""


def _with_port(host: str, port: str, scheme: str) -> str:
    has_port = host.rpartition(":")[2].isdigit() and not host.endswith("]") and ":" in host
    return host if not port or has_port or _USUAL_PORTS[scheme] == port else f"{host}:{port}"


def _split_url(url: str) -> tuple[str, str, str] | None:
    """Return scheme, host and path prefix of a public URL; None without one."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return (scheme, host, f"{slash}{path}") if separator else None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    if len(text) > _MOST_ADDRESS_CHARACTERS:
        return None
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A socket for both families shows IPv4 peers in this form.
    return getattr(found, "ipv4_mapped", None) or found
