"""Reads context URLs: what a response says of its own content after `$metadata#`.

Grammar: https://docs.oasis-open.org/odata/odata/v4.01/os/abnf/odata-abnf-construction-rules.txt, part 3
"""

from __future__ import annotations

import re

import msgspec

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
    reader = _ContextReader(fragment, bounds)
    reader.move(1)
    found = reader.context()
    reader.expect_end()
    return found


class _ContextReader(ItemReader):
    """Reads the rules of a context URL."""

    __slots__ = ()

    def move(self, position: int) -> None:
        """Stands on the first token from a position on; there is no white space between tokens."""
        super().move(position)
        if self.start != position:
            raise ODataSyntaxError("White space", position, self.text)

    def context(self) -> Context:
        if self.kind == SYSTEM and self.word == "$ref":
            return Context((self._system("$ref"),))
        if self.word == "Collection" and self.following().is_mark("("):
            self.advance()
            self.advance()
            is_known = self.kind == NAME and ("." in self.word or self.word in _COLLECTIONS)
            step = self._system("$ref") if self.kind == SYSTEM else self._context_step()
            if self.kind == NAME or not (is_known or step.name == "$ref") or step.key is not None:
                self.fail("Expected the name of a type")
            self.expect(")")
            return Context((step,), self._item_list() if step.name != "$ref" else None, is_collection=True)
        return self._described()

    def _system(self, *allowed: str) -> ContextStep:
        word, start = self.word, self.start
        if self.kind != SYSTEM or word not in allowed:
            self.fail(f"Expected {' or '.join(allowed)}")
        self.advance()
        return ContextStep(word, None, start)

    def _described(self) -> Context:
        path = [self._context_step()]
        items = self._item_list()
        while items is None and self.is_mark("/") and self.following().kind == NAME:
            self.advance()
            path.append(self._context_step())
            items = self._item_list()
        ending = None
        if self.take("/"):
            ending = self._system(*(_ENDINGS if items is None else _ENDINGS[:2])).name
        return Context(tuple(path), items, ending)

    def _context_step(self) -> ContextStep:
        word, start = self.word, self.start
        if self.kind != NAME:
            self.fail("Expected a name")
        self.count_node()
        self.advance()
        return ContextStep(word, self._key_values() if self._is_key() else None, start)

    def _is_key(self) -> bool:
        """Whether values stand in these parentheses, and not names of what is selected: these end the path."""
        after = self.following()
        if not self.is_mark("(") or after.is_mark(")"):
            return False
        key = _KEY.match(self.text, self.start)
        if key is not None and _GOES_ON.match(self.text, key.end()):
            return True
        return not (after.kind in (NAME, ANNOTATION) or after.is_mark("*")) or (
            after.kind == NAME and after.word.lower() in ("true", "false")
        )

    def _key_values(self) -> tuple[Argument, ...]:
        self.advance()
        found = [self._key_value()]
        while self.take(","):
            found.append(self._key_value())
        self.expect(")")
        if len(found) > 1 and not all(each.name for each in found):
            self.fail("Expected one value, or values with names")
        return tuple(found)

    def _key_value(self) -> Argument:
        """A value as in a body: neither durations nor members of an enumeration have quotes."""
        name = None
        if self.kind == NAME and self.text.startswith("=", self.end):
            name = self.name("the name of a property")
            self.advance()
        value = _KEY_VALUE.match(self.text, self.start)
        if value is None:
            self.fail("Expected the value of a key")
        start, text = self.start, value[0]
        if self.kind in LITERAL_TOKENS and self.end == value.end():
            return Argument(name, literal_of(self))
        self.move(value.end())
        if text.lower() in ("true", "false"):
            return Argument(name, Literal(LiteralKind.BOOLEAN, text.lower() == "true", start))
        if is_duration(text):
            return Argument(name, Literal(LiteralKind.DURATION, text, start))
        if _MEMBER.fullmatch(text) is None:
            raise ODataSyntaxError("Expected the value of a key", start, self.text)
        return Argument(name, EnumLiteral("", text, start))

    def _item_list(self) -> tuple[ContextItem, ...] | None:
        if not self.take("("):
            return None
        self.enter()
        found: list[ContextItem] = []
        if not self.take(")"):
            found.append(self._item())
            while self.take(","):
                found.append(self._item())
            self.expect(")")
        self.leave()
        return tuple(found)

    def _item(self) -> ContextItem:
        self.count_node()
        start = self.start
        if self.take("*"):
            return ContextItem(("*",), False, None, start)
        path = [self._path_name()]
        while path[-1][-1] != "*" and self.take("/"):
            path.append(self._path_name())
        is_expanded = self.text.startswith("+", self.start)
        if is_expanded:
            self.move(self.start + 1)
        if path[-1][-1] == "*" or not self.is_mark("("):
            return ContextItem(tuple(path), is_expanded, None, start)
        return ContextItem(tuple(path), is_expanded, self._item_list(), start)
