"""OData 4.01 for Python: a parser of its URL language, and `ODataApp`, a service of a declared schema over ASGI.

It imports nothing else of this project. Names are loaded when they are first used: parsing a filter loads no database
driver. Documentation: docs/odata-parser.md, docs/odata.md ("An OData service of your own").
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osimages.odata.app import ODataApp
    from osimages.odata.errors import Condition, ErrorDetail, ODataError
    from osimages.odata.model.types import (
        BoundFunction,
        Capabilities,
        ComplexType,
        EntitySet,
        EntityType,
        EnumMember,
        EnumType,
        NavigationProperty,
        Operation,
        Property,
        SetCapabilities,
        Singleton,
    )
    from osimages.odata.plan.resolve import Kind, Target
    from osimages.odata.schema import Schema
    from osimages.odata.service.call import Call
    from osimages.odata.service.hooks import Interceptor, Limiter
    from osimages.odata.service.principal import Principal
    from osimages.odata.service.reply import Reply
    from osimages.odata.service.request import ApiRequest as Request
    from osimages.odata.service.service_limits import ServiceLimits, TransportLimits
    from osimages.odata.service.transport import Transport
    from osimages.odata.sql.transaction_script import Script, Statement
    from osimages.odata.stores import Postgres, Sqlite
    from osimages.odata.text.options_parser import OptionError, parse_options
    from osimages.odata.text.parser import (
        parse_apply,
        parse_compute,
        parse_expand,
        parse_expression,
        parse_filter,
        parse_literal,
        parse_orderby,
        parse_search,
        parse_select,
    )
    from osimages.odata.text.query_tree import QueryOptions
    from osimages.odata.text.resource_path import Segment, Url, parse_path, parse_url
    from osimages.odata.text.syntax_errors import ODataLimitError, ODataSyntaxError
    from osimages.odata.text.text_limits import Bounds
    from osimages.odata.text.unparse import render

_MODULES = {
    "app": ("ODataApp",),
    "errors": ("Condition", "ErrorDetail", "ODataError"),
    "model.types": (
        *("BoundFunction", "Capabilities", "ComplexType", "EntitySet", "EntityType", "EnumMember", "EnumType"),
        *("NavigationProperty", "Operation", "Property", "SetCapabilities", "Singleton"),
    ),
    "plan.resolve": ("Kind", "Target"),
    "schema": ("Schema",),
    "service.call": ("Call",),
    "service.hooks": ("Interceptor", "Limiter"),
    "service.principal": ("Principal",),
    "service.reply": ("Reply",),
    "service.request": ("ApiRequest",),
    "service.service_limits": ("ServiceLimits", "TransportLimits"),
    "service.transport": ("Transport",),
    "sql.transaction_script": ("Script", "Statement"),
    "stores": ("Postgres", "Sqlite"),
    "text.options_parser": ("OptionError", "parse_options"),
    "text.parser": (
        *("parse_apply", "parse_compute", "parse_expand", "parse_expression", "parse_filter", "parse_literal"),
        *("parse_orderby", "parse_search", "parse_select"),
    ),
    "text.query_tree": ("QueryOptions",),
    "text.resource_path": ("Segment", "Url", "parse_path", "parse_url"),
    "text.syntax_errors": ("ODataLimitError", "ODataSyntaxError"),
    "text.text_limits": ("Bounds",),
    "text.unparse": ("render",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}
_ALIASES = {"Request": "ApiRequest"}

__all__ = [
    "BoundFunction",
    "Bounds",
    "Call",
    "Capabilities",
    "ComplexType",
    "Condition",
    "EntitySet",
    "EntityType",
    "EnumMember",
    "EnumType",
    "ErrorDetail",
    "Interceptor",
    "Kind",
    "Limiter",
    "NavigationProperty",
    "ODataApp",
    "ODataError",
    "ODataLimitError",
    "ODataSyntaxError",
    "Operation",
    "OptionError",
    "Postgres",
    "Principal",
    "Property",
    "QueryOptions",
    "Reply",
    "Request",
    "Schema",
    "Script",
    "Segment",
    "ServiceLimits",
    "SetCapabilities",
    "Singleton",
    "Sqlite",
    "Statement",
    "Target",
    "Transport",
    "TransportLimits",
    "Url",
    "parse_apply",
    "parse_compute",
    "parse_expand",
    "parse_expression",
    "parse_filter",
    "parse_literal",
    "parse_options",
    "parse_orderby",
    "parse_path",
    "parse_search",
    "parse_select",
    "parse_url",
    "render",
]


def __getattr__(name: str) -> object:
    """Load a public name when it is first used (PEP 562)."""
    source = _ALIASES.get(name, name)
    if name not in __all__ or source not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[source]}"), source)
    return found
