"""Patterns in PostgreSQL mean what they mean in SQLite, if both take them; what it does not take is rejected."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osimages.odata.errors import ODataError
from osimages.odata.plan.constants import Pattern
from osimages.odata.sql.postgres import patterns as patterns_module
from osimages.odata.sql.postgres.connections import Connections
from osimages.odata.sql.postgres.patterns import PostgresPatterns, rewritten
from osimages.odata.sql.store import DatabaseLimits, QueryTimeoutError
from tests.support.looped import run
from tests.support.postgres import Postgres
from tests.unit.odata.sql.places import new_postgres
from tests.unit.odata.sql.sqlite.test_patterns import PATTERNS, TEXTS, matches

_MATCHES = 'SELECT given COLLATE "C" ~ CAST(:pattern AS TEXT) FROM unnest(CAST(:texts AS text[])) AS given'
_BOMB = "(((a{1,255}){1,255}){1,255}){1,255}"
LIMITS = DatabaseLimits(connections=2, wait_seconds=10.0, query_seconds=10.0)


@pytest.fixture(scope="module")
def connections(postgres: Postgres) -> Iterator[Connections]:
    """Connections to a database."""
    with new_postgres(postgres) as place:
        opened = run(Connections.open(place.url, LIMITS))
        yield opened
        run(opened.close())


async def _found(connections: Connections, pattern: str, texts: list[str]) -> list[bool]:
    values = {"pattern": Pattern(pattern, "$filter", 7), "texts": texts}
    async with PostgresPatterns(connections).turn("t", values) as bound:
        return [row[0] for row in await connections.rows(_MATCHES, bound)]


@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(pattern=PATTERNS, texts=st.lists(TEXTS.map(lambda text: text.replace("\n", "")), min_size=1, max_size=5))
def test_a_pattern_matches_what_it_matches_in_sqlite(connections: Connections, pattern: str, texts: list[str]) -> None:
    try:
        found = run(_found(connections, pattern, texts))
    except ODataError as error:
        assert "quantifier operand invalid" in error.message  # of an anchor
        return
    assert found == [matches(pattern, text) for text in texts]


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
def test_any_text_is_a_pattern_or_rejected(connections: Connections, text: str) -> None:
    try:
        run(_found(connections, text, ["abc"]))
    except ODataError as error:
        assert error.message.startswith("Invalid filter clause: The pattern cannot be used: ")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "parentheses () not balanced"),
        ("[a", "brackets [] not balanced"),
        ("***=a", "quantifier operand invalid"),
        ("a{256}", "invalid repetition count(s)"),
        (r"\p{L}", r"invalid escape \ sequence"),
        (r"\u12", r"invalid escape \ sequence"),
        (_BOMB, "regular expression is too complex"),
    ],
)
def test_what_is_rejected(connections: Connections, pattern: str, reason: str) -> None:
    with pytest.raises(ODataError) as caught:
        run(_found(connections, pattern, []))
    assert caught.value.condition.status == 400
    assert caught.value.message == f"Invalid filter clause: The pattern cannot be used: {reason}, at position 7"


@pytest.mark.parametrize(
    ("pattern", "as_postgresql_writes_it"),
    [
        (r"\bfoo\B", r"(?p)\yfoo\Y"),
        (r"\\bfoo", r"(?p)\\bfoo"),
        (r"\x41b\x4", r"(?p)\u0041b\x4"),
        ("", "(?p)"),
    ],
)
def test_escapes(pattern: str, as_postgresql_writes_it: str) -> None:
    assert rewritten(pattern) == as_postgresql_writes_it


def test_a_pattern_is_checked_once(connections: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns_module, "_MOST_KNOWN", 2)
    checked = []
    patterns = PostgresPatterns(connections)
    rows = connections.rows

    async def noted(sql: str, values: dict[str, object]) -> list[object]:
        checked.append(values["pattern"])
        return list(await rows(sql, values))

    async def use(*texts: str) -> None:
        async with patterns.turn("t", {text: Pattern(text, "$filter", 0) for text in texts}):
            pass

    monkeypatch.setattr(connections, "rows", noted)
    run(use("a", "b", "a"))
    run(use("b", "a"))
    run(use("c", "b", "a"))
    assert checked == ["(?p)a", "(?p)b", "(?p)c", "(?p)a"]


def test_surrogates_match_nothing(connections: Connections) -> None:
    assert run(_found(connections, r"\ud83d\ude00", ["\U0001f600"])) == [False]


def test_all_checks_together_have_the_time_of_one_query(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "query_seconds", 0.0)
    with pytest.raises(QueryTimeoutError):
        run(_found(connections, "a", []))
