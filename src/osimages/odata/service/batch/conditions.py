"""Conditions of batch items: the `if` member of a JSON batch request, which replaces the check of `dependsOn`.

Source: OData JSON format 4.01, section 19.1
https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html#sec_BatchRequest
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from osimages.odata import ODataLimitError, ODataSyntaxError, parse_expression
from osimages.odata.errors import BATCH_CONDITION, CONDITION_NOT_MET, CONDITION_NOT_SUPPORTED, ODataError
from osimages.odata.text.tree import Alias, Binary, Expression, Literal, LiteralKind, Logical, Unary

# Outside of strings, `$` starts a reference to a request; only whether the request succeeded can be asked for.
# A string that does not end takes the rest of the text, so that matching stays linear.
_REFERENCE = re.compile(
    r"""(?P<string>'[^']*+(?:''[^']*+)*+(?:'|\Z)|"(?:[^"\\]|\\.)*+(?:"|\\?\Z))"""
    r"""|@|\$(?P<id>[\w.~-]*)(?P<succeeded>/\$succeeded(?!\w))?""",
    re.DOTALL,
)
_LITERALS = frozenset(
    (LiteralKind.NULL, LiteralKind.BOOLEAN, LiteralKind.INTEGER, LiteralKind.DECIMAL, LiteralKind.STRING)
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    each.__name__: each for each in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)
}
_LONGEST = 4096  # characters: 20 of that length are parsed within milliseconds
_LONGEST_SHOWN = 128
Value = bool | int | float | Decimal | str | None


class _UnsupportedError(Exception):
    """Valid OData that is not evaluated here."""


class RunCondition(msgspec.Struct, frozen=True):
    """A parsed condition. `requests` maps the aliases in `tree` to the ids that they stand for, in lower case."""

    text: str
    tree: Expression
    requests: Mapping[str, str]

    def is_met(self, succeeded: Mapping[str, bool]) -> bool:
        """Evaluate the condition. `succeeded` has an entry for each id that it refers to. Null is not true.

        Raises ODataError: BATCH_CONDITION for a value that is not Boolean, CONDITION_NOT_SUPPORTED.
        """
        known = {alias: succeeded[key] for alias, key in self.requests.items()}
        try:
            value = _value(self.tree, known)
        except _UnsupportedError as error:
            raise _unsupported(self.text, str(error)) from None
        except TypeError as error:
            raise _invalid(self.text, str(error)) from None
        if value is None or isinstance(value, bool):
            return value is True
        raise _invalid(self.text, "it is not Boolean")


def parse_condition(text: str) -> RunCondition | ODataError:
    """Parse the value of `if`. The error is the one with which the item fails."""
    requests: dict[str, str] = {}
    text = text.strip(" \t")
    if len(text) > _LONGEST:
        return _invalid(text, f"it has more than {_LONGEST} characters.")

    def alias(match: re.Match[str]) -> str:
        if match["string"] is not None:
            return match[0]
        if match["succeeded"] is None or not match["id"]:
            raise _UnsupportedError(f"'{match[0][:32]}' at position {match.start()}")
        # As long as the reference, so that errors name positions in the text that the client sent.
        name = f"@r{len(requests):0{len(match[0]) - 2}d}"
        requests[name] = match["id"].lower()
        return name

    try:
        tree = parse_expression(_REFERENCE.sub(alias, text))
    except _UnsupportedError as error:
        return _unsupported(text, str(error))
    except ODataSyntaxError as error:
        return _invalid(text, f"{error.message} at position {error.position}.")
    except ODataLimitError as error:
        return _invalid(text, str(error))
    return RunCondition(text, tree, requests)


def not_met(condition: RunCondition, item: str) -> ODataError:
    """Return the error of an item that is not run because its condition is not true."""
    return ODataError(CONDITION_NOT_MET, id=item[:64], expression=condition.text[:_LONGEST_SHOWN])


def _value(node: Expression, known: Mapping[str, bool]) -> Value:
    match node:
        case Literal() if node.kind in _LITERALS:
            return node.value
        case Alias():
            return known[node.name]
        case Unary(operator="not"):
            operand = _boolean(_value(node.operand, known), "not")
            return None if operand is None else not operand
        case Logical():
            return _logical(node.operator, [_boolean(_value(each, known), node.operator) for each in node.operands])
        case Binary() if node.operator in _COMPARISONS:
            return _compared(node.operator, _value(node.left, known), _value(node.right, known))
    raise _UnsupportedError(f"the expression at position {getattr(node, 'position', 0)}")


def _logical(word: str, operands: list[bool | None]) -> bool | None:
    """Three-valued logic (URL conventions, sections 5.1.1.1.7 and 5.1.1.1.8)."""
    decisive = word == "or"
    if decisive in operands:
        return decisive
    return None if None in operands else not decisive


def _compared(word: str, left: Value, right: Value) -> bool:
    if left is None or right is None:
        same = left is right
        return same if word == "eq" else not same if word == "ne" else False
    if _kind(left) is not _kind(right) or (_kind(left) is bool and word not in ("eq", "ne")):
        raise TypeError(f"'{word}' cannot compare these values")
    return _COMPARISONS[word](left, right)


def _kind(value: Value) -> type:
    if isinstance(value, bool | str):
        return type(value)
    return Decimal


def _boolean(value: Value, word: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise TypeError(f"an operand of '{word}' is not Boolean")


def _invalid(text: str, reason: str) -> ODataError:
    return ODataError(BATCH_CONDITION, target="if", expression=text[:_LONGEST_SHOWN], reason=reason)


def _unsupported(text: str, what: str) -> ODataError:
    return ODataError(CONDITION_NOT_SUPPORTED, target="if", expression=text[:_LONGEST_SHOWN], what=what)
