"""Paths beside the API: the control plane below `/-/`, and the pages for people."""

from __future__ import annotations

from osimages.graph.control_plane import control
from osimages.graph.dashboard import dashboard, is_dashboard, is_front_door
from osimages.graph.development_endpoints import development_reply
from osimages.graph.known_hosts import PROBES
from osimages.odata.service.error_replies import failure_reply
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest, ReadBody
from osimages.odata.service.service import Service


async def elsewhere(service: Service, request: ApiRequest, read: ReadBody) -> Reply | None:
    """The reply to a request for something else than the API, whatever happens; None where there is no such thing."""
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
        return failure_reply(service, request, error)
    return None
