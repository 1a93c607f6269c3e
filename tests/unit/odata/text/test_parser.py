"""What each form of an expression is read as, and where the parser says that a text is wrong."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from osimages.odata.text.parser import parse_expression, parse_orderby
from osimages.odata.text.syntax_errors import ODataSyntaxError
from osimages.odata.text.tree import (
    Argument,
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
from tests.unit.odata.text.shown import shown


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
        ("a has n.x'y' and b", "(and (has a n.x'y') b)"),
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
        ("1.5", LiteralKind.DECIMAL, Decimal("1.5")),
        ("-1.5", LiteralKind.DECIMAL, Decimal("-1.5")),
        ("0.1234567890123456789012345678901", LiteralKind.DECIMAL, Decimal("0.1234567890123456789012345678901")),
        ("2e3", LiteralKind.DECIMAL, Decimal(2000)),
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
        ("geography'SRID=0;Point(1 2)'", LiteralKind.GEO, "geography'SRID=0;Point(1 2)'"),
        ("geometry'SRID=0;POINT(1 2)'", LiteralKind.GEO, "geometry'SRID=0;POINT(1 2)'"),
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
    assert parse_expression("a.b.c'x,+2'") == EnumLiteral("a.b.c", "x,+2", 0)


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
        ("a(1)", "a[1]"),
        ("a('x')/b", "a['x']/b"),
        ("a(@p)", "a[@p]"),
        ("a(b=1,c='x')/d", "a(b=1, c='x')/d"),
        ("a/$filter(b gt 1)('x')/c", "a/$filter((gt b 1))['x']/c"),
        ("$root/a/1/b", "$root/a[1]/b"),
        ("a/b.c(1)", "a/<b.c>[1]"),
        ("time(1)", "time(1)"),
        ("case(a gt 0:1,true:2)", "case((gt a 0): 1, True: 2)"),
        ("case( a : 1 , b : case(c:d) )", "case(a: 1, b: case(c: d))"),
        ("case(a gt 10:30,true:20)", "case((gt a 10): 30, True: 20)"),
        (
            "case(a gt 10:30:15,b eq 1 and not c eq 10:20)",
            "case((gt a '10:30'): 15, (and (eq b 1) (eq (not c) 10)): 20)",
        ),
        ("case(a:10:30)", "case(a: '10:30')"),
        ("a/aggregate(b with sum) gt 5", "(gt a/aggregate(b sum) 5)"),
        ("$these/aggregate($count)", "$these/aggregate( None)"),
        ("a/$count($filter=b eq 1;$search=c)", "a/$count((eq b 1))"),
        ("@a.b#c/any(x:x)", "@a.b#c/any(x:x)"),
        ("a/@b.c", "a/@b.c"),
        ("a.b(x=1,y=z eq 2)", "a.b(x=1, y=(eq z 2))"),
        ("a/f(1)/b", "a/f[1]/b"),
        ("f(x=g(y=h()))", "f(x=g(y=h()))"),
        ("cast(a,Edm.String)", "cast(a, <Edm.String>)"),
        ("cast( a , Collection(Edm.String) )", "cast(a, <Edm.String>*)"),
        ("isof(a/b,c)", "isof(a/b, <c>)"),
        ("isof(a.b/c eq 1,Edm.Boolean)", "isof((eq /<a.b>/c 1), <Edm.Boolean>)"),
        ("isof(name.space.type)", "isof(<name.space.type>)"),
        ("isof('name.space.type')", "isof(<name.space.type>)"),
        ("isof(a,'name.space.type')", "isof(a, <name.space.type>)"),
        ("cast(a,'Edm.String') eq 'Edm.String'", "(eq cast(a, <Edm.String>) 'Edm.String')"),
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
def test_calls_keys_and_lists(text: str, tree: str) -> None:
    assert shown(parse_expression(text)) == tree


def test_every_node_knows_where_it_starts() -> None:
    assert parse_expression("not a/b eq -1 or c/any(x:trim(x))") == Logical(
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
    return Call(None, "trim", (Argument(None, Name("x", 30)),), 25)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, "Expected a property, a literal or a function, found the end"),
        ("   ", 0, "White space before the expression"),
        (" a", 0, "White space before the expression"),
        ("a eq 1 ", 6, "White space after the expression"),
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
        ("a/ eq 1", 1, "White space within a path"),
        ("a /b", 2, "White space within a path"),
        ("a/'b'", 2, "Expected a name after '/', found ''b''"),
        ("a//b", 2, "Expected a name after '/', found '/'"),
        ("/a", 0, "Expected a property, a literal or a function, found '/'"),
        ("a/$value", 2, "'$value' cannot stand in a path"),
        ("$count", 0, "Expected a property, a literal or a function, found '$count'"),
        ("a/any(x)", 7, "Expected ':', found ')'"),
        ("a/any(x:)", 8, "Expected a property, a literal or a function, found ')'"),
        ("a/any('x':true)", 6, "Expected the variable of a lambda, found ''x''"),
        ("a/any(x.y:true)", 6, "Expected the variable of a lambda, found 'x.y'"),
        ("a/any($it:true)", 6, "Expected the variable of a lambda, found '$it'"),
        ("a/any(", 6, "Expected the variable of a lambda, found the end"),
        ("a/all()", 2, "'all' needs a variable and a condition"),
        ("a/$count($top=1)", 9, "Expected '$filter' or '$search' within '$count(...)', found '$top'"),
        ("a/$count($filter)", 16, "Expected '=', found ')'"),
        ("a/$filter", 9, "Expected '(', found the end"),
        ("name.space.type", 15, "Expected '/' after the type name 'name.space.type', found the end"),
        ("a/$count/b", 9, "Expected nothing more in this path, found 'b'"),
        ("a/any()/b", 8, "Expected nothing more in this path, found 'b'"),
        ("a/$count($filter=b;$filter=c)", 19, "Expected '$filter' or '$search' within '$count(...)', found '$filter'"),
        ("$root", 5, "Expected '/' after '$root', found the end"),
        ("$these eq 1", 7, "Expected '/' after '$these', found 'eq'"),
        ("all(x:true)", 3, "'all' stands behind a collection and '/' only"),
        ("any()", 3, "'any' stands behind a collection and '/' only"),
        ("ANY ( )", 4, "'ANY' stands behind a collection and '/' only"),
        ("a eq 1 and not any()", 18, "'any' stands behind a collection and '/' only"),
        ("all()", 3, "'all' stands behind a collection and '/' only"),
        ("a/any(x:any())", 11, "'any' stands behind a collection and '/' only"),
        ("aggregate()", 9, "'aggregate' stands behind a collection and '/' only"),
        ("aggregate(a with sum) gt 5", 9, "'aggregate' stands behind a collection and '/' only"),
        ("f(a)", 0, "There is no function 'f': functions of a service take their arguments by name"),
        ("f(1,2)", 0, "There is no function 'f': functions of a service take their arguments by name"),
        ("f(x=1,2)", 6, "Either all arguments have names, or none has"),
        ("contains()", 0, "'contains' takes two arguments"),
        ("contains(a)", 0, "'contains' takes two arguments"),
        ("ENDSWITH(a,'b','c')", 0, "'ENDSWITH' takes two arguments"),
        ("substring(a)", 0, "'substring' takes two or three arguments"),
        ("now(1)", 0, "'now' takes no arguments"),
        ("length()", 0, "'length' takes one argument"),
        ("a/contains('x')", 2, "'contains' does not stand in a path: it takes all that it needs in parentheses"),
        ("case(a)", 6, "Expected ':', found ')'"),
        ("case()", 5, "Expected a property, a literal or a function, found ')'"),
        ("case(a:1,b)", 10, "Expected ':', found ')'"),
        ("cast(a,'b')", 0, "Expected the name of a type, such as Edm.String"),
        ("cast()", 5, "Expected a property, a literal or a function, found ')'"),
        ("a in (b,c)", 6, "Expected a literal"),
        ("Pattern'x'", 0, "A literal of the type 'Pattern' needs its namespace in front"),
        ("a.b'x y'", 4, "Expected members of an enumeration"),
        ("duration'P1Y'", 0, "'P1Y' is not a duration such as P1DT12H"),
        ("duration'P'", 0, "'P' is not a duration such as P1DT12H"),
        ("binary'?'", 0, "'?' is not base64url text"),
        ("1e1000", 0, "An exponent of more than 999"),
        ("1e" + "9" * 60, 0, "An exponent of more than 999"),
        ("1e-" + "9" * 60, 0, "An exponent of more than 999"),
        ("t eq 25:00:00", 5, "There is no date or time '25:00:00'"),
        ("a" * 129, 0, "A name of more than 128 characters"),
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
