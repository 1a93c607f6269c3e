"""What is made of short texts is remembered, what is made of long ones is not."""

from __future__ import annotations

import pytest

from osimages.odata.cache import LONGEST_KEY, LONGEST_SQL, SqlCache, cached


def test_short_texts_are_read_once_and_long_ones_each_time() -> None:
    read: list[tuple[str | None, ...]] = []

    @cached(2)
    def both(first: str | None, second: str | None = None) -> int:
        read.append((first, second))
        return len(read)

    assert [both("a", None), both("a", None), both("b", "c"), both("b", "c")] == [1, 1, 2, 2]
    edge, long = "x" * LONGEST_KEY, "x" * (LONGEST_KEY + 1)
    assert [both(edge), both(edge)] == [3, 3]
    assert [both(long), both(long), both(None, long), both(None, long)] == [4, 5, 6, 7]


def test_what_is_raised_is_not_remembered() -> None:
    calls = 0

    @cached(2)
    def refusing(text: str) -> str:
        nonlocal calls
        calls += 1
        raise ValueError(text)

    for _ in range(2):
        with pytest.raises(ValueError, match="a"):
            refusing("a")
    assert calls == 2


def test_sql_is_cached_by_shape_up_to_a_number_and_a_length() -> None:
    cache = SqlCache[str](2, len)
    rendered: list[str] = []

    def sql(shape: str, length: int = 10) -> str:
        return cache.get(shape, lambda: rendered.append(shape) or "x" * length)  # type: ignore[func-returns-value]

    assert sql("a") == sql("a") == "x" * 10
    sql("long", LONGEST_SQL + 1)
    sql("long", LONGEST_SQL + 1)
    sql("b")
    sql("c")  # takes the place of the oldest
    sql("c")
    sql("a")
    assert rendered == ["a", "long", "long", "b", "c", "a"]
