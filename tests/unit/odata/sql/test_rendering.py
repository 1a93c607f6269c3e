"""Random filters over random images find what plain Python finds, by every plan; and SQL text holds no constant."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osimages.graph.model import EDITION_TYPE
from osimages.graph.tables import IMAGES
from osimages.graph.tenant_storage import add_tenant
from osimages.odata.plan.query import CollectionPlan
from osimages.odata.sql.rendering import conjuncts, driving_candidates
from osimages.odata.sql.sqlite import store as store_module
from osimages.odata.sql.sqlite.file import connect
from osimages.odata.sql.sqlite.functions import register
from osimages.odata.sql.sqlite.rendering import SqliteRenderer
from tests.support.looped import run
from tests.unit.odata.sql import oracle
from tests.unit.odata.sql.oracle import Filter, Image
from tests.unit.odata.sql.places import Place, SqlitePlace
from tests.unit.odata.sql.stores import (
    CONTOSO,
    Properties,
    a_tenant,
    edition,
    fill,
    found,
    image,
    keys,
    plan,
    quality_update,
)

RENDERER = SqliteRenderer(IMAGES)
EVERY_EDITION = f"edition_type IN ({', '.join(str(member.value) for member in EDITION_TYPE.members)})"
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


class Shelf:
    """One database for many examples, each in tenants of its own."""

    def __init__(self, place: Place) -> None:
        self.store = place.opened()
        self.connection = apsw.Connection(str(place.path)) if isinstance(place, SqlitePlace) else None

    def tenant(self, images: Mapping[str, Properties]) -> str:
        """A new tenant with these images."""
        tenant = secrets.token_hex(8)
        run(self.store.database.change(add_tenant(a_tenant(tenant))))
        fill(self.store, images, tenant)
        return tenant

    def by_every_plan(self, tenant: str, asked: CollectionPlan) -> list[list[str]]:
        """The keys that the SQL finds which asks each row, and that which starts from each lambda that it may."""
        if self.connection is None:  # PostgreSQL plans by its statistics
            return [keys(run(self.store.page(tenant, asked)).documents)]
        values: dict[str, Any] = {f"c{number}": value for number, value in enumerate(asked.constants)}
        values |= {"tenant": tenant, "limit": 1000, "skip": 0}
        drivers = (None, *driving_candidates(asked.shape.condition))
        return [
            [str(row[0]) for row in self.connection.execute(RENDERER.page(asked.shape, driver), values)]
            for driver in drivers
        ]

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        run(self.store.database.close())


@pytest.fixture(scope="module")
def shelf(large_place: Place) -> Iterator[Shelf]:
    shelf = Shelf(large_place)
    yield shelf
    shelf.close()


def selected(images: Mapping[str, Properties], asked: Filter) -> list[str]:
    """The keys of the images that the oracle lets through."""
    return sorted(key for key, properties in images.items() if asked.holds(Image(key, properties)))


def sql_of(asked: CollectionPlan) -> list[str]:
    """Every statement that may be run for a plan."""
    condition = asked.shape.condition
    candidates = driving_candidates(condition)
    pages = [RENDERER.page(asked.shape, driver) for driver in (None, *candidates)]
    counts = [RENDERER.count(condition, driver) for driver in (None, *candidates)]
    return pages + counts + [render(each) for each in candidates for render in (RENDERER.beyond, RENDERER.items)]


# --- what filters find ------------------------------------------------------------------------------------------------
@settings(PATIENT, max_examples=80)
@given(
    images=oracle.catalogues,
    others=oracle.catalogues,
    many=st.lists(oracle.filters, min_size=8, max_size=8),
    limit=st.integers(1, 4),
)
def test_a_filter_finds_what_plain_python_finds(
    shelf: Shelf, images: dict[str, Properties], others: dict[str, Properties], many: list[Filter], limit: int
) -> None:
    tenant = shelf.tenant(images)
    shelf.tenant(others)
    for asked in many:
        expected = selected(images, asked)
        assert all(each == expected for each in shelf.by_every_plan(tenant, plan(asked.text))), asked
    assert run(shelf.store.count(tenant, plan(asked.text))) == len(expected)
    seen: list[str] = []
    after, more = None, True
    while more:
        got = run(shelf.store.page(tenant, plan(asked.text, limit=limit, after=after, options={"$count": "true"})))
        seen += keys(got.documents)
        after, more = got.last, got.more
        assert got.total == len(expected)
    assert seen == expected


@settings(PATIENT, max_examples=40)
@given(
    images=oracle.catalogues,
    many=st.lists(
        st.lists(oracle.lambdas([], 2), min_size=2, max_size=3).map(lambda each: oracle.chain("and", each)),
        min_size=5,
        max_size=5,
    ),
)
def test_a_query_may_start_from_any_of_its_lambdas(
    shelf: Shelf, images: dict[str, Properties], many: list[Filter]
) -> None:
    tenant = shelf.tenant(images)
    for asked in many:
        found_by_plans = shelf.by_every_plan(tenant, plan(asked.text))
        assert all(each == selected(images, asked) for each in found_by_plans), asked


@settings(PATIENT, max_examples=80)
@given(
    kept=st.sets(st.text(oracle.CHARACTERS, min_size=1, max_size=2), max_size=6),
    many=st.lists(oracle.chains, min_size=5, max_size=5),
)
def test_long_chains_follow_three_valued_logic(shelf: Shelf, kept: set[str], many: list[Filter]) -> None:
    images = {key: image() for key in kept}
    tenant = shelf.tenant(images)
    for asked in many:
        assert shelf.by_every_plan(tenant, plan(asked.text)) == [selected(images, asked)], asked


TEXTS = [
    "%",
    "_",
    "a%b",
    "a_b",
    "a\\b",
    "\\",
    "'",
    "''",
    '"',
    "A",
    "a",
    "axb",
    "ı",
    "i",
    "I",
    "İ",
    "😀",
    "😀a",
    "é",
    "e\u0301",
]


@pytest.mark.parametrize("text", [*TEXTS, "", " ", "*", "?", "[a-z]", "--", ";", ":c0", "\x01", "\uffff"])
def test_no_character_of_a_string_is_special_and_case_counts(shelf: Shelf, text: str) -> None:
    ends = {each: image(updates=(quality_update(each),)) for each in TEXTS}
    tenant = shelf.tenant(ends)
    literal = oracle.quoted(text)
    build = "availableUpdates/any(u: {})"
    for function, test in oracle.TEXT_TESTS.items():
        expected = sorted(each for each in TEXTS if test(each, text))
        assert found(shelf.store, f"{function}(id,{literal})", tenant) == expected
        assert found(shelf.store, build.format(f"{function}(u/buildVersion,{literal})"), tenant) == expected
    assert found(shelf.store, f"id eq {literal}", tenant) == [each for each in TEXTS if each == text]
    assert found(shelf.store, f"id gt {literal}", tenant) == sorted(each for each in TEXTS if each > text)
    assert found(shelf.store, build.format(f"u/buildVersion in ({literal},'a')"), tenant) == sorted(
        {text, "a"} & {*TEXTS}
    )


def test_a_lambda_inside_a_lambda_stays_with_its_own_image(shelf: Shelf) -> None:
    """Each image has one edition, so no edition of an image is later than another of it."""
    images = {name: image((edition("professional", f"202{name}-01-01"),)) for name in "123"}
    tenant = shelf.tenant(images)
    later = "supportedEditions/any(e: supportedEditions/any(f: f/supportEndDate gt e/supportEndDate))"
    same = "supportedEditions/all(e: supportedEditions/all(f: f/supportEndDate eq e/supportEndDate))"
    assert found(shelf.store, later, tenant) == []
    assert found(shelf.store, same, tenant) == ["1", "2", "3"]


def test_four_lambdas_deep_each_sees_the_items_around_it(shelf: Shelf) -> None:
    chain = image(updates=tuple(quality_update("", month, 1) for month in (1, 2, 3, 4)))
    tenant = shelf.tenant({"four": chain, "one": image(updates=(quality_update("", 1, 1),))})
    inner = "d/releaseMonth gt c/releaseMonth and c/releaseMonth gt b/releaseMonth and b/releaseMonth gt a/releaseMonth"
    for variable in "dcba":
        inner = f"availableUpdates/any({variable}: {inner})"
    assert found(shelf.store, inner, tenant) == ["four"]


def test_what_is_null_of_an_item_does_not_hold_for_all_items(shelf: Shelf) -> None:
    tenant = shelf.tenant({"with": image(architectures=("x64",)), "without": image()})
    assert found(shelf.store, "supportedArchitectures/all(a: null)", tenant) == ["without"]
    assert found(shelf.store, "not supportedArchitectures/all(a: null)", tenant) == ["with"]
    assert found(shelf.store, "supportedArchitectures/any(a: null)", tenant) == []
    assert found(shelf.store, "not supportedArchitectures/any(a: null)", tenant) == ["with", "without"]


def test_the_largest_filters_that_a_plan_may_hold_are_answered(shelf: Shelf) -> None:
    """800 conditions, 2,000 constants, 60 deep: SQLite's own limits lie beyond."""
    tenant = shelf.tenant({str(number): image(updates=(quality_update("", number, 1),)) for number in (1, 2, 3)})
    months = " or ".join(f"u/releaseMonth eq {number}" for number in range(2, 798))
    assert found(shelf.store, " or ".join(f"id eq '{number}'" for number in range(2, 801)), tenant) == ["2", "3"]
    assert found(shelf.store, f"availableUpdates/any(u: {months})", tenant) == ["2", "3"]
    assert found(shelf.store, f"availableUpdates/all(u: not ({months}))", tenant) == ["1"]
    listed = ",".join(f"'{number}'" for number in range(2, 1000))
    lists = " and ".join([f"id in ({listed})"] * 2)
    assert found(shelf.store, lists, tenant) == ["2", "3"]
    assert found(shelf.store, "not (" * 30 + "id eq '1'" + ")" * 30, tenant) == ["1"]


# --- SQL text ---------------------------------------------------------------------------------------------------------
@settings(PATIENT, max_examples=150)
@given(asked=oracle.filters)
def test_sql_text_holds_no_constant(asked: Filter) -> None:
    whole = plan(asked.text, options={"$skip": "77"}, limit=55)
    for sql in sql_of(whole):
        assert re.sub(r"[\w\s.,:()=<>!+*-]", "", sql) == ""  # no quotes of any kind
        assert set(re.findall(r"(?<![\w:])\d+", sql.replace(EVERY_EDITION, ""))) <= {"0", "1"}
        # Every place for a constant is one of the plan's.
        assert {int(number) for number in re.findall(r":c(\d+)", sql)} <= set(range(len(whole.constants)))
        assert sql.count(":tenant") >= 1 or "0 = 1" in sql


def test_filters_that_differ_in_constants_have_one_sql_text() -> None:
    first = plan("id eq 'a' and availableUpdates/any(u: u/releaseYear gt 2024 and contains(u/buildVersion,'10.0'))")
    second = plan(
        "id eq '''; DROP TABLE image; --' and availableUpdates/any(u: u/releaseYear gt 1 and "
        "contains(u/buildVersion,''))"
    )
    assert first.constants != second.constants
    assert first.shape == second.shape
    assert sql_of(first) == sql_of(second)


def test_pages_differ_in_sql_only_by_filter_order_and_continuation() -> None:
    shapes = {plan().shape, plan(after="a").shape, plan(options={"$orderby": "id desc"}).shape, plan(limit=5).shape}
    assert len(shapes) == 3
    assert len({RENDERER.page(each, None) for each in shapes}) == 3


def test_a_query_may_start_only_from_lambdas_that_must_hold_and_stand_alone() -> None:
    def texts(text: str) -> list[str]:
        return [each.collection for each in driving_candidates(plan(text).shape.condition)]

    education, update = "supportedEditions/any(e: e/editionType eq 'education')", "availableUpdates/any()"
    assert driving_candidates(None) == ()
    assert texts(f"{education} and (id eq 'a' and {update})") == ["supportedEditions", "availableUpdates"]
    assert texts(f"{education} or {update}") == []
    assert texts(f"not {education}") == []
    assert texts("supportedEditions/all(e: e/editionType eq 'education')") == []
    assert texts("availableUpdates/any(u: u/buildVersion eq id)") == []
    assert texts("availableUpdates/any(u: id in ('a'))") == []
    assert texts("availableUpdates/any(u: not startswith(id,u/buildVersion))") == []
    assert texts(f"availableUpdates/any(u: {education})") == []
    assert texts("availableUpdates/any(u: not (u/releaseYear in (1,2) or endswith(u/buildVersion,'1')))") == [
        "availableUpdates"
    ]


def test_conjuncts_are_what_must_hold_together() -> None:
    assert conjuncts(None) == ()
    assert len(conjuncts(plan("id gt 'a' and (id lt 'b' and id ne 'c')").shape.condition)) == 3
    assert len(conjuncts(plan("id gt 'a' or id lt 'b'").shape.condition)) == 1


def test_a_page_of_another_tenant_is_out_of_reach_by_any_key(shelf: Shelf) -> None:
    shelf.tenant({"a": image()})
    assert found(shelf.store, "id ne 'x' or true", CONTOSO) == []


# --- where a query starts ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("condition", "found_by"),
    [
        ("e/supportEndDate ge 2026-11-23", "tenant=? AND edition_type=? AND support_end_date>?"),
        ("e/supportEndDate in (2026-11-23,2027-01-01)", "tenant=? AND edition_type=? AND support_end_date=?"),
        (
            "e/supportEndDate lt 2026-11-23 and e/editionType ne 'education'",
            "tenant=? AND edition_type=? AND support_end_date<?",
        ),
        ("e/supportEndDate lt 2026-11-23 and e/editionType gt 'education'", "tenant=? AND edition_type>?"),
        ("e/editionType eq 'education'", "tenant=? AND edition_type=?"),
        ("year(e/supportEndDate) eq 2026", "tenant=?"),
    ],
)
def test_an_end_of_support_is_looked_up_in_each_edition(database: Path, condition: str, found_by: str) -> None:
    asked = plan(f"supportedEditions/any(e:{condition})")
    [driver] = driving_candidates(asked.shape.condition)
    values = {f"c{number}": value for number, value in enumerate(asked.constants)} | {"tenant": "t", "most": 400}
    connection = connect(database)
    register(connection, lambda: False)
    for sql in (RENDERER.beyond(driver), RENDERER.items(driver)):
        steps = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
        assert any(f"image_edition_values ({found_by})" in each for each in steps), steps
    connection.close()


@pytest.mark.parametrize(("count", "starts_from_items"), [(3, True), (4, False)])
def test_a_count_starts_from_more_items_than_a_page(
    database: Path, monkeypatch: pytest.MonkeyPatch, count: int, starts_from_items: bool
) -> None:
    monkeypatch.setattr(store_module, "_FEW_ITEMS", 2)
    monkeypatch.setattr(store_module, "_FEW_TO_COUNT", 4)
    store = SqlitePlace(database).opened()
    run(store.database.change(add_tenant(a_tenant(CONTOSO))))
    fill(store, {str(number): image(architectures=("x64",)) for number in range(count)})
    started: list[tuple[str, bool]] = []

    def noted(name: str) -> None:
        rendered = getattr(store, name)

        def render(*arguments: Any) -> str:
            started.append((name, arguments[1] is not None))
            return str(rendered(*arguments))

        monkeypatch.setattr(store, name, render)

    noted("_count_sql")
    noted("_page_sql")
    text = "supportedArchitectures/any(a:a eq 'x64')"
    assert run(store.count(CONTOSO, plan(text))) == count
    assert len(found(store, text)) == count
    assert run(store.page(CONTOSO, plan(text, options={"$count": "true"}))).total == count
    assert started == [
        ("_count_sql", starts_from_items),
        ("_page_sql", False),
        ("_count_sql", starts_from_items),
        ("_page_sql", starts_from_items),
    ]
    run(store.database.close())
