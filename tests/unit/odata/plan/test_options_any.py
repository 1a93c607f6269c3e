"""Random orders, searches, computed properties and aggregations of random specimens are what plain Python says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osimages.odata.text.parser import parse_orderby, parse_search
from tests.support.evaluator import Evaluator
from tests.support.evaluator_options import comparable, finds, read_members, sorted_keys, total
from tests.support.second_model import SPECIMEN, tree_of
from tests.support.vault import Vault
from tests.unit.odata.plan.test_language_any import PROPERTIES, SPECIMENS, Filters, filters

_EVALUATOR = Evaluator(SPECIMEN)
_RANDOM = settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
_SORTABLE = [each for each in PROPERTIES if each != "binary"]
_WORDS = st.sampled_from(["a", "AB", "ß", "é", "12", "it's", "red", "SWEET", "32a4", "-5", "zzz", "%", "_", "x y"])


def kept(specimens: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(number): each for number, each in enumerate(specimens)}


def query(**options: str) -> str:
    return "&".join(f"${name}={quote(value, safe='')}" for name, value in options.items())


_MANY = st.lists(SPECIMENS, min_size=2, max_size=5).map(kept)


# --- $orderby ---------------------------------------------------------------------------------------------------------
_NAMES = [name for names in PROPERTIES.values() for name in names]


@st.composite
def orders(draw: st.DrawFn) -> str:
    """One to three terms, of any type that has an order."""
    drawn = Filters(draw)
    texts = [drawn.value(drawn.pick(*_SORTABLE), PROPERTIES, 1) for _ in range(draw(st.integers(1, 3)))]
    terms = dict.fromkeys(text for text in texts if any(name in text for name in _NAMES))
    return ",".join(f"{text}{drawn.pick('', ' asc', ' desc')}" for text in terms) or "int32OrNull desc"


@_RANDOM
@given(specimens=_MANY, order=orders(), size=st.integers(1, 4))
def test_pages_in_any_order(vault: Vault, specimens: dict[str, Any], order: str, size: int) -> None:
    vault.fill(specimens)
    pages = vault.pages(query(orderby=order), size)
    found = [each["id"] for page in pages for each in page]
    assert found == sorted_keys(_EVALUATOR, parse_orderby(order), specimens), order


@_RANDOM
@given(
    specimens=st.lists(SPECIMENS, min_size=4, max_size=6).map(kept),
    others=st.lists(SPECIMENS, min_size=1, max_size=4),
    order=orders(),
    size=st.integers(1, 2),
    moved=st.sets(st.sampled_from("0123"), max_size=2),
)
def test_pages_while_others_write(
    vault: Vault,
    specimens: dict[str, Any],
    others: list[dict[str, Any]],
    order: str,
    size: int,
    moved: set[str],
) -> None:
    """What nobody touches comes once, and in order, whatever is added, changed and taken away between the pages."""
    vault.fill(specimens)
    added = [(f"n{number}", each) for number, each in enumerate(others)]
    writes = [*added, *((key, others[0]) for key in sorted(moved))]
    gone = [key for key, _ in writes[:-1]]

    def write() -> None:
        if writes:
            vault.put(*writes.pop(0))
            vault.remove(gone.pop() if len(gone) > len(writes) else "")

    found = [each["id"] for page in vault.pages(query(orderby=order), size, write) for each in page]
    untouched = {key: each for key, each in specimens.items() if key not in moved}
    assert [key for key in found if key in untouched] == sorted_keys(_EVALUATOR, parse_orderby(order), untouched), order


# --- $search ----------------------------------------------------------------------------------------------------------
def _quoted(text: str) -> str:
    return f'"{text}"'


_SEARCHES = st.recursive(
    _WORDS.map(_quoted),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda all_: f"({' OR '.join(all_)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda all_: f"({' AND '.join(all_)})"),
        inner.map(lambda one: f"NOT {one}"),
    ),
    max_leaves=5,
)


@_RANDOM
@given(specimens=_MANY, searches=st.lists(_SEARCHES, min_size=4, max_size=4))
def test_a_search_finds_what_contains_the_text(vault: Vault, specimens: dict[str, Any], searches: list[str]) -> None:
    vault.fill(specimens)
    for text in searches:
        (page,) = vault.pages(query(search=text))
        tree = parse_search(text)
        assert [each["id"] for each in page] == [key for key in specimens if finds(tree, specimens[key])], text
        assert vault.count(query(search=text)) == len(page)


# --- $compute ---------------------------------------------------------------------------------------------------------
@st.composite
def computed(draw: st.DrawFn) -> str:
    """An expression of any type."""
    return Filters(draw).value(draw(st.sampled_from(sorted(PROPERTIES))), PROPERTIES, 2)


def _alike(found: Any, expected: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, float | Decimal | int):
        return float(found) == pytest.approx(expected)
    return bool(found == expected)


@_RANDOM
@given(specimens=_MANY, texts=st.lists(computed(), min_size=3, max_size=3))
def test_computed_properties_are_worked_out(vault: Vault, specimens: dict[str, Any], texts: list[str]) -> None:
    vault.fill(specimens)
    names = [f"c{number}" for number in range(len(texts))]
    compute = ",".join(f"{text} as {name}" for text, name in zip(texts, names, strict=True))
    (page,) = vault.pages(query(compute=compute, select=",".join(names)))
    for (key, specimen), body in zip(specimens.items(), page, strict=True):
        values = read_members({name: value for name, value in body.items() if name.partition("@")[0] in names})
        for text, name in zip(texts, names, strict=True):
            expected = comparable(_EVALUATOR.value_of(tree_of(text), {"id": key, **specimen}))
            assert _alike(values[name], expected), (text, values[name], expected)


# --- $apply -----------------------------------------------------------------------------------------------------------
_KEYS = [
    "int32",
    "int32OrNull",
    "booleanOrNull",
    "string",
    "place/city",
    "placeOrNull/height",
    "dateOrNull",
    "colour",
    "guid",
]
_TOTALS = {
    "int32OrNull": ("sum", "min", "max", "average", "countdistinct"),
    "int64": ("sum", "min", "max", "average", "countdistinct"),
    "decimalOrNull": ("sum", "min", "max", "average", "countdistinct"),
    "doubleOrNull": ("min", "max", "countdistinct"),
    "string": ("min", "max", "countdistinct"),
    "colourOrNull": ("min", "max", "countdistinct"),
    "booleanOrNull": ("min", "max"),
    "dateTimeOffset": ("min", "max", "countdistinct"),
    "durationOrNull": ("min", "max"),
}


@st.composite
def aggregations(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str]]]:
    """What is grouped by, and expressions with methods."""
    keys = draw(st.lists(st.sampled_from(_KEYS), unique=True, max_size=2))
    names = draw(st.lists(st.sampled_from(sorted(_TOTALS)), max_size=3))
    return keys, [(name, draw(st.sampled_from(_TOTALS[name]))) for name in names]


def _read(body: dict[str, Any], path: str) -> Any:
    value: Any = body
    for name in path.split("/"):
        value = None if value is None else value[name]
    return value


@_RANDOM
@given(specimens=_MANY, text=filters(), asked=aggregations(), size=st.integers(1, 3))
def test_groups_and_totals(
    vault: Vault, specimens: dict[str, Any], text: str, asked: tuple[list[str], list[tuple[str, str]]], size: int
) -> None:
    vault.fill(specimens)
    keys, totals = asked
    made = ",".join(["$count as n", *(f"{name} with {how} as t{at}" for at, (name, how) in enumerate(totals))])
    groups = f"groupby(({','.join(keys)}),aggregate({made}))" if keys else f"aggregate({made})"
    apply = f"filter({text})/{groups}"
    found = [each for page in vault.pages(query(apply=apply), size) for each in page]
    inside = {key: each for key, each in specimens.items() if _EVALUATOR.holds(tree_of(text), {"id": key, **each})}
    groups_of: dict[str, list[Any]] = {} if keys else {"[]": []}
    for key, each in inside.items():
        groups_of.setdefault(repr([_read(each, path) for path in keys]), []).append({"id": key, **each})
    assert len(found) == len(groups_of), apply
    for body in found:
        group = groups_of[repr([_read(body, path) for path in keys])]
        values = read_members({name: value for name, value in body.items() if name.partition("@")[0][0] in "nt"})
        assert values["n"] == len(group)
        for at, (name, how) in enumerate(totals):
            wanted = total(how, [_EVALUATOR.value_of(tree_of(name), each) for each in group])
            assert _near(values[f"t{at}"], wanted), (apply, name, how, values[f"t{at}"], wanted)
    assert vault.count(query(apply=apply)) == len(found)


def _near(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, Decimal) and found is not None:
        return abs(Decimal(found) - wanted) <= Decimal("1e-18")
    return _alike(found, wanted)


@_RANDOM
@given(specimens=_MANY, collection=st.sampled_from(["colours", "strings", "parts/name", "parts/weight"]))
def test_grouping_by_items(vault: Vault, specimens: dict[str, Any], collection: str) -> None:
    vault.fill(specimens)
    name, _, part = collection.partition("/")
    (page,) = vault.pages(query(apply=f"groupby(({collection}),aggregate($count as n,int32 with max as m))"))
    expected: dict[Any, list[int]] = {}
    for each in specimens.values():
        for item in each.get(name, []):
            expected.setdefault(item[part] if part else item, []).append(each["int32"])
    found = {}
    for body in page:
        (item,) = body[name]
        value = item[part] if part else item
        found[float(value) if isinstance(value, Decimal) else value] = (int(body["n"]), body["m"])
    assert found == {key: (len(values), max(values)) for key, values in expected.items()}
