"""What may stand in the query string as well as in the path, brought to one form: keys, `$id`, filters.

Source: OData 4.01 URL conventions, sections 4.3.1 (parameter aliases as keys), 4.12 (`/$filter(...)`) and 4.16
(`$entity?$id=...`).
"""

from __future__ import annotations

import re
from urllib.parse import quote

from osimages.odata.text.options_parser import pairs, system_name
from osimages.odata.text.parser import parse_filter
from osimages.odata.text.percent_encoding import decoded
from osimages.odata.text.resource_path import path_parts
from osimages.odata.text.syntax_errors import ODataSyntaxError

_ALIASED_KEY = re.compile(r"\((?:(?P<name>[A-Za-z_]\w*)(?:=|%3[Dd]))?(?:@|%40)(?P<alias>[A-Za-z_]\w*)\)", re.ASCII)
_STRING = re.compile(r"'(?:[^']|'')*'\Z")


def is_indirect(path: str) -> bool:
    """Whether a raw path below the service root and the query string are to be read together."""
    return path.lower() == "$entity" or "$filter(" in path or _ALIASED_KEY.search(path) is not None


def with_keys(path: str, query: str) -> str:
    """A raw path with the values of its aliased keys in it: `drivers(@k)` and `@k='a/b'` are `drivers('a%2Fb')`.

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


def with_filters(path: str, query: str) -> tuple[str, str]:
    """A raw path without its `/$filter(...)` segments, and the query string that asks the same.

    Each condition must hold, as that of `$filter`; they come before the steps of `$apply`. Raises OptionError where
    the query string cannot be read, ODataSyntaxError where a segment cannot.
    """
    if "$filter(" not in path:
        return path, query
    parts = [part for _, part in path_parts(path)]
    conditions = [_condition(each) for each in parts if each.startswith("$filter(")]
    kept = "/".join(each for each in parts if not each.startswith("$filter("))
    options = [each for each in query.split("&") if each]
    for name, join in (("apply", _steps), ("filter", _all)):
        place = next((at for at, each in enumerate(options) if system_name(pairs(each)[0][0]) == name), None)
        if place is not None:
            [(_, value)] = pairs(options[place])
            options[place] = join([*conditions, value])
            return kept, "&".join(options)
    return kept, "&".join([_all(conditions), *options])


def _condition(segment: str) -> str:
    text = decoded(segment)
    condition = text[len("$filter(") : -1]
    if not text.endswith(")"):
        raise ODataSyntaxError("Expected ')'", len(text), text)
    parse_filter(condition)
    return condition


def _steps(texts: list[str]) -> str:
    """`$apply` with conditions before its steps."""
    return "$apply=" + quote("/".join([*(f"filter({each})" for each in texts[:-1]), texts[-1]]), safe="")


def _all(conditions: list[str]) -> str:
    whole = conditions[0] if len(conditions) == 1 else " and ".join(f"({each})" for each in conditions)
    return "$filter=" + quote(whole, safe="")


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
