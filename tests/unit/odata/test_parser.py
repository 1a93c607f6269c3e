"""What each form of an expression is read as, and where the parser says that a text is wrong."""

from __future__ import annotations

import math

import pytest

from osimages.odata.errors import ODataSyntaxError
from osimages.odata.parser import parse_expression, parse_orderby
from osimages.odata.tree import (
    Binary,
    Call,
    EnumLiteral,
    Lambda,
    Literal,
    LiteralKind,
    Logical,
    Member,
    Name,
    Quantifier,
    Unary,
)
from tests.unit.odata.shown import shown


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        # https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_OperatorPrecedence
        ("a or b and c", "(or a (and b c))"),
        ("a and b or c", "(or (and a b) c)"),
        ("a or b and c or d", "(or a (and b c) d)"),
        ("(a or b) and c", "(and (or a b) c)"),
        ("a and b and c", "(and a b c)"),
        ("a and (b and c)", "(and a (and b c))"),
        ("not a and b", "(and (not a) b)"),
        ("not a eq b", "(eq (not a) b)"),
        ("not (a eq b)", "(not (eq a b))"),
        ("not(a)or(b)", "(or (not a) b)"),
        ("not not a", "(not (not a))"),
        ("a eq b and c ne d", "(and (eq a b) (ne c d))"),
        ("a gt b eq c lt d", "(eq (gt a b) (lt c d))"),
        ("a eq b ne c", "(ne (eq a b) c)"),
        ("a add b gt c", "(gt (add a b) c)"),
        ("a add b mul c", "(add a (mul b c))"),
        ("a sub b sub c", "(sub (sub a b) c)"),
        ("a sub (b sub c)", "(sub a (sub b c))"),
        ("a div b divby c mod d", "(mod (divby (div a b) c) d)"),
        ("-a add b", "(add (- a) b)"),
        ("- (a add b)", "(- (add a b))"),
        ("a eq -b", "(eq a (- b))"),
        ("a has x'y' and b", "(and (has a x'y') b)"),
        ("a add b has c", "(add a (has b c))"),
        ("not a in (1)", "(not (in a [1]))"),
        ("a in (1, 2) eq true", "(eq (in a [1, 2]) True)"),
        # operators in any case, and as names where no operator can stand
        ("a EQ b AND NOT c", "(and (eq a b) (not c))"),
        ("eq eq eq", "(eq eq eq)"),
        ("not eq 1", "(eq not 1)"),
        ("any eq 1", "(eq any 1)"),
    ],
)
def test_operators_and_their_precedence(text: str, tree: str) -> None:
    assert shown(parse_expression(text)) == tree


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("null", LiteralKind.NULL, None),
        ("NULL", LiteralKind.NULL, None),
        ("true", LiteralKind.BOOLEAN, True),
        ("False", LiteralKind.BOOLEAN, False),
        ("0", LiteralKind.INTEGER, 0),
        ("007", LiteralKind.INTEGER, 7),
        ("42", LiteralKind.INTEGER, 42),
        ("+42", LiteralKind.INTEGER, 42),
        ("-42", LiteralKind.INTEGER, -42),
        ("9223372036854775808", LiteralKind.INTEGER, 1 << 63),
        ("1.5", LiteralKind.DECIMAL, 1.5),
        ("-1.5", LiteralKind.DECIMAL, -1.5),
        ("2e3", LiteralKind.DECIMAL, 2000.0),
        ("INF", LiteralKind.DECIMAL, math.inf),
        ("-INF", LiteralKind.DECIMAL, -math.inf),
        ("''", LiteralKind.STRING, ""),
        ("'it''s'", LiteralKind.STRING, "it's"),
        ("'%_\\'", LiteralKind.STRING, "%_\\"),
        ("'null'", LiteralKind.STRING, "null"),
        ('"a\\u00e9\\""', LiteralKind.STRING, 'aé"'),
        ("32A4ac62-1b1a-4a4c-9a3b-0123456789ab", LiteralKind.GUID, "32A4ac62-1b1a-4a4c-9a3b-0123456789ab"),
        ("2026-02-30", LiteralKind.DATE, "2026-02-30"),
        ("-0044-03-15", LiteralKind.DATE, "-0044-03-15"),
        ("2026-11-23T10:00:00Z", LiteralKind.DATETIMEOFFSET, "2026-11-23T10:00:00Z"),
        ("10:00:00", LiteralKind.TIMEOFDAY, "10:00:00"),
        ("duration'P1D'", LiteralKind.DURATION, "P1D"),
        ("DURATION'PT1H'", LiteralKind.DURATION, "PT1H"),
        ("binary'AA=='", LiteralKind.BINARY, "AA=="),
        ("geography'POINT(1 2)'", LiteralKind.GEO, "POINT(1 2)"),
        ("geometry'POINT(1 2)'", LiteralKind.GEO, "POINT(1 2)"),
    ],
)
def test_literals(text: str, kind: LiteralKind, value: object) -> None:
    found = parse_expression(text)
    assert found == Literal(kind, value, 0)  # type: ignore[arg-type]
    assert isinstance(found, Literal)
    assert type(found.value) is type(value)


def test_not_a_number_is_a_literal_in_that_spelling_alone() -> None:
    found = parse_expression("NaN")
    assert isinstance(found, Literal)
    assert isinstance(found.value, float)
    assert math.isnan(found.value)
    assert parse_expression("nan") == Name("nan", 0)


def test_enumeration_literals_keep_their_text() -> None:
    assert parse_expression("a.b.c'x''y'") == EnumLiteral("a.b.c", "x'y", 0)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a/b/c", "a/b/c"),
        ("a/@Core.Term", "a/@Core.Term"),
        ("@p", "@p"),
        ("@p/a", "@p/a"),
        ("$it/id", "$it/id"),
        ("$IT/id", "$it/id"),
        ("$this gt 1", "(gt $this 1)"),
        ("$root/a/b", "$root/a/b"),
        ("name.space.type/a", "/<name.space.type>/a"),
        ("a/name.space.type/b", "a/<name.space.type>/b"),
        ("a/name.space.type", "a/<name.space.type>"),
        ("a/$count gt 1", "(gt a/$count() 1)"),
        ("a/$COUNT", "a/$count()"),
        ("a/$count($filter=b eq 1)", "a/$count((eq b 1))"),
        ("a/$filter(b eq 1)/$count", "a/$filter((eq b 1))/$count()"),
        ("a/any()", "a/any(:)"),
        ("a/any(x:x eq 1)", "a/any(x:(eq x 1))"),
        ("a/ANY( x : x/b eq 1 )", "a/any(x:(eq x/b 1))"),
        ("a/all(x:not (x eq 1))", "a/all(x:(not (eq x 1)))"),
        ("a/any(x:b/any(y:y eq x or y eq $it/id))", "a/any(x:b/any(y:(or (eq y x) (eq y $it/id))))"),
        ("a/any(any:any/any(x:x))", "a/any(any:any/any(x:x))"),
    ],
)
def test_paths_and_lambdas(text: str, tree: str) -> None:
    assert shown(parse_expression(text)) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("now()", "now()"),
        ("contains(id,'x')", "contains(id, 'x')"),
        ("CONTAINS( id , 'x' )", "CONTAINS(id, 'x')"),
        ("contains()", "contains()"),
        ("contains(1,2,3,4)", "contains(1, 2, 3, 4)"),
        ("a.b(x=1,y=z eq 2)", "a.b(x=1, y=(eq z 2))"),
        ("a/f(1)/b", "a/f(1)/b"),
        ("f(g(h()))", "f(g(h()))"),
        ("cast(a,Edm.String)", "cast(a, /<Edm.String>)"),
        ("isof(name.space.type)", "isof(/<name.space.type>)"),
        ("a in ('x')", "(in a ['x'])"),
        ("a in()", "(in a [])"),
        ("a in ('x',null, -1)", "(in a ['x', None, -1])"),
        ("a in ['x',\"y\"]", "(in a ['x', 'y'])"),
        ("a in b/c", "(in a b/c)"),
        ("a in @p", "(in a @p)"),
        ("[]", "[]"),
        ("[1,[2]]", "[1, [2]]"),
        ('{"a":1,"b":{"c":[true]}}', "{a: 1, b: {c: [True]}}"),
        ("{}", "{}"),
    ],
)
def test_calls_and_lists_whose_arity_is_left_to_the_model(text: str, tree: str) -> None:
    assert shown(parse_expression(text)) == tree


def test_every_node_knows_where_it_starts() -> None:
    assert parse_expression("not a/b eq -1 or c/any(x:f(x))") == Logical(
        "or",
        (
            Binary(
                "eq",
                Unary("not", Member(Name("a", 4), "b", 6), 0),
                Literal(LiteralKind.INTEGER, -1, 11),
                8,
            ),
            Lambda(Name("c", 17), Quantifier.ANY, "x", _call_of_x(), 19),
        ),
        14,
    )


def _call_of_x() -> Call:
    call = parse_expression(" " * 25 + "f(x)")
    assert isinstance(call, Call)
    assert call.position == 25
    return call


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, "Expected a property, a literal or a function, found the end"),
        ("   ", 3, "Expected a property, a literal or a function, found the end"),
        ("id eq", 5, "Expected a property, a literal or a function, found the end"),
        ("id eq 'a' and", 13, "Expected a property, a literal or a function, found the end"),
        ("eq 'a'", 3, "Expected an operator or the end of the expression, found ''a''"),
        ("id eq'a'", 3, "Expected an operator or the end of the expression, found 'eq'a''"),
        ("id 'a'", 3, "Expected an operator or the end of the expression, found ''a''"),
        ("id eq 'a' id", 10, "Expected an operator or the end of the expression, found 'id'"),
        ("id = 'a'", 3, "Expected an operator or the end of the expression, found '='"),
        ("(id eq 'a'", 10, "Expected ')', found the end"),
        ("id eq 'a')", 9, "Expected an operator or the end of the expression, found ')'"),
        ("()", 1, "Expected a property, a literal or a function, found ')'"),
        ("contains(id,)", 12, "Expected a property, a literal or a function, found ')'"),
        ("contains(id 'x')", 12, "Expected ')', found ''x''"),
        ("id in ('a'", 10, "Expected ')', found the end"),
        ("id in ('a',)", 11, "Expected a property, a literal or a function, found ')'"),
        ("id in", 5, "Expected a property, a literal or a function, found the end"),
        ("[1", 2, "Expected ']', found the end"),
        ("{a:1}", 1, "Expected a name in double quotes, found 'a'"),
        ('{"a" 1}', 5, "Expected ':', found '1'"),
        ('{"a":1,}', 7, "Expected a name in double quotes, found '}'"),
        ('{"a":1 "b":2}', 7, "Expected ',', found '\"b\"'"),
        ('"\\q"', 0, "Malformed JSON string"),
        ('id eq "\\ud800"', 6, "Malformed JSON string"),
        ("a/", 2, "Expected a name after '/', found the end"),
        ("a/ eq 1", 6, "Expected an operator or the end of the expression, found '1'"),
        ("a/'b'", 2, "Expected a name after '/', found ''b''"),
        ("a//b", 2, "Expected a name after '/', found '/'"),
        ("/a", 0, "Expected a property, a literal or a function, found '/'"),
        ("a/$value", 2, "'$value' cannot stand in a path"),
        ("$count", 0, "Expected a property, a literal or a function, found '$count'"),
        ("a/any(x)", 7, "Expected ':', found ')'"),
        ("a/any(x:)", 8, "Expected a property, a literal or a function, found ')'"),
        ("a/any('x':true)", 6, "Expected the variable of a lambda"),
        ("a/any(x.y:true)", 6, "Expected the variable of a lambda"),
        ("a/any($it:true)", 6, "Expected the variable of a lambda"),
        ("a/any(", 6, "Expected the variable of a lambda"),
        ("a/all()", 2, "'all' needs a variable and a condition"),
        ("a/$count($top=1)", 9, "Expected '$filter' within '$count(...)'"),
        ("a/$count($filter)", 16, "Expected '=', found ')'"),
        ("a/$filter", 9, "Expected '(', found the end"),
        ("name.space.type", 15, "Expected '/' after the type name 'name.space.type', found the end"),
        ("-INF(1)", 4, "Expected an operator or the end of the expression, found '('"),
        ("-", 1, "Expected a property, a literal or a function, found the end"),
        ("9" * 65, 0, "A number of more than 64 characters"),
        ("id asc", 3, "Expected an operator or the end of the expression, found 'asc'"),
        ("id eq 'a', id", 9, "Expected an operator or the end of the expression, found ','"),
    ],
)
def test_what_is_wrong_is_said_with_its_position(text: str, position: int, message: str) -> None:
    with pytest.raises(ODataSyntaxError) as caught:
        parse_expression(text)
    assert (caught.value.position, caught.value.message) == (position, message)
    assert caught.value.text == text


def test_orderby() -> None:
    items = parse_orderby("id, a/b DESC,length(c) asc ,d desc")
    assert [(shown(item.expression), item.descending) for item in items] == [
        ("id", False),
        ("a/b", True),
        ("length(c)", False),
        ("d", True),
    ]


def test_properties_called_like_a_direction_can_be_sorted_by() -> None:
    items = parse_orderby("desc desc,asc")
    assert [(shown(item.expression), item.descending) for item in items] == [("desc", True), ("asc", False)]


@pytest.mark.parametrize(
    ("text", "position"), [("", 0), ("id,", 3), (",id", 0), ("id up", 3), ("id asc desc", 7), ("id desc id", 8)]
)
def test_malformed_orderby(text: str, position: int) -> None:
    with pytest.raises(ODataSyntaxError) as caught:
        parse_orderby(text)
    assert caught.value.position == position
