"""A model that has what Graph's does not: nullable properties, flags, nested restrictions, text that needs escaping."""

from __future__ import annotations

from osimages.odata.model.types import (
    Capabilities,
    ComplexType,
    EntityType,
    EnumMember,
    EnumType,
    Model,
    NavigationProperty,
    Primitive,
    Property,
    Singleton,
)

_COLOUR = EnumType("colour", (EnumMember("red", 1), EnumMember("blue", 2)), is_flags=True)
_SIZE = ComplexType(
    "size",
    (
        Property("width", Primitive.DOUBLE),
        Property("note", Primitive.STRING, nullable=True, capabilities=Capabilities(filter=False)),
    ),
)
_BOX = EntityType(
    "box",
    (
        Property("code", Primitive.STRING, description="Says <\"&'>."),
        Property("size", _SIZE, nullable=True, required=False),
        Property("colours", _COLOUR, collection=True, required=False, capabilities=Capabilities(orderby=False)),
    ),
    key="code",
)
_SHOP = EntityType("shop", (Property("id", Primitive.STRING),), navigation=(NavigationProperty("boxes", _BOX),))
BOX = _BOX
SHOP = Model("example.shop", "Container", (Singleton("shop", _SHOP),))
