"""The Entra ID emulator in the service: its requests have the limits of anonymous clients, its errors Graph's form."""

from __future__ import annotations

import msgspec

from osimages.entra.emulator.emulator import route_of
from osimages.graph.known_hosts import is_loopback
from osimages.graph.mounted_apps import mounted_reply
from osimages.graph.service import Service
from osimages.odata.errors import BAD_HOST, ODataError
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest, ReadBody

_LONGEST_FORM = 64 * 1024


async def emulator_reply(service: Service, request: ApiRequest, read: ReadBody) -> Reply | None:
    """Return the reply to a request on a path of the emulator; None for any other path."""
    if service.emulator is None or route_of(request.path) is None:
        return None
    try:
        if not request.origin:
            raise ODataError(BAD_HOST)
        if not is_loopback(service.options.host) and request.method != "OPTIONS":
            service.client_limits.admit(request.client)
        return await mounted_reply(service.emulator.app, request, read, _LONGEST_FORM)
    except ODataError as error:
        # Without CORS headers: scripts of other origins need not read it.
        return msgspec.structs.replace(service.errors.audited(request, error), readers=b"")
