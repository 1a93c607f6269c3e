"""Opens an export as text, whatever encoding the tool that wrote it uses."""

from __future__ import annotations

import codecs
import io
import re
from typing import Any

SAMPLE_BYTES = 64 * 1024
_SURROGATE = re.compile("[\ud800-\udfff]")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def text_of(stream: io.BufferedReader[Any], encoding: str | None = None) -> io.TextIOWrapper:
    """Return the text of a binary stream, with its line ends as they are (as the csv module wants them).

    Without an `encoding`: UTF-8 and UTF-16 with or without a byte order mark; what is neither is read as Windows-1252,
    in which Excel and older tools write. Bytes that do not fit become U+FFFD.
    """
    found = encoding or _encoding(stream.peek(SAMPLE_BYTES))
    return io.TextIOWrapper(stream, encoding=found, errors="replace", newline="")


def writable(text: str) -> str:
    """The text with U+FFFD for unpaired surrogates, which JSON escapes and odd arguments bring and no file can hold."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _encoding(sample: bytes) -> str:
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    if sample[:200].count(0) > len(sample[:200]) // 4:
        return "utf-16-be" if sample[:1] == b"\0" else "utf-16-le"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
