"""Two ways to say the key of an entity in the query string, brought back to plain paths.

Source: OData 4.01 URL conventions, sections 4.3.1 (parameter aliases as keys) and 4.16 (`$entity?$id=...`).
"""

from __future__ import annotations

import re
from urllib.parse import quote

from osimages.odata.errors import ODataSyntaxError
from osimages.odata.options import pairs, system_name

_ALIASED_KEY = re.compile(r"\((?:(?P<name>[A-Za-z_]\w*)(?:=|%3[Dd]))?(?:@|%40)(?P<alias>[A-Za-z_]\w*)\)", re.ASCII)
_STRING = re.compile(r"'(?:[^']|'')*'\Z")


def is_indirect(path: str) -> bool:
    """Whether the query string may have a say in which entity a raw path below the service root names."""
    return path.lower() == "$entity" or _ALIASED_KEY.search(path) is not None


def with_keys(path: str, query: str) -> str:
    """A raw path with the values of its aliased keys in it: `images(@k)` and `@k='a/b'` are `images('a%2Fb')`.

    An alias that the query does not define stays as it is, for the text may be a key of its own.
    Raises OptionError where the query string cannot be read, ODataSyntaxError where an alias is no string.
    """
    if not _ALIASED_KEY.search(path):
        return path
    values = {name: value for name, value in pairs(query) if name.startswith("@")}

    def key(match: re.Match[str]) -> str:
        value = values.get(f"@{match['alias']}")
        if value is None:
            return match[0]
        if not _STRING.match(value):
            raise ODataSyntaxError(f"The key '@{match['alias']}' is no string in single quotes", 0, value)
        name = f"{match['name']}=" if match["name"] else ""
        return f"({name}{quote(value, safe='')})"

    return _ALIASED_KEY.sub(key, path)


def by_id(query: str) -> tuple[str | None, str]:
    """The value of `$id` and the query string without it. Raises OptionError."""
    found, rest = None, []
    for part in query.split("&"):
        [(name, value)] = pairs(part)
        if system_name(name) == "id":
            found = value
        elif part:
            rest.append(part)
    return found, "&".join(rest)
