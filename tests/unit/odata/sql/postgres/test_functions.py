"""The functions that PostgreSQL is given return what their twins in Python return on SQLite, for very many values."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osimages.odata.model import value_encoding
from osimages.odata.sql.postgres.database import PostgresDatabase
from osimages.odata.sql.sqlite.functions import FUNCTIONS
from osimages.odata.sql.transaction_script import Script, Statement
from tests.support.looped import run
from tests.support.postgres import Postgres
from tests.unit.odata.sql.places import new_postgres

# --- values -----------------------------------------------------------------------------------------------------------
_BIG = (1 << 63) - 1
INTEGERS = (
    st.integers(-(1 << 63), _BIG) | st.integers(-10, 10) | st.sampled_from([_BIG, -_BIG - 1, 1 << 31, 86_400_000_000])
)
_SPECIAL = (0.5, -0.5, 2.5, 1e15, 1e16, 123456789012345680.0, 1e-4, 1e-5, 5e-324, 1.7e308, 3.4028235677973366e38)
DOUBLES = (
    st.floats(allow_nan=False)
    | st.sampled_from((*_SPECIAL, 0.49999999999999994))
    | st.integers(-(1 << 80), 1 << 80).map(float)
    | st.integers(-100, 100).map(float)
)
# Beyond these, PostgreSQL's text of an integer may have one digit more than the shortest.
WRITTEN_DOUBLES = DOUBLES.filter(lambda each: abs(each) < 1 << 53)
WRITTEN_SINGLES = DOUBLES.map(value_encoding.single).filter(lambda each: abs(each) < 1 << 24)
DECIMALS = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**20) + 1, max_value=10**20 - 1, places=18
) | (st.decimals(-100, 100, places=2))
ENCODED = DECIMALS.map(value_encoding.decimal_text)
MOMENTS = st.integers(value_encoding.EARLIEST, value_encoding.LATEST)
OFFSETS = st.integers(-840, 840)
DAYS = st.dates().map(lambda day: day.isoformat())
TIMES = st.integers(0, value_encoding.MICROSECONDS_A_DAY - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.text(
    "aAßσςΣİı .:+-TZePDHMS0129_%\\\u00a0\u3000é\u0301", max_size=12
)
NUMBER_TEXTS = st.from_regex(r"[+-]?[0-9]{1,6}(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?", fullmatch=True) | st.sampled_from(
    ["INF", "-INF", "1e400", "-1e400", "1e-400", "1e9999", "2.5e-9999", "9223372036854775807", "9223372036854775808",
     "-9223372036854775808", "255", "256", "1.0", "-0", "1.7976931348623158e308", "4.9e-324", "2e-324", ".5", "5.", "+"]
)  # fmt: skip
MOMENT_TEXTS = st.datetimes().map(lambda moment: moment.isoformat()) | st.from_regex(
    r"(0000|2024|2023|9999)-(02|12|13)-(28|29|30|31)[Tt][0-9]{2}:[0-5][0-9](:[0-6][0-9](\.[0-9]{1,13})?)?(Z|[+-][01][0-9]:[0-6][0-9])?",
    fullmatch=True,
)
TIME_TEXTS = st.from_regex(r"[0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,13})?)?", fullmatch=True)
DURATION_TEXTS = st.from_regex(
    r"[+-]?[Pp]([0-9]{1,9}[Dd])?([Tt]([0-9]{1,5}H)?([0-9]{1,5}m)?([0-9]{1,5}(\.[0-9]{1,8})?[Ss\u017f])?)?",
    fullmatch=True,
)
GUID_TEXTS = (
    st.uuids().map(str) | st.uuids().map(lambda each: str(each).upper()) | st.uuids().map(lambda each: each.hex)
)
BINARY_TEXTS = st.binary(max_size=8).map(value_encoding.binary_text) | st.text("AQgw+/-_=", max_size=9)

DATE_TEXTS = MOMENT_TEXTS.map(lambda text: text[:10])
# The name of a function, and what it takes: a type of PostgreSQL and values.
INTEGER, DOUBLE, TEXT = "bigint", "double precision", "text"
CASES: list[tuple[str, list[tuple[str, st.SearchStrategy[Any]]]]] = [
    *((f"{name}_int64", [(INTEGER, INTEGERS)] * 2) for name in ("add", "subtract", "multiply", "divide", "remainder")),
    *((f"{name}_decimal", [(TEXT, ENCODED)] * 2) for name in ("add", "subtract", "multiply", "divide", "remainder")),
    *((f"{name}_decimal", [(TEXT, ENCODED)]) for name in ("negate", "round", "floor", "ceiling")),
    *((f"{name}_duration", [(INTEGER, INTEGERS)] * 2) for name in ("add", "subtract")),
    *((f"{name}_duration", [(INTEGER, INTEGERS), (TEXT, ENCODED)]) for name in ("multiply", "divide")),
    *((f"{name}_datetimeoffset", [(INTEGER, MOMENTS), (INTEGER, INTEGERS)]) for name in ("add", "subtract")),
    *((f"{name}_date", [(TEXT, DAYS), (INTEGER, INTEGERS)]) for name in ("add", "subtract")),
    ("difference_date", [(TEXT, DAYS)] * 2),
    ("remainder_double", [(DOUBLE, st.integers(-(10**6), 10**6).map(lambda each: each / 4))] * 2),
    *((f"{name}_double", [(DOUBLE, DOUBLES)]) for name in ("round", "floor", "ceiling")),
    *((name, [(TEXT, TEXTS)]) for name in ("lower", "upper", "trim")),
    ("ends_with", [(TEXT, TEXTS), (TEXT, TEXTS.map(lambda text: text[-2:]))]),
    ("substring", [(TEXT, TEXTS), (INTEGER, INTEGERS)]),
    ("substring", [(TEXT, TEXTS), (INTEGER, INTEGERS), (INTEGER, INTEGERS)]),
    *((name, [(INTEGER, MOMENTS), (INTEGER, OFFSETS)]) for name in ("date_of", "time_of", "offset_of")),
    *((name, [(TEXT, DAYS)]) for name in ("year", "month", "day")),
    *((name, [(INTEGER, TIMES)]) for name in ("hour", "minute", "second", "fractional_seconds", "timeofday_to_string")),
    *((name, [(INTEGER, INTEGERS)]) for name in ("total_seconds", "duration_to_string")),
    ("datetimeoffset_to_string", [(INTEGER, MOMENTS)]),
    ("double_to_single", [(DOUBLE, DOUBLES)]),
    *((f"double_to_{name}", [(DOUBLE, WRITTEN_DOUBLES)]) for name in ("string", "decimal")),
    ("single_to_string", [(DOUBLE, WRITTEN_SINGLES)]),
    ("decimal_to_string", [(TEXT, ENCODED)]),
    ("boolean_to_string", [("boolean", st.booleans())]),
    ("binary_to_string", [("bytea", st.binary(max_size=80))]),
    *((f"string_to_{name}", [(TEXT, NUMBER_TEXTS | TEXTS)]) for name in ("double", "single", "decimal")),
    ("string_to_boolean", [(TEXT, st.sampled_from(["true", "TRUE", "False", "1", "", " true"]) | TEXTS)]),
    ("string_to_guid", [(TEXT, GUID_TEXTS | TEXTS)]),
    ("string_to_binary", [(TEXT, BINARY_TEXTS | TEXTS)]),
    ("string_to_date", [(TEXT, DATE_TEXTS | TEXTS)]),
    ("string_to_timeofday", [(TEXT, TIME_TEXTS | TEXTS)]),
    ("string_to_datetimeoffset", [(TEXT, MOMENT_TEXTS | TEXTS)]),
    ("string_to_duration", [(TEXT, DURATION_TEXTS | TEXTS)]),
]
MANY = settings(deadline=None, max_examples=4, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> Iterator[PostgresDatabase]:
    """A migrated database."""
    with new_postgres(postgres) as place:
        opened = run(place.open())
        yield opened
        run(opened.close())


def asked(sql: str, columns: list[list[Any]]) -> Script[list[Any]]:
    """What an expression gives for each row of arguments."""
    values = {f"a{number}": column for number, column in enumerate(columns)}
    return [row[0] for row in (yield Statement(sql, values))]


def alike(found: Any, expected: Any) -> bool:
    """Equal; but floating-point numbers with their sign, as texts of them show it."""
    if isinstance(expected, float) and isinstance(found, float):
        return found == expected and math.copysign(1, found or 0.0) == math.copysign(1, expected or 0.0)
    return bool(found == expected)


@pytest.mark.parametrize(("name", "parameters"), CASES, ids=[f"{name}/{len(given)}" for name, given in CASES])
@MANY
@given(data=st.data())
def test_a_function_gives_what_its_twin_gives(
    database: PostgresDatabase, name: str, parameters: list[tuple[str, st.SearchStrategy[Any]]], data: st.DataObject
) -> None:
    rows = data.draw(st.lists(st.tuples(*(strategy for _, strategy in parameters)), min_size=1, max_size=100))
    names = [f"a{number}" for number in range(len(parameters))]
    arrays = ", ".join(f"CAST(:{name} AS {type_}[])" for name, (type_, _) in zip(names, parameters, strict=True))
    sql = f"SELECT odata_{name}({', '.join(names)}) FROM unnest({arrays}) AS given({', '.join(names)})"
    found = run(database.read(asked(sql, [list(column) for column in zip(*rows, strict=True)])))
    twin = FUNCTIONS[f"odata_{name}"]
    for row, each in zip(rows, found, strict=True):
        assert alike(each, twin(*row)), (name, row, each, twin(*row))


@pytest.mark.parametrize("operator", ["+", "-", "*", "/"])
@MANY
@given(rows=st.lists(st.tuples(DOUBLES, DOUBLES), min_size=1, max_size=300))
def test_arithmetic_of_floating_point_numbers_is_that_of_ieee_754(
    database: PostgresDatabase, operator: str, rows: list[tuple[float, float]]
) -> None:
    name = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}[operator]
    arrays = "CAST(:a0 AS double precision[]), CAST(:a1 AS double precision[])"
    sql = f"SELECT odata_{name}_double(a0, a1) FROM unnest({arrays}) AS given(a0, a1)"
    found = run(database.read(asked(sql, [list(column) for column in zip(*rows, strict=True)])))
    for (left, right), each in zip(rows, found, strict=True):
        expected = None if operator == "/" and right == 0 else _calculated(operator, left, right)
        assert each == expected, (left, operator, right)


def _calculated(operator: str, left: float, right: float) -> float | None:
    try:
        found = {"+": left + right, "-": left - right, "*": left * right}.get(operator)
        found = left / right if found is None else found
    except OverflowError:
        found = math.copysign(math.inf, left) * math.copysign(1, right)
    except ZeroDivisionError:
        return None
    return None if math.isnan(found) else found


@MANY
@given(rows=st.lists(DOUBLES, min_size=1, max_size=300))
def test_every_floating_point_number_reads_as_it_was_written(database: PostgresDatabase, rows: list[float]) -> None:
    sql = "SELECT odata_double_to_string(a0) FROM unnest(CAST(:a0 AS double precision[])) AS given(a0)"
    for value, text in zip(rows, run(database.read(asked(sql, [rows]))), strict=True):
        assert float(text.replace("INF", "inf")) == value


@MANY
@given(rows=st.lists(st.tuples(DOUBLES, DOUBLES), min_size=1, max_size=300))
def test_no_remainder_of_floating_point_numbers_is_an_error(
    database: PostgresDatabase, rows: list[tuple[float, float]]
) -> None:
    arrays = "CAST(:a0 AS double precision[]), CAST(:a1 AS double precision[])"
    sql = f"SELECT odata_remainder_double(a0, a1) FROM unnest({arrays}) AS given(a0, a1)"
    found = run(database.read(asked(sql, [list(column) for column in zip(*rows, strict=True)])))
    for (left, right), each in zip(rows, found, strict=True):
        assert each is None or not (right == 0 or math.isinf(left))
