"""CSV as the consoles, Excel and PowerShell write it, whole and broken."""

from __future__ import annotations

import io

import pytest

from osimages.windows.fleet.csv_reader import CsvReader
from osimages.windows.fleet.rows import Broken, ExportError, Row
from osimages.windows.fleet.text import text_of

INTUNE = (
    '"Device name","OS version","OS","SkuFamily"\r\n'
    '"A","10.0.26100.9445","Windows","Enterprise"\r\n'
    "B,10.0.19045.7727,Windows,Pro\r\n"
)
EXPECTED = [
    Row(2, ["A", "10.0.26100.9445", "Windows", "Enterprise"]),
    Row(3, ["B", "10.0.19045.7727", "Windows", "Pro"]),
]


def rows(content: str | bytes) -> list[Row | Broken]:
    raw = content if isinstance(content, bytes) else content.encode()
    return list(CsvReader(text_of(io.BufferedReader(io.BytesIO(raw)))).rows())


@pytest.mark.parametrize(
    "content",
    [
        INTUNE,
        INTUNE.encode("utf-8-sig"),
        INTUNE.encode("utf-16"),
        INTUNE.encode("utf-16-le"),
        INTUNE.encode("utf-16-be"),
        INTUNE.replace("Device name", "Gerätename").encode("cp1252"),
        INTUNE.replace(",", ";"),
        INTUNE.replace(",", "\t"),
        INTUNE.replace("\r\n", "\n"),
        INTUNE.replace("\r\n", "\n\n").replace("\n\n", "\n", 2),
        INTUNE.replace("Pro\r\n", "Pro,,\r\n"),
        INTUNE.rstrip("\r\n"),
        INTUNE + "\r\n  \r\n",
    ],
)
def test_every_form(content: str | bytes) -> None:
    assert rows(content) == EXPECTED


@pytest.mark.parametrize(
    ("before", "line"), [("sep=,\r\n", 3), ("#TYPE System.Object\r\n", 3), ("\r\n", 3), ("All devices\r\n\r\n", 4)]
)
def test_lines_before_the_names(before: str, line: int) -> None:
    assert [each.line for each in rows(before + INTUNE)] == [line, line + 1]


def test_one_column_may_have_commas_in_it() -> None:
    reader = CsvReader(io.StringIO('Build\n"26100.9445"\n26200,9711\n\nWindows 11, version 24H2\n'))
    found = list(reader.rows())
    assert reader.names == ["Build"]
    assert found == [Row(2, ["26100.9445"]), Row(3, ["26200,9711"]), Row(5, ["Windows 11, version 24H2"])]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("26100.9445\n26200.9711\n", ["column 1"]),
        ("PC1,10.0.26200.9711,Pro\nPC2,10.0.26100.9445,Pro\n", ["column 1", "column 2", "column 3"]),
        ("PC1;26200,9711\nPC2;26100,9445\n", ["column 1", "column 2"]),
    ],
)
def test_a_file_without_headings_loses_no_device(content: str, names: list[str]) -> None:
    reader = CsvReader(io.StringIO(content))
    assert [each.line for each in reader.rows()] == [1, 2]
    assert reader.names == names


def test_an_empty_line_is_no_row_and_delimiters_alone_are_an_empty_one() -> None:
    assert rows("a,b\n\n,\n,,,\n1,2\n") == [Row(3, ["", ""]), Row(4, ["", ""]), Row(5, ["1", "2"])]


def test_broken_rows_have_their_lines_and_the_others_are_read() -> None:
    found = rows(
        'OS version,name\n26100.9445,a\n26100.9445\n"26100.9445,b\n26200.9711,c"\n26200.9711,d\n1,2,3\n26200.9711,e\n'
    )
    assert [each.cells[1] for each in found if isinstance(each, Row)] == ["a", "d", "e"]
    assert [each for each in found if isinstance(each, Broken)] == [
        Broken(3, 3, "it has 1 fields, the first line has 2"),
        Broken(4, 5, "it has 1 fields, the first line has 2"),
        Broken(7, 7, "it has 3 fields, the first line has 2"),
    ]


def test_a_line_without_an_end_does_not_fill_the_memory() -> None:
    found = rows("osVersion,name\n26100.9445,a\n" + "x" * 3_000_000 + "\n26200.9711,b\n")
    assert [each.line for each in found if isinstance(each, Row)] == [2, 6]
    assert [each.line for each in found if isinstance(each, Broken)] == [3, 4, 5]


def test_a_quote_that_is_never_closed() -> None:
    found = rows('OS version,name\n26100.9445,a\n26200.9711,"c\n26200.9711,d\n')
    assert found == [Row(2, ["26100.9445", "a"]), Broken(3, 4, "unexpected end of data")]


@pytest.mark.parametrize("content", ['{"value": []}', '[{"osVersion": "26100.1"}]', "[\n", '["26100.1"]', "\n{\n"])
def test_json_given_as_csv_is_an_error(content: str) -> None:
    with pytest.raises(ExportError, match="looks like JSON: --json-file reads that"):
        rows(content)


@pytest.mark.parametrize("content", ["", "\n\n", "\0\1\2\3", "x" * 100_000, '"a'])
def test_what_is_no_csv(content: str) -> None:
    with pytest.raises(ExportError):
        rows(content)
