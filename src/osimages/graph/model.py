"""The declared model: Graph's Windows OS image catalogue, once and for all.

Source: https://learn.microsoft.com/graph/api/resources/intune-osprovisioninggraphservice-manageddevicewindowsoperatingsystemimage
"""

from __future__ import annotations

from osimages.graph.audit_model import AUDIT_EVENTS
from osimages.graph.check_operations import CHECK_BUILD, CHECK_BUILDS
from osimages.odata.model.types import (
    BoundFunction,
    Capabilities,
    ComplexType,
    EntityType,
    EnumMember,
    EnumType,
    Model,
    NavigationProperty,
    Primitive,
    Property,
    SetCapabilities,
    Singleton,
)

ARCHITECTURE = EnumType(
    "managedDeviceArchitecture",
    (
        EnumMember("unknown", 0),
        EnumMember("x86", 1),
        EnumMember("x64", 2),
        EnumMember("arm", 3),
        EnumMember("arM64", 4),
    ),
)

EDITION_TYPE = EnumType(
    "managedDeviceWindowsOperatingSystemEditionType",
    (
        EnumMember("professional", 0),
        EnumMember("professionalN", 1),
        EnumMember("enterprise", 2),
        EnumMember("enterpriseN", 3),
        EnumMember("education", 4),
        EnumMember("educationN", 5),
        EnumMember("proEducation", 6),
        EnumMember("proEducationN", 7),
        EnumMember("proWorkstation", 8),
        EnumMember("proWorkstationN", 9),
        EnumMember("unknownFutureValue", 10),
    ),
    sentinel="unknownFutureValue",
)

# What `$search` looks at: what people know a release, an edition or a build by.
_SEARCHED = Capabilities(search=True)

EDITION = ComplexType(
    "managedDeviceWindowsOperatingSystemEdition",
    (
        Property(
            "editionType",
            EDITION_TYPE,
            capabilities=_SEARCHED,
            description="The edition of the Windows operating system image.",
        ),
        Property(
            "supportEndDate",
            Primitive.DATE,
            description="The day on which support for this edition ends, in Pacific Time.",
        ),
    ),
    description="A Windows edition that is or was supported for an image.",
)

UPDATE = ComplexType(
    "managedDeviceWindowsOperatingSystemUpdate",
    (
        Property(
            "buildVersion",
            Primitive.STRING,
            capabilities=_SEARCHED,
            description="The build, for example 10.0.26200.9711.",
        ),
        Property("releaseMonth", Primitive.INT32, lowest=1, highest=12, description="Month of the release."),
        Property("releaseYear", Primitive.INT32, lowest=1, highest=9999, description="Year of the release."),
    ),
    description="A quality update that is available for an image.",
)

# Graph documents $filter, $select, $top and $skip for the collections, and $orderBy for the id alone.
_NOT_SORTED = Capabilities(orderby=False)

IMAGE = EntityType(
    "managedDeviceWindowsOperatingSystemImage",
    (
        Property(
            "id",
            Primitive.STRING,
            required=False,
            capabilities=_SEARCHED,
            description="The name of the image, or a GUID.",
        ),
        Property(
            "supportedEditions",
            EDITION,
            collection=True,
            required=False,
            capabilities=_NOT_SORTED,
            description="Editions, with the day on which support for each ends.",
        ),
        Property(
            "supportedArchitectures",
            ARCHITECTURE,
            collection=True,
            required=False,
            capabilities=_NOT_SORTED,
            description="Processor architectures that the image is offered for.",
        ),
        Property(
            "availableUpdates",
            UPDATE,
            collection=True,
            required=False,
            capabilities=_NOT_SORTED,
            description="Builds of up to the last three Patch Tuesdays.",
        ),
    ),
    functions=(
        BoundFunction("getAllManagedDeviceWindowsOSImages", "All images of the tenant, of whichever it is asked."),
    ),
    operations=(CHECK_BUILD, CHECK_BUILDS),
    description="A Windows operating system image that Intune can manage.",
)

DEVICE_MANAGEMENT = EntityType(
    "deviceManagement",
    (Property("id", Primitive.STRING, required=False, description="Unique identifier."),),
    navigation=(
        NavigationProperty(
            "managedDeviceWindowsOSImages", IMAGE, "The Windows OS images of the tenant.", SetCapabilities(delta=True)
        ),
        AUDIT_EVENTS,
    ),
    description="The device management settings of a tenant.",
)

# Intune names types in messages with a namespace of its own, whatever the public one is.
_INTUNE = "microsoft.management.services.api"
GRAPH = Model(
    "microsoft.graph",
    "GraphService",
    (Singleton("deviceManagement", DEVICE_MANAGEMENT),),
    message_namespace=_INTUNE,
)

# The images exist in beta only; of the same service, v1.0 has the singleton without them.
_DEVICE_MANAGEMENT_V1 = EntityType(
    DEVICE_MANAGEMENT.name, DEVICE_MANAGEMENT.properties, description=DEVICE_MANAGEMENT.description
)
GRAPH_V1 = Model(
    "microsoft.graph",
    "GraphService",
    (Singleton("deviceManagement", _DEVICE_MANAGEMENT_V1),),
    message_namespace=_INTUNE,
)

VERSIONS = {"beta": GRAPH, "v1.0": GRAPH_V1}
