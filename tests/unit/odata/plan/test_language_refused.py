"""What has no meaning in the filter language is refused with a reason and a position, whatever type it is of."""

from __future__ import annotations

import pytest

from osimages.odata.plan.bind import BindError, bind_filter
from osimages.odata.plan.constants import Moment, resolved
from osimages.odata.text.parser import parse_expression
from osimages.odata.text.text_limits import Bounds
from tests.support.second_model import MODEL, ORDINARY, SPECIMEN, Cabinet, bound


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        # types that do not go together
        ("int32 eq date", "Edm.Int32 and Edm.Date cannot be compared, at position 6"),
        ("guid eq 'x'", "A string cannot be compared with Edm.Guid: write a GUID without quotes, at position 8"),
        ("duration eq 'x'", "There is no duration x, at position 12"),
        ("dateTimeOffset eq 2026-02-30T00:00:00Z", "There is no date and time 2026-02-30T00:00:00Z, at position 18"),
        ("timeOfDay eq 23:59:60", "There is no time of day 23:59:60, at position 13"),
        ("binary gt binary'AA'", "Values of type Edm.Binary have no order, at position 7"),
        ("decimal eq 1e-19", None),
        ("int32 eq INF", "An integer property can only be compared with a finite number, at position 9"),
        ("double in (NaN)", None),
        (
            "double add NaN gt 1",
            "NaN stands for no value: it can only be compared with eq, ne, gt, ge, lt and le, at position 11",
        ),
        ("place eq null", "'place' has parts: compare one of them, at position 0"),
        (
            "place/nothing eq 1",
            "Could not find a property named 'nothing' on type 'example.museum.place', at position 6",
        ),
        (
            "flavour eq 'sweet,bitter'",
            "'bitter' is not a member of 'example.museum.flavour', whose members are none, sweet, sour, hot, at "
            "position 11",
        ),
        (
            "colour eq example.museum.colour'7'",
            "'7' is not a member of 'example.museum.colour', whose members are red, green, blue, at position 10",
        ),
        ("flavour eq colour", "example.museum.flavour and example.museum.colour cannot be compared, at position 8"),
        (
            "colour eq 'red,green'",
            "'red,green' is not a member of 'example.museum.colour', whose members are red, green, blue, at "
            "position 10",
        ),
        # arithmetic
        ("string add 1 eq 2", "The operator 'add' is not for Edm.String and Edm.Int32, at position 7"),
        ("date add date eq date", "The operator 'add' is not for Edm.Date and Edm.Date, at position 5"),
        ("date add 1 eq date", "The operator 'add' is not for Edm.Date and Edm.Int32, at position 5"),
        ("duration mod 2 eq duration", "The operator 'mod' is not for Edm.Duration and Edm.Int32, at position 9"),
        ("1 div duration eq 2", "The operator 'div' is not for Edm.Int32 and Edm.Duration, at position 2"),
        ("-date eq date", "Edm.Date cannot be negated, at position 0"),
        ("not int32", "Expected a condition that is true or false, at position 4"),
        # has, in
        ("int32 has '1'", "'has' needs an enumeration on its left, at position 6"),
        ("colour has 'red'", "Members of example.museum.colour are no flags: compare them with eq, at position 7"),
        ("flavour has colour", "example.museum.flavour and example.museum.colour cannot be compared, at position 8"),
        ("int32 in (int64)", "'int64' is not a collection, at position 10"),
        ("int32 in strings", "Edm.String and Edm.Int32 cannot be compared, at position 6"),
        ("int32 in string", "'string' is not a collection, at position 9"),
        # functions
        ("length(int32) eq 1", "Expected a string, found Edm.Int32, at position 7"),
        ("substring(string,1.5) eq 'x'", "Expected an integer, at position 17"),
        ("substring(string,double) eq 'x'", "Expected an integer, found Edm.Double, at position 17"),
        ("concat(text=string,with='a') eq 'x'", "'concat' takes its arguments without names, at position 0"),
        ("year(timeOfDay) eq 1", "Expected Edm.Date, found Edm.TimeOfDay, at position 5"),
        ("totaloffsetminutes(date) eq 1", "Expected Edm.DateTimeOffset, found Edm.Date, at position 19"),
        (
            "day(cast('2026-01-01T00:00:00Z',Edm.DateTimeOffset)) eq 1",
            "The time zone of this date and time is not known, at position 0",
        ),
        ("round(string) eq 1", "Expected a number, found Edm.String, at position 6"),
        ("geo.length(string) eq 1", "The function 'geo.length' is not supported, at position 0"),
        ("string eq geography'SRID=0;Point(1 2)'", "The type 'geography' is not supported, at position 10"),
        (
            "hassubset(strings,1)",
            "'hassubset' takes collections: a property, or a list such as ['x86','x64'], at position 18",
        ),
        ("hassubset(parts,[1])", "'parts' has parts: compare one of them, at position 10"),
        ("hassubset(string,['a'])", "'string' is not a collection, at position 10"),
        (
            "hassubset(strings,[1])",
            "An integer cannot be compared with Edm.String: write a string in single quotes, at position 19",
        ),
        ("hassubset(strings,[id])", "Expected a literal, at position 19"),
        ("hassubset(strings,int32s)", "Edm.String and Edm.Int32 cannot be compared, at position 0"),
        (
            "hassubsequence(['a'],strings)",
            "'hassubsequence' is supported where the second is a list of literals, at position 0",
        ),
        (f"hassubsequence(int32s,[{','.join('1' * 17)}])", "'hassubsequence' takes at most 16 literals, at position 0"),
        (
            f"hassubset(int32s,[{','.join(map(str, range(900)))}])",
            "The query has more than 64 conditions on items of collections, at position 0",
        ),
        ("int32s/$count($search=1) eq 1", "Items of 'int32s' have no text that is searched, at position 22"),
        ("isdefined(parts/$count)", "'isdefined' is supported for properties only, at position 16"),
        (
            "isdefined(nothing)",
            "Could not find a property named 'nothing' on type 'example.museum.specimen', at position 10",
        ),
        ("matchesPattern(string,string)", "'matchesPattern' is supported with a pattern in quotes, at position 22"),
        (
            "matchesPattern(string,concat('a','b'))",
            "'matchesPattern' is supported with a pattern in quotes, at position 22",
        ),
        ("matchesPattern(string,5)", "Expected a pattern in quotes, at position 22"),
        ("matchesPattern(int32,'a')", "Expected a string, found Edm.Int32, at position 0"),
        (f"matchesPattern(string,'{'a' * 257}')", "The pattern has more than 256 characters, at position 22"),
        (" or ".join(["matchesPattern(string,'a')"] * 21), "The query has more than 20 patterns, at position 622"),
        # cast, isof
        ("cast(int32) eq 1", "'cast' takes a value and a type: cast(id,Edm.String), at position 0"),
        ("cast(int32,string) eq 1", "'string' is not a type that a value can have here, at position 11"),
        ("cast(int32,Edm.Stream) eq 1", "'Edm.Stream' is not a type that a value can have here, at position 11"),
        ("cast(int32,Edm.Date) eq date", "Edm.Int32 cannot be cast to Edm.Date, at position 0"),
        ("cast(1,example.museum.colour) eq colour", "Edm.Int32 cannot be cast to example.museum.colour, at position 0"),
        # collections
        ("place/$count eq 1", "'place' is not a collection, at position 0"),
        ("strings/$count($filter=name eq 1) eq 1", "Items of 'strings' have no properties, at position 23"),
        (
            "parts/$count($filter=int32 eq 1) eq 1",
            "Could not find a property named 'int32' on type 'example.museum.part', at position 21",
        ),
        ("strings eq 'a'", "'strings' is a collection: ask with any(...) or all(...), at position 0"),
    ],
)
def test_refused(text: str, reason: str | None) -> None:
    if reason is None:
        assert bound(text)
        return
    with pytest.raises(BindError) as caught:
        bound(text)
    assert str(caught.value) == reason


# --- case --------------------------------------------------------------------------------------------------------
def _case(*arguments: str) -> str:
    branches = zip(arguments[::2], arguments[1::2], strict=True)
    return f"case({','.join(f'{condition}:{value}' for condition, value in branches)})"


@pytest.mark.parametrize(
    ("arguments", "operator", "right"),
    [
        (("int32 gt 9", "1", "true", "2"), "eq", "2"),
        (("int32 gt 1", "1", "true", "2"), "eq", "1"),
        (("int32OrNull gt 1", "1"), "eq", "null"),
        (("booleanOrNull", "1", "boolean", "2.5"), "eq", "2.5"),
        (("boolean", "int32", "true", "decimal"), "eq", "7"),
        (("boolean", "decimal", "true", "double"), "gt", "double"),
        (("boolean", "null", "true", "'x'"), "eq", "null"),
        (("boolean", "string", "true", "'x'"), "eq", "string"),
        (("boolean", "null"), "eq", "null"),
        (("boolean", "int32 eq 7"), "eq", "true"),
        (("boolean", "colour", "true", "'red'"), "eq", "'green'"),
    ],
)
def test_case(cabinet: Cabinet, arguments: tuple[str, ...], operator: str, right: str) -> None:
    cabinet.clear()
    cabinet.put({"one": ORDINARY})
    assert cabinet.found(f"{_case(*arguments)} {operator} {right}") == ["one"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("int32", "1"), "Expected a condition that is true or false, at position 5"),
        (
            ("true", "1", "true", "'x'"),
            "The values of 'case' are of different types, Edm.Int32 and Edm.String, at position 0",
        ),
    ],
)
def test_case_refused(arguments: tuple[str, ...], reason: str) -> None:
    with pytest.raises(BindError) as caught:
        bound(f"{_case(*arguments)} eq 1")
    assert str(caught.value) == reason


# --- limits, shapes ---------------------------------------------------------------------------------------------------
def test_filters_that_differ_in_values_have_one_shape_and_now_is_no_value() -> None:
    first, second = bound("int32 add 1 gt 2 and date lt date(now())"), bound("int32 add 5 gt 7 and date lt date(now())")
    assert first.condition == second.condition
    assert hash(first.condition) == hash(second.condition)
    assert Moment.NOW in first.constants


def test_now_is_one_moment_in_a_request() -> None:
    assert resolved((Moment.NOW, 1, Moment.NOW), 5) == (5, 1, 5)
    assert resolved(("x", 1), 5) == ("x", 1)


def test_operations_are_counted_and_their_depth_is_bounded() -> None:
    many = " add ".join(["int32"] * 40)
    with pytest.raises(BindError, match="more than 800 operations"):
        bound(" or ".join([f"{many} gt 1"] * 30))
    deep = parse_expression("-(" * 70 + "int32" + ")" * 70 + " gt 1", Bounds(depth=200))
    with pytest.raises(BindError, match="nested more than 64 deep"):
        bind_filter(MODEL, SPECIMEN, deep, {})
