"""Reads paths within expressions: properties, types, keys, functions, lambdas, `$count`, `$filter` and annotations.

Grammar: https://docs.oasis-open.org/odata/odata/v4.01/os/abnf/odata-abnf-construction-rules.txt, part 4
"""

from __future__ import annotations

import re
from abc import abstractmethod

import msgspec

from osimages.odata.text.function_names import ARGUMENT_COUNTS, expected_arguments
from osimages.odata.text.lexer import ANNOTATION, DATE, GUID, LONGEST_NAME, NAME, NUMBER, SYSTEM, Cursor
from osimages.odata.text.literals import literal_of
from osimages.odata.text.search_parser import SearchReader
from osimages.odata.text.search_tree import Search
from osimages.odata.text.syntax_errors import ODataSyntaxError
from osimages.odata.text.tree import (
    Aggregate,
    Aggregated,
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
    Literal,
    LiteralKind,
    Logical,
    Member,
    Name,
    Quantifier,
    TypeName,
    Unary,
)

_VARIABLES = ("$it", "$this", "$root", "$these")
# What no path goes on after.
_LAST = (Count, Lambda, Aggregated)
PATHS = (Aggregated, Alias, Annotation, Call, Cast, Count, Filtered, Key, Lambda, Member, Name)
_NAME_AFTER = re.compile(r"/[^\W\d]\w*(?![\w.~-])")
# Lambdas and aggregates without the path of a collection before them.
_OF_COLLECTION = re.compile(r"(?i:any|all)[ \t]*\([ \t]*(?:\)|\w+[ \t]*:)|aggregate[ \t]*\([ \t]*(?!['\"@0-9-])")
_QUOTED_TYPE = re.compile(r"Collection\((?P<many>\w+(?:\.\w+)+)\)|(?P<one>\w+(?:\.\w+)+)")
_KEY_SEGMENT = re.compile(r"[\w~-]+(?:\.[\w~-]+)*")


class PathReader(Cursor):
    """Reads paths; the expressions inside of them are for the subclass. A bare type may be a path where `cast` says."""

    __slots__ = ()

    @abstractmethod
    def expression(self, binding: int = 0) -> Expression:
        """An expression whose operators all bind tighter than `binding`."""

    @abstractmethod
    def aggregate(self) -> Aggregate:
        """What `aggregate(...)` in a path is given."""

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
            # Graph's clients write it in quotes, as ODL allows: isof('microsoft.graph.win32LobApp').
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
