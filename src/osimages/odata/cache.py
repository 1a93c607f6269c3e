"""Remembers what functions make of short texts; hundreds of long ones, as clients may send, would fill the memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

_Texts = ParamSpec("_Texts")
_Found = TypeVar("_Found")

# Characters of a text, or bytes. Clients send shorter ones.
LONGEST_REMEMBERED = 1024


def remembering(most: int) -> Callable[[Callable[_Texts, _Found]], Callable[_Texts, _Found]]:
    """Remembers the results of a function of texts, the last `most` of them. What it raises is not remembered."""

    def decorated(function: Callable[_Texts, _Found]) -> Callable[_Texts, _Found]:
        remembered = lru_cache(most)(function)

        @wraps(function)
        def asked(*texts: _Texts.args, **named: _Texts.kwargs) -> _Found:
            for text in (*texts, *named.values()):
                if isinstance(text, str) and len(text) > LONGEST_REMEMBERED:
                    return function(*texts, **named)
            return remembered(*texts, **named)  # type: ignore[arg-type]  # texts can be hashed

        return asked

    return decorated
