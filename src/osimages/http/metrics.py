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
        # How many, and how long together.
        self._answered: dict[tuple[str, int], list[float]] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def count(self, method: str, status: int, seconds: float) -> None:
        """Notes one request."""
        # A method is whatever a client sends; only so many series may come of it.
        labels = (method if method in _METHODS else "other", status)
        counted = self._answered.get(labels)
        if counted is None:
            counted = self._answered[labels] = [0, 0.0]
        counted[0] += 1
        counted[1] += seconds

    def collect(self) -> Iterator[Metric]:
        """The numbers as prometheus-client takes them."""
        names = ["worker", "method", "status"]
        requests = CounterMetricFamily("osimages_requests", "Requests answered.", labels=names)
        seconds = CounterMetricFamily("osimages_request_seconds", "Seconds that requests took.", labels=names)
        worker = str(os.getpid())
        for (method, status), (number, together) in self._answered.items():
            requests.add_metric([worker, method, str(status)], number)
            seconds.add_metric([worker, method, str(status)], together)
        yield requests
        yield seconds

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)
