"""The CSDL XML document: valid, complete, and exactly as it was last looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from osimages.graph.model import GRAPH
from osimages.odata.model.csdl_xml import csdl_xml
from osimages.odata.model.types import Model, Primitive, PropertyType
from tests.unit.odata.model.models import SHOP

_REPOSITORY = Path(__file__).parents[4]
_SCHEMA = _REPOSITORY.parent / "shared" / "reference" / "odata" / "schemas" / "edmx.xsd"
_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_EDMX = "{http://docs.oasis-open.org/odata/ns/edmx}"
_CORE = "Org.OData.Core.V1"
_CAPABILITIES = "Org.OData.Capabilities.V1"
_BOTH = pytest.mark.parametrize("model", [GRAPH, SHOP], ids=["graph", "shop"])


def _schema_of(model: Model) -> etree._Element:
    schema = etree.fromstring(csdl_xml(model)).find(f"{_EDMX}DataServices/{_EDM}Schema")
    assert schema is not None
    return schema


def _names(parent: etree._Element, kind: str) -> list[str | None]:
    return [each.get("Name") for each in parent.findall(f"{_EDM}{kind}")]


def _find(parent: etree._Element, *steps: str) -> etree._Element:
    found = parent.find("/".join(f"{_EDM}{step}" for step in steps))
    assert found is not None, steps
    return found


def _annotation(schema: etree._Element, target: str, term: str) -> etree._Element:
    return _find(schema, f"Annotations[@Target='{target}']", f"Annotation[@Term='{_CAPABILITIES}.{term}']")


def _record(schema: etree._Element, target: str, term: str) -> dict[str | None, str | list[str | None] | None]:
    record = _find(_annotation(schema, target, term), "Record")
    return {
        each.get("Property"): each.get("Bool") or [item.text for item in each.iter(f"{_EDM}PropertyPath")]
        for each in record
    }


@pytest.mark.skipif(not _SCHEMA.exists(), reason="needs the OASIS schemas of ../shared")
@_BOTH
def test_is_valid_by_the_schema_of_oasis(model: Model) -> None:
    schema = etree.XMLSchema(etree.parse(_SCHEMA))
    schema.assertValid(etree.fromstring(csdl_xml(model)))
    broken = etree.fromstring(csdl_xml(model).replace(b"ContainsTarget", b"Contains"))
    assert not schema.validate(broken)


def test_is_exactly_the_golden_document() -> None:
    golden = _REPOSITORY / "tests" / "golden" / "metadata.xml"
    assert csdl_xml(GRAPH).decode() == golden.read_text(encoding="utf-8")


def test_version_is_4_0_as_graph_sends_it() -> None:
    assert etree.fromstring(csdl_xml(GRAPH)).get("Version") == "4.0"
    assert csdl_xml(GRAPH, "4.01") == csdl_xml(GRAPH).replace(b'Version="4.0"', b'Version="4.01"')


def test_references_every_vocabulary_that_it_uses() -> None:
    document = etree.fromstring(csdl_xml(GRAPH))
    included = {each.get("Namespace") for each in document.iter(f"{_EDMX}Include")}
    used = {(each.get("Term") or "").rpartition(".")[0] for each in document.iter(f"{_EDM}Annotation")}
    assert used == included
    for reference in document.iter(f"{_EDMX}Reference"):
        assert (reference.get("Uri") or "").startswith("https://oasis-tcs.github.io/odata-vocabularies/vocabularies/")


@_BOTH
def test_every_type_is_there(model: Model) -> None:
    schema = _schema_of(model)
    assert _names(schema, "EnumType") == [each.name for each in model.enum_types]
    assert _names(schema, "ComplexType") == [each.name for each in model.complex_types]
    assert _names(schema, "EntityType") == [each.name for each in model.entity_types]


@_BOTH
def test_every_enum_member_has_its_number(model: Model) -> None:
    schema = _schema_of(model)
    for declared in model.enum_types:
        element = _find(schema, f"EnumType[@Name='{declared.name}']")
        written = [(member.get("Name"), member.get("Value")) for member in element]
        assert written == [(member.name, str(member.value)) for member in declared.members]
        assert (element.get("IsFlags") == "true") is declared.is_flags


@_BOTH
def test_every_property_has_its_type_and_nullability(model: Model) -> None:
    schema = _schema_of(model)
    for kind, declared_types in (("ComplexType", model.complex_types), ("EntityType", model.entity_types)):
        for declared in declared_types:
            element = _find(schema, f"{kind}[@Name='{declared.name}']")
            assert _names(element, "Property") == [each.name for each in declared.properties]
            for each in declared.properties:
                written = _find(element, f"Property[@Name='{each.name}']")
                single = _type_name(each.type, model)
                assert written.get("Type") == (f"Collection({single})" if each.collection else single)
                assert written.get("Nullable", "true") == str(each.nullable).lower()


def _type_name(declared: PropertyType, model: Model) -> str:
    return declared.value if isinstance(declared, Primitive) else f"{model.namespace}.{declared.name}"


@_BOTH
def test_every_entity_type_has_its_key_and_contains_its_collections(model: Model) -> None:
    schema = _schema_of(model)
    for entity in model.entity_types:
        element = _find(schema, f"EntityType[@Name='{entity.name}']")
        assert _find(element, "Key", "PropertyRef").get("Name") == entity.key
        for navigation in entity.navigation:
            written = _find(element, f"NavigationProperty[@Name='{navigation.name}']")
            assert written.get("Type") == f"Collection({model.namespace}.{navigation.type.name})"
            assert written.get("ContainsTarget") == "true"
            # CSDL, "Nullable Navigation Property": not allowed where there is a collection.
            assert written.get("Nullable") is None


def test_the_function_is_bound_to_an_image_and_returns_images() -> None:
    function = _find(_schema_of(GRAPH), "Function[@Name='getAllManagedDeviceWindowsOSImages']")
    image = "microsoft.graph.managedDeviceWindowsOperatingSystemImage"
    assert function.get("IsBound") == "true"
    assert _find(function, "Parameter").get("Type") == image
    assert _find(function, "ReturnType").get("Type") == f"Collection({image})"


def test_the_container_holds_the_singleton() -> None:
    singleton = _find(_schema_of(GRAPH), "EntityContainer[@Name='GraphService']", "Singleton")
    assert (singleton.get("Name"), singleton.get("Type")) == ("deviceManagement", "microsoft.graph.deviceManagement")


def test_capabilities_of_the_images_are_those_that_graph_documents() -> None:
    schema, target = _schema_of(GRAPH), "microsoft.graph.deviceManagement/managedDeviceWindowsOSImages"
    collections = ["supportedEditions", "supportedArchitectures", "availableUpdates"]
    assert _record(schema, target, "SortRestrictions") == {"Sortable": "true", "NonSortableProperties": collections}
    assert _record(schema, target, "FilterRestrictions") == {"Filterable": "true"}
    assert _record(schema, target, "SearchRestrictions") == {"Searchable": "true"}
    assert _record(schema, target, "ExpandRestrictions") == {"Expandable": "false"}
    able = dict.fromkeys(("Filterable", "Searchable", "TopSupported", "SkipSupported", "Countable", "Sortable"), "true")
    assert _record(schema, target, "SelectSupport") == {"Supported": "true", "ComputeSupported": "false"} | able
    assert _record(schema, target, "CountRestrictions") == {"Countable": "true"}
    for term in ("TopSupported", "SkipSupported"):
        assert _annotation(schema, target, term).get("Bool") == "true"


def test_a_restriction_inside_a_complex_property_names_the_path() -> None:
    restrictions = _record(_schema_of(SHOP), "example.shop.shop/boxes", "FilterRestrictions")
    assert restrictions["NonFilterableProperties"] == ["size/note"]


def test_descriptions_are_escaped() -> None:
    code = _find(_schema_of(SHOP), "EntityType[@Name='box']", "Property[@Name='code']", "Annotation")
    assert (code.get("Term"), code.get("String")) == (f"{_CORE}.Description", "Says <\"&'>.")


def test_bounds_are_annotated() -> None:
    update = _find(_schema_of(GRAPH), "ComplexType[@Name='managedDeviceWindowsOperatingSystemUpdate']")
    month = _find(update, "Property[@Name='releaseMonth']")
    bounds = {each.get("Term"): each.get("Int") for each in month if each.get("Int")}
    assert bounds == {"Org.OData.Validation.V1.Minimum": "1", "Org.OData.Validation.V1.Maximum": "12"}
