"""Names of routes for metrics and logs: the path with `{id}` for a key. They are few, whatever clients send."""

from __future__ import annotations

from functools import lru_cache

from osimages.entra.emulator.emulator import route_of as emulator_route
from osimages.graph.control_plane import control_route
from osimages.graph.dashboard import is_dashboard
from osimages.graph.service import Service
from osimages.odata.plan.resolve import Kind, Target

OTHER = "other"
METRICS_ROUTE = "/-/metrics"
# Behind the path of the collection or the singleton.
_ENDINGS = {
    Kind.COUNT: "/$count",
    Kind.ENTITY: "/{id}",
    Kind.FUNCTION: "/{id}/{name}",
    Kind.DELTA: "/delta()",
    Kind.PROPERTY: "/{id}/{name}",
    Kind.VALUE: "/{id}/{name}/$value",
    Kind.PROPERTY_COUNT: "/{id}/{name}/$count",
    Kind.OPERATION: "/{name}",
    Kind.ACTION: "/{name}",
    Kind.QUERY: "/$query",
    Kind.REFERENCE: "/{id}/$ref",
    Kind.REFERENCES: "/$ref",
    Kind.METADATA: "$metadata",
    Kind.BATCH: "$batch",
}


def route_of(service: Service, path: str) -> str:
    """Return the route of a raw path, as `/beta/deviceManagement/managedDeviceWindowsOSImages/{id}`.

    A path of the API that leads nowhere is its version with `*`; every other path that nobody serves is `other`.
    """
    root = path.lstrip("/").partition("/")[0]
    schema = service.schemas.get(root.lower())
    if schema is None:
        if is_dashboard(path):
            return "/dashboard/"
        return (control_route(path) if path.startswith("/-/") else emulator_route(path)) or OTHER
    target = schema.address(path).target
    if target is None:
        return f"{schema.root}/*"
    named = target.declared or target.function or target.operation
    return _route(schema.root, target.kind, target.source, _is_keyed(target), named.name if named else "")


@lru_cache(1024)
def _route(root: str, kind: Kind, source: str, is_keyed: bool, name: str) -> str:
    ending = _ENDINGS.get(kind, "").replace("{name}", name)
    return f"{root}/{source}{ending if is_keyed else ending.removeprefix('/{id}')}"


def _is_keyed(target: Target) -> bool:
    """Return whether the target is an entity of a set or below one; a singleton has no key."""
    return target.entity_set is not None
