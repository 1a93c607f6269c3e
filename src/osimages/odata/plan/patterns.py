"""Regular expressions in a query: bounded here, compiled and matched by the database that runs the query.

OData's `matchesPattern` takes ECMAScript's syntax (URL conventions, section 5.1.1.7.1). SQLite is given RE2,
PostgreSQL has its own: docs/decisions/0051.
"""

from __future__ import annotations

from osimages.odata.errors import ODataError
from osimages.odata.plan.constants import Pattern
from osimages.odata.plan.option_errors import rejected
from osimages.odata.plan.scope import BindError, UnsupportedError, refused


def malformed(pattern: Pattern, reason: str) -> ODataError:
    """Return the 400 for a pattern that the database does not take; `reason` is the database's."""
    return rejected(refused(pattern.option, BindError(f"The pattern cannot be used: {reason}", pattern.position)))


def unavailable(pattern: Pattern, reason: str) -> ODataError:
    """Return the 501 for a pattern on a server that cannot match any."""
    return rejected(refused(pattern.option, UnsupportedError(reason, pattern.position)))
