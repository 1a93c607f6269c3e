"""Errors of query options as answers to the client."""

from __future__ import annotations

from collections.abc import Mapping

from osimages.odata.errors import (
    INVALID_FILTER,
    INVALID_OPTION,
    INVALID_ORDERBY,
    INVALID_SELECT,
    NOT_IMPLEMENTED,
    Condition,
    ODataError,
)
from osimages.odata.plan.scope import UnsupportedOptionError
from osimages.odata.text.options_parser import OptionError

_ROWS: Mapping[str, Condition] = {"$filter": INVALID_FILTER, "$select": INVALID_SELECT, "$orderby": INVALID_ORDERBY}


def rejected(error: OptionError) -> ODataError:
    """Return the answer to an option that cannot be used: 501 if OData has what it asks for, 400 otherwise."""
    if isinstance(error, UnsupportedOptionError):
        return ODataError(NOT_IMPLEMENTED, target=error.option, option=error.option, reason=error.reason)
    return invalid(error.option, error.reason)


def invalid(option: str, reason: str) -> ODataError:
    """Return the 400 of an option, which `option` names with its `$`."""
    row = _ROWS.get(option)
    if row is None:
        return ODataError(INVALID_OPTION, target=option, option=option, reason=reason)
    return ODataError(row, target=option, reason=reason)
