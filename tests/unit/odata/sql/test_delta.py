"""What changed, page by page while others write: nothing is missed, and nothing is told wrongly."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osimages.graph.model import GRAPH, IMAGE
from osimages.graph.publishing import forget_removals
from osimages.graph.tenant_storage import add_tenant
from osimages.odata.plan.bind import bind_filter
from osimages.odata.plan.delta_tokens import DeltaState, DeltaTokens
from osimages.odata.plan.query import DeltaPage, DeltaPlan, Fate
from osimages.odata.text.parser import parse_expression
from tests.support.looped import run
from tests.unit.odata.sql.places import AnyStore, Place
from tests.unit.odata.sql.stores import CONTOSO, WHOLE, a_tenant, edition, image, publication

_TOKENS = DeltaTokens(b"secret", 30, lambda _: datetime.now(UTC))
SMALL = image((edition("education", "2025-10-14"),), ("x86",))
_SHAPES = {"empty": image(), "small": SMALL, "whole": WHOLE}


@dataclass
class Client:
    """What a client knows of a tenant's images that fulfil a filter, kept up to date by one page after the other."""

    store: AnyStore
    tenant: str
    filter: str | None
    state: DeltaState | None = None
    known: set[str] = field(default_factory=set)

    def page(self, limit: int) -> DeltaPage:
        """Takes the next page in."""
        found = None if self.filter is None else bind_filter(GRAPH, IMAGE, parse_expression(self.filter), {})
        condition, constants = (None, ()) if found is None else (found.condition, found.constants)
        after, known = (0, None) if self.state is None else (self.state.after, self.state.known)
        page = run(self.store.delta(self.tenant, DeltaPlan(condition, constants, after, known, limit)))
        assert len(page.changes) <= limit
        for each in page.changes:
            if each.fate is Fate.PRESENT:
                assert each.document
                self.known.add(each.key)
            else:
                assert not each.document
                self.known.discard(each.key)
        self.state = _TOKENS.following(self.state, page, "")
        return page


@pytest.fixture(scope="module")
def shelf(large_place: Place) -> Iterator[AnyStore]:
    """A store for tests that bring many tenants."""
    store = large_place.opened()
    yield store
    run(store.database.close())


def a_shelf(shelf: AnyStore) -> str:
    """A tenant of its own."""
    tenant = secrets.token_hex(8)
    run(shelf.database.change(add_tenant(a_tenant(tenant))))
    return tenant


_KEYS = st.sampled_from(["a", "b", "c", "d", "e"])
_WRITES = st.one_of(
    st.tuples(st.just("put"), _KEYS, st.sampled_from(sorted(_SHAPES))),
    st.tuples(st.just("remove"), _KEYS, st.just("")),
    st.tuples(st.just("publish"), st.lists(_KEYS, max_size=4).map(",".join), st.sampled_from(sorted(_SHAPES))),
    st.tuples(st.just("page"), st.sampled_from(["1", "2", "3"]), st.just("")),
)


def put(store: AnyStore, tenant: str, key: str, shape: str) -> None:
    """Creates or changes an image."""
    if run(store.update(tenant, key, _SHAPES[shape], None)) is None:
        run(store.create(tenant, key, _SHAPES[shape]))


def write(store: AnyStore, tenant: str, what: str, key: str, shape: str) -> None:
    """One change, of whichever kind."""
    if what == "put":
        put(store, tenant, key, shape)
    elif what == "remove":
        run(store.remove(tenant, key, None))
    else:
        run(publication(store, tenant, {each: _SHAPES[shape] for each in key.split(",") if each}, f"{key} {shape}"))


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    writes=st.lists(_WRITES, max_size=25),
    text=st.sampled_from([None, "availableUpdates/any()", "id ne 'b'", "not supportedEditions/any()"]),
)
def test_whoever_follows_the_links_knows_what_is_there(
    shelf: AnyStore, writes: list[tuple[str, str, str]], text: str | None
) -> None:
    tenant = a_shelf(shelf)
    client = Client(shelf, tenant, text)
    for what, key, shape in writes:
        if what == "page":
            client.page(int(key))
        else:
            write(shelf, tenant, what, key, shape)
    while client.page(2).more:
        pass
    fresh = Client(shelf, tenant, text)
    everything = fresh.page(100)
    assert not everything.more
    assert all(each.fate is Fate.PRESENT for each in everything.changes)
    assert client.known == fresh.known
    assert client.page(100).changes == ()


def test_a_round_tells_each_change_once_in_order(store: AnyStore) -> None:
    for key in "abcd":
        put(store, CONTOSO, key, "small")
    client = Client(store, CONTOSO, None)
    assert [each.key for each in client.page(3).changes] == ["a", "b", "c"]
    put(store, CONTOSO, "a", "whole")
    run(store.remove(CONTOSO, "b", None))
    assert [(each.key, each.fate) for each in client.page(9).changes] == [
        ("d", Fate.PRESENT),
        ("a", Fate.PRESENT),
        ("b", Fate.DELETED),
    ]
    assert client.page(9).changes == ()
    put(store, CONTOSO, "a", "whole")  # changes nothing
    assert client.page(9).changes == ()
    put(store, CONTOSO, "b", "whole")
    assert [(each.key, each.fate) for each in client.page(9).changes] == [("b", Fate.PRESENT)]


def test_what_publishing_takes_away_is_told_and_comes_back(store: AnyStore) -> None:
    client = Client(store, CONTOSO, None)
    run(publication(store, CONTOSO, {"a": SMALL, "b": SMALL}, "first"))
    assert [each.key for each in client.page(9).changes] == ["a", "b"]
    run(publication(store, CONTOSO, {"a": SMALL}, "second"))
    assert [(each.key, each.fate) for each in client.page(9).changes] == [("b", Fate.DELETED)]
    run(publication(store, CONTOSO, {"a": SMALL, "b": WHOLE}, "third"))
    assert [(each.key, each.fate) for each in client.page(9).changes] == [("b", Fate.PRESENT)]


def test_who_starts_now_hears_nothing_of_what_is_gone(store: AnyStore) -> None:
    put(store, CONTOSO, "a", "small")
    run(store.remove(CONTOSO, "a", None))
    assert Client(store, CONTOSO, None).page(9).changes == ()


def test_tombstones_of_publishing_are_forgotten_and_those_of_the_tenant_are_kept(store: AnyStore) -> None:
    run(publication(store, CONTOSO, {"a": SMALL, "b": SMALL}, "first"))
    run(store.remove(CONTOSO, "a", None))
    run(publication(store, CONTOSO, {}, "second"))
    run(store.database.change(forget_removals(1)))
    assert len(Client(store, CONTOSO, None, DeltaState(0, 0, 0)).page(9).changes) == 2
    run(store.database.change(forget_removals(-1)))
    assert [each.key for each in Client(store, CONTOSO, None, DeltaState(0, 0, 0)).page(9).changes] == ["a"]
    run(publication(store, CONTOSO, {"a": SMALL, "b": SMALL}, "third"))
    fresh = Client(store, CONTOSO, None)
    fresh.page(9)
    assert fresh.known == {"b"}
