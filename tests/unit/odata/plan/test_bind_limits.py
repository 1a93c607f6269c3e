"""Parameter aliases stand for their expressions, and no filter grows beyond what a store takes."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from osimages.app import limits_of
from osimages.graph.model import GRAPH, IMAGE
from osimages.odata.errors import ODataError
from osimages.odata.plan.build import Query, build_query
from osimages.odata.plan.resolve import Kind
from osimages.odata.text.syntax_errors import ODataLimitError
from osimages.settings import Settings
from tests.unit.odata.plan.binding import bound, refusal
from tests.unit.odata.plan.shown import shown


@pytest.mark.parametrize(
    ("text", "aliases", "meaning"),
    [
        ("id eq @p", {"@p": "'x'"}, "(eq id 'x')"),
        ("@p eq 'x'", {"@p": "id"}, "(eq id 'x')"),
        ("@p", {"@p": "id eq 'x'"}, "(eq id 'x')"),
        ("id in @p", {"@p": "['a','b']"}, "(id in 'a', 'b')"),
        ("id in (@p,@p)", {"@p": "'a'"}, "(id in 'a', 'a')"),
        ("contains(id,@p)", {"@p": "@q", "@q": "'a'"}, "(contains id 'a')"),
    ],
)
def test_parameter_aliases(text: str, aliases: dict[str, str], meaning: str) -> None:
    assert shown(bound(text, aliases)) == meaning


@pytest.mark.parametrize(
    ("text", "aliases", "reason"),
    [
        ("id eq @p", {}, "The parameter alias '@p' has no value, at position 6"),
        ("id eq @p", {"@P": "'x'"}, "The parameter alias '@p' has no value, at position 6"),
        (
            "id eq @p",
            {"@p": "5"},
            "An integer cannot be compared with Edm.String: write a string in single quotes, at position 0",
        ),
        ("id eq @p", {"@p": "@p"}, "Too many parameter aliases are used, at position 0"),
        ("id in @p", {"@p": "@p"}, "Too many parameter aliases are used, at position 0"),
        ("@p", {"@p": "@p"}, "Conditions are nested more than 64 deep, at position 0"),
        ("@p", {"@p": "@p or @p"}, "Conditions are nested more than 64 deep, at position 0"),
        (
            "@a",
            {"@a": "not " * 40 + "@b", "@b": "not " * 40 + "true"},
            "Conditions are nested more than 64 deep, at position 88",
        ),
        (
            "@a or @a or @a",
            {"@a": " or ".join(["true"] * 300)},
            "The query has more than 800 conditions, at position 1544",
        ),
    ],
)
def test_aliases_make_no_filter_endless(text: str, aliases: dict[str, str], reason: str) -> None:
    assert refusal(text, aliases) == reason


def test_lambdas_nest_four_deep() -> None:
    def nested(deep: int) -> str:
        opened = "".join(f"supportedArchitectures/any(v{each}:" for each in range(deep))
        return opened + "v0 eq 'x64'" + ")" * deep

    assert shown(bound(nested(4))).startswith("any supportedArchitectures[1]: any supportedArchitectures[2]: ")
    with pytest.raises(ODataLimitError) as caught:
        bound(nested(5))
    assert (caught.value.setting, caught.value.limit) == ("max_filter_lambda_depth", 4)
    beside = " and ".join(["supportedArchitectures/any(a:a eq 'x64')"] * 10)
    assert shown(bound(beside)).count("[1]:") == 10


def test_aliased_lists_hold_no_more_constants_than_a_store_takes() -> None:
    listed = {"@p": "[" + ",".join(["'a'"] * 1000) + "]"}
    assert len(bound(" or ".join(["id in @p"] * 2), listed).constants) == 2_000
    assert refusal(" or ".join(["id in @p"] * 3), listed) == "The query has more than 2000 constants, at position 1"


def test_operators_that_lean_to_the_left_are_refused_when_too_deep() -> None:
    text = "id eq 'x'"
    for _ in range(30):
        text = f"({text}){' eq true' * 15}"
    assert refusal(text).startswith("Conditions are nested more than 64 deep, at position ")


@pytest.mark.parametrize(
    ("option", "one", "joint", "most"),
    [
        ("$filter", "supportedArchitectures/any(a:a eq 'x64')", " or ", 64),
        ("$filter", "supportedArchitectures/$count gt 1", " or ", 64),
        ("$search", "word", " OR ", 32),
    ],
)
def test_conditions_on_items_are_bounded(option: str, one: str, joint: str, most: int) -> None:
    def query(times: int) -> Query:
        text = quote(joint.join([one] * times))
        return build_query(GRAPH, IMAGE, Kind.COLLECTION, f"{option}={text}", limits_of(Settings()))

    assert query(most)
    with pytest.raises(ODataError, match="more than 64 conditions on items of collections"):
        query(most + 1)
