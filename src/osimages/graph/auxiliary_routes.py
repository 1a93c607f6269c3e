"""The auxiliary routes beside the API: control plane, exports and feeds, dashboard, and the Entra ID emulator."""

from __future__ import annotations

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from osimages.graph.catalogue_exports import CATALOGUE_ROUTES
from osimages.graph.control_plane import CONTROL_ROUTES
from osimages.graph.dashboard import DASHBOARD_ROUTES, is_dashboard, is_front_door
from osimages.graph.development_endpoints import development_reply
from osimages.graph.emulator_mount import emulator_reply
from osimages.graph.known_hosts import PROBES
from osimages.graph.mounted_apps import mounted_reply
from osimages.graph.routing import routing_error
from osimages.graph.service import Service
from osimages.odata.errors import BAD_HOST, METHOD_NOT_ALLOWED, UNKNOWN_VERSION, ODataError
from osimages.odata.service.pipeline import EVERY_METHOD, check_size
from osimages.odata.service.reply import Reply, check_odata_headers, preflight
from osimages.odata.service.request import ApiRequest, ReadBody
from osimages.odata.service.service_limits import ServiceLimits

# A client that forgets the version gets 405 for these: https://github.com/pnp/pnpjs/issues/2807.
_SYSTEM_RESOURCES = frozenset(("$batch", "%24batch", "$query", "%24query"))
AUXILIARY_APP = Starlette(
    routes=[*CONTROL_ROUTES, *CATALOGUE_ROUTES, *DASHBOARD_ROUTES], exception_handlers={HTTPException: routing_error}
)
AUXILIARY_APP.router.redirect_slashes = False


async def auxiliary_reply(service: Service, limits: ServiceLimits, request: ApiRequest, read: ReadBody) -> Reply:
    """Return the reply to a request that is not for the API, whatever happens."""
    try:
        check_size(request, limits)
        if (reply := await _mounted(service, request, read)) is not None:
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


async def _mounted(service: Service, request: ApiRequest, read: ReadBody) -> Reply | None:
    """Return the reply of the control plane or of the pages, whatever happens; None for other paths."""
    try:
        if request.path.startswith("/-/"):
            if (reply := await development_reply(service, request, read)) is not None:
                return reply
            request = msgspec.structs.replace(request, path=request.path.rstrip("/"))
            if request.path not in PROBES:
                service.client_limits.admit(request.client)
        elif is_dashboard(request.path) or is_front_door(request):
            service.client_limits.admit(request.client)
        else:
            return None
        return await mounted_reply(AUXILIARY_APP, request, read, 0, {"service": service})
    except Exception as error:
        return service.errors.reply(request, error)
