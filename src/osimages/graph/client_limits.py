"""Limits the requests of each client address where no token says who asks: public documents, the exposed emulator."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from osimages.graph.errors import THROTTLED
from osimages.graph.service_options import ServiceOptions
from osimages.odata.errors import ODataError

# Beyond so many addresses in a window, all further ones share a count: memory and work stay bounded.
_MOST_ADDRESSES = 20_000
_WINDOW_SECONDS = 60.0
_OTHERS = "others"
# Whoever has one address of IPv6 has all of its network.
_NETWORK_BITS = 64


class ClientLimits:
    """Counts requests of each address, in windows of a minute that all share. `most` of 0: there is no limit.

    For use from one thread: the event loop's.
    """

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._now = now
        self._ends = 0.0
        self._counts: dict[str, int] = {}

    @classmethod
    def of(cls, options: ServiceOptions) -> ClientLimits:
        """Return the limit of the options; each worker has its share."""
        return cls(math.ceil(options.anonymous_requests_per_minute / options.workers))

    def admit(self, client: str) -> None:
        """Count a request of a client address. Raises ODataError(THROTTLED) beyond the limit."""
        if not self._most:
            return
        now = self._now()
        if now >= self._ends:
            self._counts.clear()
            self._ends = now + _WINDOW_SECONDS
        network = _network(client)
        if network not in self._counts and len(self._counts) >= _MOST_ADDRESSES:
            network = _OTHERS
        count = self._counts.get(network, 0)
        if count >= self._most:
            raise ODataError(THROTTLED, headers={"Retry-After": str(max(1, math.ceil(self._ends - now)))})
        self._counts[network] = count + 1


def _network(client: str) -> str:
    """The address, or the network of an address of IPv6; a pseudonym that a proxy sends counts as it is."""
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{int(address) >> (128 - _NETWORK_BITS):x}::"
    return client
