"""What is made of short texts is remembered, what is made of long ones is not."""

from __future__ import annotations

import pytest

from osimages.odata.cache import LONGEST_REMEMBERED, remembering


def test_short_texts_are_read_once_and_long_ones_each_time() -> None:
    read: list[tuple[str | None, ...]] = []

    @remembering(2)
    def both(first: str | None, second: str | None = None) -> int:
        read.append((first, second))
        return len(read)

    assert [both("a", None), both("a", None), both("b", "c"), both("b", "c")] == [1, 1, 2, 2]
    edge, long = "x" * LONGEST_REMEMBERED, "x" * (LONGEST_REMEMBERED + 1)
    assert [both(edge), both(edge)] == [3, 3]
    assert [both(long), both(long), both(None, long), both(None, long)] == [4, 5, 6, 7]


def test_what_is_raised_is_not_remembered() -> None:
    calls = 0

    @remembering(2)
    def refusing(text: str) -> str:
        nonlocal calls
        calls += 1
        raise ValueError(text)

    for _ in range(2):
        with pytest.raises(ValueError, match="a"):
            refusing("a")
    assert calls == 2
