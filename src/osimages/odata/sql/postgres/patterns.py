"""Regular expressions of PostgreSQL: checked before a query runs, and with ECMAScript's meaning where that is cheap.

Syntax: https://www.postgresql.org/docs/current/functions-matching.html#POSIX-SYNTAX-DETAILS
Decision: docs/decisions/0051.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping

import asyncpg

from osimages.odata.plan.constants import Pattern
from osimages.odata.plan.patterns import malformed
from osimages.odata.sql.postgres.connections import Connections
from osimages.odata.sql.store import QueryTimeoutError
from osimages.odata.sql.transaction_script import Values

_CHECK = "SELECT '' COLLATE \"C\" ~ CAST(:pattern AS TEXT)"
_MOST_KNOWN = 1024
# Partial newline-sensitive matching: `.` does not match a line feed, `^` and `$` match at the ends of the text only.
_MODE = "(?p)"
# Word boundaries have other names there, and `\x` takes as many digits as follow. Others are left as they are.
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|.)", re.DOTALL)
_WORD_BOUNDARIES = {r"\b": r"\y", r"\B": r"\Y"}
_PREFIX = "invalid regular expression: "


class PostgresPatterns:
    """The patterns of queries. Those that PostgreSQL has taken are cached, so that they are checked once."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._known: dict[str, None] = {}

    @contextlib.asynccontextmanager
    async def turn(self, tenant: str, values: Mapping[str, object]) -> AsyncIterator[Values]:
        """A tenant's turn to run a query, with the parameters as the driver takes them.

        An invalid pattern is an error even if no row is matched with it. Raises ODataError (400) for it,
        QueryTimeoutError, or StoreUnavailableError.
        """
        patterns = [each for each in values.values() if isinstance(each, Pattern)]
        async with self._connections.turn(tenant):
            if not patterns:
                yield values
                return
            await self._check(patterns)
            with _rejected(patterns[0]):  # one that compiles may be too complex for a text
                yield {name: _value(each) for name, each in values.items()}

    async def _check(self, patterns: list[Pattern]) -> None:
        """Compile each pattern; all together in the time of one query."""
        seconds = self._connections.query_seconds
        try:
            async with asyncio.timeout(seconds):
                for pattern in patterns:
                    await self._check_one(pattern)
        except TimeoutError:
            raise QueryTimeoutError(seconds) from None

    async def _check_one(self, pattern: Pattern) -> None:
        text = rewritten(pattern.text)
        if text in self._known:
            return
        with _rejected(pattern):
            await self._connections.rows(_CHECK, {"pattern": text})
        if len(self._known) >= _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[text] = None


def _value(constant: object) -> object:
    return rewritten(constant.text) if isinstance(constant, Pattern) else constant


def rewritten(pattern: str) -> str:
    """Return the pattern with the escapes that ECMAScript and PostgreSQL write in different ways, and its mode."""
    return _MODE + _ESCAPE.sub(_escape, pattern)


def _escape(found: re.Match[str]) -> str:
    return f"\\u00{found[1]}" if found[1] else _WORD_BOUNDARIES.get(found[0], found[0])


@contextlib.contextmanager
def _rejected(pattern: Pattern) -> Iterator[None]:
    try:
        yield
    except asyncpg.InvalidRegularExpressionError as error:
        raise malformed(pattern, str(error).removeprefix(_PREFIX)) from error
