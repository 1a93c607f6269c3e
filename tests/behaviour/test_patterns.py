"""`matchesPattern` on both databases: what it finds, what is rejected, and what it may cost."""

from __future__ import annotations

import uuid
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.api import IMAGES, Api, connected, refused
from tests.support.postgres import Postgres
from tests.support.server import running

pytestmark = pytest.mark.databases("sqlite", "postgresql")

WORDS, LINES, ACCENTS = "Windows 11 24H2", "a\nb", "é\u0663 A"


@pytest.fixture
def texts(api: Api) -> Api:
    """Three images that differ in their ids."""
    for each in (WORDS, LINES, ACCENTS):
        api.create(id=each)
    return api


def found(api: Api, pattern: str) -> list[str]:
    """The ids that match."""
    return api.ids("$filter=" + quote(f"matchesPattern(id,'{pattern}')"))


# --- the same on both databases -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", [WORDS, LINES, ACCENTS]),
        ("^$", []),
        ("^Windows [0-9]+ ", [WORDS]),
        ("windows", []),
        (r"\d{2}H\d$", [WORDS]),
        (r"^\w+$", []),
        (r"\bH2", []),
        (r"\B4H2", [WORDS]),
        (r"\b24H2\b", [WORDS]),
        (r"\u0057\x69n", [WORDS]),
        ("^(?:Win|a)", [WORDS, LINES]),
        ("i.*?s", [WORDS]),
        # A dot matches no line feed; ^ and $ match at the ends of the text only.
        ("a.b", []),
        ("a$|^b", []),
        (r"a\sb", [LINES]),
        (r"a\Wb", [LINES]),
        # \w and \d match ASCII only, as ECMAScript's do; a character is a code point.
        (r"^\w", [WORDS, LINES]),
        ("^é.", [ACCENTS]),
        ("[à-ü]", [ACCENTS]),
    ],
)
def test_patterns(texts: Api, pattern: str, expected: list[str]) -> None:
    assert sorted(found(texts, pattern)) == sorted(expected)


# --- documented differences ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("pattern", "sqlite", "postgresql"),
    [
        ("(?i)windows", [WORDS], "quantifier operand invalid"),
        (r"\p{Lu}$", [ACCENTS], r"invalid escape \ sequence"),
        ("(?<year>24)", [WORDS], "quantifier operand invalid"),
        ("s{300}", [], "invalid repetition count(s)"),
        ("a[^x]b", [LINES], []),
        (r"1(1) 24(?=H)", "invalid perl operator: (?=", [WORDS]),
        (r"(1)\1", r"invalid escape sequence: \1", [WORDS]),
    ],
)
def test_differences(
    texts: Api, database: str, pattern: str, sqlite: list[str] | str, postgresql: list[str] | str
) -> None:
    expected = {"sqlite": sqlite, "postgresql": postgresql}[database]
    if isinstance(expected, list):
        assert found(texts, pattern) == expected
        return
    reply = texts.get(f"{IMAGES}?$filter=" + quote(f"matchesPattern(id,'{pattern}')"))
    message = f"Invalid filter clause: The pattern cannot be used: {expected}, at position 18"
    assert refused(reply, 400, "BadRequest")["message"] == message


# --- rejected ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "pattern", ["(", ")", "[a", "*", "a**", "a{2,1}", "[b-a]", "\\", "a{1001}", "[]", "(?=", "***:a"]
)
@pytest.mark.parametrize("before", ["", "id eq 'nothing' and "])
def test_a_malformed_pattern_is_named_whether_or_not_a_row_meets_it(api: Api, pattern: str, before: str) -> None:
    for options in ("", "&$top=0", "&$count=true"):
        reply = api.get(f"{IMAGES}?$filter=" + quote(f"{before}matchesPattern(id,'{pattern}')") + options)
        error = refused(reply, 400, "BadRequest")
        assert error["message"].startswith("Invalid filter clause: The pattern cannot be used: ")
        assert error["message"].endswith(f", at position {len(before) + 18}")
        assert error["target"] == "$filter"


@pytest.mark.parametrize(
    "query",
    [
        "$filter=matchesPattern(id,'(')",
        "$filter=supportedArchitectures/any(a:matchesPattern('x','('))",
        "$filter=matchesPattern(id,@p)&@p='('",
        "$compute=matchesPattern(id,'(') as x",
        "$orderby=matchesPattern(id,'(')",
        "$apply=filter(matchesPattern(id,'('))",
        "$select=availableUpdates($filter=matchesPattern(buildVersion,'('))",
    ],
)
def test_in_every_option(api: Api, query: str) -> None:
    reply = api.get(f"{IMAGES}?{quote(query, safe='$=&@')}")
    error = refused(reply, 400, "BadRequest")
    assert "The pattern cannot be used: " in error["message"]
    assert error["target"] == query.partition("=")[0] if "$select" not in query else "$filter"


def test_in_paths_batches_and_delta(texts: Api) -> None:
    good, bad = quote("matchesPattern(id,'^W')"), quote("matchesPattern(id,'(')")
    assert texts.get(f"{IMAGES}/$count?$filter={good}").text == "1"
    assert texts.get(f"{IMAGES}/$filter({good})/$count").text == "1"
    assert [each["id"] for each in texts.get(f"{IMAGES}/delta()?$filter={good}").json()["value"]] == [WORDS]
    for path in (f"/$count?$filter={bad}", f"/$filter({bad})/$count", f"/delta()?$filter={bad}"):
        assert texts.get(IMAGES + path).status_code == 400, path
    urls = [f"{IMAGES.removeprefix('/beta')}?$filter={each}" for each in (good, bad, good)]
    items = [{"id": str(number), "method": "GET", "url": url} for number, url in enumerate(urls)]
    replies = texts.http.post("/beta/$batch", json={"requests": items}).json()["responses"]
    assert {each["id"]: each["status"] for each in replies} == {"0": 200, "1": 400, "2": 200}


def test_a_pattern_is_a_constant(api: Api) -> None:
    reply = api.get(f"{IMAGES}?$filter=matchesPattern(id,id)")
    assert "'matchesPattern' is supported with a pattern in quotes" in refused(reply, 501, "NotImplemented")["message"]
    assert api.ids("$filter=matchesPattern(id,null)") == []


# --- bounded -------------------------------------------------------------------------------------------------------
def test_patterns_are_few_and_short(api: Api) -> None:
    def ask(*patterns: str) -> str:
        text = " or ".join(f"matchesPattern(id,'{each}')" for each in patterns)
        content = f"$filter={text}"
        reply = api.http.post(f"{IMAGES}/$query", content=content, headers={"content-type": "text/plain"})
        return "" if reply.status_code == 200 else str(refused(reply, 400, "BadRequest")["message"])

    heavy = "(a|b)*a(a|b){11}" * 6
    assert ask(*(f"{heavy}{number}" for number in range(190))) == (
        f"Invalid filter clause: The query has more than 20 patterns, at position {20 * (len(heavy) + 26) + 28}"
    )
    assert ask(*(f"{heavy}{number}" for number in range(20))) == ""
    assert ask("a" * 256) == ""
    assert "The pattern has more than 256 characters" in ask("a" * 257)


def test_a_match_that_takes_for_ever_is_ended(postgres: Postgres, tmp_path: Path) -> None:
    """RE2 has no such pattern; PostgreSQL's back references have, and its limit of time."""
    arguments = ("--http", "--empty", "--database", postgres.new_database())
    with (
        running(tmp_path, *arguments, max_query_seconds="0.2") as slow,
        connected(slow.url, str(uuid.uuid4()), slow.data_dir) as api,
    ):
        api.create(id="a" * 499)  # an odd number, and no two halves of it
        reply = api.get(f"{IMAGES}?$filter=" + quote(r"matchesPattern(id,'^(a*)(a*)(a*)(a*)\1\2\3\4$')"))
        assert "max_query_seconds" in refused(reply, 400, "BadRequest")["message"]


def test_without_re2_sqlite_has_no_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "re2.py").write_text("raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (
        running(tmp_path / "data", "--http", "--empty") as without,
        connected(without.url, str(uuid.uuid4()), without.data_dir) as api,
    ):
        api.create(id="a")
        reply = api.get(f"{IMAGES}?$filter=matchesPattern(id,'a')")
        message = refused(reply, 501, "NotImplemented")["message"]
        assert "'matchesPattern' on SQLite needs the Python package google-re2" in message
        assert api.ids("$filter=contains(id,'a')") == ["a"]
