"""The names under which a server is reached: the check of the Host header against DNS rebinding.

A page of `evil.example` whose name resolves to 127.0.0.1 is, for a browser, of one origin with a server on this
machine. The name in its Host header (`:authority` in HTTP/2) is all that gives it away.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from osimages.graph.errors import UNKNOWN_HOST
from osimages.graph.service_options import ServiceOptions
from osimages.odata.errors import BAD_HOST, ODataError
from osimages.odata.service.request import HOST

_LOCAL = ("localhost", "127.0.0.1", "::1")
# Probes of a container's address, and scrapes, name whatever they like; these pages say nothing of anybody.
PROBES = frozenset(("/-/health", "/-/ready", "/-/metrics"))
_MOST_CACHED = 1024


class KnownHosts:
    """Rejects requests for a host that this server is not known by. `names` of None: every host is served."""

    def __init__(self, names: frozenset[str] | None) -> None:
        self._names = names
        self._is_known = lru_cache(_MOST_CACHED)(self._find_known)

    @classmethod
    def of(cls, options: ServiceOptions) -> KnownHosts:
        """Return the check of the options. Raises ValueError for a name that is none.

        It is on where the server listens on loopback, and wherever `allowed_host` names hosts. With tokens of Entra ID
        behind a trusted proxy it is off until hosts are named: that proxy decides for which hosts it forwards, and
        a page that gets around it has no token.
        """
        allowed = allowed_hosts(options.allowed_host)
        is_proxied = options.authority == "entra" and bool(options.trusted_proxies)
        if not allowed and (is_proxied or not is_loopback(options.host)):
            return cls(None)
        allowed += allowed_hosts(options.tls_name, "tls_name")
        public = urlsplit(options.public_url).hostname
        return cls(frozenset((*_LOCAL, options.host.lower(), *allowed, *((public,) if public else ()))))

    def check(self, host: bytes, path: str) -> None:
        """Raise ODataError: 421 (RFC 9110, section 15.5.20) for an unknown host, 400 for what is no host at all."""
        if self._names is None or not host or (len(host) <= _MOST_CACHED and self._is_known(host)):
            return
        if path.rstrip("/") in PROBES:
            return
        text = host.decode("latin-1")
        if not HOST.fullmatch(text):
            raise ODataError(BAD_HOST)
        served = ", ".join(f"[{each}]" if ":" in each else each for each in sorted(self._names))
        raise ODataError(UNKNOWN_HOST, host=_name(text), served=served)

    def _find_known(self, host: bytes) -> bool:
        text = host.decode("latin-1")
        return HOST.fullmatch(text) is not None and _name(text) in (self._names or ())


def allowed_hosts(text: str, setting: str = "allowed_host") -> tuple[str, ...]:
    """Return the names and addresses in a setting, between commas or spaces. Raises ValueError."""
    found = []
    for each in text.replace(",", " ").split():
        bare = f"[{each}]" if each.count(":") > 1 and not each.startswith("[") else each
        if not HOST.fullmatch(bare) or bare.rpartition("]")[2].count(":"):
            raise ValueError(f"{setting}: '{each}' is no host: write its name alone, such as host.example.org.")
        found.append(_name(bare))
    return tuple(found)


def is_loopback(host: str) -> bool:
    """Return whether an address or name is reachable from this machine only."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _name(host: str) -> str:
    """Return a host without its port, in the one spelling that is compared."""
    bare = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        return str(ip_address(bare))
    except ValueError:
        return bare.lower().removesuffix(".")
