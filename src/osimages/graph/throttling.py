"""How many requests a tenant, and an application in a tenant, may send within a while, as Intune's services limit them.

Source: https://learn.microsoft.com/graph/throttling-limits#intune-service-limits. This resource is in none of the lists
there; the limits are those of device configuration, whose root it shares. Where several workers answer, each has its
share of a limit, as the system deals connections out evenly: no memory is shared for it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import msgspec

from osimages.graph.errors import THROTTLED
from osimages.graph.service_options import ServiceOptions
from osimages.odata.errors import ODataError

_MOST_WINDOWS = 20_000
_READING = frozenset(("GET", "HEAD"))
_Key = tuple[str, str]


def _elapsed(_: str) -> float:
    """Real time, for every tenant."""
    return time.monotonic()


class Allowance(msgspec.Struct, frozen=True):
    """How many requests of any kind, and how many that write, are let through in a window."""

    requests: int
    writes: int


class _Window(msgspec.Struct):
    ends: float
    requests: int = 0
    writes: int = 0
    has_malformed_batches: bool = False


class Throttle:
    """Counts what each tenant and each application in it sends, in windows of `seconds` that start with a request.

    What is refused does not count. For use from one thread: the event loop's.
    """

    def __init__(
        self, tenant: Allowance, application: Allowance, seconds: float, now: Callable[[str], float] = _elapsed
    ) -> None:
        self._tenant = tenant
        self._application = application
        self._seconds = seconds
        self._now = now
        self._windows: dict[_Key, _Window] = {}

    @classmethod
    def of(cls, options: ServiceOptions, now: Callable[[str], float] = _elapsed) -> Throttle | None:
        """Return the limits of the options; None for no limits. `now` gives the time of a tenant, in seconds."""
        if options.throttle == "off" or (options.throttle == "auto" and options.authority == "dev"):
            return None

        def share(limit: int) -> int:
            return math.ceil(limit / options.workers)

        tenant = Allowance(share(options.throttle_tenant_requests), share(options.throttle_tenant_writes))
        application = Allowance(
            share(options.throttle_application_requests), share(options.throttle_application_writes)
        )
        return cls(tenant, application, options.throttle_seconds, now)

    def forget(self, tenant: str) -> None:
        """Forget what a tenant has sent: its time was set, perhaps back."""
        self._windows = {key: window for key, window in self._windows.items() if key[0] != tenant}

    def admit(self, tenant: str, application: str, method: str) -> None:
        """Counts a request, or raises ODataError(THROTTLED) with the seconds after which it is worth another try."""
        now = self._now(tenant)
        writes = method not in _READING
        windows = self._both(tenant, application, now)
        for window, allowance in zip(windows, (self._tenant, self._application), strict=True):
            if window.requests >= allowance.requests or (writes and window.writes >= allowance.writes):
                raise _throttled(window, now)
        for window in windows:
            window.requests += 1
            window.writes += writes

    def check_batches(self, tenant: str, application: str) -> None:
        """Raise ODataError(THROTTLED) for a batch of an application that sent malformed ones and used up a limit.

        Others learn from their items that the limit is reached.
        """
        now = self._now(tenant)
        windows = self._both(tenant, application, now)
        if not windows[1].has_malformed_batches:
            return
        for window, allowance in zip(windows, (self._tenant, self._application), strict=True):
            if window.requests >= allowance.requests or window.writes >= allowance.writes:
                raise _throttled(window, now)

    def charge_batch(self, tenant: str, application: str) -> None:
        """Count a batch that cannot be run as a write. Raises ODataError(THROTTLED)."""
        self._window((tenant, application), self._now(tenant)).has_malformed_batches = True
        self.admit(tenant, application, "POST")

    def _both(self, tenant: str, application: str, now: float) -> tuple[_Window, _Window]:
        return self._window((tenant, ""), now), self._window((tenant, application), now)

    def _window(self, key: _Key, now: float) -> _Window:
        window = self._windows.get(key)
        if window is None or now >= window.ends:
            if len(self._windows) >= _MOST_WINDOWS:
                self._windows = {each: open_ for each, open_ in self._windows.items() if now < open_.ends}
            window = self._windows[key] = _Window(now + self._seconds)
        return window


def _throttled(window: _Window, now: float) -> ODataError:
    # An integer: SDKs do not read the decimals that Graph's documentation shows.
    seconds = max(1, math.ceil(window.ends - now))
    return ODataError(THROTTLED, headers={"Retry-After": str(seconds)})
