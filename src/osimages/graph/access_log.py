"""The access log, and the metrics of requests: what the transport reports of each request."""

from __future__ import annotations

import structlog

from osimages.graph.route_names import METRICS_ROUTE, route_of
from osimages.graph.service import Service
from osimages.odata.errors import ODataError
from osimages.odata.service.request import ApiRequest

_log = structlog.get_logger()


def count_request(service: Service, request: ApiRequest, method: str, status: int, seconds: float) -> None:
    """Count a request in the metrics. A scrape that counted itself would change what it reads."""
    route = route_of(service, request.path)
    if route != METRICS_ROUTE:
        service.metrics.count(route, method, status, seconds)


def log_request(service: Service, request: ApiRequest, method: str, status: int, seconds: float) -> None:
    """Write the line of a request in the access log; a token that was rejected names no tenant."""
    try:
        actor = service.authentication.verify(request.headers.get(b"authorization"))
    except ODataError:
        actor = None
    _log.info(
        "request",
        client=request.client,
        tenant=actor.tenant if actor else "",
        application=actor.application if actor else "",
        method=method,
        route=route_of(service, request.path),
        path=request.path,
        status=status,
        duration_ms=round(seconds * 1000, 2),
        request_id=request.request_id,
    )
