"""From the texts of `$select` and `$expand` to their items, with the options that stand in parentheses after them.

Grammar: https://docs.oasis-open.org/odata/odata/v4.01/os/abnf/odata-abnf-construction-rules.txt, part 2
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from osimages.odata.text.apply_parser import ApplyReader
from osimages.odata.text.lexer import ANNOTATION, NAME, NUMBER, SYSTEM
from osimages.odata.text.query_tree import ExpandItem, QueryOptions, SelectItem
from osimages.odata.text.syntax_errors import ODataSyntaxError

_SELECTED = frozenset(("filter", "search", "count", "orderby", "skip", "top", "compute", "select"))
_COUNTED = frozenset(("filter", "search"))
_REFERENCES = frozenset((*_COUNTED, "orderby", "skip", "top", "count"))
_EXPANDED = frozenset((*_REFERENCES, "select", "expand", "compute", "apply", "levels"))
_STARRED = frozenset(("levels",))


class ItemReader(ApplyReader):
    """Reads the items of `$select` and `$expand`."""

    __slots__ = ()

    # --- $select ---
    def select_items(self) -> tuple[SelectItem, ...]:
        """Items of $select."""
        items = [self._select_item()]
        while self.take(","):
            items.append(self._select_item())
        return tuple(items)

    def _select_item(self) -> SelectItem:
        self.count_node()
        start = self.start
        if self.take("*"):
            return SelectItem(("*",), None, None, start)
        path = [self._path_name()]
        while path[-1][-1] != "*" and self.take_slash():
            path.append(self._path_name())
        if path[-1][-1] == "*" and len(path) > 1:
            raise ODataSyntaxError(f"'{path[-1]}' does not stand in a path", start, self.text)
        if path[-1][-1] == "*" or not self.is_mark("("):
            return SelectItem(tuple(path), None, None, start)
        if path[-1][0] != "@" and not self._is_option():
            return SelectItem(tuple(path), self._parameters(), None, start)
        if len(path) == 1 and "." in path[0] and path[0][0] != "@":
            raise ODataSyntaxError("Options stand after a property, not after a type", self.start, self.text)
        return SelectItem(tuple(path), None, self._options(_SELECTED, True), start)

    def _path_name(self) -> str:
        """A name of a path: a property, a type, an annotation, or all operations of a namespace."""
        word = self.word
        if self.kind not in (NAME, ANNOTATION):
            self.fail("Expected the name of a property")
        self.count_node()
        if self.text.startswith(".*", self.end) and self.kind == NAME:
            self.move(self.end + 2)
            return f"{word}.*"
        self.advance()
        return word

    def _parameters(self) -> tuple[str, ...]:
        self.advance()
        found = [self.name("the name of a parameter")]
        while self.take(","):
            found.append(self.name("the name of a parameter"))
        self.expect(")")
        return tuple(found)

    # --- $expand ---
    def expand_items(self) -> tuple[ExpandItem, ...]:
        """Items of $expand."""
        items = [self._expand_item()]
        while self.take(","):
            items.append(self._expand_item())
        return tuple(items)

    def _expand_item(self) -> ExpandItem:
        self.count_node()
        start = self.start
        if self.kind == SYSTEM and self.word.lower() == "$value":
            self.advance()
            return ExpandItem(("$value",), None, start)
        path = []
        allowed, aliases = _EXPANDED, True
        while True:
            if self.take("*"):
                path.append("*")
                allowed, aliases = _STARRED, False
                if self.take_slash():
                    path.append(self._suffix("$ref"))
                    allowed = frozenset()
                break
            if path and self.kind == SYSTEM:
                path.append(self._suffix("$ref", "$count"))
                allowed, aliases = (_REFERENCES if path[-1] == "$ref" else _COUNTED), False
                break
            path.append(self._path_name())
            if path[-1][-1] == "*":
                self.fail("Expected no operations")
            if not self.take_slash():
                break
        if "." in path[0] and path[0][0] != "@" and all(each[0] == "$" for each in path[1:]):
            self.fail(f"Expected '/' after the type name '{path[0]}'")
        options = self._options(allowed, aliases) if allowed and self.is_mark("(") else None
        return ExpandItem(tuple(path), options, start)

    def _suffix(self, *allowed: str) -> str:
        word = self.word.lower()
        if self.kind != SYSTEM or word not in allowed:
            self.fail(f"Expected {' or '.join(allowed)}")
        self.advance()
        return word

    # --- options in parentheses ---
    def _is_option(self) -> bool:
        after = self.following()
        return after.kind in (SYSTEM, ANNOTATION) or self.text.startswith("=", after.end)

    def _options(self, allowed: frozenset[str], aliases: bool) -> QueryOptions:
        self.enter()
        self.advance()
        values: dict[str, Any] = {}
        trees: dict[str, Any] = {}
        while True:
            word, start = self.word, self.start
            if self.kind == ANNOTATION and aliases and "." not in word:
                self._refuse_twice(word, word in trees, start)
                self.advance()
                self.expect("=")
                trees[word] = self.expression()
            else:
                name = word.lower().removeprefix("$")
                if self.kind not in (SYSTEM, NAME) or name not in allowed:
                    self.fail(f"Expected {', '.join(f'${each}' for each in sorted(allowed))}")
                self._refuse_twice(word, name in values, start)
                self.advance()
                values[name] = self._option(name)
            if not self.take(";"):
                break
        self.expect(")")
        self.leave()
        return QueryOptions(**values, aliases=trees, given=frozenset(values))

    def _refuse_twice(self, word: str, is_there: bool, start: int) -> None:
        if is_there:
            raise ODataSyntaxError(f"'{word[:64]}' is given more than once", start, self.text)

    def _option(self, name: str) -> Any:
        if name == "search":
            return self.search_after("=")
        self.expect("=")
        return _OPTIONS[name](self)

    def _boolean(self) -> bool:
        word = self.take_word("true", "false")
        if word is None:
            self.fail("Expected 'true' or 'false'")
        return word == "true"

    def _levels(self) -> int:
        """How many levels are expanded; 0 stands for `max`."""
        if self.kind == NUMBER and self.word[0] not in "+-0":
            return self.number()
        if self.take_word("max") is None:
            self.fail("Expected a number from 1 on, or 'max'")
        return 0


_OPTIONS: Mapping[str, Callable[[ItemReader], Any]] = {
    "filter": ItemReader.expression,
    "orderby": ItemReader.order_items,
    "compute": ItemReader.compute_items,
    "apply": ItemReader.steps,
    "select": ItemReader.select_items,
    "expand": ItemReader.expand_items,
    "skip": ItemReader.number,
    "top": ItemReader.number,
    "count": ItemReader._boolean,
    "levels": ItemReader._levels,
}
