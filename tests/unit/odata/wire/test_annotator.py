"""The structures write what `in_form` writes, of every model, in every form."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from osimages.graph.audit_model import AUDIT_EVENT
from osimages.graph.model import GRAPH, IMAGE
from osimages.odata.model.types import EntityType, Model
from osimages.odata.plan.query import ItemChoice
from osimages.odata.sql.documents import document
from osimages.odata.wire.annotator import Annotator
from osimages.odata.wire.chosen_items import with_items
from osimages.odata.wire.entity_forms import in_form
from osimages.odata.wire.media_types import STORED_FORM, JsonForm, json_form
from tests.support.second_model import MODEL, ORDINARY, SPECIMEN

FORMS = [
    json_form(f"application/json;odata.metadata={level};IEEE754Compatible={as_text}", None, version)
    for level, as_text, version in product(("none", "minimal", "full"), ("true", "false"), (None, "4.0", "4.01"))
]
# Texts that look like members, were they not escaped.
IMAGE_PROPERTIES: dict[str, Any] = {
    "id": 'a","id":"b"@odata.type":"microsoft.graph.x{}',
    "supportedEditions": [{"editionType": "enterprise", "supportEndDate": "2027-10-12"}] * 3,
    "supportedArchitectures": ["x64", "arM64"],
    "availableUpdates": [{"buildVersion": '"@odata.type":"microsoft.graph.', "releaseMonth": 1, "releaseYear": 2026}],
}
EVENT: dict[str, Any] = {
    "id": "1",
    **{each.name: None for each in AUDIT_EVENT.properties if each.nullable},
    "actor": None,
    "resources": [{"displayName": "x", "modifiedProperties": [{"displayName": "a"}], "type": None}],
}
DOCUMENTS = [
    (GRAPH, IMAGE, document(GRAPH, IMAGE, IMAGE_PROPERTIES)),
    (GRAPH, IMAGE, document(GRAPH, IMAGE, {"id": "a"})),
    (GRAPH, AUDIT_EVENT, document(GRAPH, AUDIT_EVENT, EVENT)),
    (MODEL, SPECIMEN, document(MODEL, SPECIMEN, {"id": "a", **ORDINARY})),
]
OTHER_FORMS = [each for each in FORMS if each is not STORED_FORM]


@pytest.mark.parametrize(
    "form", [each for each in FORMS if each is not STORED_FORM], ids=lambda each: str(each.content_type)
)
@pytest.mark.parametrize(("model", "entity", "stored"), DOCUMENTS)
@pytest.mark.parametrize("tag", [None, 'W/"7"'])
@pytest.mark.parametrize("is_read_only", [True, False])
def test_both_write_the_same(
    form: JsonForm, model: Model, entity: EntityType, stored: bytes, tag: str | None, is_read_only: bool
) -> None:
    def address(key: str) -> str:
        return f"https://localhost/{key}"

    written = Annotator(form, model, entity, is_read_only=is_read_only).write(stored, address, tag)
    assert written == in_form(form, model, entity, stored, address, tag, is_read_only=is_read_only)


@pytest.mark.parametrize("form", FORMS, ids=lambda each: str(each.content_type))
def test_numbers_of_items_are_written_too(form: JsonForm) -> None:
    choice = ItemChoice("supportedEditions", None, 1, 1, count=True)
    (counted,) = with_items(form, [DOCUMENTS[0][2]], [choice], [()])
    written = Annotator(form, GRAPH, IMAGE, is_read_only=False).write(counted, str)
    assert b'count":' in written
    assert written == in_form(form, GRAPH, IMAGE, counted, str) or form is STORED_FORM


def test_images_are_written_through_structures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("osimages.odata.wire.annotator.in_form", lambda *_, **__: pytest.fail("through dictionaries"))
    for form in FORMS:
        Annotator(form, GRAPH, IMAGE, is_read_only=False).write(DOCUMENTS[0][2], str, None)


@pytest.mark.parametrize(
    "form", [each for each in FORMS if each is not STORED_FORM], ids=lambda each: str(each.content_type)
)
@pytest.mark.parametrize("model", [GRAPH, MODEL])
def test_documents_together_are_written_as_singly(form: JsonForm, model: Model) -> None:
    for entity in (IMAGE, AUDIT_EVENT, SPECIMEN):
        stored = [document for of, type_, document in DOCUMENTS if (of, type_) == (model, entity)]
        write = Annotator(form, model, entity, is_read_only=False) if stored else None
        for documents in ([], stored, stored * 2, [*stored, b'{"id":"lacks all else"}']):
            if write is not None:
                alone = [write.write(each, str) for each in documents]
                assert write.write_all(documents, str) == b",".join(alone)
