"""The functions of the expression language, with how many arguments each takes.

Source: OData 4.01 URL conventions, section 5.1.1.4 and following
https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_CanonicalFunctions
"""

from __future__ import annotations

from collections.abc import Mapping

ARGUMENT_COUNTS: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("now", "mindatetime", "maxdatetime"), (0, 0)),
    **dict.fromkeys(("length", "tolower", "toupper", "trim", "round", "floor", "ceiling", "isdefined"), (1, 1)),
    **dict.fromkeys(("year", "month", "day", "hour", "minute", "second", "fractionalseconds"), (1, 1)),
    **dict.fromkeys(("date", "time", "totaloffsetminutes", "totalseconds", "geo.length"), (1, 1)),
    **dict.fromkeys(("concat", "contains", "endswith", "startswith", "indexof", "matchespattern"), (2, 2)),
    **dict.fromkeys(("hassubset", "hassubsequence", "geo.distance", "geo.intersects"), (2, 2)),
    "substring": (2, 3),
}
_WORDS = ("no arguments", "one argument", "two arguments", "three arguments")


def expected_arguments(name: str) -> str:
    """How many arguments a function takes, in words."""
    least, most = ARGUMENT_COUNTS[name.lower()]
    return _WORDS[most] if least == most else f"{_WORDS[least].split()[0]} or {_WORDS[most]}"
