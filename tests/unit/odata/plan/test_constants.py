"""Which literal can stand for a value of which type."""

from __future__ import annotations

import math

import pytest

from osimages.graph.model import ARCHITECTURE, EDITION_TYPE, GRAPH
from osimages.odata.model.types import Primitive
from osimages.odata.plan.constants import MismatchError, constant, described, type_name
from osimages.odata.plan.expressions import ScalarType
from osimages.odata.text.parser import parse_expression
from osimages.odata.text.tree import EnumLiteral, Literal, LiteralKind
from tests.support.second_model import FLAVOUR


def _literal(text: str) -> Literal | EnumLiteral:
    tree = parse_expression(text)
    assert isinstance(tree, Literal | EnumLiteral)
    return tree


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        (Primitive.STRING, "'x'", "x"),
        (Primitive.STRING, '"x"', "x"),
        (Primitive.INT16, "1", 1),
        (Primitive.INT32, "-1", -1),
        (Primitive.INT64, "1.5", 1.5),
        (Primitive.INT64, "-9223372036854775808", -(1 << 63)),
        (Primitive.INT64, "-9223372036854775809", -math.inf),
        (Primitive.BOOLEAN, "true", True),
        (Primitive.DATE, "0001-01-01", "0001-01-01"),
        (Primitive.DATE, "9999-12-31", "9999-12-31"),
        (ARCHITECTURE, "'aRm64'", 4),
        (ARCHITECTURE, "microsoft.graph.managedDeviceArchitecture'arm64'", 4),
        (EDITION_TYPE, "'ProWorkstationN'", 9),
        (EDITION_TYPE, "'9'", 9),
        (ARCHITECTURE, "'2'", 2),
        (ARCHITECTURE, "'+02'", 2),
        (ARCHITECTURE, "microsoft.graph.managedDeviceArchitecture'2'", 2),
        (ARCHITECTURE, "MICROSOFT.Graph.manageddevicearchitecture'X64'", 2),
        (ARCHITECTURE, "Graph.ManagedDeviceArchitecture'x64'", 2),
        (FLAVOUR, "'5'", 5),
        (FLAVOUR, "'sweet,4'", 5),
        (FLAVOUR, "'0'", 0),
    ],
)
def test_fitting(type_: ScalarType, text: str, value: object) -> None:
    found = constant(GRAPH, type_, _literal(text))
    assert found == value
    assert type(found) is type(value)


_LITERALS = {
    LiteralKind.BOOLEAN: "true",
    LiteralKind.INTEGER: "1",
    LiteralKind.DECIMAL: "1.5",
    LiteralKind.STRING: "'1'",
    LiteralKind.GUID: "32a4ac62-1b1a-4a4c-9a3b-0123456789ab",
    LiteralKind.DATE: "2026-11-23",
    LiteralKind.DATETIMEOFFSET: "2026-11-23T00:00:00Z",
    LiteralKind.TIMEOFDAY: "10:00",
    LiteralKind.DURATION: "duration'P1D'",
    LiteralKind.BINARY: "binary'AA=='",
    LiteralKind.GEO: "geography'SRID=0;Point(1 2)'",
}
_FITTING: dict[ScalarType, set[LiteralKind]] = {
    Primitive.STRING: {LiteralKind.STRING},
    Primitive.INT32: {LiteralKind.INTEGER, LiteralKind.DECIMAL},
    Primitive.BOOLEAN: {LiteralKind.BOOLEAN},
    Primitive.DATE: {LiteralKind.DATE},
    ARCHITECTURE: {LiteralKind.STRING},
}


@pytest.mark.parametrize("type_", _FITTING, ids=lambda type_: type_.name)
@pytest.mark.parametrize("kind", _LITERALS)
def test_every_kind_of_literal_with_every_type(type_: ScalarType, kind: LiteralKind) -> None:
    literal = _literal(_LITERALS[kind])
    assert isinstance(literal, Literal)
    assert literal.kind is kind
    if kind in _FITTING[type_]:
        assert constant(GRAPH, type_, literal) is not None
        return
    with pytest.raises(MismatchError) as caught:
        constant(GRAPH, type_, literal)
    assert type_name(GRAPH, type_) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("1", "an integer"),
        ("1.5", "a decimal"),
        ("'x'", "a string"),
        ("true", "a boolean"),
        ("null", "a null"),
        ("2026-11-23T00:00:00Z", "a date and time"),
        ("10:00", "a time of day"),
    ],
)
def test_descriptions_have_their_article(text: str, description: str) -> None:
    literal = _literal(text)
    assert isinstance(literal, Literal)
    assert described(literal) == description


def test_enumerations_say_their_members_and_shorten_what_was_sent() -> None:
    with pytest.raises(MismatchError) as caught:
        constant(GRAPH, ARCHITECTURE, _literal(f"'{'x' * 1000}'"))
    assert str(caught.value) == (
        f"'{'x' * 64}' is not a member of 'microsoft.graph.managedDeviceArchitecture', "
        "whose members are unknown, x86, x64, arm, arM64"
    )


@pytest.mark.parametrize(
    "text",
    [
        "'5'",
        "'-1'",
        "'2.0'",
        "'1,2'",
        "'2 '",
        "'٢'",
        "'99999999999999999999'",
        "microsoft.graph.managedDeviceArchitecture'5'",
        "other.graph.managedDeviceArchitecture'x64'",
        "''",
        "'x64 '",
        "'x64,arm'",
        "other.managedDeviceArchitecture'x64'",
        "microsoft.graph.managedDeviceArchitecture'x86,arm'",
    ],
)
def test_what_is_no_member(text: str) -> None:
    with pytest.raises(MismatchError):
        constant(GRAPH, ARCHITECTURE, _literal(text))


@pytest.mark.parametrize("text", ["'8'", "'9'", "'-1'", "'sweet,16'", "'bitter'"])
def test_what_are_no_flags(text: str) -> None:
    with pytest.raises(MismatchError):
        constant(GRAPH, FLAVOUR, _literal(text))


@pytest.mark.parametrize("text", ["2026-02-29", "2023-04-31", "0000-01-01", "12026-01-01", "-0044-03-15"])
def test_days_that_do_not_exist(text: str) -> None:
    with pytest.raises(MismatchError, match=f"there is no day {text}"):
        constant(GRAPH, Primitive.DATE, _literal(text))
