"""From text to tree: a Pratt parser for OData expressions, with the paths and aggregates within them.

Grammar: https://docs.oasis-open.org/odata/odata/v4.01/os/abnf/odata-abnf-construction-rules.txt, part 4
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from osimages.odata.text.function_names import ARGUMENT_COUNTS, expected_arguments
from osimages.odata.text.lexer import (
    ANNOTATION,
    BAD,
    DATE,
    END,
    GUID,
    JSON_STRING,
    LONGEST_NAME,
    MARK,
    NAME,
    NUMBER,
    SYSTEM,
    Cursor,
)
from osimages.odata.text.literals import LITERAL_TOKENS, is_member, json_string, literal_of
from osimages.odata.text.operators import BINDING, PRIMARY, UNARY
from osimages.odata.text.query_tree import ComputeItem, OrderItem
from osimages.odata.text.search_parser import SearchReader
from osimages.odata.text.search_tree import Search
from osimages.odata.text.syntax_errors import ODataLimitError, ODataSyntaxError
from osimages.odata.text.tree import (
    Aggregate,
    Aggregated,
    AggregateFrom,
    Alias,
    Annotation,
    Argument,
    Binary,
    Call,
    Case,
    Cast,
    Count,
    EnumLiteral,
    Expression,
    Filtered,
    Key,
    Lambda,
    ListExpression,
    Literal,
    LiteralKind,
    Logical,
    Member,
    Name,
    ObjectExpression,
    Quantifier,
    TypeName,
    Unary,
)

_METHODS = ("sum", "min", "max", "average", "countdistinct")
_LONGEST_NUMBER = 18
_WORDS: Mapping[str, tuple[LiteralKind, bool | float | None]] = {
    "null": (LiteralKind.NULL, None),
    "true": (LiteralKind.BOOLEAN, True),
    "false": (LiteralKind.BOOLEAN, False),
    "NaN": (LiteralKind.DECIMAL, float("nan")),
    "INF": (LiteralKind.DECIMAL, float("inf")),
}
_VARIABLES = ("$it", "$this", "$root", "$these")
# What no path goes on after.
_LAST = (Count, Lambda, Aggregated)
PATHS = (Aggregated, Alias, Annotation, Call, Cast, Count, Filtered, Key, Lambda, Member, Name)
_NAME_AFTER = re.compile(r"/[^\W\d]\w*(?![\w.~-])")
# Lambdas and aggregates without the path of a collection before them.
_OF_COLLECTION = re.compile(r"(?i:any|all)[ \t]*\([ \t]*(?:\)|\w+[ \t]*:)|aggregate[ \t]*\([ \t]*(?!['\"@0-9-])")
_QUOTED_TYPE = re.compile(r"Collection\((?P<many>\w+(?:\.\w+)+)\)|(?P<one>\w+(?:\.\w+)+)")
_KEY_SEGMENT = re.compile(r"[\w~-]+(?:\.[\w~-]+)*")


class ExpressionReader(Cursor):
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

    # --- paths ---
    def path(self, may_be_type: bool = False) -> Expression:
        """A path from its first name on."""
        kind, word, start = self.kind, self.word, self.start
        found: Expression
        if kind == NAME:
            self.move(self.end)
            found = self.call(None, word, start) if self.word == "(" else self._named(None, word, start)
            if self.word == "/" and (isinstance(found, Case) or (isinstance(found, Call) and _is_method(found))):
                raise ODataSyntaxError(f"Expected nothing more after '{word}(...)'", self.start, self.text)
        elif kind == ANNOTATION:
            self.move(self.end)
            is_alias = "." not in word and "#" not in word
            found = Alias(word, start) if is_alias else Annotation(None, word, start)
        else:
            found = self._variable()
        length = 0
        while self.take_slash():
            if isinstance(found, _LAST):
                self.fail("Expected nothing more in this path")
            length += 1
            self.check_depth(length)
            self.count_node()
            found = self._segment(found)
        if isinstance(found, Cast) and found.of is None and not may_be_type:
            self.fail(f"Expected '/' after the type name '{found.type_name}'")
        return found

    def _variable(self) -> Expression:
        word, start = self.word.lower(), self.start
        if self.kind != SYSTEM or word not in _VARIABLES:
            self.fail("Expected a property, a literal or a function")
        self.advance()
        if word in ("$root", "$these") and not self.is_mark("/"):
            self.fail(f"Expected '/' after '{word}'")
        if word == "$root" and _NAME_AFTER.match(self.text, self.start) is None:
            self.move(self.end)
            self.fail("Expected the name of a set, a singleton or a function after '$root/'")
        return Name(word, start)

    def _named(self, of: Expression | None, word: str, start: int) -> Expression:
        if len(word) > LONGEST_NAME and max(map(len, word.split("."))) > LONGEST_NAME:
            raise ODataSyntaxError(f"A name of more than {LONGEST_NAME} characters", start, self.text)
        if isinstance(of, Name) and of.name == "$these":
            raise ODataSyntaxError("'$these' is a collection, which has no properties", start, self.text)
        if "." in word:
            return Cast(of, word, start)
        return Name(word, start) if of is None else Member(of, word, start)

    def _segment(self, of: Expression) -> Expression:
        kind, word, start = self.kind, self.word, self.start
        if kind == SYSTEM:
            return self._system_segment(of)
        if kind == ANNOTATION:
            self.advance()
            return Annotation(of, word, start)
        if kind != NAME or self.text[self.end : self.end + 1] in ("-", "~"):
            return self._key_segment(of)
        self.move(self.end)
        if not self.is_mark("("):
            return self._named(of, word, start)
        if word.lower() in ("any", "all"):
            return self._lambda(of, Quantifier(word.lower()), start)
        if word == "aggregate":
            self.advance()
            found = Aggregated(of, self.aggregate(), start)
            self.expect(")")
            return found
        return self.call(of, word, start)

    def _key_segment(self, of: Expression) -> Expression:
        """A key as a segment, which is told from a name: $root/Orders/1, $root/Parts/P-12."""
        segment = _KEY_SEGMENT.match(self.text, self.start)
        if segment is None:
            self.fail("Expected a name after '/'")
        start = self.start
        if self.kind in (NUMBER, GUID, DATE) and self.end == segment.end():
            return Key(of, (Argument(None, literal_of(self)),), start)
        self.move(segment.end())
        return Key(of, (Argument(None, Literal(LiteralKind.STRING, segment[0], start)),), start)

    def _system_segment(self, of: Expression) -> Expression:
        name, start = self.word.lower(), self.start
        if name == "$count":
            self.advance()
            condition, search = self._count_options() if self.is_mark("(") else (None, None)
            return Count(of, condition, search, start)
        if name != "$filter":
            raise ODataSyntaxError(f"'{self.word}' cannot stand in a path", start, self.text)
        self.advance()
        self.expect("(")
        condition = self.expression()
        self.expect(")")
        found: Expression = Filtered(of, condition, start)
        return self._key(found, self.start) if self.is_mark("(") else found

    def _count_options(self) -> tuple[Expression | None, Search | None]:
        condition: Expression | None = None
        search: Search | None = None
        self.advance()
        while True:
            name = self.word.lower().removeprefix("$") if self.kind in (SYSTEM, NAME) else ""
            if name not in ("filter", "search") or (condition if name == "filter" else search) is not None:
                self.fail("Expected '$filter' or '$search' within '$count(...)'")
            self.advance()
            if name == "search":
                search = self.search_after("=")
            else:
                self.expect("=")
                condition = self.expression()
            if not self.take(";"):
                break
        self.expect(")")
        return condition, search

    def search_after(self, mark: str) -> Search:
        """A search, from the punctuation mark before it on."""
        if not self.is_mark(mark):
            self.fail(f"Expected '{mark}'")
        reader = SearchReader(self, self.end)
        found = reader.search()
        self.move(reader.position)
        return found

    def _lambda(self, of: Expression, quantifier: Quantifier, start: int) -> Expression:
        self.advance()
        if quantifier is Quantifier.ANY and self.take(")"):
            return Lambda(of, quantifier, None, None, start)
        if self.is_mark(")"):
            raise ODataSyntaxError("'all' needs a variable and a condition", start, self.text)
        variable = self.name("the variable of a lambda")
        self.expect(":")
        condition = self.expression()
        self.expect(")")
        return Lambda(of, quantifier, variable, condition, start)

    # --- calls and keys ---
    def call(self, of: Expression | None, word: str, start: int) -> Expression:
        """A function, or a name with a key; the cursor is on the opening parenthesis."""
        name = word.lower()
        if of is None and self._is_unnamed():
            if name in ("any", "all", "aggregate") and _OF_COLLECTION.match(self.text, start):
                raise ODataSyntaxError(f"'{word}' stands behind a collection and '/' only", self.start, self.text)
            if name in ARGUMENT_COUNTS:
                return self._function(word, start)
            if name == "case":
                return self._case(start)
            if name in ("cast", "isof"):
                return self._type_function(word, start)
        if word in ARGUMENT_COUNTS and of is not None and self._is_unnamed():
            message = f"'{word}' does not stand in a path: it takes all that it needs in parentheses"
            raise ODataSyntaxError(message, start, self.text)
        opening = self.start
        self.advance()
        arguments = self.arguments()
        if not arguments or arguments[0].name is not None:
            found = Call(of, word, arguments, start)
            return self._key(found, self.start) if self.is_mark("(") else found
        is_key = len(arguments) == 1 and isinstance(arguments[0].value, Literal | EnumLiteral | Alias)
        if not is_key or (of is None and "." in word):
            message = f"There is no function '{word[:64]}': functions of a service take their arguments by name"
            raise ODataSyntaxError(message, start, self.text)
        if isinstance(arguments[0].value, Literal) and arguments[0].value.kind is LiteralKind.NULL:
            raise ODataSyntaxError("No key is null", arguments[0].value.position, self.text)
        return Key(self._named(of, word, start), arguments, opening)

    def _is_unnamed(self) -> bool:
        """Whether the first argument after this parenthesis has no name."""
        after = self.following()
        return after.kind != NAME or not self.text.startswith("=", after.end)

    def _key(self, of: Expression, start: int) -> Expression:
        self.advance()
        arguments = self.arguments()
        if not all(isinstance(each.value, Literal | EnumLiteral | Alias) for each in arguments) or not arguments:
            raise ODataSyntaxError("Expected a key", start, self.text)
        return Key(of, arguments, start)

    def arguments(self) -> tuple[Argument, ...]:
        """Arguments up to the closing parenthesis: all with names, or none."""
        if self.take(")"):
            return ()
        found = [self._argument()]
        names = {found[0].name}
        while self.take(","):
            start = self.start
            found.append(self._argument())
            name = found[-1].name
            if (name is None) != (found[0].name is None):
                raise ODataSyntaxError("Either all arguments have names, or none has", start, self.text)
            if name is not None:
                if name in names:
                    raise ODataSyntaxError(f"'{name[:64]}' is given more than once", start, self.text)
                names.add(name)
        self.expect(")")
        return tuple(found)

    def _argument(self) -> Argument:
        name = None
        if self.kind == NAME and "." not in self.word and self.text.startswith("=", self.end):
            name = self.word
            self.advance()
            self.advance()
        return Argument(name, self.expression())

    def _function(self, word: str, start: int) -> Expression:
        self.advance()
        arguments = self.arguments()
        least, most = ARGUMENT_COUNTS[word.lower()]
        if not least <= len(arguments) <= most:
            raise ODataSyntaxError(f"'{word}' takes {expected_arguments(word)}", start, self.text)
        if word.lower() == "isdefined" and not _is_path(arguments[0].value):
            raise ODataSyntaxError(f"'{word}' takes a path", start, self.text)
        return Call(None, word, arguments, start)

    def _type_function(self, word: str, start: int) -> Expression:
        """cast or isof, of a value or of what is asked about."""
        self.advance()
        arguments = []
        type_start = self.start
        first = self.expression_or_type()
        if self.take(","):
            arguments.append(Argument(None, first))
            type_start = self.start
            first = self.expression_or_type()
        match first:
            case Cast(None, name, position) | Name(name, position) if position == type_start and name[0] != "$":
                type_ = TypeName(name, False, position)
            case TypeName():
                type_ = first
            # Clients write it in quotes, as ODL allows: isof('example.driver').
            case Literal(LiteralKind.STRING, str(text), position) if named := _QUOTED_TYPE.fullmatch(text):
                type_ = TypeName(named["one"] or named["many"], named["many"] is not None, position)
            case _:
                raise ODataSyntaxError("Expected the name of a type, such as Edm.String", start, self.text)
        self.expect(")")
        return Call(None, word, (*arguments, Argument(None, type_)), start)

    def expression_or_type(self) -> Expression:
        """An argument of `cast` or `isof`."""
        start, after = self.start, self.following()
        if self.kind == NAME and self.word == "Collection" and after.is_mark("("):
            self.advance()
            self.advance()
            if self.kind != NAME:
                self.fail("Expected the name of a type")
            found = TypeName(self.word, True, start)
            self.advance()
            self.expect(")")
            return found
        if self.kind == NAME and "." in self.word and (after.is_mark(")") or after.is_mark(",")):
            return self.path(may_be_type=True)
        return self.expression()

    def _case(self, start: int) -> Expression:
        self.advance()
        branches = []
        while True:
            condition = self._case_condition()
            self.expect(":")
            branches.append((condition, self.expression()))
            if not self.take(","):
                break
        self.expect(")")
        return Case(tuple(branches), start)

    def _case_condition(self) -> Expression:
        condition = self.expression()
        if self.is_mark(":"):
            return condition
        split = _without_value(condition)
        if split is None or self.text[split[1] : self.start].lstrip(":.0123456789 \t"):
            return condition
        self.move(split[1])
        return split[0]

    # --- paths of data ---
    def data_path(self, may_end_with_type: bool = True) -> Expression:
        """A path of properties and types, without annotations, keys and functions."""
        self.count_node()
        found = self.path(may_be_type=True)
        step: Expression | None = found
        other: Expression | None = None  # the first step that is neither a property nor a type
        while step is not None:
            if not isinstance(step, Member | Cast | Name) or (isinstance(step, Name) and step.name.startswith("$")):
                other = step
            step = getattr(step, "of", None)
        if other is not None:
            raise ODataSyntaxError("Expected a path of properties", other.position, self.text)
        if isinstance(found, Cast) and not may_end_with_type:
            raise ODataSyntaxError("A path to group by does not end with a type", found.position, self.text)
        return found

    def grouping_properties(self) -> tuple[Expression, ...]:
        found = [self.data_path(may_end_with_type=False)]
        while self.take(","):
            found.append(self.data_path(may_end_with_type=False))
        return tuple(found)

    # --- aggregates ---
    def aggregate_item(self) -> Aggregate:
        """An aggregate with its name; without one only custom aggregates may stand, which have a name of their own."""
        found = self.aggregate(named=True)
        if found.alias is None and (found.method or found.stages or not isinstance(found.expression, Name | Member)):
            self.fail("Expected 'as' and a name")
        return found

    def aggregate(self, named: bool = False) -> Aggregate:
        """What is aggregated, how, in which stages, and under which name where it may have one."""
        self.count_node()
        start = self.start
        expression = self._aggregated()
        behind = self.start
        method = self._method()
        if expression is None and method is not None:
            raise ODataSyntaxError("'$count' is aggregated already", behind, self.text)
        if method is None and not (expression is None or isinstance(expression, Count | Name | Member)):
            self.fail("Expected 'with' and a method")
        is_custom = method is None and not (expression is None or isinstance(expression, Count))
        stages = []
        while self.take_spaced("from"):
            properties = self.grouping_properties()
            stages.append(AggregateFrom(properties, self._method()))
            if stages[-1].method is None and not is_custom:
                self.fail("Expected 'with' and a method")
        alias = self.alias() if named and self.kind == NAME and self.word.lower() == "as" else None
        return Aggregate(expression, method, tuple(stages), alias, start)

    def _aggregated(self) -> Expression | None:
        if self.kind == SYSTEM and self.word.lower() == "$count":
            self.advance()
            return None
        if self.kind == NAME and "." in self.word:  # a type alone: Model.Product with Custom.discount
            after = self.following()
            if after.kind == NAME and after.word.lower() == "with":
                return self.path(may_be_type=True)
        return self.expression()

    def _method(self) -> str | None:
        if not self.take_spaced("with"):
            return None
        method = self.word
        if self.kind != NAME or not (method in _METHODS or "." in method):
            self.fail("Expected a method such as sum, min, max, average, countdistinct")
        self.advance()
        return method

    def number(self) -> int:
        """A number without a sign."""
        word = self.word
        if self.kind != NUMBER or not word.isdigit() or len(word) > _LONGEST_NUMBER:
            self.fail(f"Expected a number without a sign, of at most {_LONGEST_NUMBER} digits")
        self.advance()
        return int(word)


def _is_path(tree: Expression) -> bool:
    return isinstance(tree, PATHS) and not (isinstance(tree, Call) and _is_method(tree))


def _is_method(call: Call) -> bool:
    """Whether it is a function of the language with arguments, whose result is no part of a path."""
    return bool(call.arguments) and call.arguments[0].name is None


def _without_value(condition: Expression) -> tuple[Expression, int] | None:
    """The condition of `case(x gt 10:30,...)`, whose end looks like the time 10:30, and where the colon is."""
    match condition:
        case Literal(LiteralKind.TIMEOFDAY, str(value), position):
            before, _, _ = value.rpartition(":")
            if ":" in before:
                return Literal(LiteralKind.TIMEOFDAY, before, position), position + len(before)
            return Literal(LiteralKind.INTEGER, int(before), position), position + len(before)
        case Binary(right=last):
            split = _without_value(last)
            return split and (msgspec.structs.replace(condition, right=split[0]), split[1])
        case Logical(operands=operands):
            split = _without_value(operands[-1])
            return split and (msgspec.structs.replace(condition, operands=(*operands[:-1], split[0])), split[1])
        case Unary(operand=last):
            split = _without_value(last)
            return split and (msgspec.structs.replace(condition, operand=split[0]), split[1])
    return None
