"""Redirect URIs: the emulator redirects browsers only to what an application has registered.

https://learn.microsoft.com/entra/identity-platform/reply-url and RFC 8252, sections 7 and 8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_USUAL_PORTS = {"http": 80, "https": 443}
# Everything that a browser might read otherwise than urlsplit does.
_ODD = re.compile(r"[\x00-\x20\x7f\\\"<>^`{|}]|[^\x00-\x7f]")
# Private-use schemes hold a period (RFC 8252, section 7.1); MSAL's own do not.
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+|msal[0-9a-f-]*|ms-appx-web")


def redirect_problem(uri: str) -> str | None:
    """Return why a redirect URI cannot be registered; None if it can."""
    parts = _parts(uri)
    if parts is None:
        return "is no absolute URI without spaces, quotation marks, user names or '#'"
    if parts.scheme == "https":
        return None if parts.hostname else "names no host"
    if parts.scheme == "http":
        return None if parts.hostname in LOOPBACK else "is not https, which only loopback addresses need not be"
    return None if _PRIVATE_SCHEME.fullmatch(parts.scheme) else f"has the scheme '{parts.scheme}', which is not allowed"


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Return whether a redirect URI is, character by character, a registered one; on loopback any port will do."""
    if redirect_problem(uri) is not None:
        return False
    return any(uri == each or _same_but_port(uri, each) for each in registered)


def is_registered_origin(origin: str, registered: Iterable[str]) -> bool:
    """Return whether a registered redirect URI is of an origin, as the Origin header names it; on loopback any port
    will do, as for the redirect URI itself.
    """
    return any(is_registered(origin, (_origin_of(each),)) for each in registered)


def with_answer(uri: str, values: dict[str, str], mode: str) -> str:
    """Return the address that carries a response in its query or fragment, beside what its query has already."""
    parts = urlsplit(uri)
    if mode == "fragment":
        return urlunsplit(parts._replace(fragment=urlencode(values)))
    kept = parse_qsl(parts.query, keep_blank_values=True)
    return urlunsplit(parts._replace(query=urlencode([*kept, *values.items()])))


def source_of(uri: str) -> str:
    """Return the source of a URI in a Content-Security-Policy: its origin, or its scheme where it has none."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def _origin_of(uri: str) -> str:
    """Return the origin of a URI in browsers' form (https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin)."""
    parts = urlsplit(uri)
    if parts.scheme not in _USUAL_PORTS:
        return ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if parts.port in (None, _USUAL_PORTS[parts.scheme]) else f":{parts.port}")


def _parts(uri: str) -> SplitResult | None:
    if _ODD.search(uri):
        return None
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    if not parts.scheme or parts.username is not None or parts.password is not None or "#" in uri:
        return None
    return parts


def _same_but_port(uri: str, registered: str) -> bool:
    """RFC 8252, section 7.3: the port of a loopback address is whatever was free."""
    one, other = urlsplit(uri), urlsplit(registered)
    if one.scheme != "http" or one.hostname not in LOOPBACK:
        return False
    return (one.scheme, one.hostname, one.path or "/", one.query) == (
        other.scheme,
        other.hostname,
        other.path or "/",
        other.query,
    )
