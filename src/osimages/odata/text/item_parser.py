"""From the texts of `$select` and `$expand` to their items, with the options that stand in parentheses after them.

Grammar: https://docs.oasis-open.org/odata/odata/v4.01/os/abnf/odata-abnf-construction-rules.txt, part 2
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from osimages.odata.text.apply_parser import ApplyReader
from osimages.odata.text.expression_parser import ExpressionReader
from osimages.odata.text.lexer import ANNOTATION, NAME, NUMBER, SYSTEM
from osimages.odata.text.query_tree import ExpandItem, QueryOptions, SelectItem
from osimages.odata.text.syntax_errors import ODataSyntaxError

_SELECTED = frozenset(("filter", "search", "count", "orderby", "skip", "top", "compute", "select"))
_COUNTED = frozenset(("filter", "search"))
_REFERENCES = frozenset((*_COUNTED, "orderby", "skip", "top", "count"))
_EXPANDED = frozenset((*_REFERENCES, "select", "expand", "compute", "apply", "levels"))
_STARRED = frozenset(("levels",))


class ItemReader:
    """Reads the items of `$select` and `$expand` at a cursor."""

    __slots__ = ("_apply", "_at")

    def __init__(self, at: ExpressionReader) -> None:
        self._at = at
        self._apply = ApplyReader(at)

    # --- $select ---
    def select_items(self) -> tuple[SelectItem, ...]:
        """Items of $select."""
        items = [self._select_item()]
        while self._at.take(","):
            items.append(self._select_item())
        return tuple(items)

    def _select_item(self) -> SelectItem:
        self._at.count_node()
        start = self._at.start
        if self._at.take("*"):
            return SelectItem(("*",), None, None, start)
        path = [self.path_name()]
        while path[-1][-1] != "*" and self._at.take_slash():
            path.append(self.path_name())
        if path[-1][-1] == "*" and len(path) > 1:
            raise ODataSyntaxError(f"'{path[-1]}' does not stand in a path", start, self._at.text)
        if path[-1][-1] == "*" or not self._at.is_mark("("):
            return SelectItem(tuple(path), None, None, start)
        if path[-1][0] != "@" and not self._is_option():
            return SelectItem(tuple(path), self._parameters(), None, start)
        if len(path) == 1 and "." in path[0] and path[0][0] != "@":
            raise ODataSyntaxError("Options stand after a property, not after a type", self._at.start, self._at.text)
        return SelectItem(tuple(path), None, self._options(_SELECTED, True), start)

    def path_name(self) -> str:
        """A name of a path: a property, a type, an annotation, or all operations of a namespace."""
        word = self._at.word
        if self._at.kind not in (NAME, ANNOTATION):
            self._at.fail("Expected the name of a property")
        self._at.count_node()
        if self._at.text.startswith(".*", self._at.end) and self._at.kind == NAME:
            self._at.move(self._at.end + 2)
            return f"{word}.*"
        self._at.advance()
        return word

    def _parameters(self) -> tuple[str, ...]:
        self._at.advance()
        found = [self._at.name("the name of a parameter")]
        while self._at.take(","):
            found.append(self._at.name("the name of a parameter"))
        self._at.expect(")")
        return tuple(found)

    # --- $expand ---
    def expand_items(self) -> tuple[ExpandItem, ...]:
        """Items of $expand."""
        items = [self._expand_item()]
        while self._at.take(","):
            items.append(self._expand_item())
        return tuple(items)

    def _expand_item(self) -> ExpandItem:
        self._at.count_node()
        start = self._at.start
        if self._at.kind == SYSTEM and self._at.word.lower() == "$value":
            self._at.advance()
            return ExpandItem(("$value",), None, start)
        path = []
        allowed, aliases = _EXPANDED, True
        while True:
            if self._at.take("*"):
                path.append("*")
                allowed, aliases = _STARRED, False
                if self._at.take_slash():
                    path.append(self._suffix("$ref"))
                    allowed = frozenset()
                break
            if path and self._at.kind == SYSTEM:
                path.append(self._suffix("$ref", "$count"))
                allowed, aliases = (_REFERENCES if path[-1] == "$ref" else _COUNTED), False
                break
            path.append(self.path_name())
            if path[-1][-1] == "*":
                self._at.fail("Expected no operations")
            if not self._at.take_slash():
                break
        if "." in path[0] and path[0][0] != "@" and all(each[0] == "$" for each in path[1:]):
            self._at.fail(f"Expected '/' after the type name '{path[0]}'")
        options = self._options(allowed, aliases) if allowed and self._at.is_mark("(") else None
        return ExpandItem(tuple(path), options, start)

    def _suffix(self, *allowed: str) -> str:
        word = self._at.word.lower()
        if self._at.kind != SYSTEM or word not in allowed:
            self._at.fail(f"Expected {' or '.join(allowed)}")
        self._at.advance()
        return word

    # --- options in parentheses ---
    def _is_option(self) -> bool:
        after = self._at.following()
        return after.kind in (SYSTEM, ANNOTATION) or self._at.text.startswith("=", after.end)

    def _options(self, allowed: frozenset[str], aliases: bool) -> QueryOptions:
        self._at.enter()
        self._at.advance()
        values: dict[str, Any] = {}
        trees: dict[str, Any] = {}
        while True:
            word, start = self._at.word, self._at.start
            if self._at.kind == ANNOTATION and aliases and "." not in word:
                self._refuse_twice(word, word in trees, start)
                self._at.advance()
                self._at.expect("=")
                trees[word] = self._at.expression()
            else:
                name = word.lower().removeprefix("$")
                if self._at.kind not in (SYSTEM, NAME) or name not in allowed:
                    self._at.fail(f"Expected {', '.join(f'${each}' for each in sorted(allowed))}")
                self._refuse_twice(word, name in values, start)
                self._at.advance()
                values[name] = self._option(name)
            if not self._at.take(";"):
                break
        self._at.expect(")")
        self._at.leave()
        return QueryOptions(**values, aliases=trees, given=frozenset(values))

    def _refuse_twice(self, word: str, is_there: bool, start: int) -> None:
        if is_there:
            raise ODataSyntaxError(f"'{word[:64]}' is given more than once", start, self._at.text)

    def _option(self, name: str) -> Any:
        if name == "search":
            return self._at.search_after("=")
        self._at.expect("=")
        return _OPTIONS[name](self)

    def _boolean(self) -> bool:
        word = self._at.take_word("true", "false")
        if word is None:
            self._at.fail("Expected 'true' or 'false'")
        return word == "true"

    def _levels(self) -> int:
        """How many levels are expanded; 0 stands for `max`."""
        if self._at.kind == NUMBER and self._at.word[0] not in "+-0":
            return self._at.number()
        if self._at.take_word("max") is None:
            self._at.fail("Expected a number from 1 on, or 'max'")
        return 0


_OPTIONS: Mapping[str, Callable[[ItemReader], Any]] = {
    "filter": lambda reader: reader._at.expression(),
    "orderby": lambda reader: reader._at.order_items(),
    "compute": lambda reader: reader._at.compute_items(),
    "apply": lambda reader: reader._apply.steps(),
    "select": ItemReader.select_items,
    "expand": ItemReader.expand_items,
    "skip": lambda reader: reader._at.number(),
    "top": lambda reader: reader._at.number(),
    "count": ItemReader._boolean,
    "levels": ItemReader._levels,
}
