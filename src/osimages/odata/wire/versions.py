"""Reads versions of OData from the headers `OData-Version` and `OData-MaxVersion`, as Microsoft's OData library does.

Source: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html#sec_HeaderODataMaxVersion
"""

from __future__ import annotations

import re
from decimal import Decimal

# Older clients append what they are: `4.0;NetFx`.
_VERSION = re.compile(r"[ \t]*([0-9]{1,9}(?:\.[0-9]{1,9})?)[ \t]*(?:;.*)?", re.ASCII | re.DOTALL)

V40 = Decimal("4.0")
V401 = Decimal("4.01")


def version_number(header: str) -> Decimal | None:
    """Return the number that a version header holds, None if it holds none. `4.00` equals `4.0`, and `;` ends it."""
    match = _VERSION.fullmatch(header)
    return None if match is None else Decimal(match[1])


def is_supported(version: Decimal | None) -> bool:
    """Return whether requests of that version (`OData-Version`) are understood."""
    return version in (V40, V401)


def is_supported_maximum(version: Decimal | None) -> bool:
    """Return whether a client that takes at most that version (`OData-MaxVersion`) can be answered."""
    return version is not None and version >= V40
