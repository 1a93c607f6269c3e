"""Bodies that every client gets alike, so that they are made and compressed once."""

from __future__ import annotations

import zlib
from functools import cached_property


class Document:
    """A body, and its form in gzip format, which is made when it is first requested."""

    def __init__(self, plain: bytes) -> None:
        self.plain = plain

    @cached_property
    def zipped(self) -> bytes:
        """The body in gzip format, without a time, so that the same body always has the same form."""
        return zlib.compress(self.plain, 6, wbits=31)
