"""Which query options are read, under which names, and what is said of those that cannot be."""

from __future__ import annotations

import pytest

from osimages.odata.text.options_parser import OptionError, pairs, parse_options, system_name
from osimages.odata.text.query_tree import NO_OPTIONS, QueryOptions
from osimages.odata.text.syntax_errors import ODataLimitError
from osimages.odata.text.text_limits import Bounds
from osimages.odata.text.unparse import render
from tests.unit.odata.text.shown import shown


def test_no_query_is_no_options() -> None:
    assert parse_options("") == NO_OPTIONS == QueryOptions()
    assert parse_options("&&") == QueryOptions(custom={"": ""})


def test_everything_at_once_as_the_python_sdk_sends_it() -> None:
    options = parse_options(
        "$count=true&$filter=id%20eq%20%27Windows%2011%2023H2%27%20and%20supportedArchitectures%2Fany%28a%3Aa%20eq"
        "%20%27x64%27%29&$orderby=id%20desc,x&$select=id,supportedEditions&$skip=2&$top=1&$skiptoken=abc&$format=json"
    )
    assert shown(options.filter) == "(and (eq id 'Windows 11 23H2') supportedArchitectures/any(a:(eq a 'x64')))"
    assert [(shown(item.expression), item.descending) for item in options.orderby] == [("id", True), ("x", False)]
    assert options.count is True
    assert render(options.select or ()) == "id,supportedEditions"
    assert (options.skip, options.top, options.skiptoken, options.format) == (2, 1, "abc", "json")
    assert options.given == {"count", "filter", "orderby", "select", "skip", "top", "skiptoken", "format"}
    assert not options.aliases


@pytest.mark.parametrize("name", ["$top", "top", "$TOP", "Top", "%24top", "$%74op"])
def test_names_in_any_case_with_and_without_dollar(name: str) -> None:
    assert parse_options(f"{name}=5").top == 5


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("$skipToken", "skiptoken"),
        ("skiptoken", "skiptoken"),
        ("$orderBy", "orderby"),
        ("$compute", "compute"),
        ("compute", "compute"),
        ("index", None),
        ("id", None),
        ("$id", "id"),
        ("$nothing", None),
        ("", None),
        ("$", None),
    ],
)
def test_system_names(name: str, meaning: str | None) -> None:
    assert system_name(name) == meaning


@pytest.mark.parametrize("query", ["$top=1&$top=1", "$top=1&top=2", "$top=1&%24TOP=2", "top=1&x=y&Top=1"])
def test_an_option_given_twice_is_refused(query: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_options(query)
    assert (caught.value.option, caught.value.reason) == ("$top", "it is given more than once")


def test_an_alias_given_twice_is_refused() -> None:
    with pytest.raises(OptionError, match="@p: it is given more than once"):
        parse_options("@p=1&@p=2")


@pytest.mark.parametrize("name", ["$nothing", "$", "$filters", "$$top", "%24nothing"])
def test_unknown_names_with_a_dollar_are_refused(name: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_options(f"{name}=1")
    assert caught.value.option.startswith("$")
    assert caught.value.reason == "there is no such option"


def test_custom_options_are_left_alone_even_twice() -> None:
    custom = {"x": "1", "api-version": "'", "index": "('", "": "", "flag": "", "a": "b=c"}
    assert parse_options("x=1&x=2&api-version=%27&index=('&=&flag&a=b=c") == QueryOptions(custom=custom)


def test_every_option_is_read() -> None:
    options = parse_options(
        "$search=a OR b&$compute=x add 1 as y&$apply=identity/top(3)&$expand=a/$ref,b($levels=max)&$index=-1"
        "&$id=http://host/x&$schemaversion=*&$deltatoken=d&other=o"
    )
    assert render(options.search) == "a OR b" if options.search else False
    assert render(options.compute) == "x add 1 as y"
    assert render(options.apply or ()) == "identity/top(3)"
    assert render(options.expand) == "a/$ref,b($levels=max)"
    assert (options.index, options.id, options.schemaversion) == (-1, "http://host/x", "*")
    assert (options.deltatoken, options.custom) == ("d", {"other": "o"})


@pytest.mark.parametrize(
    ("query", "option"),
    [
        *(
            ("$index=x", "$index"),
            ("$id=", "$id"),
            ("$schemaversion=a b", "$schemaversion"),
            ("$deltatoken=", "$deltatoken"),
        ),
        *(("$skiptoken=", "$skiptoken"), ("$levels=2", "$levels"), ("@1=2", "@1"), ("@a.b=2", "@a.b"), ("@=2", "@")),
    ],
)
def test_options_that_cannot_be_read_are_named(query: str, option: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_options(query)
    assert caught.value.option == option


@pytest.mark.parametrize(
    "query", ["$filter= id", "$filter=id ", "$orderby=%20id", "$select=id+", "@p= 1", "$search=a "]
)
def test_white_space_around_a_value_is_refused_unless_it_is_to_be_trimmed(query: str) -> None:
    with pytest.raises(OptionError):
        parse_options(query)
    assert parse_options(query, trimmed=True)


@pytest.mark.parametrize(
    ("value", "text"),
    [("id+eq+'a+b'", "(eq id 'a b')"), ("id%20eq%20'a%2Bb'", "(eq id 'a+b')"), ("id%2520", None)],
)
def test_plus_is_a_space_in_a_value(value: str, text: str | None) -> None:
    if text is None:
        with pytest.raises(OptionError, match="Unexpected character '%' at position 2"):
            parse_options(f"$filter={value}")
    else:
        assert shown(parse_options(f"$filter={value}").filter) == text


def test_the_value_starts_at_the_first_equals_sign() -> None:
    assert shown(parse_options("$filter=f(x=1)").filter) == "f(x=1)"


def test_an_encoded_ampersand_belongs_to_the_value() -> None:
    assert shown(parse_options("$filter=id eq 'a%26$top=1'").filter) == "(eq id 'a&$top=1')"


@pytest.mark.parametrize("name", ["$top", "$skip"])
@pytest.mark.parametrize(("text", "number"), [("0", 0), ("1", 1), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_numbers(name: str, text: str, number: int) -> None:
    options = parse_options(f"{name}={text}")
    assert (options.top if name == "$top" else options.skip) == number


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("$top=", "Expected a number without sign at position 0 in ''"),
        ("$top", "Expected a number without sign at position 0 in ''"),
        ("$top=-1", "Expected a number without sign at position 0 in '-1'"),
        ("$top=%2B1", "Expected a number without sign at position 0 in '+1'"),
        ("$top=1.0", "Expected a number without sign at position 0 in '1.0'"),
        ("$top=1 ", "Expected a number without sign at position 0 in '1 '"),
        ("$top=٣", "Expected a number without sign at position 0 in '٣'"),
        ("$skip=abc", "Expected a number without sign at position 0 in 'abc'"),
        ("$skip=" + "1" * 19, f"Expected a number of at most 18 digits at position 0 in '{'1' * 19}'"),
        ("$count=", "Expected 'true' or 'false' at position 0 in ''"),
        ("$count=1", "Expected 'true' or 'false' at position 0 in '1'"),
        ("$filter=", "Expected a property, a literal or a function, found the end at position 0 in ''"),
        ("$filter=id eq", "Expected a property, a literal or a function, found the end at position 5 in 'id eq'"),
        ("$orderby=", "Expected a property, a literal or a function, found the end at position 0 in ''"),
        ("$orderby=id up", "Expected an operator or the end of the expression, found 'up' at position 3 in 'id up'"),
        ("$select=", "Expected the name of a property, found the end at position 0 in ''"),
        ("$select=id,", "Expected the name of a property, found the end at position 3 in 'id,'"),
        ("$select=id,,x", "Expected the name of a property, found ',' at position 3 in 'id,,x'"),
        ("$select=a(b", "Expected ')', found the end at position 3 in 'a(b'"),
        ("$filter=id eq '100%'", "Malformed percent-encoding at position 10 in 'id eq '100%''"),
        ("$filter=id eq '%FF'", "Percent-encoding that is not UTF-8 at position 7 in 'id eq '%FF''"),
    ],
)
def test_values_that_cannot_be_read(query: str, reason: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_options(query)
    assert caught.value.option == query.partition("=")[0]
    assert caught.value.reason == reason


def test_malformed_encoding_in_a_name() -> None:
    with pytest.raises(OptionError, match="%: Malformed percent-encoding"):
        parse_options("%=1")


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False), ("TRUE", True), ("False", False)])
def test_count(text: str, value: bool) -> None:
    assert parse_options(f"$count={text}").count is value


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("id", ("id",)),
        ("id , supportedEditions", ("id", "supportedEditions")),
        ("*", ("*",)),
        ("a/b,c.d/e", ("a/b", "c.d/e")),
        ("a($select=b,c),d", ("a($select=b,c)", "d")),
    ],
)
def test_select(text: str, names: tuple[str, ...]) -> None:
    assert tuple(map(render, parse_options(f"$select={text}").select or ())) == names


def test_aliases() -> None:
    options = parse_options("$filter=id eq @p&@p='x'&@q=id in ('a','b')")
    assert {name: shown(tree) for name, tree in options.aliases.items()} == {"@p": "'x'", "@q": "(in id ['a', 'b'])"}
    assert options.given == {"filter"}


def test_an_alias_that_cannot_be_read_is_named() -> None:
    with pytest.raises(OptionError) as caught:
        parse_options("@p=(")
    assert caught.value.option == "@p"


def test_too_many_options() -> None:
    assert parse_options("&".join(["x=1"] * 100)) == QueryOptions(custom={"x": "1"})
    with pytest.raises(OptionError, match="more than 100 options"):
        parse_options("&".join(["x=1"] * 101))


def test_bounds_reach_every_expression() -> None:
    for query in ("$filter=((a))", "$orderby=((a))", "@p=((a))"):
        assert parse_options(query, Bounds(depth=3))
        with pytest.raises(ODataLimitError):
            parse_options(query, Bounds(depth=2))


def test_pairs_are_decoded_and_keep_their_order() -> None:
    assert pairs("b=1&a=%26+c&&flag") == [("b", "1"), ("a", "& c"), ("", ""), ("flag", "")]
