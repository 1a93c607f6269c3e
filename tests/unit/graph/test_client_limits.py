"""Requests of each address that no token vouches for."""

from __future__ import annotations

import pytest

from osimages.graph import client_limits
from osimages.graph.client_limits import ClientLimits
from osimages.graph.errors import THROTTLED
from osimages.graph.service_options import ServiceOptions
from osimages.odata.errors import ODataError


class Watch:
    """A clock that stands still until it is set."""

    moment = 1000.0

    def now(self) -> float:
        return self.moment


def retry_after(limit: ClientLimits, client: str) -> int | None:
    """After how many seconds another try is worth it; None where the request is let through."""
    try:
        limit.admit(client)
    except ODataError as error:
        assert error.condition is THROTTLED
        return int(error.headers["Retry-After"])
    return None


def test_each_address_has_its_own_count_for_a_minute() -> None:
    watch = Watch()
    limit = ClientLimits(2, watch.now)
    assert [retry_after(limit, "192.0.2.1") for _ in range(3)] == [None, None, 60]
    assert retry_after(limit, "192.0.2.2") is None
    watch.moment += 59.5
    assert retry_after(limit, "192.0.2.1") == 1
    watch.moment += 0.5
    assert retry_after(limit, "192.0.2.1") is None


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "192.0.2.10", False),
        ("_hidden", "_hidden", True),
        ("", "_hidden", False),
    ],
)
def test_a_network_of_ipv6_is_one_visitor(one: str, other: str, is_same: bool) -> None:
    limit = ClientLimits(1, Watch().now)
    assert retry_after(limit, one) is None
    assert (retry_after(limit, other) is not None) == is_same


def test_addresses_beyond_a_number_share_a_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_limits, "_MOST_ADDRESSES", 3)
    limit = ClientLimits(1, Watch().now)
    found = [retry_after(limit, f"192.0.2.{number}") for number in range(6)]
    assert found == [None, None, None, None, 60, 60]


def test_no_limit_and_the_share_of_a_worker() -> None:
    free = ClientLimits.of(ServiceOptions(anonymous_requests_per_minute=0))
    assert [retry_after(free, "192.0.2.1") for _ in range(5)] == [None] * 5
    shared = ClientLimits.of(ServiceOptions(anonymous_requests_per_minute=3, workers=2))
    assert [retry_after(shared, "192.0.2.1") is None for _ in range(3)] == [True, True, False]
