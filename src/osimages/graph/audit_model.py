"""The audit as Intune declares it: who did what, when, to which resource, and what changed.

Source: https://learn.microsoft.com/graph/api/resources/intune-auditing-auditevent and the pages of its parts, of which
the scope tags of roles and the remote tenant of an actor are left out: there is neither here.
"""

from __future__ import annotations

from osimages.odata.model.types import ComplexType, EntityType, NavigationProperty, Primitive, Property, SetCapabilities


def _text(name: str, description: str) -> Property:
    return Property(name, Primitive.STRING, nullable=True, required=False, description=description)


_PROPERTY = ComplexType(
    "auditProperty",
    (
        _text("displayName", "The name of the property."),
        _text("oldValue", "Its value before, as JSON."),
        _text("newValue", "Its value afterwards, as JSON."),
    ),
    description="A property that was changed.",
)

_RESOURCE = ComplexType(
    "auditResource",
    (
        _text("displayName", "The name of the resource."),
        Property("modifiedProperties", _PROPERTY, collection=True, description="What was changed."),
        _text("type", "The type of the resource."),
        _text("resourceId", "The id of the resource."),
    ),
    description="A resource that a request was about.",
)

_ACTOR = ComplexType(
    "auditActor",
    (
        _text("type", "Application or ItPro (a person)."),
        _text("auditActorType", "The same."),
        Property("userPermissions", Primitive.STRING, collection=True, description="Permissions held at that time."),
        _text("applicationId", "The id of the application."),
        _text("applicationDisplayName", "The name of the application."),
        _text("userPrincipalName", "The sign-in name of the user."),
        _text("servicePrincipalName", "The name of the application's service principal."),
        _text("ipAddress", "The address that the request came from."),
        _text("userId", "The id of the user."),
    ),
    description="Who sent a request.",
)

AUDIT_EVENT = EntityType(
    "auditEvent",
    (
        Property("id", Primitive.STRING, required=False, description="The id of the event; ids ascend with time."),
        _text("displayName", "What was done, for people."),
        _text("componentName", "The part of the service that it was done to."),
        Property("actor", _ACTOR, nullable=True, required=False, description="Who did it."),
        _text("activity", "Why a request was refused."),
        Property("activityDateTime", Primitive.DATETIMEOFFSET, required=False, description="When it was done, in UTC."),
        _text("activityType", "What was done."),
        _text("activityOperationType", "Create, Patch, Delete or Get."),
        _text("activityResult", "Success or Failure."),
        Property("correlationId", Primitive.GUID, required=False, description="The id of the request."),
        Property("resources", _RESOURCE, collection=True, required=False, description="What it was done to."),
        _text("category", "The category of the event."),
    ),
    description="A change, or a request that was refused.",
)

AUDIT_EVENTS = NavigationProperty(
    "auditEvents",
    AUDIT_EVENT,
    "Changes of the tenant's resources, and requests that were refused.",
    SetCapabilities(insert=False, update=False, delete=False),
)
