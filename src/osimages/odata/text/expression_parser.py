"""From text to tree: a Pratt parser for OData expressions, `$filter`, `$orderby` and `$compute` first of all.

Grammar: https://docs.oasis-open.org/odata/odata/v4.01/os/abnf/odata-abnf-construction-rules.txt, part 4
"""

from __future__ import annotations

from collections.abc import Mapping

from osimages.odata.text.lexer import BAD, END, JSON_STRING, MARK, NAME
from osimages.odata.text.literals import LITERAL_TOKENS, is_member, json_string, literal_of
from osimages.odata.text.member_paths import PATHS, PathReader
from osimages.odata.text.operators import BINDING, PRIMARY, UNARY
from osimages.odata.text.query_tree import ComputeItem, OrderItem
from osimages.odata.text.syntax_errors import ODataLimitError, ODataSyntaxError
from osimages.odata.text.tree import (
    Alias,
    Binary,
    EnumLiteral,
    Expression,
    ListExpression,
    Literal,
    LiteralKind,
    Logical,
    ObjectExpression,
    Unary,
)

_WORDS: Mapping[str, tuple[LiteralKind, bool | float | None]] = {
    "null": (LiteralKind.NULL, None),
    "true": (LiteralKind.BOOLEAN, True),
    "false": (LiteralKind.BOOLEAN, False),
    "NaN": (LiteralKind.DECIMAL, float("nan")),
    "INF": (LiteralKind.DECIMAL, float("inf")),
}


class ExpressionReader(PathReader):
    """Reads expressions from left to right; each method reads one rule of the grammar and returns its tree."""

    __slots__ = ()

    def expression(self, binding: int = 0) -> Expression:
        """An expression whose operators all bind tighter than `binding`."""
        self._depth += 1
        if self._depth > self._bounds.depth:
            self.check_depth()
        left = self._prefix()
        chained = 0
        while self.kind == NAME:
            operator, position = self._operator(), self.start
            if operator is None or BINDING[operator] <= binding:
                break
            self.move(self.end)
            self.count_node()
            if operator in ("and", "or"):
                left = self._logical(operator, left, position)
                continue
            chained += 1  # a op b op c leans to the left: each operator makes the tree one deeper
            self.check_depth(chained)
            right = self._choice(operator) if operator in ("in", "has") else self.expression(BINDING[operator])
            left = Binary(operator, left, right, position)
        self._depth -= 1
        return left

    def _operator(self) -> str | None:
        word = self.word
        if word not in BINDING:
            word = word.lower()
            if word not in BINDING:
                return None
        if self.text[self.start - 1] not in " \t)" or self.text[self.end : self.end + 1] not in " \t(":
            self.check_space()
        return word

    def _logical(self, operator: str, first: Expression, position: int) -> Expression:
        operands = [first, self.expression(BINDING[operator])]
        while self.kind == NAME and self._operator() == operator:
            self.move(self.end)
            self.count_node()
            operands.append(self.expression(BINDING[operator]))
        return Logical(operator, tuple(operands), position)

    def _prefix(self) -> Expression:
        self._nodes += 1
        if self._nodes > self._bounds.nodes:
            self.count_node()
        kind, word, start = self.kind, self.word, self.start
        if kind in LITERAL_TOKENS:
            return literal_of(self)
        if kind == NAME:
            return self._word(word, start)
        if kind != MARK:
            return self.path()
        if word == "-":
            self.move(self.end)
            return Unary("-", self.expression(UNARY), start)
        if word == "(":
            self.move(self.end)
            inner = self.expression()
            self.expect(")")
            return inner
        if word == "[":
            self.move(self.end)
            return self._list("]", start)
        if word != "{":
            self.fail("Expected a property, a literal or a function")
        return self._object()

    def _word(self, word: str, start: int) -> Expression:
        """A path, or one of the words that are something else where nothing makes them a name."""
        lower = word.lower()
        if lower == "not" and self._operand_follows():
            self.move(self.end)
            return Unary("not", self.expression(UNARY), start)
        known = _WORDS.get(word) or (_WORDS.get(lower) if lower in ("true", "false", "null") else None)
        if known is None or self.text.startswith(("(", "/"), self.end):
            return self.path()
        self.move(self.end)
        return Literal(known[0], known[1], start)

    def _operand_follows(self) -> bool:
        after = self.following()
        if after.start == self.end and after.word != "(":
            return False
        if after.kind == MARK:
            return after.word in "([{-"
        return after.kind not in (END, BAD) and after.word.lower() not in BINDING

    # --- what stands after `in` and `has` ---
    def _choice(self, operator: str) -> Expression:
        """Members of an enumeration after `has`; literals in parentheses after `in`, or what gives a collection."""
        start = self.start
        if operator == "has":
            found = self.expression(PRIMARY)
            if not (is_member(found) if isinstance(found, Literal) else isinstance(found, (EnumLiteral, *PATHS))):
                raise ODataSyntaxError("Expected members of an enumeration", start, self.text)
            return found
        if not self.take("("):
            return self.expression(PRIMARY)
        choices = self._list(")", start)
        others = [each for each in choices.items if not isinstance(each, Literal | EnumLiteral | Alias)]
        if others and len(choices.items) > 1:
            raise ODataSyntaxError("Expected a literal", others[0].position, self.text)
        return others[0] if others else choices

    def _list(self, closing: str, position: int) -> ListExpression:
        items: list[Expression] = []
        if not self.take(closing):
            items.append(self.expression())
            while self.take(","):
                items.append(self.expression())
                if len(items) > self._bounds.list_items:
                    raise ODataLimitError("The length of a list", self._bounds.list_items, "max_filter_in_items")
            self.expect(closing)
        return ListExpression(tuple(items), position)

    def _object(self) -> Expression:
        start = self.start
        self.advance()
        members: list[tuple[str, Expression]] = []
        while not self.take("}"):
            if members:
                self.expect(",")
            if self.kind != JSON_STRING:
                self.fail("Expected a name in double quotes")
            name = json_string(self, self.word, self.start)
            self.advance()
            self.expect(":")
            members.append((name, self.expression()))
        return ObjectExpression(tuple(members), start)

    # --- items of options ---
    def order_items(self) -> tuple[OrderItem, ...]:
        """Expressions with their directions."""
        items = [self._order_item()]
        while self.take(","):
            if len(items) == self._bounds.order_items:
                raise ODataLimitError("The number of items in $orderby", self._bounds.order_items, "max_orderby_items")
            items.append(self._order_item())
        return tuple(items)

    def _order_item(self) -> OrderItem:
        expression = self.expression()
        direction = self.word.lower() if self.kind == NAME else ""
        if direction in ("asc", "desc"):
            self.check_space(is_last=True)
            self.advance()
        return OrderItem(expression, direction == "desc")

    def compute_items(self) -> tuple[ComputeItem, ...]:
        """Expressions with their names."""
        items = [self._compute_item()]
        while self.take(","):
            items.append(self._compute_item())
        return tuple(items)

    def _compute_item(self) -> ComputeItem:
        start = self.start
        expression = self.expression()
        return ComputeItem(expression, self.alias(), start)

    def alias(self) -> str:
        """The name after `as`."""
        if not self.take_spaced("as"):
            self.fail("Expected 'as' and a name")
        return self.name("a name after 'as'")
