"""Pages give every image once and in order, tenants and secrets are kept, and a store that cannot answer says so."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osimages.graph.tenant_storage import Tenant, add_tenant, tenant_named
from osimages.odata.plan.query import CollectionPlan, DeltaPlan, Page
from tests.support.looped import run
from tests.unit.odata.sql.places import AnyStore, Place
from tests.unit.odata.sql.stores import (
    CONTOSO,
    FABRIKAM,
    WHOLE,
    a_tenant,
    edition,
    fill,
    found,
    image,
    keys,
    plan,
    quality_update,
)

SEVEN = ["a", "b", "c", "d", "e", "f", "g"]


@pytest.fixture
def seven(store: AnyStore) -> AnyStore:
    """A store with seven images in one tenant, and others with the same keys and more in another."""
    fill(store, {key: image(architectures=("x64",) if key < "d" else ("x86",)) for key in SEVEN})
    fill(store, {key: image(architectures=("x64",)) for key in [*SEVEN, "bb", "zz"]}, FABRIKAM)
    return store


def page(store: AnyStore, asked: CollectionPlan, tenant: str = CONTOSO) -> Page:
    return run(store.page(tenant, asked))


# --- single entities --------------------------------------------------------------------------------------------------
def test_entities_of_several_keys_are_those_of_each_key(seven: AnyStore) -> None:
    odd = {key: image() for key in ("ü", "🪟", "a'b", '"', "\\", "[1]", "null", " ")}
    fill(seven, odd)
    asked = ["b", "none", "a", "b", "zz", "a\0", "", "A", *odd]
    got = run(seven.get_all(CONTOSO, asked))
    assert set(got) == {"a", "b", *odd}
    assert got == {key: run(seven.get(CONTOSO, key)) for key in got}
    assert run(seven.get_all(CONTOSO, [])) == {}
    assert run(seven.get_all("nobody", asked)) == {}


# --- pages ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("limit", "expected", "more"),
    [(1, ["a"], True), (6, SEVEN[:6], True), (7, SEVEN, False), (8, SEVEN, False), (1000, SEVEN, False)],
)
def test_a_page_tells_exactly_whether_others_follow(
    seven: AnyStore, limit: int, expected: list[str], more: bool
) -> None:
    got = page(seven, plan(limit=limit))
    assert keys(got.documents) == expected
    assert got.last == (expected[-1],)
    assert got.more is more
    assert got.total is None


def test_a_page_of_documents_is_what_is_stored(seven: AnyStore) -> None:
    stored = run(seven.get(CONTOSO, "c"))
    assert stored is not None
    assert page(seven, plan("id eq 'c'")).documents == (stored.document,)


def test_an_empty_set_has_an_empty_page(store: AnyStore) -> None:
    assert page(store, plan()) == Page((), None, False)
    assert page(store, plan(options={"$count": "true"})) == Page((), None, False, 0)


def test_nothing_is_asked_for_nothing(seven: AnyStore) -> None:
    assert page(seven, plan(options={"$top": "0"})) == Page((), None, False)
    assert page(seven, plan(options={"$top": "0", "$count": "true"})) == Page((), None, False, 7)


def test_descending_pages_continue_downwards(seven: AnyStore) -> None:
    options = {"$orderby": "id desc"}
    assert keys(page(seven, plan(limit=3, options=options)).documents) == ["g", "f", "e"]
    got = page(seven, plan(limit=3, after="e", options=options))
    assert (keys(got.documents), got.more) == (["d", "c", "b"], True)
    got = page(seven, plan(limit=3, after="b", options=options))
    assert (keys(got.documents), got.more) == (["a"], False)


def test_a_page_starts_after_a_key_that_need_not_be_there(seven: AnyStore) -> None:
    assert keys(page(seven, plan(after="bb")).documents) == ["c", "d", "e", "f", "g"]
    assert page(seven, plan(after="g")) == Page((), None, False)


@pytest.mark.parametrize(("skip", "expected"), [(0, SEVEN), (1, SEVEN[1:]), (6, ["g"]), (7, []), (10**17, [])])
def test_skip_passes_over_the_first(seven: AnyStore, skip: int, expected: list[str]) -> None:
    assert keys(page(seven, plan(options={"$skip": str(skip)})).documents) == expected


def test_skip_counts_among_those_that_fulfil_the_filter(seven: AnyStore) -> None:
    options = {"$skip": "1", "$top": "2", "$count": "true", "$orderby": "id desc"}
    got = page(seven, plan("supportedArchitectures/any(a: a eq 'x86')", options=options))
    assert (keys(got.documents), got.more, got.total) == (["f", "e"], True, 4)


def test_the_total_is_of_all_that_fulfil_the_filter_on_every_page(seven: AnyStore) -> None:
    options = {"$count": "true"}
    assert page(seven, plan("id gt 'b'", limit=2, options=options)).total == 5
    assert page(seven, plan("id gt 'b'", limit=2, after="d", options=options)).total == 5


def test_a_count_is_of_all_that_fulfil_the_filter(seven: AnyStore) -> None:
    assert run(seven.count(CONTOSO, plan(limit=2))) == 7
    assert run(seven.count(CONTOSO, plan("id ne 'a'", limit=2))) == 6
    assert run(seven.count(CONTOSO, plan("supportedArchitectures/any(a: a eq 'x64')"))) == 3


def test_every_list_and_count_sees_its_own_tenant_only(seven: AnyStore) -> None:
    by_items = "supportedArchitectures/any(a: a eq 'x64')"
    assert found(seven) == SEVEN
    assert found(seven, tenant=FABRIKAM) == ["a", "b", "bb", "c", "d", "e", "f", "g", "zz"]
    assert found(seven, by_items) == ["a", "b", "c"]
    assert found(seven, by_items, FABRIKAM) == ["a", "b", "bb", "c", "d", "e", "f", "g", "zz"]
    assert found(seven, f"not {by_items}", FABRIKAM) == []
    assert run(seven.count(CONTOSO, plan())) == 7
    assert run(seven.count(FABRIKAM, plan())) == 9
    assert run(seven.count(FABRIKAM, plan(by_items))) == 9
    assert page(seven, plan(options={"$count": "true"}), FABRIKAM).total == 9
    nobody = "00000000-0000-4000-8000-000000000000"
    assert found(seven, tenant=nobody) == []
    assert run(seven.count(nobody, plan("true"))) == 0


@pytest.mark.parametrize("descending", [False, True])
def test_pages_joined_give_every_image_once_while_others_write(seven: AnyStore, descending: bool) -> None:
    options = {"$orderby": "id desc" if descending else "id asc"}
    first = page(seven, plan(limit=3, options=options))
    # Before and after the position, and one of the first page is removed and made again.
    fill(seven, {"0": image(), "bc": image(), "ee": image(), "z": image()})
    run(seven.remove(CONTOSO, "b" if not descending else "f", None))
    run(seven.create(CONTOSO, "b" if not descending else "f", WHOLE))
    seen = keys(first.documents)
    last, more = first.last, first.more
    while more:
        got = page(seven, plan(limit=2, after=last, options=options))
        seen += keys(got.documents)
        last, more = got.last, got.more
    if descending:
        assert seen == ["g", "f", "e", "d", "c", "bc", "b", "a", "0"]
    else:
        assert seen == ["a", "b", "c", "d", "e", "ee", "f", "g", "z"]


@pytest.fixture(scope="module")
def shelf(large_place: Place) -> Iterator[AnyStore]:
    """A store for tests that bring many tenants."""
    store = large_place.opened()
    yield store
    run(store.database.close())


@settings(deadline=None, max_examples=60)
@given(
    kept=st.sets(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=3)),
    limit=st.integers(1, 5),
    skip=st.integers(0, 4),
    descending=st.booleans(),
)
def test_pages_of_any_size_joined_give_every_key_in_order(
    shelf: AnyStore, kept: set[str], limit: int, skip: int, descending: bool
) -> None:
    tenant = secrets.token_hex(8)
    run(shelf.database.change(add_tenant(a_tenant(tenant))))
    fill(shelf, {key: image() for key in kept}, tenant)
    options = {"$orderby": "id desc" if descending else "id", "$skip": str(skip)}
    expected = sorted(kept, reverse=descending)[skip:]
    seen: list[str] = []
    after, more = None, True
    while more:
        got = page(shelf, plan(limit=limit, after=after, options=options), tenant)
        seen += keys(got.documents)
        after, more = got.last, got.more
        assert more == (len(seen) < len(expected))
    assert seen == expected


def test_a_page_and_its_total_are_of_one_moment_and_readers_see_what_was_written(store: AnyStore) -> None:
    async def write_and_read() -> list[Page]:
        counted = plan(options={"$count": "true"})
        pages = []
        for number in range(20):
            writing = asyncio.gather(*(store.create(CONTOSO, f"{number}-{each}", image()) for each in range(5)))
            pages.append(await store.page(CONTOSO, counted))
            await writing
            pages.append(await store.page(CONTOSO, counted))
        return pages

    pages = run(write_and_read())
    assert all(len(each.documents) == each.total for each in pages)
    assert [each.total for each in pages[1::2]] == list(range(5, 105, 5))


# --- filters by their items: few and many matches ---------------------------------------------------------------------
def test_filters_with_few_and_with_many_matches_find_the_same(store: AnyStore) -> None:
    """More images than those from which a query starts at the items; one of them alone is different."""
    many = [f"{number:04}" for number in range(600)]
    common = image(
        (edition("professional", "2026-10-13"), edition("enterprise", "2027-10-12")),
        ("x64", "x86"),
        (quality_update("10.0.1.2"), quality_update("10.0.1.1", 9)),
    )
    rare = image((edition("education", "2031-01-01"),), ("arM64",), (quality_update("10.0.9.9", 1, 2030),))
    fill(store, dict.fromkeys(many, common) | {"0300r": rare})
    fill(store, dict.fromkeys(many, rare), FABRIKAM)
    broad = {
        "supportedEditions/any(e: e/editionType eq 'enterprise')",
        "supportedEditions/any(e: e/supportEndDate ge 2027-01-01 and e/editionType ne 'education')",
        "supportedArchitectures/any(a: a in ('x64','arm'))",
        "availableUpdates/any(u: startswith(u/buildVersion,'10.0.1.') and u/releaseMonth eq 9)",
    }
    selective = {
        "supportedEditions/any(e: e/editionType eq 'education')",
        "supportedEditions/any(e: e/supportEndDate gt 2030-01-01)",
        "supportedArchitectures/any(a: a eq 'arM64')",
        "availableUpdates/any(u: contains(u/buildVersion,'9') and u/releaseYear eq 2030)",
    }
    for each in broad:
        assert found(store, each) == many
        assert run(store.count(CONTOSO, plan(each))) == 600
        assert found(store, f"not {each}") == ["0300r"]
        assert found(store, each, FABRIKAM) == []
    for each in selective:
        assert found(store, each) == ["0300r"]
        assert run(store.count(CONTOSO, plan(each))) == 1
        assert found(store, f"not ({each})") == many
        assert found(store, each, FABRIKAM) == many
        for other in broad:
            assert found(store, f"{each} and {other}") == found(store, f"{other} and {each}") == []
            assert found(store, f"{each} or {other}") == sorted([*many, "0300r"])


# --- tenants, secrets -------------------------------------------------------------------------------------------------
def test_a_tenant_is_kept_as_it_was_added(store: AnyStore) -> None:
    unlicensed = Tenant("another", "Fabrikam, Inc.", False, "all")
    assert run(store.database.read(tenant_named("another"))) is None
    run(store.database.change(add_tenant(unlicensed)))
    assert run(store.database.read(tenant_named("another"))) == unlicensed
    run(store.database.change(add_tenant(Tenant("another", "somebody else", True, "none"))))
    assert run(store.database.read(tenant_named("another"))) == unlicensed


def test_adding_a_tenant_again_keeps_its_images_and_versions(store: AnyStore) -> None:
    before = run(store.create(CONTOSO, "a", WHOLE))
    run(store.database.change(add_tenant(a_tenant(CONTOSO))))
    assert run(store.get(CONTOSO, "a")) == before
    assert run(store.create(CONTOSO, "b", WHOLE)).version > before.version


def test_a_secret_is_made_once_for_all_stores(store: AnyStore, place: Place) -> None:
    other = place.opened()
    made = run(store.database.secret("skiptoken"))
    assert len(made) == 32
    assert run(other.database.secret("skiptoken")) == run(store.database.secret("skiptoken")) == made
    assert run(other.database.secret("another")) != made
    run(other.database.close())
    later = place.opened()
    assert run(later.database.secret("skiptoken")) == made
    run(later.database.close())


def test_what_one_store_writes_the_other_reads_at_once(store: AnyStore, place: Place) -> None:
    other = place.opened()
    for number in range(5):
        stored = run(store.create(CONTOSO, str(number), WHOLE))
        assert run(other.get(CONTOSO, str(number))) == stored
    run(other.database.close())


def test_a_page_ends_with_the_document_that_reaches_its_size(store: AnyStore) -> None:
    updates = tuple(quality_update("10.0.26100." + "1" * 400) for _ in range(10))
    fill(store, {f"a{number:02}": image(updates=updates) for number in range(30)})
    for limit in (20, 1000):  # few rows, and many, are fetched in different ways
        for most_bytes, number in ((1, 1), (9_000, 2), (10**9, limit)):
            asked = msgspec.structs.replace(plan(limit=limit), most_bytes=most_bytes)
            page = run(store.page(CONTOSO, asked))
            expected = min(number, 30)
            assert keys(page.documents) == [f"a{each:02}" for each in range(expected)]
            assert page.last == (f"a{expected - 1:02}",)
            assert page.more == (expected < 30)
    changes = run(store.delta(CONTOSO, DeltaPlan(None, (), 0, None, 1000, most_bytes=9_000)))
    assert [each.key for each in changes.changes] == ["a00", "a01"]
    assert changes.more


def test_computed_texts_count_for_the_size_of_a_page(store: AnyStore) -> None:
    fill(store, {"a" * 500 + f"{number:02}": image() for number in range(10)})
    text = "concat(id,concat(id,concat(id,id)))"
    asked = plan(options={"$compute": f"{text} as long", "$select": "id,long"})
    page = run(store.page(CONTOSO, msgspec.structs.replace(asked, most_bytes=4_000)))
    assert len(page.documents) == 2
    assert page.more
