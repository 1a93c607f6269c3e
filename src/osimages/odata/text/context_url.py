"""Reads context URLs: what a response says of its own content after `$metadata#`.

Grammar: https://docs.oasis-open.org/odata/odata/v4.01/os/abnf/odata-abnf-construction-rules.txt, part 3
"""

from __future__ import annotations

import re

import msgspec

from osimages.odata.text.expression_parser import ExpressionReader
from osimages.odata.text.item_parser import ItemReader
from osimages.odata.text.lexer import ANNOTATION, NAME, SYSTEM
from osimages.odata.text.literals import LITERAL_TOKENS, is_duration, literal_of
from osimages.odata.text.syntax_errors import ODataSyntaxError
from osimages.odata.text.text_limits import BOUNDS, Bounds
from osimages.odata.text.tree import Argument, EnumLiteral, Literal, LiteralKind

_ENDINGS = ("$entity", "$delta", "$deletedEntity", "$link", "$deletedLink")
_COLLECTIONS = ("$ref", "Edm.EntityType", "Edm.ComplexType")
_KEY_VALUE = re.compile(r"'(?:[^']|'')*'|[\w.:+-]+")
_KEY = re.compile(rf"\((?:\w+=)?(?:{_KEY_VALUE.pattern})(?:,\w+=(?:{_KEY_VALUE.pattern}))*\)")
_MEMBER = re.compile(r"[^\W\d]\w*")
_GOES_ON = re.compile(r"/[^\W\d]")


class ContextStep(msgspec.Struct, frozen=True):
    """A name of the path to what is described: an entity set, a property or a type, with the key of an entity."""

    name: str
    key: tuple[Argument, ...] | None
    position: int


class ContextItem(msgspec.Struct, frozen=True):
    """What is part of the content: a path with its own items or the parameters of a function.

    `is_expanded` where a `+` says that it is expanded recursively.
    """

    path: tuple[str, ...]
    is_expanded: bool
    items: tuple[ContextItem, ...] | None
    position: int


class Context(msgspec.Struct, frozen=True):
    """A description. `ending` is `$entity`, `$delta` and the like; `is_collection` stands for Collection(name)."""

    path: tuple[ContextStep, ...]
    items: tuple[ContextItem, ...] | None = None
    ending: str | None = None
    is_collection: bool = False


def parse_context(fragment: str, bounds: Bounds = BOUNDS) -> Context:
    """What a context URL says, from its `#` on. Raises ODataSyntaxError or ODataLimitError."""
    if not fragment.startswith("#"):
        raise ODataSyntaxError("Expected '#'", 0, fragment)
    cursor = _Unspaced(fragment, bounds)
    cursor.move(1)
    found = _ContextReader(cursor).context()
    cursor.expect_end()
    return found


class _Unspaced(ExpressionReader):
    """A cursor over a text that has no white space between tokens."""

    __slots__ = ()

    def move(self, position: int) -> None:
        """Stands on the first token from a position on; there is no white space between tokens."""
        super().move(position)
        if self.start != position:
            raise ODataSyntaxError("White space", position, self.text)


class _ContextReader:
    """Reads the rules of a context URL at a cursor."""

    def __init__(self, at: ExpressionReader) -> None:
        self._at = at
        self._items = ItemReader(at)

    def context(self) -> Context:
        if self._at.kind == SYSTEM and self._at.word == "$ref":
            return Context((self._system("$ref"),))
        if self._at.word == "Collection" and self._at.following().is_mark("("):
            self._at.advance()
            self._at.advance()
            is_known = self._at.kind == NAME and ("." in self._at.word or self._at.word in _COLLECTIONS)
            step = self._system("$ref") if self._at.kind == SYSTEM else self._context_step()
            if self._at.kind == NAME or not (is_known or step.name == "$ref") or step.key is not None:
                self._at.fail("Expected the name of a type")
            self._at.expect(")")
            return Context((step,), self._item_list() if step.name != "$ref" else None, is_collection=True)
        return self._described()

    def _system(self, *allowed: str) -> ContextStep:
        word, start = self._at.word, self._at.start
        if self._at.kind != SYSTEM or word not in allowed:
            self._at.fail(f"Expected {' or '.join(allowed)}")
        self._at.advance()
        return ContextStep(word, None, start)

    def _described(self) -> Context:
        path = [self._context_step()]
        items = self._item_list()
        while items is None and self._at.is_mark("/") and self._at.following().kind == NAME:
            self._at.advance()
            path.append(self._context_step())
            items = self._item_list()
        ending = None
        if self._at.take("/"):
            ending = self._system(*(_ENDINGS if items is None else _ENDINGS[:2])).name
        return Context(tuple(path), items, ending)

    def _context_step(self) -> ContextStep:
        word, start = self._at.word, self._at.start
        if self._at.kind != NAME:
            self._at.fail("Expected a name")
        self._at.count_node()
        self._at.advance()
        return ContextStep(word, self._key_values() if self._is_key() else None, start)

    def _is_key(self) -> bool:
        """Whether values stand in these parentheses, and not names of what is selected: these end the path."""
        after = self._at.following()
        if not self._at.is_mark("(") or after.is_mark(")"):
            return False
        key = _KEY.match(self._at.text, self._at.start)
        if key is not None and _GOES_ON.match(self._at.text, key.end()):
            return True
        return not (after.kind in (NAME, ANNOTATION) or after.is_mark("*")) or (
            after.kind == NAME and after.word.lower() in ("true", "false")
        )

    def _key_values(self) -> tuple[Argument, ...]:
        self._at.advance()
        found = [self._key_value()]
        while self._at.take(","):
            found.append(self._key_value())
        self._at.expect(")")
        if len(found) > 1 and not all(each.name for each in found):
            self._at.fail("Expected one value, or values with names")
        return tuple(found)

    def _key_value(self) -> Argument:
        """A value as in a body: neither durations nor members of an enumeration have quotes."""
        name = None
        if self._at.kind == NAME and self._at.text.startswith("=", self._at.end):
            name = self._at.name("the name of a property")
            self._at.advance()
        value = _KEY_VALUE.match(self._at.text, self._at.start)
        if value is None:
            self._at.fail("Expected the value of a key")
        start, text = self._at.start, value[0]
        if self._at.kind in LITERAL_TOKENS and self._at.end == value.end():
            return Argument(name, literal_of(self._at))
        self._at.move(value.end())
        if text.lower() in ("true", "false"):
            return Argument(name, Literal(LiteralKind.BOOLEAN, text.lower() == "true", start))
        if is_duration(text):
            return Argument(name, Literal(LiteralKind.DURATION, text, start))
        if _MEMBER.fullmatch(text) is None:
            raise ODataSyntaxError("Expected the value of a key", start, self._at.text)
        return Argument(name, EnumLiteral("", text, start))

    def _item_list(self) -> tuple[ContextItem, ...] | None:
        if not self._at.take("("):
            return None
        self._at.enter()
        found: list[ContextItem] = []
        if not self._at.take(")"):
            found.append(self._item())
            while self._at.take(","):
                found.append(self._item())
            self._at.expect(")")
        self._at.leave()
        return tuple(found)

    def _item(self) -> ContextItem:
        self._at.count_node()
        start = self._at.start
        if self._at.take("*"):
            return ContextItem(("*",), False, None, start)
        path = [self._items.path_name()]
        while path[-1][-1] != "*" and self._at.take("/"):
            path.append(self._items.path_name())
        is_expanded = self._at.text.startswith("+", self._at.start)
        if is_expanded:
            self._at.move(self._at.start + 1)
        if path[-1][-1] == "*" or not self._at.is_mark("("):
            return ContextItem(tuple(path), is_expanded, None, start)
        return ContextItem(tuple(path), is_expanded, self._item_list(), start)
