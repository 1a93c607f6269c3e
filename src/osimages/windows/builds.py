"""A Windows build such as 10.0.26200.9711: read, compared and written."""

from __future__ import annotations

import re
from typing import Self

import msgspec

_PARTS = re.compile(r"[0-9]+(?:\.[0-9]+)*")
# Windows keeps each part of a version in at most 32 bits (OSVERSIONINFOEXW, UBR in the registry).
_HIGHEST_PART = 2**32 - 1
_EXPECTED = "expected a build such as 10.0.26200.9711 or 26200.9711"


class Build(msgspec.Struct, frozen=True, order=True, gc=False):
    """Four numbers, ordered as Windows orders its versions: by major, minor, build and revision."""

    major: int
    minor: int
    build: int
    revision: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `10.0.26200.9711`, or `26200.9711` as Microsoft's pages print it; spaces around it do not matter.

        Raises ValueError, which says what is wrong with the text.
        """
        stripped = text.strip()
        if not stripped:
            raise ValueError(f"the build is empty: {_EXPECTED}")
        if not _PARTS.fullmatch(stripped):
            raise ValueError(f"'{text}' is not made of numbers with dots between them: {_EXPECTED}")
        given = stripped.split(".")
        if len(given) not in (2, 4):
            raise ValueError(f"'{text}' has {len(given)} part{'s' * (len(given) > 1)}: {_EXPECTED}")
        for part in given:
            # The length first: Python refuses to read numbers of thousands of digits.
            if len(part) > 10 or int(part) > _HIGHEST_PART:
                raise ValueError(f"'{text}' has a part that is too large, '{part}': {_EXPECTED}")
        numbers = [int(part) for part in given]
        return cls(*numbers) if len(numbers) == 4 else cls(10, 0, *numbers)

    @property
    def short(self) -> str:
        """The build as Microsoft's pages print it: `26200.9711`."""
        return f"{self.build}.{self.revision}"

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.build}.{self.revision}"
