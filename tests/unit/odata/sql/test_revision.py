"""The revision of a tenant changes with everything that can change the answers of its lists."""

from __future__ import annotations

import pytest

from osimages.graph.audit_retention import prune
from osimages.graph.model import GRAPH
from osimages.graph.publishing import forget_removals
from osimages.graph.tables import AUDIT_EVENT_TABLES
from osimages.graph.tenant_storage import add_tenant, license_tenant, remove_tenant, revoke
from osimages.odata.sql.store import Database
from tests.support.looped import run
from tests.unit.odata.sql.places import AnyStore
from tests.unit.odata.sql.stores import CONTOSO, FABRIKAM, WHOLE, a_tenant, publication


def revision(database: Database, tenant: str = CONTOSO) -> tuple[int, str]:
    """The revision of a tenant that is there."""
    found = run(database.revision(tenant))
    assert found is not None
    return found


def test_every_change_of_an_entity_raises_the_number(store: AnyStore) -> None:
    seen = [revision(store.database)]
    for change in (
        store.create(CONTOSO, "a", WHOLE),
        store.update(CONTOSO, "a", {"supportedArchitectures": []}, None),
        store.put(CONTOSO, "b", {}, WHOLE, None),
        store.put(CONTOSO, "b", {"supportedArchitectures": []}, WHOLE, None),
        store.remove(CONTOSO, "a", None),
        publication(store, CONTOSO, {"p": WHOLE}, "1"),
        publication(store, CONTOSO, {"p": {**WHOLE, "supportedArchitectures": []}}, "2"),
        publication(store, CONTOSO, {}, "3"),
    ):
        run(change)
        seen.append(revision(store.database))
    numbers = [number for number, _ in seen]
    assert numbers == sorted(set(numbers))


def test_what_changes_no_answer_leaves_it(store: AnyStore) -> None:
    run(publication(store, CONTOSO, {"p": WHOLE}, "1"))
    run(store.create(CONTOSO, "a", WHOLE))
    before = revision(store.database)
    run(store.update(CONTOSO, "a", {"supportedArchitectures": WHOLE["supportedArchitectures"]}, None))
    run(publication(store, CONTOSO, {"p": WHOLE}, "2"))
    run(store.database.change(forget_removals(0)))
    run(store.create(FABRIKAM, "a", WHOLE))
    run(store.database.change(revoke(CONTOSO, "user", "someone", 1)))
    run(store.database.change(license_tenant(CONTOSO, True)))
    assert revision(store.database) == before


def test_events_that_are_pruned_are_a_change(store: AnyStore) -> None:
    events = store.database.store(GRAPH, AUDIT_EVENT_TABLES)
    for key in ("1", "2"):
        run(store.database.change(events.changes.append(CONTOSO, key, {"resources": []})))
    before = revision(store.database)
    run(store.database.change(prune(CONTOSO, "1")))
    assert revision(store.database) == before
    run(store.database.change(prune(CONTOSO, "2")))
    assert revision(store.database) > before
    assert run(events.get(CONTOSO, "1")) is None


def test_a_tenant_that_is_added_again_has_another_one(store: AnyStore) -> None:
    before = revision(store.database)
    run(store.database.change(remove_tenant(CONTOSO)))
    assert run(store.database.revision(CONTOSO)) is None
    run(store.database.change(add_tenant(a_tenant(CONTOSO))))
    again = revision(store.database)
    assert again[0] == before[0]
    assert again != before


@pytest.mark.parametrize("tenant", ["", "x", "'", CONTOSO.upper()])
def test_an_unknown_tenant_has_none(store: AnyStore, tenant: str) -> None:
    assert run(store.database.revision(tenant)) is None
