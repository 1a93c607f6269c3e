"""What a filter means for the images: names and types are confirmed, and a refusal says what to do."""

from __future__ import annotations

import math

import pytest

from osimages.odata.model.types import Capabilities, ComplexType, EntityType, Model, Primitive, Property
from osimages.odata.plan.bind import BindError, bind_filter
from osimages.odata.text.parser import parse_expression
from tests.unit.odata.model.models import BOX, SHOP
from tests.unit.odata.plan.binding import bound, refusal
from tests.unit.odata.plan.shown import shown

_IMAGE_TYPE = "microsoft.graph.managedDeviceWindowsOperatingSystemImage"
_EDITION = "microsoft.graph.managedDeviceWindowsOperatingSystemEdition"
_EDITION_TYPE = "microsoft.graph.managedDeviceWindowsOperatingSystemEditionType"
_ARCHITECTURE = "microsoft.graph.managedDeviceArchitecture"


def _edition(condition: str) -> str:
    return f"supportedEditions/any(e:{condition})"


def _update(condition: str) -> str:
    return f"availableUpdates/any(u:{condition})"


@pytest.mark.parametrize("operator", ["eq", "ne", "gt", "ge", "lt", "le"])
def test_every_comparison_with_every_type(operator: str) -> None:
    assert shown(bound(f"id {operator} 'x'")) == f"({operator} id 'x')"
    edition, update = "supportedEditions[1]", "availableUpdates[1]"
    dates = _edition(f"e/supportEndDate {operator} 2026-11-10")
    assert shown(bound(dates)) == f"any {edition}: ({operator} {edition}.supportEndDate '2026-11-10')"
    enums = _edition(f"e/editionType {operator} 'education'")
    assert shown(bound(enums)) == f"any {edition}: ({operator} {edition}.editionType 4)"
    numbers = _update(f"u/releaseYear {operator} 2026")
    assert shown(bound(numbers)) == f"any {update}: ({operator} {update}.releaseYear 2026)"


@pytest.mark.parametrize(
    ("written", "mirrored"), [("eq", "eq"), ("ne", "ne"), ("gt", "lt"), ("ge", "le"), ("lt", "gt"), ("le", "ge")]
)
def test_the_property_comes_first(written: str, mirrored: str) -> None:
    assert shown(bound(f"'x' {written} id")) == f"({mirrored} id 'x')"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("ID eq 'x'", "(eq id 'x')"),
        ("$it/id eq 'x'", "(eq id 'x')"),
        ("id eq id", "(eq id id)"),
        ("startswith(id,'Windows 11')", "(startswith id 'Windows 11')"),
        ("EndsWith(id,'%_')", "(endswith id '%_')"),
        ("contains('abc',id)", "(contains 'abc' id)"),
        ("contains(id,id)", "(contains id id)"),
        ("contains('abc','b')", "(contains 'abc' 'b')"),
        ("contains(id,null)", "None"),
        ("not contains(id,'x')", "(not (contains id 'x'))"),
        ("contains(id,'x') eq true", "(contains id 'x')"),
        ("false ne contains(id,'x')", "(contains id 'x')"),
        ("contains(id,'x') eq false", "(not (contains id 'x'))"),
        ("(id eq 'x') eq true", "(eq id 'x')"),
        ("not (id eq 'x') eq false", "(not (not (eq id 'x')))"),
        ("(id eq 'x' or id eq 'y') ne true", "(not (or (eq id 'x') (eq id 'y')))"),
        ("supportedArchitectures/any() eq false", "(not any supportedArchitectures[1])"),
        ("true", "True"),
        ("not false", "(not False)"),
        ("null", "None"),
        ("1 eq 1", "(eq 1 1)"),
        ("'a' lt 'b'", "(lt 'a' 'b')"),
        ("true ne false", "(ne True False)"),
        ("2026-01-01 ge 2025-12-31", "(ge '2026-01-01' '2025-12-31')"),
        ("1 in (1,2)", "(1 in 1, 2)"),
        ("length(id) eq 1", "(eq (length:string id) 1)"),
        ("contains(tolower(id),'x')", "(contains (to_lower:string id) 'x')"),
        ("1 add 1 eq 2", "(eq (add:int32 1 1) 2)"),
        ("id in ('a','b')", "(id in 'a', 'b')"),
        ("id in ['a']", "(id in 'a')"),
        ("id in ('a',null)", "(id in 'a')"),
        ("id in (null)", "False"),
        ("id in ()", "False"),
        ("not (id in ('a'))", "(not (id in 'a'))"),
        ("id eq 'a' and id eq 'b' and id eq 'c'", "(and (eq id 'a') (eq id 'b') (eq id 'c'))"),
        ("id eq 'a' and (id eq 'b' and id eq 'c')", "(and (eq id 'a') (eq id 'b') (eq id 'c'))"),
        ("id eq 'a' and (id eq 'b' or id eq 'c')", "(and (eq id 'a') (or (eq id 'b') (eq id 'c')))"),
    ],
)
def test_conditions(text: str, meaning: str) -> None:
    assert shown(bound(text)) == meaning


@pytest.mark.parametrize(
    ("comparison", "meaning"),
    [("eq", "False"), ("ne", "True"), ("gt", "False"), ("ge", "False"), ("lt", "False"), ("le", "False")],
)
def test_no_property_is_ever_null(comparison: str, meaning: str) -> None:
    assert shown(bound(f"id {comparison} null")) == meaning
    assert shown(bound(f"null {comparison} id")) == meaning
    assert shown(bound(_update(f"u/releaseYear {comparison} null"))) == f"any availableUpdates[1]: {meaning}"


def test_null_equals_itself_alone() -> None:
    assert [shown(bound(f"null {each} null")) for each in ("eq", "ne", "gt", "lt")] == [
        "True",
        "False",
        "False",
        "False",
    ]
    assert shown(bound("null eq 'x'")) == "False"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("supportedArchitectures/any()", "any supportedArchitectures[1]"),
        ("not availableUpdates/any()", "(not any availableUpdates[1])"),
        ("supportedarchitectures/any(a:a eq 'x64')", "any supportedArchitectures[1]: (eq supportedArchitectures[1] 2)"),
        ("supportedArchitectures/all(a:a ne 'arm')", "all supportedArchitectures[1]: (ne supportedArchitectures[1] 3)"),
        (
            "supportedArchitectures/any(a:a in ('x64','arm64'))",
            "any supportedArchitectures[1]: (supportedArchitectures[1] in 2, 4)",
        ),
        (
            "$it/supportedEditions/any(e:e/EDITIONTYPE eq 'enterprise')",
            "any supportedEditions[1]: (eq supportedEditions[1].editionType 2)",
        ),
        (
            "availableUpdates/any(u:startswith(u/buildVersion,'10.0') and u/releaseMonth eq 11)",
            "any availableUpdates[1]: (and (startswith availableUpdates[1].buildVersion '10.0')"
            " (eq availableUpdates[1].releaseMonth 11))",
        ),
        (
            "availableUpdates/any(u:u/releaseMonth lt u/releaseYear)",
            "any availableUpdates[1]: (lt availableUpdates[1].releaseMonth availableUpdates[1].releaseYear)",
        ),
        (
            "availableUpdates/any(u:u/buildVersion eq id or u/buildVersion eq $it/id)",
            "any availableUpdates[1]: (or (eq availableUpdates[1].buildVersion id)"
            " (eq availableUpdates[1].buildVersion id))",
        ),
        (
            "supportedEditions/any(e:availableUpdates/any(u:u/releaseYear eq 2026 and e/editionType eq 'education'))",
            "any supportedEditions[1]: any availableUpdates[2]: (and (eq availableUpdates[2].releaseYear 2026)"
            " (eq supportedEditions[1].editionType 4))",
        ),
        (
            "supportedEditions/any(a:supportedEditions/all(b:a/supportEndDate ge b/supportEndDate))",
            "any supportedEditions[1]: all supportedEditions[2]:"
            " (ge supportedEditions[1].supportEndDate supportedEditions[2].supportEndDate)",
        ),
        (
            "availableUpdates/any(u:true) and supportedEditions/any(u:null)",
            "(and any availableUpdates[1]: True any supportedEditions[1]: None)",
        ),
        (
            "availableUpdates/any(id:id/releaseYear eq 1)",
            "any availableUpdates[1]: (eq availableUpdates[1].releaseYear 1)",
        ),
    ],
)
def test_lambdas(text: str, meaning: str) -> None:
    assert shown(bound(text)) == meaning


@pytest.mark.parametrize(
    ("literal", "number"),
    [
        ("'arM64'", 4),
        ("'arm64'", 4),
        ("'ARM64'", 4),
        ("'X86'", 1),
        ("'unknown'", 0),
        ("microsoft.graph.managedDeviceArchitecture'x64'", 2),
        ("graph.managedDeviceArchitecture'X64'", 2),
        ("microsoft.graph.managedDeviceArchitecture'arm'", 3),
    ],
)
def test_members_of_enumerations(literal: str, number: int) -> None:
    assert bound(f"supportedArchitectures/any(a:a eq {literal})").constants == (number,)


@pytest.mark.parametrize(
    ("condition", "constants"),
    [
        (_update("u/releaseYear eq 11.5"), (11.5,)),
        (_update("u/releaseYear eq 2e3"), (2000,)),
        (_update("u/releaseYear eq -1"), (-1,)),
        (_update("u/releaseYear lt 9223372036854775807"), ((1 << 63) - 1,)),
        (_update("u/releaseYear lt 9223372036854775808"), (math.inf,)),
        (_edition("e/supportEndDate eq 2024-02-29"), ("2024-02-29",)),
        ("id eq 'it''s'", ("it's",)),
    ],
)
def test_constants(condition: str, constants: tuple[object, ...]) -> None:
    found = bound(condition).constants
    assert found == constants
    assert [type(each) for each in found] == [type(each) for each in constants]


def test_filters_that_differ_in_values_alone_have_one_condition() -> None:
    first = bound("id in ('a','b') and availableUpdates/any(u:u/releaseYear eq 2025)")
    second = bound("id in ('c','d') and availableUpdates/any(y:y/releaseYear eq 2026)")
    assert first.condition == second.condition
    assert hash(first.condition) == hash(second.condition)
    assert first.constants == ("a", "b", 2025)
    assert second.constants == ("c", "d", 2026)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        # names
        ("foo eq 'x'", f"Could not find a property named 'foo' on type '{_IMAGE_TYPE}', at position 0"),
        ("id eq 'x' and foo eq null", f"Could not find a property named 'foo' on type '{_IMAGE_TYPE}', at position 14"),
        ("foo", f"Could not find a property named 'foo' on type '{_IMAGE_TYPE}', at position 0"),
        ("foo/any()", f"Could not find a property named 'foo' on type '{_IMAGE_TYPE}', at position 0"),
        (_edition("e/foo eq 1"), f"Could not find a property named 'foo' on type '{_EDITION}', at position 26"),
        (_edition("x/foo eq 1"), f"Could not find a property named 'x' on type '{_IMAGE_TYPE}', at position 24"),
        ("$it/foo eq 1", f"Could not find a property named 'foo' on type '{_IMAGE_TYPE}', at position 4"),
        ("id/length eq 1", "There is no property 'length' on this path, at position 3"),
        ("$it/a/b eq 1", f"Could not find a property named 'a' on type '{_IMAGE_TYPE}', at position 4"),
        ("$root/id eq 'x'", "There is no property 'id' on this path, at position 6"),
        ("$this eq 'x'", "'$this' cannot be compared, at position 0"),
        (_edition("e/editionType/x eq 1"), "There is no property 'x' on this path, at position 38"),
        (
            "supportedArchitectures/any(a:a/name eq 'x')",
            "Items of 'supportedArchitectures' have no properties, at position 31",
        ),
        # collections
        (
            "supportedArchitectures eq 'x64'",
            "'supportedArchitectures' is a collection: ask with any(...) or all(...), at position 0",
        ),
        (
            "supportedEditions eq null",
            "'supportedEditions' is a collection: ask with any(...) or all(...), at position 0",
        ),
        (
            "supportedEditions/editionType eq 'education'",
            "'supportedEditions' is a collection: ask with any(...) or all(...), at position 0",
        ),
        (
            "contains(supportedArchitectures,'x64')",
            "'supportedArchitectures' is a collection: ask with any(...) or all(...), at position 9",
        ),
        (_edition("e eq 'x'"), "'e' has parts: compare one of them, at position 24"),
        (_edition("e eq null"), "'e' has parts: compare one of them, at position 24"),
        ("id/any()", "'id' is not a collection, at position 0"),
        ("id/any(x:x eq 'y')", "'id' is not a collection, at position 0"),
        ("supportedArchitectures/any(a:a/any())", "'a' is not a collection, at position 29"),
        (_edition("e/editionType/any()"), "'editionType' is not a collection, at position 26"),
        (_edition("availableUpdates/any(e:true)"), "The lambda variable 'e' is already in use, at position 41"),
        # types
        ("id eq 5", "An integer cannot be compared with Edm.String: write a string in single quotes, at position 6"),
        ("5 eq id", "An integer cannot be compared with Edm.String: write a string in single quotes, at position 0"),
        ("id eq 1.5", "A decimal cannot be compared with Edm.String: write a string in single quotes, at position 6"),
        ("id eq true", "A boolean cannot be compared with Edm.String: write a string in single quotes, at position 6"),
        (
            "id eq 32a4ac62-1b1a-4a4c-9a3b-0123456789ab",
            "A guid cannot be compared with Edm.String: write a string in single quotes, at position 6",
        ),
        (
            "id in ('a',5)",
            "An integer cannot be compared with Edm.String: write a string in single quotes, at position 11",
        ),
        (
            "contains(id,5)",
            "An integer cannot be compared with Edm.String: write a string in single quotes, at position 12",
        ),
        ("id eq n.x'y'", "A member of 'n.x' cannot be compared with Edm.String, at position 6"),
        (
            _edition("e/supportEndDate gt '2026-11-23'"),
            "A string cannot be compared with Edm.Date: write a day without quotes, such as 2026-11-23, at position 44",
        ),
        (
            _edition("e/supportEndDate gt 2026-11-23T00:00:00Z"),
            "A date and time cannot be compared with Edm.Date: write a day without quotes, such as 2026-11-23,"
            " at position 44",
        ),
        (
            _edition("e/supportEndDate gt 2026"),
            "An integer cannot be compared with Edm.Date: write a day without quotes, such as 2026-11-23,"
            " at position 44",
        ),
        (_edition("e/supportEndDate gt 2026-02-30"), "There is no day 2026-02-30, at position 44"),
        (_edition("e/supportEndDate gt 2023-02-29"), "There is no day 2023-02-29, at position 44"),
        (
            _update("u/releaseYear eq '2026'"),
            "A string cannot be compared with Edm.Int32: write a number without quotes, such as 11, at position 40",
        ),
        (
            _update("u/releaseYear eq 2026-01-01"),
            "A date cannot be compared with Edm.Int32: write a number without quotes, such as 11, at position 40",
        ),
        (
            _update("u/releaseYear ne NaN"),
            "An integer property can only be compared with a finite number, at position 40",
        ),
        (
            _update("u/releaseYear lt -INF"),
            "An integer property can only be compared with a finite number, at position 40",
        ),
        (
            "supportedArchitectures/any(a:a eq 2)",
            f"An integer cannot be compared with '{_ARCHITECTURE}': write its member in quotes, at position 34",
        ),
        (
            "supportedArchitectures/any(a:a eq 'ia64')",
            f"'ia64' is not a member of '{_ARCHITECTURE}', whose members are unknown, x86, x64, arm, arM64,"
            " at position 34",
        ),
        (
            "supportedArchitectures/any(a:a in ('x64','ia64'))",
            f"'ia64' is not a member of '{_ARCHITECTURE}', whose members are unknown, x86, x64, arm, arM64,"
            " at position 41",
        ),
        (
            _edition(f"e/editionType eq {_ARCHITECTURE}'x64'"),
            f"A member of '{_ARCHITECTURE}' cannot be compared with '{_EDITION_TYPE}', at position 41",
        ),
        (
            _edition("e/editionType eq e/supportEndDate"),
            f"{_EDITION_TYPE} and Edm.Date cannot be compared, at position 38",
        ),
        (_edition("contains(e/editionType,'x')"), f"Expected a string, found {_EDITION_TYPE}, at position 24"),
        ('id eq "a\\u0000b"', "A string holds no character U+0000, at position 6"),
        ("1 eq 'x'", "Edm.Int32 and Edm.String cannot be compared, at position 2"),
        ("2026-01-01 eq 10:00", "Edm.Date and Edm.TimeOfDay cannot be compared, at position 11"),
        ("'x' lt 1", "Edm.String and Edm.Int32 cannot be compared, at position 4"),
        ("n.x'y' eq n.x'y'", "Two members of enumerations are compared: name a property, at position 7"),
        # what is not supported, or is no condition
        ("id", "Expected a condition that is true or false, at position 0"),
        ("'x'", "Expected a condition that is true or false, at position 0"),
        ("id eq 'x' and 1", "Expected a condition that is true or false, at position 14"),
        ("not id", "Expected a condition that is true or false, at position 4"),
        ("length(id)", "Expected a condition that is true or false, at position 0"),
        ("nothing(1) eq 1", "'nothing' is neither a function nor a collection with keys, at position 0"),
        ("nothing(x=id) eq id", "There is no function 'nothing', at position 0"),
        ("id/nothing() eq 1", "There is no function 'nothing', at position 3"),
        ("@Core.Term eq 1", "Annotations have no value here, at position 0"),
        ("1 add 1", "Expected a condition that is true or false, at position 2"),
        ("id eq -id", "Edm.String cannot be negated, at position 6"),
        (
            "supportedArchitectures/any(a:a has 'x64')",
            f"Members of {_ARCHITECTURE} are no flags: compare them with eq, at position 31",
        ),
        ("id eq [1]", "Lists are compared with 'in', 'hassubset' and 'hassubsequence' only, at position 6"),
        ("id in 'x'", "'in' needs a list in parentheses, at position 3"),
        ("id in ['x',id]", "Expected a literal, at position 11"),
        # arguments with names
        ("contains(text=id,part='a')", "'contains' takes two arguments, at position 0"),
    ],
)
def test_what_has_no_meaning_is_said_with_its_position(text: str, reason: str) -> None:
    assert refusal(text) == reason


def test_properties_with_parts_are_no_operands() -> None:
    assert shown(bind_filter(SHOP, BOX, parse_expression("code eq 'x'"), {})) == "(eq code 'x')"
    with pytest.raises(BindError, match="'size' has parts: compare one of them, at position 0"):
        bind_filter(SHOP, BOX, parse_expression("size eq 'x'"), {})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("secret eq 'x'", "The property 'secret' cannot be used in $filter, at position 0"),
        ("parts/any(p:p/Secret eq 'x')", "The property 'secret' cannot be used in $filter, at position 14"),
    ],
)
def test_properties_that_cannot_be_filtered_by_are_refused(text: str, reason: str) -> None:
    secret = Property("secret", Primitive.STRING, capabilities=Capabilities(filter=False))
    entity = EntityType("thing", (secret, Property("parts", ComplexType("part", (secret,)), collection=True)))
    with pytest.raises(BindError) as caught:
        bind_filter(Model("example", "Container"), entity, parse_expression(text), {})
    assert str(caught.value) == reason
