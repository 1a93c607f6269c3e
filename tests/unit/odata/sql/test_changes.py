"""What is written is read back whole, in documents and item rows; what fails or changes nothing writes nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from osimages.graph.model import IMAGE
from osimages.graph.tenant_storage import tenant_named
from osimages.odata.plan.query import Stored
from osimages.odata.sql.documents import properties
from osimages.odata.sql.transaction_script import KeyTakenError
from tests.support.looped import run
from tests.unit.odata.sql.places import AnyStore, Place
from tests.unit.odata.sql.stores import (
    CONTOSO,
    FABRIKAM,
    WHOLE,
    Properties,
    edition,
    fill,
    found,
    image,
    publication,
    quality_update,
    rows,
)

KEY = "Windows 11 24H2"
OTHER_KEY = "Windows 11 25H2"
SMALL = image((edition("education", "2025-10-14"),), ("x86",), (quality_update("10.0.1.1", 1, 2025),))
ITEM_TABLES = ("image_edition", "image_architecture", "image_update")


class RefusedError(Exception):
    """The condition of a write does not hold."""


def refuse(_: Stored) -> None:
    raise RefusedError


def got(store: AnyStore, key: str = KEY, tenant: str = CONTOSO) -> Stored:
    stored = run(store.get(tenant, key))
    assert stored is not None
    return stored


def given(stored: Stored) -> dict[str, object]:
    """The properties in a document, without the key."""
    found = properties(IMAGE, stored.document)
    del found["id"]
    return found


def items(store: AnyStore, tenant: str = CONTOSO) -> dict[str, list[Any]]:
    return {table: rows(store, table, tenant) for table in ITEM_TABLES}


def everything(store: AnyStore) -> dict[str, list[Any]]:
    """All that is kept of a tenant."""
    return items(store) | {table: rows(store, table) for table in ("image", "removed_image", "tenant")}


# --- create -----------------------------------------------------------------------------------------------------------
def test_what_is_created_is_read_back(store: AnyStore) -> None:
    stored = run(store.create(CONTOSO, KEY, WHOLE))
    assert got(store) == stored
    assert properties(IMAGE, stored.document) == {"id": KEY, **WHOLE}
    assert items(store) == {
        "image_edition": [(KEY, 0, 2, "2027-10-12"), (KEY, 1, 0, "2026-10-13")],
        "image_architecture": [(KEY, 0, 2), (KEY, 1, 4)],
        "image_update": [(KEY, 0, "10.0.26100.9711", 10, 2026), (KEY, 1, "10.0.26100.9622", 9, 2026)],
    }


def test_the_key_counts_not_an_id_among_the_properties(store: AnyStore) -> None:
    stored = run(store.create(CONTOSO, KEY, {**WHOLE, "id": "another"}))
    assert msgspec.json.decode(stored.document)["id"] == KEY


def test_an_image_without_items_has_no_rows(store: AnyStore) -> None:
    run(store.create(CONTOSO, KEY, image()))
    assert items(store) == {key: [] for key in ITEM_TABLES}
    assert given(got(store)) == image()


def test_a_taken_key_is_refused_and_nothing_changes(store: AnyStore) -> None:
    run(store.create(CONTOSO, KEY, WHOLE))
    before = everything(store)
    with pytest.raises(KeyTakenError):
        run(store.create(CONTOSO, KEY, SMALL))
    assert everything(store) == before


def test_of_many_that_create_one_key_at_once_one_succeeds(store: AnyStore) -> None:
    async def create_all() -> list[Any]:
        jobs = (store.create(CONTOSO, KEY, image(architectures=(each,))) for each in ("x64", "x86", "arm", "arM64"))
        return await asyncio.gather(*jobs, return_exceptions=True)

    made, *refused = sorted(run(create_all()), key=lambda each: isinstance(each, KeyTakenError))
    assert made == got(store)
    assert [type(each) for each in refused] == [KeyTakenError] * 3


def test_keys_are_told_apart_by_case_and_by_every_character(store: AnyStore) -> None:
    keys = ["a", "A", "a ", "ä", "a\u0308", "i", "ı", "İ", "%", "_", "\\", "'", '"', "😀", "日本"]
    fill(store, {key: image() for key in keys})
    assert found(store) == sorted(keys)
    assert run(store.get(CONTOSO, "b")) is None


def test_an_unknown_tenant_cannot_have_images(store: AnyStore) -> None:
    with pytest.raises(LookupError):
        run(store.create("00000000-0000-4000-8000-000000000000", KEY, WHOLE))


# --- update -----------------------------------------------------------------------------------------------------------
def test_a_collection_is_replaced_whole_and_the_others_stay(store: AnyStore) -> None:
    fill(store, {KEY: WHOLE, OTHER_KEY: WHOLE})
    before = items(store)
    editions = [edition("education", "2030-01-01")]
    stored = run(store.update(CONTOSO, KEY, {"supportedEditions": editions}, None))
    assert stored == got(store)
    assert stored is not None
    assert given(stored) == {**WHOLE, "supportedEditions": editions}
    after = items(store)
    assert after["image_edition"] == [(KEY, 0, 4, "2030-01-01"), *before["image_edition"][2:]]
    assert {name: after[name] for name in ITEM_TABLES[1:]} == {name: before[name] for name in ITEM_TABLES[1:]}


def test_an_empty_collection_takes_all_items_away(store: AnyStore) -> None:
    run(store.create(CONTOSO, KEY, WHOLE))
    run(store.update(CONTOSO, KEY, {"availableUpdates": []}, None))
    assert rows(store, "image_update") == []
    assert given(got(store))["availableUpdates"] == []


def test_another_order_of_items_is_a_change(store: AnyStore) -> None:
    before = run(store.create(CONTOSO, KEY, WHOLE))
    after = run(store.update(CONTOSO, KEY, {"supportedArchitectures": ["arM64", "x64"]}, None))
    assert after is not None
    assert after.version > before.version
    assert rows(store, "image_architecture") == [(KEY, 0, 4), (KEY, 1, 2)]


@pytest.mark.parametrize("changes", [{}, WHOLE, {"availableUpdates": WHOLE["availableUpdates"]}])
def test_a_change_that_changes_nothing_writes_nothing(store: AnyStore, changes: Properties) -> None:
    before = run(store.create(CONTOSO, KEY, WHOLE))
    kept = everything(store)
    assert run(store.update(CONTOSO, KEY, changes, None)) == before
    assert everything(store) == kept


def test_what_is_not_there_cannot_be_changed(store: AnyStore) -> None:
    before = everything(store)
    assert run(store.update(CONTOSO, KEY, SMALL, refuse)) is None
    assert everything(store) == before


def test_a_property_that_the_document_lacks_can_be_given(store: AnyStore) -> None:
    run(store.create(CONTOSO, KEY, {}))
    stored = run(store.update(CONTOSO, KEY, {"supportedArchitectures": ["x64"]}, None))
    assert stored is not None
    assert given(stored) == {"supportedArchitectures": ["x64"]}
    assert rows(store, "image_architecture") == [(KEY, 0, 2)]


# --- remove -----------------------------------------------------------------------------------------------------------
def test_what_is_removed_is_gone_with_its_items_and_leaves_a_note(store: AnyStore) -> None:
    fill(store, {KEY: WHOLE, OTHER_KEY: SMALL})
    other = got(store, OTHER_KEY)
    assert run(store.remove(CONTOSO, KEY, None)) is True
    assert run(store.get(CONTOSO, KEY)) is None
    assert {row[0] for table in items(store).values() for row in table} == {OTHER_KEY}
    [(key, version, _, published)] = rows(store, "removed_image")
    assert (key, published) == (KEY, False)
    assert version > other.version
    assert got(store, OTHER_KEY) == other


def test_what_is_not_there_cannot_be_removed(store: AnyStore) -> None:
    before = everything(store)
    assert run(store.remove(CONTOSO, KEY, refuse)) is False
    assert everything(store) == before


def test_what_is_made_again_forgets_its_removal_and_can_be_removed_again(store: AnyStore) -> None:
    for _ in range(2):
        run(store.create(CONTOSO, KEY, WHOLE))
        assert rows(store, "removed_image") == []
        run(store.remove(CONTOSO, KEY, None))
        assert [row[0] for row in rows(store, "removed_image")] == [KEY]


# --- conditions and versions ------------------------------------------------------------------------------------------
def test_a_condition_sees_what_is_stored(store: AnyStore) -> None:
    before = run(store.create(CONTOSO, KEY, WHOLE))
    seen: list[Stored] = []
    after = run(store.update(CONTOSO, KEY, SMALL, seen.append))
    run(store.remove(CONTOSO, KEY, seen.append))
    assert seen == [before, after]


def test_a_condition_that_raises_keeps_all_as_it_is(store: AnyStore) -> None:
    run(store.create(CONTOSO, KEY, WHOLE))
    before = everything(store)
    with pytest.raises(RefusedError):
        run(store.update(CONTOSO, KEY, SMALL, refuse))
    with pytest.raises(RefusedError):
        run(store.update(CONTOSO, KEY, {}, refuse))
    with pytest.raises(RefusedError):
        run(store.remove(CONTOSO, KEY, refuse))
    assert everything(store) == before


def test_of_many_that_change_one_version_at_once_one_succeeds(store: AnyStore) -> None:
    seen = run(store.create(CONTOSO, KEY, WHOLE))

    def unchanged(stored: Stored) -> None:
        if stored.version != seen.version:
            raise RefusedError

    async def change_all() -> list[Any]:
        jobs = (
            store.update(CONTOSO, KEY, {"supportedArchitectures": [each]}, unchanged) for each in ("x86", "arm", "x64")
        )
        return await asyncio.gather(*jobs, return_exceptions=True)

    changed = [each for each in run(change_all()) if not isinstance(each, RefusedError)]
    assert changed == [got(store)]


def test_no_version_is_used_twice(store: AnyStore, place: Place) -> None:
    versions = [run(store.create(CONTOSO, KEY, WHOLE)).version]
    run(store.update(CONTOSO, KEY, SMALL, None))
    versions.append(got(store).version)
    run(store.remove(CONTOSO, KEY, None))
    versions.append(rows(store, "removed_image")[0][1])
    versions.append(run(store.create(CONTOSO, KEY, WHOLE)).version)
    run(publication(store, CONTOSO, {OTHER_KEY: WHOLE}, "one"))
    versions.append(got(store, OTHER_KEY).version)
    run(publication(store, CONTOSO, {}, "none"))
    run(publication(store, CONTOSO, {OTHER_KEY: WHOLE}, "one"))
    versions.append(got(store, OTHER_KEY).version)
    run(store.database.close())
    store = place.opened()
    versions.append(run(store.create(CONTOSO, "third", WHOLE)).version)
    run(store.database.close())
    assert versions == sorted(set(versions))


# --- tenants apart ----------------------------------------------------------------------------------------------------
def test_the_same_keys_in_two_tenants_are_different_images(store: AnyStore) -> None:
    fill(store, {KEY: WHOLE, OTHER_KEY: WHOLE}, CONTOSO)
    fill(store, {KEY: SMALL}, FABRIKAM)
    contoso, before = got(store), items(store)
    assert run(store.get(FABRIKAM, OTHER_KEY)) is None
    run(store.update(FABRIKAM, KEY, {"supportedArchitectures": ["arm"]}, None))
    assert given(got(store, tenant=FABRIKAM))["supportedArchitectures"] == ["arm"]
    assert run(store.update(FABRIKAM, OTHER_KEY, SMALL, None)) is None
    assert run(store.remove(FABRIKAM, OTHER_KEY, None)) is False
    assert run(store.remove(FABRIKAM, KEY, None)) is True
    assert run(publication(store, FABRIKAM, {KEY: WHOLE, OTHER_KEY: SMALL}, "new")) == 1
    assert run(publication(store, FABRIKAM, {}, "none")) == 1
    assert got(store) == contoso
    assert items(store) == before
    assert rows(store, "removed_image") == []
    assert items(store, FABRIKAM) == {key: [] for key in ITEM_TABLES}


# --- publish ----------------------------------------------------------------------------------------------------------
def test_publishing_adds_changes_and_takes_away(store: AnyStore) -> None:
    assert run(publication(store, CONTOSO, {"a": WHOLE, "b": WHOLE, "c": WHOLE}, "first")) == 3
    unchanged = got(store, "a")
    assert run(publication(store, CONTOSO, {"a": WHOLE, "b": SMALL, "d": SMALL}, "second")) == 3
    assert found(store) == ["a", "b", "d"]
    assert got(store, "a") == unchanged
    assert given(got(store, "b")) == given(got(store, "d")) == SMALL
    assert {row[0] for table in items(store).values() for row in table} == {"a", "b", "d"}
    assert rows(store, "image_architecture") == [("a", 0, 2), ("a", 1, 4), ("b", 0, 1), ("d", 0, 1)]
    assert [(key, published) for key, _, _, published in rows(store, "removed_image")] == [("c", True)]


def test_publishing_the_same_again_changes_nothing(store: AnyStore) -> None:
    images = {"a": WHOLE, "b": SMALL}
    assert run(publication(store, CONTOSO, images, "label")) == 2
    before = everything(store)
    assert run(publication(store, CONTOSO, images, "label")) == 0
    assert everything(store) == before


def test_the_label_of_what_was_published_is_kept(store: AnyStore) -> None:
    run(publication(store, CONTOSO, {}, "first"))
    run(publication(store, CONTOSO, {}, "second"))
    kept, other = run(store.database.read(tenant_named(CONTOSO))), run(store.database.read(tenant_named(FABRIKAM)))
    assert kept is not None
    assert other is not None
    assert (kept.published, other.published) == ("second", "")


def test_publishing_never_touches_what_a_tenant_created(store: AnyStore) -> None:
    own = run(store.create(CONTOSO, "a", SMALL))
    assert run(publication(store, CONTOSO, {"a": WHOLE}, "with")) == 0
    assert run(publication(store, CONTOSO, {}, "without")) == 0
    assert got(store, "a") == own


def test_publishing_never_touches_what_a_tenant_changed(store: AnyStore) -> None:
    run(publication(store, CONTOSO, {"a": WHOLE}, "first"))
    own = run(store.update(CONTOSO, "a", {"supportedArchitectures": ["arm"]}, None))
    assert run(publication(store, CONTOSO, {"a": SMALL}, "second")) == 0
    assert run(publication(store, CONTOSO, {}, "third")) == 0
    assert got(store, "a") == own


def test_a_change_that_changes_nothing_leaves_an_image_to_the_publisher(store: AnyStore) -> None:
    run(publication(store, CONTOSO, {"a": WHOLE}, "first"))
    run(store.update(CONTOSO, "a", WHOLE, None))
    assert run(publication(store, CONTOSO, {"a": SMALL}, "second")) == 1
    assert given(got(store, "a")) == SMALL


def test_publishing_changes_leave_an_image_to_the_publisher(store: AnyStore) -> None:
    for number, version in enumerate((WHOLE, SMALL, WHOLE)):
        assert run(publication(store, CONTOSO, {"a": version}, str(number))) == 1
    assert run(publication(store, CONTOSO, {}, "none")) == 1
    assert found(store) == []


def test_publishing_never_brings_back_what_a_tenant_removed(store: AnyStore) -> None:
    run(publication(store, CONTOSO, {"a": WHOLE, "b": WHOLE}, "first"))
    run(store.remove(CONTOSO, "a", None))
    assert run(publication(store, CONTOSO, {"a": SMALL, "b": WHOLE}, "second")) == 0
    assert found(store) == ["b"]


def test_what_a_tenant_removed_and_made_again_is_its_own(store: AnyStore) -> None:
    run(publication(store, CONTOSO, {"a": WHOLE}, "first"))
    run(store.remove(CONTOSO, "a", None))
    own = run(store.create(CONTOSO, "a", SMALL))
    assert run(publication(store, CONTOSO, {"a": WHOLE}, "second")) == 0
    assert run(publication(store, CONTOSO, {}, "third")) == 0
    assert got(store, "a") == own


def test_what_the_publisher_took_away_can_be_published_again(store: AnyStore) -> None:
    run(publication(store, CONTOSO, {"a": WHOLE}, "first"))
    run(publication(store, CONTOSO, {}, "second"))
    assert run(publication(store, CONTOSO, {"a": WHOLE}, "third")) == 1
    assert given(got(store, "a")) == WHOLE
