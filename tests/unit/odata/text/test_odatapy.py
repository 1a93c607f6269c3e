"""Another reader of OData, odatapy, accepts and refuses the same expressions; where it does not, there is a reason."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from odatapy.server.uri.expression_parser import ExpressionParser

from osimages.odata import ODataLimitError, ODataSyntaxError, parse_filter
from tests.unit.odata.text.texts import expressions, faulty

# What odatapy refuses and the grammar has; the reason follows the pattern of its message.
_THEY_REFUSE = {
    # It looks at types and functions while it reads; here that is for the model (URL conventions, section 5.1.1).
    r"cannot be applied|cannot compare|compatible types|requires a (boolean|numeric)|must be|expects": "types",
    r"Unknown function": "keys and functions of a service look alike (ABNF: keyPredicate, functionExpr)",
    r"requires a parenthesised list or a collection": "types (ABNF: inExpr takes any commonExpr)",
    # ABNF: year = [ "-" ] ( "0" 3DIGIT / oneToNine 3*DIGIT ).
    r"Illegal (Date|DateTimeOffset) literal": "years of more than four digits",
    # White space beside an operator may be missing here, and is nowhere ambiguous: (a)eq(b), a eq$it/b.
    r"Unexpected token": "RWS",
    r"Expected '\)'": "operators after an `in` list: they bind as tightly as others (section 5.1.1.17)",
    # URL conventions, section 5.1.1.13: literals of JSON.
    r"Unexpected character '\"'": "strings in double quotes",
}
# What odatapy reads and the grammar does not have.
_WE_REFUSE = {
    r"Malformed number or date|There is no date or time|needs its time zone": "it takes any characters as a word",
    r"Unexpected character": "as above",
    r"There is no function 'in'": "`not in in (id)` is about a property called `not` or one called `in`",
    r"Expected members of an enumeration": "ABNF: enumLiteral = [ qualifiedEnumTypeName ] SQUOTE singleEnumLiteral ...",
    r"is not base64url text": "ABNF: binaryValue, whose last character has no bits that are lost",
    r"is not a duration": "ABNF: durationValue",
    r"White space": "ABNF: no BWS around the value of an option, nor within a path",
    r"cannot stand in a path": "it takes any word that starts with `$` as a name",
    r"Expected .*, found": "it takes `@`, `$`, `:` and `/` within words",
    r"Expected a literal": "ABNF: listExpr holds literals alone",
}


def _refusal(parse: Any, text: str) -> Exception | None:
    try:
        parse(text)
    except (ODataSyntaxError, ODataLimitError) as error:
        return error
    except Exception as error:
        return error
    return None


def _is_known(message: str, known: dict[str, str]) -> bool:
    return any(re.search(pattern, message) for pattern in known)


@settings(max_examples=300)
@given(expressions())
def test_what_the_grammar_has_is_read_by_both(text: str) -> None:
    assert _refusal(parse_filter, text) is None
    theirs = _refusal(ExpressionParser.parse_string, text)
    assert theirs is None or _is_known(str(theirs), _THEY_REFUSE), theirs


@settings(max_examples=2000, derandomize=True)  # one of many million texts may show a difference not yet listed
@given(faulty())
def test_faults_are_found_by_both(text: str) -> None:
    ours, theirs = _refusal(parse_filter, text), _refusal(ExpressionParser.parse_string, text)
    if (ours is None) != (theirs is None):
        assert _is_known(str(ours or theirs), _WE_REFUSE if ours else _THEY_REFUSE), (ours, theirs)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a eq", "a eq 1 b", "(a", "a)", "a and", "a/any(x", "a/any(x:", "a in", "a in (1", "'a"),
        *("contains(a)", "contains(a,b,c)", "a eq 1 and or b", "a/any(x:x eq 1))", "length()", "now(1)", "a,b", "1 1"),
    ],
)
def test_what_both_refuse(text: str) -> None:
    assert _refusal(parse_filter, text) is not None
    assert _refusal(ExpressionParser.parse_string, text) is not None
