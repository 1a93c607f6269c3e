"""Older rows of devices that have a newer row in the same input."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.fleet.newest import Key, Sighting, key_of, older_rows

OLD, NEW = datetime(2024, 2, 1), datetime(2026, 11, 20)


def key(name: str, *, is_serial: bool = False) -> Key:
    found = key_of(name, 0, is_serial=is_serial)
    assert found is not None
    return found


def older(*rows: tuple[datetime | None, list[Key]]) -> list[int]:
    found = older_rows(Sighting(number, time, keys) for number, (time, keys) in enumerate(rows))
    assert len(found) == len(rows)
    return [number for number, is_older in enumerate(found) if is_older]


def test_the_newest_row_of_a_device_counts() -> None:
    assert older((NEW, [key("a")]), (OLD, [key("a")]), (OLD, [key("b")])) == [1]
    assert older((OLD, [key("a")]), (NEW, [key("a")])) == [0]
    assert older((NEW, [key("a")]), (None, [key("a")])) == [1]
    assert older((NEW, [key("a")]), (NEW, [key("a")]), (None, []), (None, [])) == [0]
    assert older() == []


def test_an_id_or_a_serial_number_makes_the_same_device() -> None:
    serial = key("5CG1234XYZ", is_serial=True)
    assert older((OLD, [key("a"), serial]), (NEW, [key("b"), serial])) == [0]
    assert older((OLD, [key("a"), serial]), (NEW, [key("a")])) == [0]


def test_a_serial_number_of_many_devices_is_none() -> None:
    serial = key("2UA1234XYZ", is_serial=True)
    rows = [(NEW, [key(f"device {number}"), serial]) for number in range(10)]
    assert older(*rows) == []
    assert older(*((NEW, [serial]) for _ in range(10))) == list(range(9))
    assert older_rows(Sighting(n, NEW, [serial], f"PC{n}") for n in range(10)) == bytes(10)


@pytest.mark.parametrize("value", ["", " ", "Unknown", "00000000-0000-0000-0000-000000000000", "{}", "0", "N/A", "-"])
def test_values_that_identify_nothing(value: str) -> None:
    assert key_of(value, 0, is_serial=False) is None


@pytest.mark.parametrize(
    "value",
    [
        "To be filled by O.E.M.",
        "Default string",
        "System Serial Number",
        "1234567890",
        "AAAAAAA",
        "None",
        "abc",
        "INVALID",
        "00330-80000-00000-AA123",
    ],
)
def test_serial_numbers_that_are_none(value: str) -> None:
    assert key_of(value, 0, is_serial=True) is None


def test_case_and_braces_do_not_matter_but_the_column_does() -> None:
    assert key_of("{ABC}", 0, is_serial=False) == key_of(" abc ", 0, is_serial=False)
    assert key_of("abc", 0, is_serial=False) != key_of("abc", 1, is_serial=False)


@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.sampled_from([OLD, NEW])), st.lists(st.sampled_from("abcdef"), max_size=2)),
        max_size=30,
    )
)
def test_the_result_equals_comparing_every_pair(rows: list[tuple[datetime | None, list[str]]]) -> None:
    def is_older(one: int) -> bool:
        keys, place = rows[one][1], (rows[one][0] or datetime.min, one)
        return any(set(keys) & set(others) and (at or datetime.min, n) > place for n, (at, others) in enumerate(rows))

    found = older(*((time, [key(each) for each in keys]) for time, keys in rows))
    assert found == [number for number in range(len(rows)) if is_older(number)]
