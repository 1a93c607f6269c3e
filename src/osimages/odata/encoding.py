"""Percent-decoding of URL parts that says where a part is malformed (RFC 3986, section 2.1)."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from osimages.odata.errors import ODataSyntaxError

_MALFORMED = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decoded(text: str, offset: int = 0) -> str:
    """The text that a percent-encoded part of a URL stands for. Raises ODataSyntaxError; `offset` is added to its
    position, for parts of a longer text.
    """
    if "%" not in text and text.isascii():
        return text
    malformed = _MALFORMED.search(text)
    if malformed is not None:
        raise ODataSyntaxError("Malformed percent-encoding", offset + malformed.start(), text)
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise ODataSyntaxError("Percent-encoding that is not UTF-8", offset, text) from None
