"""Counts of what was answered, for Prometheus: a worker counts for itself, and says which one it is.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/. Requests only add to plain numbers; what
prometheus-client needs is made of them when it is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset(("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"))


class Metrics(Collector):
    """Requests and the seconds they took, by method and status."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, int], int] = {}
        self._seconds: dict[tuple[str, int], float] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def count(self, method: str, status: int, seconds: float) -> None:
        """Notes one request."""
        # A method is whatever a client sends; only so many series may come of it.
        labels = (method if method in _METHODS else "other", status)
        self._requests[labels] = self._requests.get(labels, 0) + 1
        self._seconds[labels] = self._seconds.get(labels, 0.0) + seconds

    def collect(self) -> Iterator[Metric]:
        """The numbers as prometheus-client takes them."""
        names = ["worker", "method", "status"]
        requests = CounterMetricFamily("osimages_requests", "Requests answered.", labels=names)
        seconds = CounterMetricFamily("osimages_request_seconds", "Seconds that requests took.", labels=names)
        worker = str(os.getpid())
        for (method, status), number in self._requests.items():
            requests.add_metric([worker, method, str(status)], number)
            seconds.add_metric([worker, method, str(status)], self._seconds[method, status])
        yield requests
        yield seconds

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)
