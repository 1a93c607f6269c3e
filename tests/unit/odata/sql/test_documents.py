"""Documents are spelled as Graph spells them, and give back what they were made of."""

from __future__ import annotations

import msgspec

from osimages.graph.model import GRAPH, IMAGE
from osimages.odata.sql.documents import document, item_rows, properties
from tests.unit.odata.sql.stores import WHOLE

KEY = "Windows 11 24H2"


def test_a_document_names_its_types_and_keeps_the_declared_order() -> None:
    shuffled = dict(reversed([("id", KEY), *WHOLE.items()]))
    decoded = msgspec.json.decode(document(GRAPH, IMAGE, shuffled))
    edition = "microsoft.graph.managedDeviceWindowsOperatingSystemEdition"
    update = "microsoft.graph.managedDeviceWindowsOperatingSystemUpdate"
    assert decoded == {
        "@odata.type": "#microsoft.graph.managedDeviceWindowsOperatingSystemImage",
        "id": KEY,
        "supportedEditions": [
            {"@odata.type": edition, "editionType": "enterprise", "supportEndDate": "2027-10-12"},
            {"@odata.type": edition, "editionType": "professional", "supportEndDate": "2026-10-13"},
        ],
        "supportedArchitectures": ["x64", "arM64"],
        "availableUpdates": [
            {"@odata.type": update, "buildVersion": "10.0.26100.9711", "releaseMonth": 10, "releaseYear": 2026},
            {"@odata.type": update, "buildVersion": "10.0.26100.9622", "releaseMonth": 9, "releaseYear": 2026},
        ],
    }
    assert list(decoded) == ["@odata.type", *(declared.name for declared in IMAGE.properties)]
    assert [next(iter(item)) for item in decoded["supportedEditions"]] == ["@odata.type"] * 2


def test_a_document_gives_back_its_properties() -> None:
    whole = {"id": "Ünïcode 😀 \\ \" ' % _", **WHOLE}
    assert properties(IMAGE, document(GRAPH, IMAGE, whole)) == whole


def test_what_was_not_given_is_not_in_the_document() -> None:
    assert properties(IMAGE, document(GRAPH, IMAGE, {"id": KEY})) == {"id": KEY}


def test_rows_hold_numbers_of_members_and_the_order_of_items() -> None:
    assert list(item_rows(IMAGE.by_name["supportedEditions"], WHOLE["supportedEditions"])) == [
        (0, 2, "2027-10-12"),
        (1, 0, "2026-10-13"),
    ]
    assert list(item_rows(IMAGE.by_name["supportedArchitectures"], WHOLE["supportedArchitectures"])) == [(0, 2), (1, 4)]
    assert list(item_rows(IMAGE.by_name["availableUpdates"], WHOLE["availableUpdates"])) == [
        (0, "10.0.26100.9711", 10, 2026),
        (1, "10.0.26100.9622", 9, 2026),
    ]
