"""OASIS's own test cases for the grammar: what they call right is read, what they call wrong is refused.

https://github.com/oasis-tcs/odata-abnf/blob/main/abnf/odata-abnf-testcases.yaml
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest

from osimages.odata.errors import ODataLimitError, ODataSyntaxError
from osimages.odata.options import OptionError, parse_options
from osimages.odata.parser import parse_expression
from tests.unit.odata.reference import reference

# Rules of the grammar that an expression is made of, and the text around which makes them a whole expression.
_EXPRESSIONS = {
    "anyExpr": "Items/{}",
    "binaryLiteral": "{}",
    "boolCommonExpr": "{}",
    "commonExpr": "{}",
    "dateTimeOffsetLiteral": "{}",
    "doubleLiteral": "{}",
    "durationLiteral": "{}",
    "enumLiteral": "{}",
    "firstMemberExpr": "{}",
    "functionParameter": "function({})",
    "guid": "{}",
    "int64Literal": "{}",
    "isofExpr": "{}",
    "notExpr": "{}",
    "null": "{}",
    "primitiveLiteral": "{}",
    "propertyPathExpr": "{}",
    "singleLiteral": "{}",
    "stringLiteral": "{}",
    "timeOfDayLiteral": "{}",
}
_OPTIONS = ("compute", "customQueryOption", "filter", "orderby", "queryOptions", "search", "select", "skiptoken")

_TWICE = "the values of one option are shown as a sequence; a request may give it once"
_SEMICOLON = "an encoded semicolon ends a nested option, as a plain one does"
_CUSTOM = "`this` is a custom query option of its own, and those are left alone"
_ALLOWED = {
    ("queryOptions", "$format=json&$Format=atom&$format=xml&$format=text/html"): _TWICE,
    ("queryOptions", "$format=JSON&$format=Atom&$format=XML&$format=text/html"): _TWICE,
    ("queryOptions", "$expand=Manager($search=a%3Bb)"): _SEMICOLON,
    ("skiptoken", "$skiptoken=Not&this"): _CUSTOM,
}

_CASES = [
    pytest.param(case, id=f"{case['Rule']}-{number}")
    for number, case in enumerate(reference("abnf-cases.json")["TestCases"])
    if case["Rule"] in _EXPRESSIONS or case["Rule"] in _OPTIONS
]


def _is_read(case: dict[str, Any]) -> bool:
    around = _EXPRESSIONS.get(case["Rule"])
    try:
        if around is None:
            parse_options(case["Input"])
        else:
            parse_expression(around.format(unquote(case["Input"])))
    except (ODataSyntaxError, ODataLimitError, OptionError):
        return False
    return True


@pytest.mark.parametrize("case", _CASES)
def test_case(case: dict[str, Any]) -> None:
    agrees = _is_read(case) == ("FailAt" not in case)
    assert agrees != ((case["Rule"], case["Input"]) in _ALLOWED), case["Name"]


def test_allowed_misses_are_cases() -> None:
    known = {(parameters.values[0]["Rule"], parameters.values[0]["Input"]) for parameters in _CASES}  # type: ignore[index]
    assert set(_ALLOWED) <= known
