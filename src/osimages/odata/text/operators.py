"""Operators and how tightly they bind; a larger number binds tighter.

Source: OData 4.01 URL conventions, section 5.1.1.17
https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_OperatorPrecedence
"""

from __future__ import annotations

from collections.abc import Mapping

_OR, _AND, _EQUALITY, _RELATION, _ADDITION, _MULTIPLICATION, UNARY, PRIMARY = range(1, 9)
BINDING: Mapping[str, int] = {
    "or": _OR,
    "and": _AND,
    "eq": _EQUALITY,
    "ne": _EQUALITY,
    "has": PRIMARY,
    "in": PRIMARY,
    **dict.fromkeys(("gt", "ge", "lt", "le"), _RELATION),
    **dict.fromkeys(("add", "sub"), _ADDITION),
    **dict.fromkeys(("mul", "div", "divby", "mod"), _MULTIPLICATION),
}
