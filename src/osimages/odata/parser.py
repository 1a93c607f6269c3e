"""From text to tree: a Pratt parser for OData expressions, `$filter` and `$orderby` first of all.

Operators and their precedence: OData 4.01 URL conventions, section 5.1.1.17
https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_OperatorPrecedence
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from osimages.odata.errors import ODataLimitError, ODataSyntaxError
from osimages.odata.lexer import Token, TokenKind, tokens
from osimages.odata.tree import (
    Alias,
    Argument,
    Binary,
    Call,
    Cast,
    Count,
    EnumLiteral,
    Expression,
    Filtered,
    Lambda,
    ListExpression,
    Literal,
    LiteralKind,
    Logical,
    Member,
    Name,
    ObjectExpression,
    OrderItem,
    Quantifier,
    Unary,
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is read: most nodes and deepest nesting of an expression, most items of one list and of an $orderby."""

    nodes: int = 2000
    depth: int = 50
    list_items: int = 1000
    order_items: int = 16


_OR, _AND, _EQUALITY, _RELATION, _ADDITION, _MULTIPLICATION, _UNARY, _PRIMARY = range(1, 9)
_BINDING: Mapping[str, int] = {
    "or": _OR,
    "and": _AND,
    "eq": _EQUALITY,
    "ne": _EQUALITY,
    "gt": _RELATION,
    "ge": _RELATION,
    "lt": _RELATION,
    "le": _RELATION,
    "add": _ADDITION,
    "sub": _ADDITION,
    "mul": _MULTIPLICATION,
    "div": _MULTIPLICATION,
    "divby": _MULTIPLICATION,
    "mod": _MULTIPLICATION,
    "has": _PRIMARY,
    "in": _PRIMARY,
}
_WORDS: Mapping[str, tuple[LiteralKind, bool | float | None]] = {
    "null": (LiteralKind.NULL, None),
    "true": (LiteralKind.BOOLEAN, True),
    "false": (LiteralKind.BOOLEAN, False),
    "NaN": (LiteralKind.DECIMAL, float("nan")),
    "INF": (LiteralKind.DECIMAL, float("inf")),
}
_TEXT_LITERALS: Mapping[TokenKind, LiteralKind] = {
    TokenKind.GUID: LiteralKind.GUID,
    TokenKind.DATE: LiteralKind.DATE,
    TokenKind.DATETIMEOFFSET: LiteralKind.DATETIMEOFFSET,
    TokenKind.TIMEOFDAY: LiteralKind.TIMEOFDAY,
}
_PREFIXES: Mapping[str, LiteralKind] = {
    "duration": LiteralKind.DURATION,
    "binary": LiteralKind.BINARY,
    "geography": LiteralKind.GEO,
    "geometry": LiteralKind.GEO,
}
# 1e400 reads as infinity and long digits cost time to convert: neither is a number that a property can have.
_LONGEST_NUMBER = 64


def parse_expression(text: str, bounds: Bounds = Bounds()) -> Expression:
    """The tree of one expression. Raises ODataSyntaxError or ODataLimitError."""
    parser = _Parser(text, bounds)
    found = parser.expression()
    parser.expect_end()
    return found


def parse_orderby(text: str, bounds: Bounds = Bounds()) -> tuple[OrderItem, ...]:
    """The items of an $orderby. Raises ODataSyntaxError or ODataLimitError."""
    parser = _Parser(text, bounds)
    items = [parser.order_item()]
    while parser.take(","):
        if len(items) == bounds.order_items:
            raise ODataLimitError("The number of items in $orderby", bounds.order_items, "max_orderby_items")
        items.append(parser.order_item())
    parser.expect_end()
    return tuple(items)


class _Parser:
    """Reads tokens from left to right; each method reads one rule of the grammar and returns its tree."""

    def __init__(self, text: str, bounds: Bounds) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._next = 0
        self._bounds = bounds
        self._nodes = 0
        self._depth = 0

    # --- tokens ---
    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _advance(self) -> Token:
        token = self._tokens[self._next]
        if token.kind is not TokenKind.END:
            self._next += 1
        return token

    def take(self, mark: str) -> Token | None:
        """The next token if it is that punctuation mark."""
        token = self._peek()
        return self._advance() if token.kind is TokenKind.PUNCTUATION and token.text == mark else None

    def _expect(self, mark: str) -> Token:
        return self.take(mark) or self._fail(f"Expected '{mark}'")

    def expect_end(self) -> None:
        """Raises ODataSyntaxError when anything follows."""
        if self._peek().kind is not TokenKind.END:
            self._fail("Expected an operator or the end of the expression")

    def _fail(self, expected: str) -> Token:
        token = self._peek()
        found = "the end" if token.kind is TokenKind.END else f"'{token.text[:32]}'"
        raise ODataSyntaxError(f"{expected}, found {found}", token.position, self._text)

    # --- limits ---
    def _count_node(self) -> None:
        self._nodes += 1
        if self._nodes > self._bounds.nodes:
            raise ODataLimitError("The size of the expression", self._bounds.nodes, "max_filter_nodes")

    def _check_depth(self, more: int = 0) -> None:
        if self._depth + more > self._bounds.depth:
            raise ODataLimitError("The nesting of the expression", self._bounds.depth, "max_filter_depth")

    # --- expressions ---
    def expression(self, binding: int = 0) -> Expression:
        """An expression whose operators all bind tighter than `binding`."""
        self._depth += 1
        self._check_depth()
        left = self._prefix()
        chained = 0
        while (operator := self._operator()) is not None and _BINDING[operator] > binding:
            token = self._advance()
            self._count_node()
            if operator in ("and", "or"):
                left = self._logical(operator, left, token)
                continue
            chained += 1  # a op b op c leans to the left: each operator makes the tree one deeper
            self._check_depth(chained)
            right = self._in_list() if operator == "in" else self.expression(_BINDING[operator])
            left = Binary(operator, left, right, token.position)
        self._depth -= 1
        return left

    def _operator(self) -> str | None:
        token = self._peek()
        if token.kind is not TokenKind.NAME:
            return None
        word = token.text.lower()
        return word if word in _BINDING else None

    def _logical(self, operator: str, first: Expression, token: Token) -> Expression:
        operands = [first, self.expression(_BINDING[operator])]
        while self._operator() == operator:
            self._advance()
            self._count_node()
            operands.append(self.expression(_BINDING[operator]))
        return Logical(operator, tuple(operands), token.position)

    def _prefix(self) -> Expression:
        self._count_node()
        token = self._peek()
        if token.kind is TokenKind.NAME and token.text.lower() == "not" and self._operand_follows():
            self._advance()
            return Unary("not", self.expression(_UNARY), token.position)
        if self.take("-"):
            return Unary("-", self.expression(_UNARY), token.position)
        return self._path(self._primary())

    def _operand_follows(self) -> bool:
        after = self._tokens[self._next + 1]
        if after.kind is TokenKind.PUNCTUATION:
            return after.text in "([{-"
        return after.kind is not TokenKind.END and after.text.lower() not in _BINDING

    def _primary(self) -> Expression:
        token = self._peek()
        match token.kind:
            case TokenKind.NAME:
                return self._word(self._advance())
            case TokenKind.STRING | TokenKind.JSON_STRING | TokenKind.NUMBER | TokenKind.TYPED:
                return self._literal(self._advance())
            case TokenKind.DATE | TokenKind.DATETIMEOFFSET | TokenKind.TIMEOFDAY | TokenKind.GUID:
                self._advance()
                return Literal(_TEXT_LITERALS[token.kind], token.text, token.position)
            case TokenKind.ANNOTATION:
                return Alias(self._advance().text, token.position)
            case TokenKind.SYSTEM if token.text.lower() in ("$it", "$this", "$root"):
                return Name(self._advance().text.lower(), token.position)
        if self.take("("):
            inner = self.expression()
            self._expect(")")
            return inner
        if self.take("["):
            return self._list("]", token)
        if self.take("{"):
            return self._object(token)
        return self._unreadable()

    def _unreadable(self) -> Expression:
        self._fail("Expected a property, a literal or a function")
        raise AssertionError

    def _word(self, token: Token) -> Expression:
        if self.take("("):
            return Call(None, token.text, self._arguments(), token.position)
        word = token.text if token.text in _WORDS else token.text.lower()
        if word in _WORDS:
            kind, value = _WORDS[word]
            return Literal(kind, value, token.position)
        if "." in token.text:
            return Cast(None, token.text, token.position)
        return Name(token.text, token.position)

    def _literal(self, token: Token) -> Expression:
        if token.kind is TokenKind.STRING:
            return Literal(LiteralKind.STRING, _unquoted(token.text), token.position)
        if token.kind is TokenKind.JSON_STRING:
            return Literal(LiteralKind.STRING, self._json_string(token), token.position)
        if token.kind is TokenKind.NUMBER:
            return self._number(token)
        prefix, _, quoted = token.text.partition("'")
        kind = _PREFIXES.get(prefix.lower())
        value = _unquoted(f"'{quoted}")
        return EnumLiteral(prefix, value, token.position) if kind is None else Literal(kind, value, token.position)

    def _number(self, token: Token) -> Literal:
        if len(token.text) > _LONGEST_NUMBER:
            message = f"A number of more than {_LONGEST_NUMBER} characters"
            raise ODataSyntaxError(message, token.position, self._text)
        if token.text.lstrip("+-").isdigit():
            return Literal(LiteralKind.INTEGER, int(token.text), token.position)
        return Literal(LiteralKind.DECIMAL, float(token.text), token.position)

    def _json_string(self, token: Token) -> str:
        try:
            text = str(json.loads(token.text))
            text.encode()  # "\ud800" is JSON, but half a character: nothing can store or send it
            return text
        except ValueError:
            raise ODataSyntaxError("Malformed JSON string", token.position, self._text) from None

    # --- paths ---
    def _path(self, start: Expression) -> Expression:
        found, length = start, 0
        while self.take("/"):
            length += 1
            self._check_depth(length)
            self._count_node()
            found = self._segment(found)
        if isinstance(found, Cast) and found.of is None and not self._ends_argument():
            self._fail(f"Expected '/' after the type name '{found.type_name}'")
        return found

    def _ends_argument(self) -> bool:
        token = self._peek()
        return self._depth > 1 and token.kind is TokenKind.PUNCTUATION and token.text in "),"

    def _segment(self, of: Expression) -> Expression:
        token = self._advance()
        if token.kind is TokenKind.ANNOTATION:
            return Member(of, token.text, token.position)
        if token.kind is TokenKind.SYSTEM:
            return self._system_segment(of, token)
        if token.kind is not TokenKind.NAME:
            self._next -= token.kind is not TokenKind.END
            self._fail("Expected a name after '/'")
        if self.take("("):
            if token.text.lower() in ("any", "all"):
                return self._lambda(of, token)
            return Call(of, token.text, self._arguments(), token.position)
        return Cast(of, token.text, token.position) if "." in token.text else Member(of, token.text, token.position)

    def _system_segment(self, of: Expression, token: Token) -> Expression:
        name = token.text.lower()
        if name == "$count":
            return Count(of, self._count_filter(), token.position)
        if name == "$filter":
            self._expect("(")
            condition = self.expression()
            self._expect(")")
            return Filtered(of, condition, token.position)
        raise ODataSyntaxError(f"'{token.text}' cannot stand in a path", token.position, self._text)

    def _count_filter(self) -> Expression | None:
        if not self.take("("):
            return None
        option = self._advance()
        if option.text.lower() not in ("$filter", "filter"):
            raise ODataSyntaxError("Expected '$filter' within '$count(...)'", option.position, self._text)
        self._expect("=")
        condition = self.expression()
        self._expect(")")
        return condition

    def _lambda(self, of: Expression, token: Token) -> Expression:
        quantifier = Quantifier(token.text.lower())
        if self.take(")"):
            if quantifier is Quantifier.ALL:
                raise ODataSyntaxError("'all' needs a variable and a condition", token.position, self._text)
            return Lambda(of, quantifier, None, None, token.position)
        variable = self._advance()
        if variable.kind is not TokenKind.NAME or "." in variable.text:
            raise ODataSyntaxError("Expected the variable of a lambda", variable.position, self._text)
        self._expect(":")
        condition = self.expression()
        self._expect(")")
        return Lambda(of, quantifier, variable.text, condition, token.position)

    # --- lists ---
    def _arguments(self) -> tuple[Argument, ...]:
        if self.take(")"):
            return ()
        found = [self._argument()]
        while self.take(","):
            found.append(self._argument())
        self._expect(")")
        return tuple(found)

    def _argument(self) -> Argument:
        name, mark = self._peek(), self._tokens[min(self._next + 1, len(self._tokens) - 1)]
        if name.kind is TokenKind.NAME and mark.kind is TokenKind.PUNCTUATION and mark.text == "=":
            self._next += 2
            return Argument(name.text, self.expression())
        return Argument(None, self.expression())

    def _in_list(self) -> Expression:
        token = self._peek()
        return self._list(")", token) if self.take("(") else self.expression(_PRIMARY)

    def _list(self, closing: str, opening: Token) -> Expression:
        items: list[Expression] = []
        if not self.take(closing):
            items.append(self.expression())
            while self.take(","):
                items.append(self.expression())
                if len(items) > self._bounds.list_items:
                    raise ODataLimitError("The length of a list", self._bounds.list_items, "max_filter_in_items")
            self._expect(closing)
        return ListExpression(tuple(items), opening.position)

    def _object(self, opening: Token) -> Expression:
        members: list[tuple[str, Expression]] = []
        while not self.take("}"):
            if members:
                self._expect(",")
            name = self._peek()
            if name.kind is not TokenKind.JSON_STRING:
                self._fail("Expected a name in double quotes")
            self._advance()
            self._expect(":")
            members.append((self._json_string(name), self.expression()))
        return ObjectExpression(tuple(members), opening.position)

    def order_item(self) -> OrderItem:
        """One item of $orderby: an expression and its direction."""
        expression = self.expression()
        token = self._peek()
        direction = token.text.lower() if token.kind is TokenKind.NAME else ""
        if direction in ("asc", "desc"):
            self._advance()
        return OrderItem(expression, direction == "desc")


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")
