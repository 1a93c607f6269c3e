"""Percent-decoding of URL parts that says where a part is malformed (RFC 3986, section 2.1)."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from osimages.odata.text.syntax_errors import ODataSyntaxError

_MALFORMED = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


def decoded(text: str) -> str:
    """The text that a percent-encoded part of a URL stands for. Raises ODataSyntaxError with a position in `text`."""
    if "%" not in text and text.isascii():
        return text
    malformed = _MALFORMED.search(text)
    if malformed is not None:
        raise ODataSyntaxError("Malformed percent-encoding", malformed.start(), text)
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeError:
        raise ODataSyntaxError("Percent-encoding that is not UTF-8", _not_utf8(text), text) from None


def _not_utf8(text: str) -> int:
    """Where the first run of encoded bytes starts that is no text of its own."""
    for run in _ENCODED.finditer(text):
        try:
            unquote_to_bytes(run.group()).decode("utf-8")
        except UnicodeDecodeError:
            return run.start()
    return 0  # half a character, not encoded: no server hands that on
