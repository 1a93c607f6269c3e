"""The CSDL JSON document: valid, exactly as it was last looked at, and saying the same as the CSDL XML document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from lxml import etree

from osimages.graph.model import GRAPH
from osimages.odata.model.annotations import VOCABULARIES
from osimages.odata.model.csdl_json import csdl_json
from osimages.odata.model.csdl_xml import csdl_xml
from osimages.odata.model.types import ComplexType, EntityType, Model, Primitive, Property
from tests.unit.odata.model.models import SHOP

_REPOSITORY = Path(__file__).parents[4]
_SCHEMA = _REPOSITORY.parent / "shared" / "reference" / "odata" / "schemas" / "csdl.schema.json"
_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_BOTH = pytest.mark.parametrize("model", [GRAPH, SHOP], ids=["graph", "shop"])
_IMAGE = "microsoft.graph.managedDeviceWindowsOperatingSystemImage"

Json = dict[str, Any]


def _document(model: Model) -> Json:
    document: Json = json.loads(csdl_json(model))
    return document


def _schema_of(model: Model) -> Json:
    schema: Json = _document(model)[model.namespace]
    return schema


def _validator() -> Draft7Validator:
    # Python's `re` has no Unicode categories. ASCII in their place makes the schema stricter, never looser.
    text = _SCHEMA.read_text(encoding="utf-8").replace(r"\\p{L}", "[A-Za-z]").replace(r"\\p{Nd}", "[0-9]")
    for category in ("Nl", "Mn", "Mc", "Pc", "Cf"):
        text = text.replace(rf"|\\p{{{category}}}", "")
    return Draft7Validator(json.loads(text))


@pytest.mark.skipif(not _SCHEMA.exists(), reason="needs the OASIS schemas of ../shared")
@_BOTH
def test_is_valid_by_the_schema_of_oasis(model: Model) -> None:
    validator = _validator()
    assert [error.message for error in validator.iter_errors(_document(model))] == []
    broken = _document(model)
    broken[model.namespace][model.entity_types[0].name]["$Kind"] = "EntitySet"
    assert not validator.is_valid(broken)


def test_is_exactly_the_golden_document() -> None:
    golden = _REPOSITORY / "tests" / "golden" / "metadata.json"
    assert csdl_json(GRAPH, "4.01").decode() == golden.read_text(encoding="utf-8")


def test_names_its_version_its_container_and_its_vocabularies() -> None:
    document = _document(GRAPH)
    assert document["$Version"] == "4.0"
    assert json.loads(csdl_json(GRAPH, "4.01")) == document | {"$Version": "4.01"}
    assert document["$EntityContainer"] == "microsoft.graph.GraphService"
    included = [each for reference in document["$Reference"].values() for each in reference["$Include"]]
    assert included == [{"$Namespace": each.namespace, "$Alias": each.alias} for each in VOCABULARIES]


@_BOTH
def test_every_enum_member_has_its_number(model: Model) -> None:
    for declared in model.enum_types:
        written = _schema_of(model)[declared.name]
        assert written["$Kind"] == "EnumType"
        assert written.get("$IsFlags", False) is declared.is_flags
        members = {name: value for name, value in written.items() if not name.startswith("$")}
        assert members == {member.name: member.value for member in declared.members}


@_BOTH
def test_every_property_has_its_type_and_nullability(model: Model) -> None:
    structured: tuple[ComplexType | EntityType, ...] = (*model.complex_types, *model.entity_types)
    for declared in structured:
        written = _schema_of(model)[declared.name]
        assert _structural(written) == {each.name: _declared(each, model) for each in declared.properties}


def _structural(written: Json) -> dict[str, tuple[str, bool, bool]]:
    """Type, whether a collection, whether nullable: of each property of a type in the document."""
    return {
        name: (each.get("$Type", "Edm.String"), each.get("$Collection", False), each.get("$Nullable", False))
        for name, each in written.items()
        if isinstance(each, dict) and "$Kind" not in each
    }


def _declared(declared: Property, model: Model) -> tuple[str, bool, bool]:
    of = declared.type
    name = of.value if isinstance(of, Primitive) else f"{model.namespace}.{of.name}"
    return name, declared.collection, declared.nullable


@_BOTH
def test_every_entity_type_has_its_key_and_contains_its_collections(model: Model) -> None:
    for entity in model.entity_types:
        written = _schema_of(model)[entity.name]
        assert written["$Key"] == [entity.key]
        for navigation in entity.navigation:
            assert written[navigation.name]["$Type"] == f"{model.namespace}.{navigation.type.name}"
            assert written[navigation.name]["$ContainsTarget"] is True
            assert written[navigation.name]["$Collection"] is True


def test_the_function_is_bound_to_an_image_and_returns_images() -> None:
    (function,) = _schema_of(GRAPH)["getAllManagedDeviceWindowsOSImages"]
    assert function["$IsBound"] is True
    assert function["$Parameter"] == [{"$Name": "bindingParameter", "$Type": _IMAGE}]
    assert function["$ReturnType"] == {"$Type": _IMAGE, "$Collection": True}


def test_capabilities_are_annotated() -> None:
    applied = _schema_of(GRAPH)["$Annotations"]["microsoft.graph.deviceManagement/managedDeviceWindowsOSImages"]
    assert applied["@Capabilities.SortRestrictions"] == {
        "Sortable": True,
        "NonSortableProperties": ["supportedEditions", "supportedArchitectures", "availableUpdates"],
    }
    assert applied["@Capabilities.SearchRestrictions"] == {"Searchable": True}


@_BOTH
def test_both_documents_declare_the_same(model: Model) -> None:
    assert _read_json(_schema_of(model)) == _read_xml(_xml_schema_of(model))


@_BOTH
def test_both_documents_annotate_the_same(model: Model) -> None:
    from_json = _json_annotations(_schema_of(model), "")
    from_xml = _xml_annotations(_xml_schema_of(model), "")
    assert from_json == from_xml
    assert len(from_json) > 10


def _xml_schema_of(model: Model) -> etree._Element:
    return next(etree.fromstring(csdl_xml(model)).iter(f"{_EDM}Schema"))


def _read_json(schema: Json) -> Json:
    """Name of each type to what it holds, in a form that both documents can be brought into."""
    read: Json = {}
    for name, each in schema.items():
        match each:
            case {"$Kind": "EnumType"}:
                read[name] = {member: value for member, value in each.items() if not member.startswith("$")}
            case {"$Kind": "ComplexType" | "EntityType"}:
                read[name] = {"$Key": each.get("$Key", [])} | _structural(each)
                read[name] |= {at: inner["$Type"] for at, inner in each.items() if _is_navigation(inner)}
            case {"$Kind": "EntityContainer"}:
                read[name] = {at: inner["$Type"] for at, inner in each.items() if not at.startswith(("$", "@"))}
            case [operation]:
                parameters = [parameter.get("$Type", "Edm.String") for parameter in operation["$Parameter"]]
                read[name] = (operation["$Kind"], *parameters, operation["$ReturnType"]["$Type"])
    return read


def _is_navigation(value: object) -> bool:
    return isinstance(value, dict) and value.get("$Kind") == "NavigationProperty"


def _read_xml(schema: etree._Element) -> Json:
    read: Json = {}
    for each in schema:
        name = each.get("Name") or ""
        match _kind(each):
            case "EnumType":
                read[name] = {member.get("Name"): int(member.get("Value") or "") for member in each}
            case "ComplexType" | "EntityType":
                read[name] = {"$Key": [key.get("Name") for key in each.iter(f"{_EDM}PropertyRef")]}
                read[name] |= {at.get("Name"): _property(at) for at in each.findall(f"{_EDM}Property")}
                read[name] |= {at.get("Name"): _type(at)[0] for at in each.findall(f"{_EDM}NavigationProperty")}
            case "EntityContainer":
                read[name] = {at.get("Name"): at.get("Type") for at in each.findall(f"{_EDM}Singleton")}
            case "Function" | "Action" as kind:
                read[name] = (kind, *(_type(at)[0] for at in each if at.get("Type")))
    return read


def _kind(element: etree._Element) -> str:
    return str(element.tag).removeprefix(_EDM)


def _type(element: etree._Element) -> tuple[str, bool]:
    text = element.get("Type") or ""
    single = text.removeprefix("Collection(").removesuffix(")")
    return single, single != text


def _property(element: etree._Element) -> tuple[str, bool, bool]:
    return (*_type(element), element.get("Nullable", "true") == "true")


def _json_annotations(value: object, place: str) -> Json:
    """Place in the document and term, to the value: of every annotation below."""
    if isinstance(value, list):
        (value,) = value  # a function, which has one overload here
    if not isinstance(value, dict):
        return {}
    found: Json = {}
    for name, inner in value.items():
        if name.startswith("@"):
            found[f"{place}{name}"] = inner
        elif name == "$Annotations":
            found |= _json_annotations(inner, place)
        elif name == "$Parameter":
            for parameter in inner:
                found |= _json_annotations(parameter, f"{place}.{parameter['$Name']}")
        elif not name.startswith("$"):
            found |= _json_annotations(inner, f"{place}.{name}")
    return found


def _xml_annotations(element: etree._Element, place: str) -> Json:
    aliases = {each.namespace: each.alias for each in VOCABULARIES}
    found: Json = {}
    for each in element:
        if _kind(each) == "Annotation":
            namespace, _, term = (each.get("Term") or "").rpartition(".")
            found[f"{place}@{aliases[namespace]}.{term}"] = _xml_value(each)
        else:
            found |= _xml_annotations(each, f"{place}.{each.get('Name') or each.get('Target')}")
    return found


def _xml_value(element: etree._Element) -> object:
    readers = (("Bool", "true".__eq__), ("Int", int), ("String", str), ("EnumMember", lambda text: text.split("/")[1]))
    for attribute, read in readers:
        text = element.get(attribute)
        if text is not None:
            return read(text)
    (inner,) = element
    if _kind(inner) == "Collection":
        return [each.text for each in inner]
    return {each.get("Property"): _xml_value(each) for each in inner}
