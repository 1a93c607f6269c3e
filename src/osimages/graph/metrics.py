"""Metrics of the service for Prometheus: their names, labels and meaning; documented in docs/operations.md."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Gauges are refreshed so often, so that a scrape sees those of the workers that do not answer it.
SAMPLE_SECONDS = 5.0
TOKEN_REASONS = (
    *("missing", "malformed", "expired", "not_yet_valid", "audience", "issuer", "signature", "invalid"),
    *("personal_account", "revoked"),
)
PUBLISHING_OUTCOMES = ("published", "nothing_due", "elsewhere", "failed")
_METHODS = frozenset(("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"))
_DURATION = "osimages_request_duration_seconds"
_DURATION_HELP = "Time from a request until its answer is ready."
_REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_WAIT_BUCKETS = (0.0001, 0.001, 0.01, 0.1, 0.5, 1, 5, 10)


class Registry(Protocol):
    """Where metrics are registered; the workers of a server may share theirs."""

    own: CollectorRegistry

    def histogram(
        self, name: str, text: str, labels: Sequence[str], buckets: Sequence[float]
    ) -> Callable[..., Callable[[float], None]]:
        """Register a histogram that every request observes; return a function from label values to `observe`."""

    def shared(self) -> CollectorRegistry:
        """Return the metrics of all workers."""


class Metrics:
    """The metrics of this worker; also a PoolObserver."""

    def __init__(self, registry: Registry) -> None:
        self._registry, to = registry, registry.own
        self._observe = lru_cache(4096)(
            registry.histogram(_DURATION, _DURATION_HELP, ("route", "method", "status"), _REQUEST_BUCKETS)
        )
        self._rejected = Counter(
            "osimages_rejected_tokens", "Requests whose token was missing or rejected.", ["reason"], registry=to
        )
        self._throttled = Counter("osimages_throttled_requests", "Requests answered with 429.", registry=to)
        self._runs = Counter(
            "osimages_publishing_runs", "Looks at what is due to be published to tenants.", ["outcome"], registry=to
        )
        self._waits = Histogram(
            "osimages_database_wait_seconds",
            "Time that somebody waited for a place in a pool of the database.",
            ["pool"],
            buckets=_WAIT_BUCKETS,
            registry=to,
        )
        self._in_use = _gauge(to, "database_pool_in_use", "livesum", "Places of a pool in use.", "pool")
        self._limits = _gauge(to, "database_pool_limit", "livesum", "Places that a pool has.", "pool")
        self._catalogue_age = _gauge(to, "catalogue_age_days", "livemax", "Days since the facts were collected.")
        self._missing = _gauge(
            to, "catalogue_missing_patch_tuesdays", "livemax", "Patch Tuesdays that are due and not in the catalogue."
        )
        self._keys_age = _gauge(
            to,
            "signing_keys_age_seconds",
            "livemax",
            "Age of the keys that check tokens; +Inf without keys.",
        )
        self._workers = _gauge(to, "workers", "livesum", "Worker processes.")
        self._build = _gauge(to, "build_info", "livemax", "Version of osimages and Python.", "version", "python")
        self._start()

    def _start(self) -> None:
        """Let all series that are known beforehand begin at zero, so that their first increase is seen."""
        for reason in TOKEN_REASONS:
            self._rejected.labels(reason)
        for outcome in PUBLISHING_OUTCOMES:
            self._runs.labels(outcome)
        self._workers.set(1)
        self._build.labels(version("osimages"), ".".join(map(str, sys.version_info[:3]))).set(1)

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        # A method is whatever a client sends; only so many series may come of it.
        self._observe(route, method if method in _METHODS else "other", str(status))(seconds)

    def reject_token(self, reason: str) -> None:
        """Count a request whose token was rejected, for one of `TOKEN_REASONS`."""
        self._rejected.labels(reason).inc()

    def throttle(self) -> None:
        """Count a request that came too early."""
        self._throttled.inc()

    def publishing_ran(self, outcome: str) -> None:
        """Count a look at what is due to be published; one of `PUBLISHING_OUTCOMES`."""
        self._runs.labels(outcome).inc()

    def limited(self, pool: str, most: int) -> None:
        """A pool of the database exists, for `most` users at once."""
        self._limits.labels(pool).set(most)
        self._in_use.labels(pool).set(0)
        self._waits.labels(pool)

    def waited(self, pool: str, seconds: float) -> None:
        """Somebody had to wait so long for a place in a pool."""
        self._waits.labels(pool).observe(seconds)

    def used(self, pool: str, change: int) -> None:
        """One more or one less uses a pool."""
        self._in_use.labels(pool).inc(change)

    def sample(self, *, catalogue_days: int, missing_patch_tuesdays: int, keys_seconds: float | None) -> None:
        """Take up the state of this worker. `keys_seconds` is the age of its signing keys, None if there are none."""
        self._catalogue_age.set(catalogue_days)
        self._missing.set(missing_patch_tuesdays)
        self._keys_age.set(math.inf if keys_seconds is None else keys_seconds)

    def exposition(self) -> bytes:
        """Return the text that Prometheus reads: the metrics of all workers."""
        together = CollectorRegistry()
        together.register(_WithRequests(self._registry.shared()))
        return generate_latest(together)


class _WithRequests(Collector):
    """All metrics of a registry, and the number of requests by method and status, which follows from the histogram."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        numbers: dict[tuple[str, str], float] = {}
        for metric in self._registry.collect():
            for sample in metric.samples if metric.name == _DURATION else ():
                if sample.name == f"{_DURATION}_count":
                    labels = (sample.labels["method"], sample.labels["status"])
                    numbers[labels] = numbers.get(labels, 0.0) + sample.value
            yield metric
        requests = CounterMetricFamily("osimages_requests", "Requests answered.", labels=["method", "status"])
        for labels, number in numbers.items():
            requests.add_metric(labels, number)
        yield requests


def _gauge(registry: CollectorRegistry, name: str, mode: str, text: str, *labels: str) -> Gauge:
    """A gauge of which a scrape sees the sum or the largest of all living workers (`livesum`, `livemax`)."""
    return Gauge(f"osimages_{name}", text, labels, multiprocess_mode=mode, registry=registry)  # type: ignore[arg-type]
