"""What an audit event says: from a request and what came of it to the properties of `auditEvent`.

The words are those that Intune's audit uses: https://learn.microsoft.com/intune/intune-service/fundamentals/monitor-audit-logs.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime

import msgspec

from osimages.entra.tokens.verification import VerifiedToken
from osimages.odata.plan.query import Stored
from osimages.odata.plan.resolve import Target
from osimages.odata.service.request import ApiRequest

COMPONENT = "OSProvisioning"
OPERATIONS = {"POST": "Create", "PUT": "Patch", "PATCH": "Patch", "DELETE": "Delete"}

_LONGEST_VALUE = 32_768
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
# Quotes inside of texts are escaped, so that this can be no part of one.
_ANNOTATION = re.compile(rb'"@odata\.type":"[^"\\]*",?')
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

Event = dict[str, object]


def event_id(moment: datetime) -> str:
    """A GUID that is higher than those of earlier moments (version 7, RFC 9562 section 6.2, method 3)."""
    start = f"{int(moment.timestamp()) * 1000 + moment.microsecond // 1000:012x}"
    fraction = moment.microsecond % 1000 * 4096 // 1000
    random = os.urandom(8).hex()
    return f"{start[:8]}-{start[8:]}-7{fraction:03x}-8{random[:3]}-{random[3:15]}"


def first_id(moment: datetime) -> str:
    """What is not higher than the id of any event since that moment."""
    return f"{event_id(moment)[:13]}-0000-0000-000000000000"


def changed(
    request: ApiRequest,
    actor: VerifiedToken,
    target: Target,
    key: str,
    before: Stored | None,
    after: Stored | None,
) -> Event:
    """The event of a change, with the values of what changed before and afterwards."""
    operation = "Create" if before is None else "Delete" if after is None else "Patch"
    resource: Event = {
        "displayName": key,
        "modifiedProperties": _modified(before, after),
        "type": target.entity.name,
        "resourceId": key,
    }
    return _event(request, actor, f"{operation} {_capital(target.entity.name)}", operation, resource)


def refused(request: ApiRequest, actor: VerifiedToken, status: int, message: str) -> Event:
    """The event of a request that was refused."""
    operation = OPERATIONS.get(request.method, "Get")
    path = request.path[:1024]
    resource: Event = {
        "displayName": path,
        "modifiedProperties": [
            {"displayName": "method", "oldValue": None, "newValue": f'"{request.method[:32]}"'},
            {"displayName": "status", "oldValue": None, "newValue": str(status)},
        ],
        "type": "request",
        "resourceId": path,
    }
    event = _event(request, actor, f"{operation} refused", operation, resource)
    # What a client sent may be repeated in the message; not every database takes that character.
    activity = message[:1024].replace("\0", "\ufffd")
    return event | {"activity": activity, "activityResult": "Failure"}


def refused_further(number: int) -> Event:
    """The event that stands for requests which were refused after so many others that they are only counted."""
    count = {"displayName": "count", "oldValue": None, "newValue": str(number)}
    resource = {"displayName": None, "modifiedProperties": [count], "type": "request", "resourceId": None}
    return {
        "displayName": "Further requests refused",
        "componentName": COMPONENT,
        "actor": None,
        "activity": f"{number} further requests were refused within a minute.",
        "activityType": "Further requests refused",
        "activityOperationType": "Action",
        "activityResult": "Failure",
        "correlationId": "00000000-0000-0000-0000-000000000000",
        "resources": [resource],
        "category": COMPONENT,
    }


def dated(event: Event, moment: datetime) -> tuple[str, Event]:
    """The id of an event and the event with its time."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event_id(moment), event | {"activityDateTime": text}


def _event(request: ApiRequest, actor: VerifiedToken, name: str, operation: str, resource: Event) -> Event:
    return {
        "displayName": name,
        "componentName": COMPONENT,
        "actor": _actor(request, actor),
        "activity": None,
        "activityType": name,
        "activityOperationType": operation,
        "activityResult": "Success",
        "correlationId": _correlation(request),
        "resources": [resource],
        "category": COMPONENT,
    }


def _actor(request: ApiRequest, actor: VerifiedToken) -> Event:
    kind = "Application" if actor.user is None else "ItPro"
    application = _name(actor.application_name)
    return {
        "type": kind,
        "auditActorType": kind,
        "userPermissions": sorted(actor.permissions)[:100],
        "applicationId": actor.application,
        "applicationDisplayName": application,
        "userPrincipalName": _name(actor.user_name),
        "servicePrincipalName": application if actor.user is None else None,
        "ipAddress": request.client or None,
        "userId": actor.user,
    }


def _name(name: str) -> str | None:
    return name.replace("\0", "\ufffd") or None


def _correlation(request: ApiRequest) -> str:
    """The client's id of the request, if it is a GUID, as in Intune's messages; else the server's."""
    given = request.client_request_id
    return given.lower() if _GUID.fullmatch(given) else request.request_id


def _modified(before: Stored | None, after: Stored | None) -> list[Event]:
    old = {} if before is None else _members(before.document)
    new = {} if after is None else _members(after.document)
    return [
        {"displayName": name, "oldValue": _shown(old.get(name)), "newValue": _shown(new.get(name))}
        for name in dict.fromkeys((*old, *new))
        if not name.startswith("@") and _bytes(old.get(name)) != _bytes(new.get(name))
    ]


def _bytes(value: msgspec.Raw | None) -> bytes | None:
    return None if value is None else bytes(value)


def _shown(value: msgspec.Raw | None) -> str | None:
    """The value's JSON without its annotations; of very long ones the start."""
    if value is None:
        return None
    text = _ANNOTATION.sub(b"", bytes(value)).decode()
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
