"""The service document lists what the entity container holds."""

from __future__ import annotations

import json

from osimages.graph.model import GRAPH
from osimages.odata.model.csdl_json import csdl_json
from osimages.odata.model.service_document import service_document

_CONTEXT = "https://graph.example/beta/$metadata"


def test_lists_the_singleton() -> None:
    assert json.loads(service_document(GRAPH, _CONTEXT)) == {
        "@odata.context": _CONTEXT,
        "value": [{"name": "deviceManagement", "kind": "Singleton", "url": "deviceManagement"}],
    }


def test_context_comes_first() -> None:
    # OData JSON, "Payload Ordering Constraints": a client that streams meets the context URL before anything else.
    assert service_document(GRAPH, _CONTEXT).startswith(b'{"@odata.context":')


def test_every_name_is_declared_in_the_container() -> None:
    container = json.loads(csdl_json(GRAPH))["microsoft.graph"]["GraphService"]
    for listed in json.loads(service_document(GRAPH, _CONTEXT))["value"]:
        assert listed["name"] in container
