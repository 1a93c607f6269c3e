"""Paths beside the API: the control plane below `/-/`, the pages for people, and the Entra ID emulator."""

from __future__ import annotations

from osimages.graph.control_plane import control
from osimages.graph.dashboard import dashboard, is_dashboard, is_front_door
from osimages.graph.development_endpoints import development_reply
from osimages.graph.emulator_mount import emulator_reply
from osimages.graph.known_hosts import PROBES
from osimages.graph.service import Service
from osimages.odata.errors import BAD_HOST, METHOD_NOT_ALLOWED, UNKNOWN_VERSION, ODataError
from osimages.odata.service.pipeline import EVERY_METHOD, check_size
from osimages.odata.service.reply import Reply, check_odata_headers, preflight
from osimages.odata.service.request import ApiRequest, ReadBody
from osimages.odata.service.service_limits import ServiceLimits

# A client that forgets the version gets 405 for these: https://github.com/pnp/pnpjs/issues/2807.
_SYSTEM_RESOURCES = frozenset(("$batch", "%24batch", "$query", "%24query"))


async def auxiliary_reply(service: Service, limits: ServiceLimits, request: ApiRequest, read: ReadBody) -> Reply:
    """Return the reply to a request for something else than the API, whatever happens."""
    try:
        check_size(request, limits)
        if (reply := await _beside(service, request, read)) is not None:
            return reply
        if (reply := await emulator_reply(service, request, read)) is not None:
            return reply
        if request.method == "OPTIONS":
            return preflight(EVERY_METHOD, request)
        if not request.origin:
            raise ODataError(BAD_HOST)
        check_odata_headers(request)
        root = request.path.strip("/").partition("/")[0]
        if request.method == "POST" and root.lower() in _SYSTEM_RESOURCES:
            raise ODataError(METHOD_NOT_ALLOWED, headers={"Allow": ""})
        raise ODataError(UNKNOWN_VERSION, version=root[:128])
    except Exception as error:
        return service.errors.audited(request, error)


async def _beside(service: Service, request: ApiRequest, read: ReadBody) -> Reply | None:
    """Return the reply of the control plane or of the pages, whatever happens; None for other paths."""
    try:
        if request.path.startswith("/-/"):
            reply = await development_reply(service, request, read)
            if reply is None:
                if request.path.rstrip("/") not in PROBES:
                    service.visitors.admit(request.client)
                reply = await control(service, request)
            return reply
        if is_dashboard(request.path) or is_front_door(request):
            service.visitors.admit(request.client)
            return await dashboard(service, request)
    except Exception as error:
        return service.errors.reply(request, error)
    return None
