"""The helper of the engine's three caches: resolved paths, bound queries by text, and SQL by shape.

Each is bounded in entries and in the length of what it keeps: clients may send hundreds of long texts. Nothing that a
tenant can change is cached.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import Generic, ParamSpec, TypeVar

_Key = ParamSpec("_Key")
_Found = TypeVar("_Found")

# Characters of a text, or bytes, in the key of a cache. Clients send shorter ones.
LONGEST_KEY = 1024
# Characters of SQL. A filter of 2,000 nodes has about 100,000, and is not sent often.
LONGEST_SQL = 32_768


def cached(most: int, longest: int = LONGEST_KEY) -> Callable[[Callable[_Key, _Found]], Callable[_Key, _Found]]:
    """Cache the last `most` results of a function, but not those of texts longer than `longest`, and no errors.

    Texts are passed as positional arguments.
    """

    def decorated(function: Callable[_Key, _Found]) -> Callable[_Key, _Found]:
        kept = lru_cache(most)(function)

        @wraps(function)
        def call(*key: _Key.args, **named: _Key.kwargs) -> _Found:
            for part in key:
                if isinstance(part, (str, bytes)) and len(part) > longest:
                    return function(*key, **named)
            return kept(*key, **named)  # type: ignore[arg-type]  # the parts of a key can be hashed

        return call

    return decorated


class SqlCache(Generic[_Found]):
    """SQL by the shape that it was rendered for: the last `most` entries, none longer than `LONGEST_SQL`."""

    def __init__(self, most: int, length: Callable[[_Found], int]) -> None:
        self._most = most
        self._length = length
        self._kept: dict[Hashable, _Found] = {}

    def get(self, shape: Hashable, render: Callable[[], _Found]) -> _Found:
        """Return what is cached for a shape, or render it."""
        found = self._kept.get(shape)
        if found is None:
            found = render()
            if self._length(found) <= LONGEST_SQL:
                if len(self._kept) >= self._most:
                    del self._kept[next(iter(self._kept))]
                self._kept[shape] = found
        return found
