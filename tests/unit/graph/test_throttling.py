"""Windows of limits: what is counted for whom, until when, and what several workers share."""

from __future__ import annotations

import pytest

from osimages.graph.errors import THROTTLED
from osimages.graph.service_options import ServiceOptions
from osimages.graph.throttling import Allowance, Throttle
from osimages.odata.errors import ODataError


class Watch:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.moment = 1000.0

    def now(self, tenant: str = "") -> float:
        return self.moment


def throttle(watch: Watch, of_tenant: int = 100) -> Throttle:
    return Throttle(Allowance(of_tenant, of_tenant), Allowance(3, 1), 20, watch.now)


def retry_after(limits: Throttle, tenant: str, application: str, method: str = "GET") -> int | None:
    """After how many seconds another try is worth it; None where the request is let through."""
    try:
        limits.admit(tenant, application, method)
    except ODataError as error:
        assert error.condition is THROTTLED
        return int(error.headers["Retry-After"])
    return None


def test_a_window_starts_with_a_request_and_ends_after_its_time() -> None:
    watch = Watch()
    limits = throttle(watch)
    assert [retry_after(limits, "t", "a") for _ in range(4)] == [None, None, None, 20]
    watch.moment += 0.5
    assert retry_after(limits, "t", "a") == 20
    watch.moment += 19.4
    assert retry_after(limits, "t", "a") == 1, "never 0, which SDKs do not wait for"
    watch.moment += 0.1
    assert retry_after(limits, "t", "a") is None


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE", "QUERY"])
def test_writes_have_a_limit_of_their_own(method: str) -> None:
    limits = throttle(Watch())
    assert retry_after(limits, "t", "a", method) is None
    assert retry_after(limits, "t", "a", method) == 20
    assert retry_after(limits, "t", "a") is None
    assert retry_after(limits, "t", "a", "HEAD") is None
    assert retry_after(limits, "t", "a") == 20


def test_applications_and_tenants_are_counted_apart() -> None:
    limits = throttle(Watch(), of_tenant=4)
    assert [retry_after(limits, "t", "a") for _ in range(4)] == [None, None, None, 20]
    assert [retry_after(limits, "t", "b") for _ in range(2)] == [None, 20], "the tenant's own limit"
    assert retry_after(limits, "u", "a") is None


def test_what_is_refused_does_not_count() -> None:
    watch = Watch()
    limits = throttle(watch, of_tenant=5)
    for _ in range(50):
        retry_after(limits, "t", "a")
    assert [retry_after(limits, "t", "b") for _ in range(3)] == [None, None, 20]


def test_old_windows_are_forgotten() -> None:
    watch = Watch()
    limits = throttle(watch)
    for number in range(30_000):
        watch.moment += 0.01
        limits.admit(f"tenant {number}", "a", "GET")
    assert len(limits._windows) <= 20_002


@pytest.mark.parametrize(
    ("settings", "limited"),
    [
        ({}, False),
        ({"authority": "entra"}, True),
        ({"authority": "entra", "throttle": "off"}, False),
        ({"throttle": "intune"}, True),
    ],
)
def test_when_anything_is_limited(settings: dict[str, str], limited: bool) -> None:
    assert (Throttle.of(ServiceOptions(**settings)) is not None) is limited  # type: ignore[arg-type]


def test_workers_have_a_share_each() -> None:
    limits = Throttle.of(ServiceOptions(throttle="intune", workers=3, throttle_application_writes=4))
    assert limits is not None
    assert [retry_after(limits, "t", "a", "POST") for _ in range(3)] == [None, None, 20]


def test_a_malformed_batch_counts_and_the_next_is_not_read_once_a_limit_is_used_up() -> None:
    watch = Watch()
    limits = throttle(watch)
    limits.check_batches("t", "a")
    limits.charge_batch("t", "a")
    with pytest.raises(ODataError) as error:
        limits.check_batches("t", "a")  # one write is all that there is
    assert (error.value.condition, error.value.headers["Retry-After"]) == (THROTTLED, "20")
    with pytest.raises(ODataError):
        limits.charge_batch("t", "a")
    limits.check_batches("t", "b")
    watch.moment += 20
    limits.check_batches("t", "a")


def test_a_batch_of_somebody_who_sent_no_malformed_one_is_read() -> None:
    limits = throttle(Watch())
    limits.admit("t", "a", "POST")
    limits.check_batches("t", "a")
