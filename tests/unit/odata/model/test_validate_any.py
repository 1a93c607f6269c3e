"""Whatever JSON is sent, a body is accepted in canonical form or refused as a validation failure, and nothing else."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from osimages.graph.model import EDITION, GRAPH, IMAGE, UPDATE
from osimages.odata.errors import MODEL_VALIDATION, ODataError
from osimages.odata.model.body_validation import EntityValidator

_VALIDATOR = EntityValidator(GRAPH, IMAGE)

Json = dict[str, Any]

_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
_NAMES = st.sampled_from(
    [
        *(each.name for each in (*IMAGE.properties, *EDITION.properties, *UPDATE.properties)),
        *("@odata.type", "@type", "x@odata.type", "unknown"),
    ]
)
_VALUES = st.sampled_from(["arM64", "X64", "enterprise", "unknownFutureValue", "2026-01-01", "", 1, 12, 13, 2026, None])
# Bodies that look like an image, so that the checks inside it are reached as well.
_ALMOST_IMAGE = st.dictionaries(
    _NAMES,
    _ANY_JSON | _VALUES | st.lists(_VALUES | _ANY_JSON | st.dictionaries(_NAMES, _VALUES | _ANY_JSON), max_size=3),
)
_EDITIONS = st.fixed_dictionaries(
    {
        "editionType": st.sampled_from(["Professional", "ENTERPRISEN", "education"]),
        "supportEndDate": st.dates().map(str),
    }
)
_UPDATES = st.fixed_dictionaries(
    {
        "buildVersion": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
        "releaseMonth": st.integers(1, 12),
        "releaseYear": st.integers(1, 9999),
    }
)
_IMAGES = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=512),
        "supportedEditions": st.lists(_EDITIONS),
        "supportedArchitectures": st.lists(st.sampled_from(["x86", "X64", "arm", "ARM64", "Unknown"])),
        "availableUpdates": st.lists(_UPDATES),
        "@odata.type": st.just("#microsoft.graph.managedDeviceWindowsOperatingSystemImage"),
    },
)


@given(_ANY_JSON | _ALMOST_IMAGE)
@example({"@odata.type": {}})
@example({"supportedEditions": [{"@odata.type": []}]})
def test_any_json_is_accepted_in_canonical_form_or_refused(body: object) -> None:
    try:
        accepted = _VALIDATOR.create(body)
    except ODataError as refusal:
        assert refusal.condition is MODEL_VALIDATION
        assert (refusal.target or "").startswith("$")
    else:
        assert _VALIDATOR.create(accepted) == accepted
    try:
        _VALIDATOR.update(body, "a")
    except ODataError as refusal:
        assert refusal.condition is MODEL_VALIDATION


@given(_IMAGES)
def test_every_image_is_accepted_and_its_canonical_form_stays(body: Json) -> None:
    created = _VALIDATOR.create(body)
    assert _VALIDATOR.create(created) == created
    assert {name: len(_items(created[name])) for name in created if name != "id"} == {
        name: len(body.get(name, [])) for name in created if name != "id"
    }
    assert created.get("id") == body.get("id")
    without_key = {name: value for name, value in created.items() if name in body and name != "id"}
    assert _VALIDATOR.update(body, str(body.get("id"))) == without_key


def _items(value: object) -> list[Json]:
    assert isinstance(value, list)
    return value
