"""Bodies are accepted in canonical form, or refused with the text, the property and the place of each problem."""

from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from osimages.graph.model import GRAPH, IMAGE
from osimages.odata.errors import MODEL_VALIDATION, ODataError
from osimages.odata.model.body_validation import EntityValidator
from tests.unit.odata.model.models import BOX, SHOP

_VALIDATOR = EntityValidator(GRAPH, IMAGE)
_INTUNE = "microsoft.management.services.api"
_IMAGE_TYPE = "managedDeviceWindowsOperatingSystemImage"
_EDITION_TYPE = "managedDeviceWindowsOperatingSystemEdition"
_UPDATE_TYPE = "managedDeviceWindowsOperatingSystemUpdate"

Json = dict[str, Any]

# The request body of
# https://learn.microsoft.com/graph/api/intune-osprovisioninggraphservice-manageddevicewindowsoperatingsystemimage-create
DOCUMENTED: Json = {
    "@odata.type": "#microsoft.graph.managedDeviceWindowsOperatingSystemImage",
    "supportedEditions": [
        {
            "@odata.type": "microsoft.graph.managedDeviceWindowsOperatingSystemEdition",
            "editionType": "professionalN",
            "supportEndDate": "2016-12-31",
        }
    ],
    "supportedArchitectures": ["x86"],
    "availableUpdates": [
        {
            "@odata.type": "microsoft.graph.managedDeviceWindowsOperatingSystemUpdate",
            "buildVersion": "Build Version value",
            "releaseMonth": 12,
            "releaseYear": 11,
        }
    ],
}
EDITION: Json = {"editionType": "enterprise", "supportEndDate": "2027-10-12"}
UPDATE: Json = {"buildVersion": "10.0.26100.9711", "releaseMonth": 11, "releaseYear": 2026}


def _refused(body: object, key: str | None = None) -> ODataError:
    with pytest.raises(ODataError) as refusal:
        _VALIDATOR.create(body) if key is None else _VALIDATOR.update(body, key)
    assert refusal.value.condition is MODEL_VALIDATION
    return refusal.value


def _edition(**changes: object) -> Json:
    return {"supportedEditions": [EDITION | changes]}


def _update(**changes: object) -> Json:
    return {"availableUpdates": [UPDATE | changes]}


# --- what is accepted -----------------------------------------------------------------------------------------------


def test_the_documented_example_is_accepted() -> None:
    assert _VALIDATOR.create(DOCUMENTED) == {
        "supportedEditions": [{"editionType": "professionalN", "supportEndDate": "2016-12-31"}],
        "supportedArchitectures": ["x86"],
        "availableUpdates": [{"buildVersion": "Build Version value", "releaseMonth": 12, "releaseYear": 11}],
    }


def test_the_body_is_left_as_it_was() -> None:
    body = deepcopy(DOCUMENTED)
    _VALIDATOR.create(body)
    assert body == DOCUMENTED


def test_collections_that_are_left_out_are_empty() -> None:
    assert _VALIDATOR.create({}) == {"supportedEditions": [], "supportedArchitectures": [], "availableUpdates": []}


def test_output_has_the_order_of_declaration() -> None:
    reversed_update = dict(reversed(UPDATE.items()))
    created = _VALIDATOR.create({"availableUpdates": [reversed_update], "supportedEditions": [], "id": "a"})
    assert list(created) == ["id", "supportedEditions", "supportedArchitectures", "availableUpdates"]
    (update,) = _items(created["availableUpdates"])
    assert list(update) == ["buildVersion", "releaseMonth", "releaseYear"]


def _items(value: object) -> list[Json]:
    assert isinstance(value, list)
    return value


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("arM64", "arM64"), ("ARM64", "arM64"), ("arm64", "arM64"), ("X86", "x86"), ("Unknown", "unknown")],
)
def test_enums_are_read_in_any_case_and_stored_as_declared(sent: str, stored: str) -> None:
    assert _VALIDATOR.create({"supportedArchitectures": [sent]})["supportedArchitectures"] == [stored]


@pytest.mark.parametrize(
    "type_name",
    [
        f"#microsoft.graph.{_IMAGE_TYPE}",
        f"microsoft.graph.{_IMAGE_TYPE}",
        f"#{_INTUNE}.{_IMAGE_TYPE}",
        f"{_INTUNE}.{_IMAGE_TYPE}",
        f"#Microsoft.Graph.{_IMAGE_TYPE}",
        f"MICROSOFT.GRAPH.{_IMAGE_TYPE.upper()}",
        f"#graph.{_IMAGE_TYPE.lower()}",
        f"#{_INTUNE.upper()}.{_IMAGE_TYPE}",
        None,
    ],
)
@pytest.mark.parametrize("annotation", ["@odata.type", "@type"])
def test_the_type_may_be_named_in_each_spelling_that_is_documented(annotation: str, type_name: str | None) -> None:
    assert _VALIDATOR.update({annotation: type_name}, "a") == {}


def test_annotations_are_ignored() -> None:
    body = {
        "@odata.context": "https://graph.example/beta/$metadata#x",
        "@odata.etag": 'W/"1"',
        "supportedEditions@odata.type": "#Collection(x)",
        "supportedEditions": [EDITION | {"supportEndDate@odata.type": "#Date", "@anything": {"at": ["all"]}}],
    }
    assert _VALIDATOR.update(body, "a") == {"supportedEditions": [EDITION]}


@pytest.mark.parametrize("day", ["0001-01-01", "2024-02-29", "9999-12-31"])
def test_dates_of_the_calendar_are_accepted(day: str) -> None:
    assert _VALIDATOR.create(_edition(supportEndDate=day))["supportedEditions"] == [EDITION | {"supportEndDate": day}]


@pytest.mark.parametrize(
    "change", [{"releaseMonth": 1}, {"releaseMonth": 12}, {"releaseYear": 1}, {"releaseYear": 9999}]
)
def test_months_and_years_up_to_their_bounds_are_accepted(change: Json) -> None:
    assert _VALIDATOR.create(_update(**change))["availableUpdates"] == [UPDATE | change]


@pytest.mark.parametrize("key", ["a", "Windows 11 22H1", "é" * 512])
def test_keys_up_to_512_characters_are_accepted(key: str) -> None:
    assert _VALIDATOR.create({"id": key})["id"] == key


def test_update_gives_only_what_was_sent() -> None:
    assert _VALIDATOR.update({"supportedArchitectures": []}, "a") == {"supportedArchitectures": []}


def test_update_ignores_an_equal_key() -> None:
    body = {"id": "Windows 11 24H2", "supportedArchitectures": ["x64"]}
    assert _VALIDATOR.update(body, "Windows 11 24H2") == {"supportedArchitectures": ["x64"]}


# --- what is refused ------------------------------------------------------------------------------------------------

_REFUSALS: list[tuple[object, str, str]] = [
    # body, text, JSON path
    (
        [],
        "An unexpected 'StartArray' node was found when reading from the JSON reader. "
        "A 'StartObject' node was expected. At $.",
        "$",
    ),
    (
        None,
        "An unexpected 'PrimitiveValue' node was found when reading from the JSON reader. "
        "A 'StartObject' node was expected. At $.",
        "$",
    ),
    (
        {"foo": 1},
        f"The property 'foo' does not exist on type '{_INTUNE}.{_IMAGE_TYPE}'. Make sure to only use property names "
        "that are defined by the type. Property 'foo' at $.foo.",
        "$.foo",
    ),
    (
        {"SupportedEditions": []},
        f"The property 'SupportedEditions' does not exist on type '{_INTUNE}.{_IMAGE_TYPE}'. Make sure to only use "
        "property names that are defined by the type. Property 'SupportedEditions' at $.SupportedEditions.",
        "$.SupportedEditions",
    ),
    (
        _edition(foo=1),
        f"The property 'foo' does not exist on type '{_INTUNE}.{_EDITION_TYPE}'. Make sure to only use property names "
        "that are defined by the type. Property 'foo' at $.supportedEditions[0].foo.",
        "$.supportedEditions[0].foo",
    ),
    (
        {"supportedEditions": None},
        "An unexpected 'PrimitiveValue' node was found when reading from the JSON reader. A 'StartArray' node was "
        "expected. Property 'supportedEditions' at $.supportedEditions.",
        "$.supportedEditions",
    ),
    (
        {"supportedArchitectures": {}},
        "An unexpected 'StartObject' node was found when reading from the JSON reader. A 'StartArray' node was "
        "expected. Property 'supportedArchitectures' at $.supportedArchitectures.",
        "$.supportedArchitectures",
    ),
    (
        {"availableUpdates": [UPDATE, None]},
        "An unexpected 'PrimitiveValue' node was found when reading from the JSON reader. A 'StartObject' node was "
        "expected. Property 'availableUpdates' at $.availableUpdates[1].",
        "$.availableUpdates[1]",
    ),
    (
        {"supportedArchitectures": [None]},
        "A null value was found for a property of the type 'managedDeviceArchitecture', which does not allow null "
        "values. Property 'supportedArchitectures' at $.supportedArchitectures[0].",
        "$.supportedArchitectures[0]",
    ),
    (
        {"supportedArchitectures": ["x64", "riscv"]},
        "Requested value 'riscv' was not found. Property 'supportedArchitectures' at $.supportedArchitectures[1].",
        "$.supportedArchitectures[1]",
    ),
    (
        {"supportedArchitectures": [2]},
        "Cannot convert the literal '2' to the expected type 'managedDeviceArchitecture'. "
        "Property 'supportedArchitectures' at $.supportedArchitectures[0].",
        "$.supportedArchitectures[0]",
    ),
    (
        _edition(editionType=" "),
        "Must specify valid information for parsing in the string. "
        "Property 'editionType' at $.supportedEditions[0].editionType.",
        "$.supportedEditions[0].editionType",
    ),
    (
        _edition(editionType="unknownFutureValue"),
        "Requested value 'unknownFutureValue' was not found. "
        "Property 'editionType' at $.supportedEditions[0].editionType.",
        "$.supportedEditions[0].editionType",
    ),
    (
        _edition(editionType="UNKNOWNFUTUREVALUE"),
        "Requested value 'UNKNOWNFUTUREVALUE' was not found. "
        "Property 'editionType' at $.supportedEditions[0].editionType.",
        "$.supportedEditions[0].editionType",
    ),
    (
        {"supportedEditions": [{"editionType": "enterprise"}]},
        "The required property 'supportEndDate' is missing. "
        "Property 'supportEndDate' at $.supportedEditions[0].supportEndDate.",
        "$.supportedEditions[0].supportEndDate",
    ),
    (
        _update(buildVersion=None),
        "A null value was found for a property of the type 'Edm.String', which does not allow null values. "
        "Property 'buildVersion' at $.availableUpdates[0].buildVersion.",
        "$.availableUpdates[0].buildVersion",
    ),
    (
        _update(buildVersion=["10.0"]),
        "An unexpected 'StartArray' node was found when reading from the JSON reader. A 'PrimitiveValue' node was "
        "expected. Property 'buildVersion' at $.availableUpdates[0].buildVersion.",
        "$.availableUpdates[0].buildVersion",
    ),
    (
        _update(releaseMonth=13),
        "The value 13 is not between 1 and 12. Property 'releaseMonth' at $.availableUpdates[0].releaseMonth.",
        "$.availableUpdates[0].releaseMonth",
    ),
    (
        {"id": ""},
        "A key has at least one character. Property 'id' at $.id.",
        "$.id",
    ),
    (
        {"id": "a" * 513},
        "A text has at most 512 characters, this one has 513. Property 'id' at $.id.",
        "$.id",
    ),
    (
        {"id": None},
        "A null value was found for a property of the type 'Edm.String', which does not allow null values. "
        "Property 'id' at $.id.",
        "$.id",
    ),
    (
        {"@odata.type": "#microsoft.graph.windowsUpdate"},
        "A type named 'microsoft.graph.windowsUpdate' could not be resolved by the model. When a model is available, "
        "each type name must resolve to a valid type. Property '@odata.type' at $.@odata.type.",
        "$.@odata.type",
    ),
    (
        _edition(**{"@odata.type": f"#microsoft.graph.{_UPDATE_TYPE}"}),
        f"An entry with type 'microsoft.graph.{_UPDATE_TYPE}' was found, but it is not assignable to the expected "
        f"type '{_INTUNE}.{_EDITION_TYPE}'. The type specified in the entry must be equal to either the expected type "
        "or a derived type. Property '@odata.type' at $.supportedEditions[0].@odata.type.",
        "$.supportedEditions[0].@odata.type",
    ),
    (
        {"@odata.type": 5},
        "Cannot convert the literal '5' to the expected type 'Edm.String'. Property '@odata.type' at $.@odata.type.",
        "$.@odata.type",
    ),
    (
        {"@odata.type": ["#microsoft.graph.x"]},
        "An unexpected 'StartArray' node was found when reading from the JSON reader. A 'PrimitiveValue' node was "
        "expected. Property '@odata.type' at $.@odata.type.",
        "$.@odata.type",
    ),
]


@pytest.mark.parametrize(("body", "text", "path"), _REFUSALS)
def test_a_refusal_says_what_is_wrong_and_where(body: object, text: str, path: str) -> None:
    refusal = _refused(body)
    assert (refusal.message, refusal.target, refusal.details) == (text, path, ())


@pytest.mark.parametrize(
    "day",
    [
        "2025-11-11T00:00:00Z",
        "2025-1-1",
        "20251111",
        "2025-W01-1",
        "2025-02-29",
        "2025-13-01",
        "2025-00-10",
        "0000-01-01",
        "2025/11/11",
        " 2025-11-1",
        "-025-11-11",
        "２０２５-11-11",
        "",
        20251111,
        True,
    ],
)
def test_dates_are_strict(day: object) -> None:
    refusal = _refused(_edition(supportEndDate=day))
    assert refusal.message.startswith(f"Cannot convert the literal '{day}' to the expected type 'Edm.Date'.")
    assert refusal.target == "$.supportedEditions[0].supportEndDate"


@pytest.mark.parametrize(
    ("name", "value"), [("releaseMonth", 0), ("releaseMonth", -1), ("releaseYear", 0), ("releaseYear", 10000)]
)
def test_months_and_years_have_bounds(name: str, value: int) -> None:
    assert f"The value {value} is not between 1 and" in _refused(_update(**{name: value})).message


@pytest.mark.parametrize("value", [True, 1.5, "1", 2**31, -(2**31) - 1, 10**40])
def test_integers_are_integers_of_32_bits(value: object) -> None:
    refusal = _refused(_update(releaseMonth=value))
    assert refusal.message.startswith(f"Cannot convert the literal '{value}' to the expected type 'Edm.Int32'.")


@pytest.mark.parametrize("value", [9.0, Decimal("9.0"), Decimal("9E0"), Decimal("0.9E1"), Decimal("90E-1")])
def test_integers_may_have_a_fraction_of_zeros(value: object) -> None:
    checked: Any = _VALIDATOR.create(_update(releaseMonth=value))
    month = checked["availableUpdates"][0]["releaseMonth"]
    assert (month, type(month)) == (9, int)


@pytest.mark.parametrize("value", ["9.1", "9.0000000001", "1E-999999", "1E+999999", "-1E+999999", "4294967296.0"])
def test_decimals_that_are_no_integers_of_32_bits(value: str) -> None:
    assert "to the expected type 'Edm.Int32'" in _refused(_update(releaseMonth=Decimal(value))).message


@pytest.mark.parametrize("value", ["2", "+2", "002", "X64"])
def test_members_by_number_and_in_any_case(value: str) -> None:
    assert _VALIDATOR.update({"supportedArchitectures": [value]}, "a") == {"supportedArchitectures": ["x64"]}


@pytest.mark.parametrize("value", ["5", "-1", "2.0", " 2", "1,2", "٢", "9" * 40])
def test_numbers_of_no_members(value: str) -> None:
    assert "was not found" in _refused({"supportedArchitectures": [value]}).message


def test_the_number_of_the_sentinel_is_refused() -> None:
    assert "was not found" in _refused(_edition(editionType="10")).message


@pytest.mark.parametrize("body", [{"id": "a\0b"}, _update(buildVersion="10\0")])
def test_the_null_character_is_refused(body: Json) -> None:
    assert "to the expected type 'Edm.String'" in _refused(body).message


def test_update_refuses_another_key() -> None:
    refusal = _refused({"id": "b"}, key="a")
    assert refusal.message == "The key of an entity cannot be changed from 'a' to 'b'. Property 'id' at $.id."
    assert refusal.target == "$.id"


def test_update_names_another_key_beside_other_problems() -> None:
    refusal = _refused({"supportedEditions": None, "id": "b"}, key="a")
    assert [detail.target for detail in refusal.details] == ["$.supportedEditions", "$.id"]


@pytest.mark.parametrize("key", ["", "b" * 512])
def test_update_names_a_key_of_any_length_once(key: str) -> None:
    refusal = _refused({"id": key}, key="a")
    assert (refusal.target, refusal.details) == ("$.id", ())
    assert len(refusal.message) < 200


def test_several_problems_are_collected_in_order() -> None:
    refusal = _refused({"foo": 1} | _edition(editionType="home", supportEndDate="soon") | _update(releaseYear=0))
    assert [detail.target for detail in refusal.details] == [
        "$.foo",
        "$.supportedEditions[0].editionType",
        "$.supportedEditions[0].supportEndDate",
        "$.availableUpdates[0].releaseYear",
    ]
    assert (refusal.message, refusal.target) == (refusal.details[0].message, "$.foo")


def test_at_most_twenty_problems_are_named() -> None:
    assert len(_refused({"supportedArchitectures": ["?"] * 1000}).details) == 20


def test_long_input_is_not_repeated_whole() -> None:
    long = "x" * 10_000
    for body in ({long: 1}, {"supportedArchitectures": [long]}, {"@odata.type": long}, _edition(supportEndDate=long)):
        refusal = _refused(body)
        assert len(refusal.message) < 400
        assert len(refusal.target or "") < 200


def test_deep_nesting_is_refused_at_its_top() -> None:
    deep = json.loads("[" * 500 + "]" * 500)
    assert _refused({"supportedArchitectures": [deep]}).target == "$.supportedArchitectures[0]"


# --- what Graph's model does not have -------------------------------------------------------------------------------

_BOX_VALIDATOR = EntityValidator(SHOP, BOX)


def test_a_nullable_property_may_be_null_or_left_out() -> None:
    assert _BOX_VALIDATOR.create({"code": "a", "size": None})["size"] is None
    assert _BOX_VALIDATOR.create({"code": "a", "size": {"width": 1}})["size"] == {"width": 1.0, "note": None}
    assert _BOX_VALIDATOR.create({"code": "a"}) == {"code": "a", "size": None, "colours": []}
    assert _BOX_VALIDATOR.create({"code": "a", "size": {"width": 1.5, "note": None}})["size"] == {
        "width": 1.5,
        "note": None,
    }


def test_a_required_property_may_not_be_left_out_on_create() -> None:
    with pytest.raises(ODataError, match="The required property 'code' is missing") as refusal:
        _BOX_VALIDATOR.create({})
    assert refusal.value.target == "$.code"
    assert _BOX_VALIDATOR.update({}, "a") == {}


@pytest.mark.parametrize("width", [10**400, "1", True, None])
def test_a_double_is_a_number_that_fits(width: object) -> None:
    with pytest.raises(ODataError) as refusal:
        _BOX_VALIDATOR.create({"code": "a", "size": {"width": width}})
    assert refusal.value.target == "$.size.width"
