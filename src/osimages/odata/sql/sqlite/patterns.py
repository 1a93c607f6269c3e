"""Regular expressions in SQLite, which has none: RE2 matches them in linear time, with bounded memory.

Syntax: https://github.com/google/re2/wiki/Syntax. Decision: docs/decisions/0051.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import apsw

from osimages.odata.plan.constants import Pattern
from osimages.odata.plan.patterns import malformed, unavailable
from osimages.odata.sql.transaction_script import Values

try:
    import re2
except ImportError:  # there is no wheel for musl, and for few processors
    re2 = None

# Bytes for the programs and the automata of one pattern. `.{1000}` takes 190 kB; a pattern that needs more is rejected.
_MOST_BYTES = 256 * 1024
_MISSING = "'matchesPattern' on SQLite needs the Python package google-re2, which is not installed on this server"
# RE2 has ECMAScript's \u0041 in braces only. An escaped backslash is skipped with what it escapes.
_CODE_UNIT = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|.)", re.DOTALL)


def bind_patterns(values: Mapping[str, object]) -> Values:
    """Return the parameters of a statement with each Pattern compiled, once for all rows.

    Compiling takes up to 10 ms of processor time a pattern: do it on a thread. Raises ODataError: 400 for a pattern
    that RE2 does not take, 501 without RE2.
    """
    return {name: _value(each) for name, each in values.items()}


def matcher(is_over: Callable[[], bool]) -> Callable[..., bool | None]:
    """Return the SQL function of a text and a compiled pattern; it ends the query once its time `is_over`.

    SQLite looks at the clock between steps of its virtual machine only, and one match may take milliseconds.
    """

    def matches(text: str | None, pattern: Any) -> bool | None:
        if is_over():
            raise apsw.InterruptError("the time of the query is over")
        return None if text is None else pattern.search(text.encode()) is not None

    return matches


def _value(constant: object) -> object:
    return apsw.pyobject(_compiled(constant)) if isinstance(constant, Pattern) else constant


def _compiled(pattern: Pattern) -> Any:
    if re2 is None:
        raise unavailable(pattern, _MISSING)
    options = re2.Options()
    options.max_mem = _MOST_BYTES
    options.never_capture = True
    options.log_errors = False
    try:
        return re2.compile(_CODE_UNIT.sub(_in_braces, pattern.text), options)
    except re2.error as error:
        raise malformed(pattern, error.args[0].decode(errors="replace")) from None
    finally:
        re2.purge()  # its own cache would hold 128 patterns for good


def _in_braces(escape: re.Match[str]) -> str:
    return f"\\x{{{escape[1]}}}" if escape[1] else escape[0]
