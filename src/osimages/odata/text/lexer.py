"""Cuts the text of an OData expression into tokens, one at a time as a parser asks for them.

Grammar: https://docs.oasis-open.org/odata/odata/v4.01/os/abnf/odata-abnf-construction-rules.txt
"""

from __future__ import annotations

import re
from collections.abc import Set
from typing import NoReturn

from osimages.odata.text.syntax_errors import ODataLimitError, ODataSyntaxError
from osimages.odata.text.text_limits import Bounds

# What a token is. NAME may be qualified by a namespace; SYSTEM starts with `$`, ANNOTATION with `@`.
NAME, STRING, NUMBER, GUID, DATE, DATETIMEOFFSET, TIMEOFDAY, TYPED, JSON_STRING, ANNOTATION, SYSTEM, MARK, END, BAD = (
    *("NAME", "STRING", "NUMBER", "GUID", "DATE", "DATETIMEOFFSET", "TIMEOFDAY", "TYPED", "JSON_STRING"),
    *("ANNOTATION", "SYSTEM", "MARK", "END", "BAD"),
)

# Digits are ASCII; `\d` would match those of every script.
_IDENTIFIER = r"[^\W\d]\w*+"
_QUALIFIED = rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})*+"
_DAY = r"-?(?:0[0-9]{3}|[1-9][0-9]{3,})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_TIME = rf"{_CLOCK}(?::(?:[0-5][0-9]|60)(?:\.[0-9]{{1,12}})?)?"
_QUOTED = r"'[^']*+(?:''[^']*+)*+'"
_PATTERN = re.compile(
    "[ \t]*+(?:"
    + "|".join(
        f"(?P<{kind}>{pattern})"
        for kind, pattern in {
            # The most usual come first; a plain name is not the start of a GUID or of a literal with its type in front.
            "PLAIN": rf"{_IDENTIFIER}(?![.'-])",
            MARK: r"[()\[\]{},/:;=*]",
            STRING: _QUOTED,
            TIMEOFDAY: rf"{_TIME}(?!\w)",
            # No operator is written as a sign, so that one right before a number always belongs to it.
            NUMBER: r"(?:[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|-INF)(?![\w.-])",
            GUID: r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?!\w)",
            DATETIMEOFFSET: rf"{_DAY}[Tt]{_TIME}(?:[Zz]|[+-]{_CLOCK})(?!\w)",
            DATE: rf"{_DAY}(?!\w)",
            # duration'P1D', binary'AA==', example.architecture'x64'
            TYPED: _QUALIFIED + _QUOTED,
            NAME: _QUALIFIED,
            JSON_STRING: r'"(?:[^"\\\x00-\x1f]|\\.)*+"',
            ANNOTATION: rf"@{_QUALIFIED}(?:#{_IDENTIFIER})?",
            SYSTEM: r"\$[A-Za-z]\w*+",
            "MINUS": "-",
            END: r"\Z",
        }.items()
    )
    + ")"
)
_DATE_LIKE = re.compile(r"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}[Tt0-9:.Zz+-]*|[0-9]{2}:[0-9]{2}[0-9:.]*")
_WITHOUT_ZONE = re.compile(rf"{_DAY}[Tt]{_TIME}")
_SPACE = re.compile(r"[ \t]*")
_RENAMED = {"PLAIN": NAME, "MINUS": MARK}
LONGEST_NAME = 128


class Cursor:
    """Stands on one token of a text: its `kind`, its `word`, where it starts and ends. Holds what is left of bounds.

    `encoded` are the positions of semicolons that were percent-encoded: the words of a search may hold these alone.
    """

    __slots__ = ("_bounds", "_depth", "_nodes", "encoded", "end", "kind", "start", "text", "word")

    def __init__(self, text: str, bounds: Bounds, encoded: Set[int] = frozenset()) -> None:
        self.text = text
        self.encoded = encoded
        self._bounds = bounds
        self._nodes = 0
        self._depth = 0
        self.move(0)

    # --- tokens ---
    def move(self, position: int) -> None:
        """Stands on the first token from a position on."""
        match = _PATTERN.match(self.text, position)
        if match is None:
            space = _SPACE.match(self.text, position)
            self.kind, self.start = BAD, space.end() if space else position
            self.end = self.start + 1
            self.word = self.text[self.start : self.end]
            return
        kind = match.lastgroup or END
        self.word = match[kind]
        self.end = match.end()
        self.start = self.end - len(self.word)
        self.kind = _RENAMED.get(kind, kind)

    def advance(self) -> None:
        """Stands on the next token; the end has none."""
        self.move(self.end)

    def following(self) -> Cursor:
        """A cursor on the next token, to look ahead."""
        found = Cursor.__new__(Cursor)
        found.text = self.text
        found.move(self.end)
        return found

    def is_mark(self, mark: str) -> bool:
        """Whether the token is that punctuation mark."""
        return self.word == mark and self.kind == MARK

    def take(self, mark: str) -> bool:
        """Whether the token was that punctuation mark; if so, it is behind."""
        if self.word == mark and self.kind == MARK:
            self.move(self.end)
            return True
        return False

    def take_word(self, *words: str) -> str | None:
        """The token if it was one of those words, in any case; if so, it is behind."""
        word = self.word.lower()
        if self.kind != NAME or word not in words:
            return None
        self.move(self.end)
        return word

    def take_spaced(self, word: str) -> bool:
        """Whether the token was that word, with white space around it; if so, it is behind."""
        if self.kind != NAME or self.word.lower() != word:
            return False
        self.check_space()
        self.move(self.end)
        return True

    def take_slash(self) -> bool:
        """Whether the token was the slash of a path, around which is no white space; if so, it is behind."""
        if self.word != "/" or self.kind != MARK:
            return False
        if self.text[self.start - 1] in " \t" or self.text[self.end : self.end + 1] in (" ", "\t"):
            raise ODataSyntaxError("White space within a path", self.start, self.text)
        self.move(self.end)
        return True

    def check_space(self, is_last: bool = False) -> None:
        """Refuses a word of the language that touches what stands around it; parentheses it may touch."""
        if self.text[self.start - 1] not in " \t)":
            raise ODataSyntaxError(f"Expected white space before '{self.word}'", self.start, self.text)
        if not is_last and self.text[self.end : self.end + 1] not in " \t(":
            raise ODataSyntaxError(f"Expected white space after '{self.word}'", self.end, self.text)

    def expect(self, mark: str) -> None:
        """Goes behind a punctuation mark."""
        if not self.take(mark):
            self.fail(f"Expected '{mark}'")

    def name(self, what: str) -> str:
        """An identifier, which is behind then."""
        word = self.word
        if self.kind != NAME or "." in word or len(word) > LONGEST_NAME:
            self.fail(f"Expected {what}")
        self.count_node()
        self.move(self.end)
        return word

    def expect_end(self) -> None:
        """Refuses anything that follows."""
        if self.kind != END:
            self.fail("Expected an operator or the end of the expression")

    def fail(self, expected: str) -> NoReturn:
        """Raises ODataSyntaxError: something else was expected here."""
        if self.kind == BAD:
            raise ODataSyntaxError(_unreadable(self.text, self.start), self.start, self.text)
        if self.word == ":":
            start = len(self.text[: self.start].rstrip("0123456789:"))
            if clock := _DATE_LIKE.match(self.text, start):
                raise ODataSyntaxError(f"There is no date or time '{clock[0][:32]}'", start, self.text)
        found = "the end" if self.kind == END else f"'{self.word[:32]}'"
        raise ODataSyntaxError(f"{expected}, found {found}", self.start, self.text)

    # --- limits ---
    def count_node(self) -> None:
        """One more node of the tree."""
        self._nodes += 1
        if self._nodes > self._bounds.nodes:
            raise ODataLimitError("The size of the expression", self._bounds.nodes, "max_filter_nodes")

    def check_depth(self, more: int = 0) -> None:
        """Refuses what is nested too deeply."""
        if self._depth + more > self._bounds.depth:
            raise ODataLimitError("The nesting of the expression", self._bounds.depth, "max_filter_depth")

    def enter(self) -> None:
        """One level deeper."""
        self._depth += 1
        self.count_node()
        self.check_depth()

    def leave(self) -> None:
        """One level up again."""
        self._depth -= 1


def _unreadable(text: str, position: int) -> str:
    """What is wrong where no token starts."""
    dated = _DATE_LIKE.match(text, position)
    if dated is not None and _WITHOUT_ZONE.fullmatch(dated[0]):
        return "A date and time needs its time zone, `Z` or an offset such as `+02:00`"
    if dated is not None:
        return f"There is no date or time '{dated[0][:32]}'"
    if text[position] == "'":
        return "Unterminated string literal"
    if text[position] == '"':
        return "Malformed JSON string"
    if text[position].isdigit():
        return "Malformed number or date"
    return f"Unexpected character '{text[position]}'"
