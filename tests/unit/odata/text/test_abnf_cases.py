"""OASIS's own test cases for the grammar: what they call right is read, what they call wrong is refused.

https://github.com/oasis-tcs/odata-abnf/blob/main/abnf/odata-abnf-testcases.yaml
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from osimages.odata import (
    ODataLimitError,
    ODataSyntaxError,
    OptionError,
    parse_apply,
    parse_compute,
    parse_expand,
    parse_expression,
    parse_literal,
    parse_options,
    parse_orderby,
    parse_path,
    parse_search,
    parse_select,
    parse_url,
)
from osimages.odata.text.context_url import parse_context
from osimages.odata.text.operators import BINDING
from osimages.odata.text.tree import Literal, LiteralKind, Name
from tests.unit.odata.text.reference import reference

_OUT = json.loads((Path(__file__).parent / "abnf_out_of_scope.json").read_text(encoding="utf-8"))


def _in(around: str, parse: Callable[[str], object] = parse_expression) -> Callable[[str], object]:
    """Reads a part of an expression within what makes it a whole one; percent-encoding is decoded first."""
    return lambda text: parse(around.format(unquote(text)))


def _literal(*kinds: LiteralKind, around: str = "{}", is_encoded: bool = True) -> Callable[[str], object]:
    """Reads a constant that must be of one of these kinds; values of JSON and CSDL are not encoded."""

    def parse(text: str) -> None:
        found = parse_literal(around.format(unquote(text) if is_encoded else text))
        if not isinstance(found, Literal) or found.kind not in kinds:
            raise ODataSyntaxError("A literal of another kind", 0, text)

    return parse


def _first_of(*parsers: Callable[[str], object]) -> Callable[[str], object]:
    def parse(text: str) -> object:
        for each in parsers[:-1]:
            try:
                return each(text)
            except ODataSyntaxError:
                continue
        return parsers[-1](text)

    return parse


def _identifier(text: str) -> None:
    if not isinstance(parse_expression(text), Name):
        raise ODataSyntaxError("Expected a name", 0, text)


def _service(text: str) -> None:
    """A URL with the root of a service in front, which may have segments of its own."""
    scheme, host, *segments = text.split("/", 3)
    assert scheme in ("http:", "https:")
    assert not host
    below = segments[1] if len(segments) > 1 else ""
    for count in range(below.partition("?")[0].count("/") + 1):
        try:
            parse_url("/".join(below.split("/")[count:]))
        except (ODataSyntaxError, OptionError) as error:
            problem: Exception = error
        else:
            return
    raise problem


def _around(prefix: str) -> Callable[[str], object]:
    return lambda text: parse_literal(f"{prefix}'{text}'")


_NUMBERS = [f"{each}Literal" for each in ("decimal", "double", "single", "sbyte", "int16", "int32", "int64")]
_NUMBER_VALUES = ["byte", *(each.replace("Literal", "Value") for each in _NUMBERS)]
_SHAPES = ("Collection", "LineString", "MultiLineString", "MultiPoint", "MultiPolygon", "Point", "Polygon")
_GEO = _literal(LiteralKind.GEO)
_RULES: Mapping[str, Callable[[str], object]] = {
    **dict.fromkeys(
        ("commonExpr", "boolCommonExpr", "lambdaPredicateExpr", "parameterValue", "collectionExpr"), _in("{}")
    ),
    **dict.fromkeys(("firstMemberExpr", "memberExpr", "directMemberExpr", "propertyPathExpr", "rootExpr"), _in("{}")),
    **dict.fromkeys(("functionExpr", "boundFunctionExpr", "methodCallExpr", "boolMethodCallExpr"), _in("{}")),
    **dict.fromkeys(("notExpr", "negateExpr", "parenExpr", "isofExpr", "castExpr", "isdefinedExpr"), _in("{}")),
    **dict.fromkeys(("annotationExpr", "annotationInQuery", "inscopeVariableExpr", "currCollectionExpr"), _in("{}")),
    **dict.fromkeys(("arrayOrObject", "array", "object"), _in("{}")),
    **dict.fromkeys((f"{each}Expr" for each in ("and", "or", *BINDING)), _in("a{}")),
    **dict.fromkeys(("anyExpr", "allExpr"), _in("Items/{}")),
    **dict.fromkeys(("collectionPathExpr", "filterExpr", "singleNavigationExpr", "complexPathExpr"), _in("Items{}")),
    "listExpr": _in("a in {}"),
    "functionParameter": _in("function({})"),
    "functionExprParameters": _in("function{}"),
    "stringInUrl": _in("[{}]"),
    "member": _in("{{{}}}"),
    "boolean": _literal(LiteralKind.BOOLEAN),
    "null": _literal(LiteralKind.NULL),
    "guid": _literal(LiteralKind.GUID),
    **dict.fromkeys(("date", "dateValue"), _literal(LiteralKind.DATE, is_encoded=False)),
    **dict.fromkeys(("dateTimeOffsetLiteral", "dateTimeOffsetValueInUrl"), _literal(LiteralKind.DATETIMEOFFSET)),
    "dateTimeOffsetValue": _literal(LiteralKind.DATETIMEOFFSET, is_encoded=False),
    "timeOfDayLiteral": _literal(LiteralKind.TIMEOFDAY),
    "timeOfDayValue": _literal(LiteralKind.TIMEOFDAY, is_encoded=False),
    # A duration without its type in front is a string, until a model says what stands beside it.
    "durationLiteral": _literal(LiteralKind.DURATION, LiteralKind.STRING),
    "durationValue": _literal(LiteralKind.DURATION, around="duration'{}'", is_encoded=False),
    "stringLiteral": _literal(LiteralKind.STRING),
    "binaryLiteral": _literal(LiteralKind.BINARY),
    "binaryValue": _literal(LiteralKind.BINARY, around="binary'{}'", is_encoded=False),
    **dict.fromkeys(_NUMBERS, _literal(LiteralKind.INTEGER, LiteralKind.DECIMAL)),
    **dict.fromkeys(_NUMBER_VALUES, _literal(LiteralKind.INTEGER, LiteralKind.DECIMAL, is_encoded=False)),
    **dict.fromkeys((f"{each}{shape}" for each in ("geography", "geometry") for shape in _SHAPES), _GEO),
    **dict.fromkeys((f"full{shape}Literal" for shape in _SHAPES), _in("geography'{}'", parse_literal)),
    **dict.fromkeys(
        (f"{shape[0].lower()}{shape[1:]}Literal" for shape in _SHAPES),
        _in("geography'SRID=0;{}'", parse_literal),
    ),
    **dict.fromkeys(("qualifiedTypeName", "optionallyQualifiedTypeName", "primitiveTypeName"), _in("isof({})")),
    "parameterAlias": _in("{}"),
    "primitiveLiteral": _in("{}", parse_literal),
    "enumLiteral": _in("{}", parse_literal),
    "enumValue": lambda text: parse_literal(f"Namespace.Type'{text}'"),
    "primitiveValue": _first_of(parse_literal, *(_around(each) for each in ("binary", "duration", "Namespace.Type"))),
    **dict.fromkeys(("odataIdentifier", "entitySetName"), _identifier),
    "resourcePath": parse_path,
    **dict.fromkeys(
        (
            *(
                "collectionNavigation",
                "singleNavigation",
                "keyPredicate",
                "simpleKey",
                "compoundKey",
                "keyPathSegments",
            ),
            *("filterInPath", "each", "count", "ref", "value", "querySegment", "ordinalIndex", "boundOperation"),
            *("functionParameters", "collectionNavPath", "singleNavPath"),
        ),
        lambda text: parse_path(f"Items{text}"),
    ),
    "propertyPath": lambda text: parse_path(f"Items(1)/{text}"),
    "crossjoin": parse_path,
    "odataRelativeUri": parse_url,
    "odataUri": _service,
    **dict.fromkeys(
        (
            *("filter", "orderby", "select", "expand", "search", "compute", "apply", "top", "skip", "inlinecount"),
            *("skiptoken", "deltatoken", "format", "index", "id", "schemaversion", "systemQueryOption"),
            *("queryOptions", "queryOption", "customQueryOption", "aliasAndValue", "nameAndValue"),
            *("batchOptions", "metadataOptions", "entityOptions"),
        ),
        parse_options,
    ),
    **dict.fromkeys(
        ("searchExpr", "searchParenExpr", "searchNegateExpr", "searchPhrase", "searchWord", "searchExpr-incomplete"),
        _in("{}", parse_search),
    ),
    **dict.fromkeys(("levels", "expandOption"), lambda text: parse_options(f"$expand=a({text})")),
    "expandRefOption": lambda text: parse_options(f"$expand=a/$ref({text})"),
    "expandCountOption": lambda text: parse_options(f"$expand=a/$count({text})"),
    **dict.fromkeys(("selectOption", "selectOptionPC"), lambda text: parse_options(f"$select=a({text})")),
    "parameterNames": lambda text: parse_options(f"$select=n.f({text})"),
    "applyExpr": _in("{}", parse_apply),
    "applyTrafo": _in("{}", parse_apply),
    "computeItem": _in("{}", parse_compute),
    "orderbyItem": _in("{}", parse_orderby),
    "selectItem": _in("{}", parse_select),
    "expandItem": _in("{}", parse_expand),
    "expandPath": _in("{}", parse_expand),
    "contextFragment": _in("#{}", parse_context),
    "context": _in("{}", parse_context),
}

_CASES = [
    pytest.param(case, id=f"{file.partition('-')[0]}-{number}-{case['Rule']}")
    for file in ("abnf-cases.json", "aggregation-abnf-cases.json")
    for number, case in enumerate(reference(file)["TestCases"])
    if case["Rule"] not in _OUT["rules"]
]


@pytest.mark.parametrize("case", _CASES)
def test_case(case: dict[str, Any]) -> None:
    rule, text = case["Rule"], case["Input"]
    error = None
    try:
        _RULES[rule](text)
    except (ODataSyntaxError, ODataLimitError, OptionError) as found:
        error = found
    agrees = (error is None) == ("FailAt" not in case)
    if text in _OUT["cases"]:
        assert not agrees, "this is no exception any more"
    else:
        assert agrees, f"{case['Name']}: {error}"


@pytest.mark.parametrize("case", [each for each in _CASES if "FailAt" in each.values[0]])  # type: ignore[operator]
def test_position(case: dict[str, Any]) -> None:
    """What is wrong is found where OASIS finds it, or a reason is listed."""
    text = case["Input"]
    if text in _OUT["cases"]:
        return
    with pytest.raises((ODataSyntaxError, OptionError)) as caught:
        _RULES[case["Rule"]](text)
    error = caught.value
    assert isinstance(error, ODataSyntaxError | OptionError)
    position = error.position
    if isinstance(error, OptionError) and position is not None:
        position += text.index(f"{error.option}=") + len(error.option) + 1
    has_moved = position not in (None, case["FailAt"])
    assert has_moved == any(text in each for each in _OUT["positions"].values()), (position, str(error))


def test_what_is_out_of_scope_is_there_and_small() -> None:
    cases: list[dict[str, Any]] = [each.values[0] for each in _CASES]  # type: ignore[misc]
    assert set(_OUT["cases"]) <= {each["Input"] for each in cases}
    assert set().union(*_OUT["positions"].values()) <= {each["Input"] for each in cases if "FailAt" in each}
    assert not set(_OUT["rules"]) & set(_RULES)
