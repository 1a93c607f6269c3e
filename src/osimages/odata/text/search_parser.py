"""From the text of a `$search` to its tree: words, phrases, AND, OR, NOT.

Grammar and precedence (NOT, then AND, then OR): OData 4.01 URL conventions, section 5.1.7
https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_SystemQueryOptionsearch
"""

from __future__ import annotations

import re
from collections.abc import Set

from osimages.odata.text.lexer import Cursor
from osimages.odata.text.search_tree import Search, SearchAnd, SearchIncomplete, SearchNot, SearchOr, SearchTerm
from osimages.odata.text.syntax_errors import ODataSyntaxError
from osimages.odata.text.text_limits import BOUNDS, Bounds

_PIECE = re.compile(
    r"""[ \t]*+(?:(?P<word>[^\s"();']++[^\s"();]*+)
    |(?P<phrase>"(?:[^"\\]|\\["\\])++")
    |(?P<incomplete>'[^']*+(?:''[^']*+)*+')
    |(?P<mark>[();]|\Z))""",
    re.VERBOSE | re.DOTALL,
)
_REST = re.compile(r"""[^\s"();]*+""")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parse_search(text: str, bounds: Bounds = BOUNDS, encoded: Set[int] = frozenset()) -> Search:
    """The tree of a `$search`. Raises ODataSyntaxError or ODataLimitError.

    AND, OR and NOT are operators where they have operands, and words elsewhere: the search for `AND` is one for that
    word. A text in single quotes is one that somebody is still typing, and stays as it is. `encoded` are the positions
    of semicolons that were percent-encoded: only such may stand in a word.
    """
    reader = SearchReader(Cursor(text, bounds, encoded), 0)
    found = reader.search()
    reader.expect_end()
    return found


class SearchReader:
    """Reads a search within the text of a cursor, whose bounds it keeps; stops before `;` and a closing parenthesis."""

    def __init__(self, cursor: Cursor, position: int) -> None:
        self._cursor = cursor
        self._text = cursor.text
        self._move(position)

    @property
    def position(self) -> int:
        """Where the search ends."""
        return self._start

    def search(self) -> Search:
        """A search of at least one term, or a text that is incomplete."""
        if self._kind == "incomplete":
            found = SearchIncomplete(self._piece[1:-1].replace("''", "'"), self._start)
            self._cursor.count_node()
            self._move(self._end)
            return found
        return self._either()

    def expect_end(self) -> None:
        """Refuses anything that follows."""
        if self._start < len(self._text):
            self._fail("Expected a term or the end of the search")
        if self._start != self._before:
            raise ODataSyntaxError("White space after the search", self._before, self._text)

    # --- pieces ---
    def _move(self, position: int) -> None:
        match = _PIECE.match(self._text, position)
        self._before = position
        if match is None:
            self._kind, self._piece = "bad", ""
            self._start = self._end = position + len(self._text[position:]) - len(self._text[position:].lstrip(" \t"))
            return
        self._kind = match.lastgroup or "mark"
        self._start, self._end = match.span(self._kind)
        # Right behind a phrase or a parenthesis no word starts, so that a semicolon there ends the search as others do.
        is_behind = self._start == position > 0 and self._text[position - 1] in ')"'
        if self._start in self._cursor.encoded and not is_behind:
            self._kind, self._end = "word", self._start
        if self._kind == "word":
            while self._end in self._cursor.encoded:
                self._end = _REST.match(self._text, self._end + 1).end()  # type: ignore[union-attr]
        self._piece = self._text[self._start : self._end]

    def _is_operand(self, kind: str, piece: str) -> bool:
        return kind in ("word", "phrase") or piece == "("

    def _is_operator(self, word: str) -> bool:
        """Whether a word stands here, and before something that it can be the operator of."""
        if self._kind != "word" or self._piece != word:
            return False
        match = _PIECE.match(self._text, self._end)
        if match is None or match.start(match.lastgroup or 0) == self._end:
            return False
        kind = match.lastgroup or ""
        return self._is_operand(kind, match[kind])

    # --- expressions ---
    def _either(self) -> Search:
        self._cursor.enter()
        position = self._start
        operands = [self._both()]
        while self._is_operator("OR"):
            self._move(self._end)
            operands.append(self._both())
        self._cursor.leave()
        return SearchOr(tuple(operands), position) if len(operands) > 1 else operands[0]

    def _both(self) -> Search:
        position = self._start
        operands = [self._term()]
        while self._is_operand(self._kind, self._piece) and not self._is_operator("OR"):
            if self._start == self._before:
                self._fail("Expected white space")
            if self._is_operator("AND"):
                self._move(self._end)
            operands.append(self._term())
        return SearchAnd(tuple(operands), position) if len(operands) > 1 else operands[0]

    def _term(self) -> Search:
        self._cursor.count_node()
        start, piece, kind = self._start, self._piece, self._kind
        if self._is_operator("NOT"):
            self._cursor.enter()
            self._move(self._end)
            negated = SearchNot(self._term(), start)
            self._cursor.leave()
            return negated
        if kind == "word":
            self._move(self._end)
            return SearchTerm(piece, False, start)
        if kind == "phrase":
            self._move(self._end)
            return SearchTerm(_ESCAPED.sub(r"\1", piece[1:-1]), True, start)
        if piece != "(":
            self._fail("Expected a term")
        self._move(self._end)
        found = self._either()
        if self._piece != ")":
            self._fail("Expected ')'")
        self._move(self._end)
        return found

    def _fail(self, expected: str) -> None:
        if self._kind == "bad":
            message = "Malformed phrase" if self._text.startswith('"', self._start) else "Unexpected character"
            raise ODataSyntaxError(message, self._start, self._text)
        found = f"'{self._piece[:32]}'" if self._piece else "the end"
        raise ODataSyntaxError(f"{expected}, found {found}", self._start, self._text)
