"""Exports as the consoles, Excel and PowerShell write them, whole and broken."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.catalogue.check import Checker
from osimages.catalogue.facts import bundled
from osimages.fleet.columns import Columns, ColumnsError, choose
from osimages.fleet.csv_devices import read_csv
from osimages.fleet.devices import Broken, Device, ExportError
from osimages.fleet.json_devices import read_json
from osimages.fleet.text import text_of

CHECKER = Checker(bundled(), date(2026, 11, 23))


def guessed(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns:
    return choose(names, rows, lambda text: 2 * (CHECKER.check(text).build_version is not None))


def from_csv(content: str | bytes) -> list[Device | Broken]:
    raw = content if isinstance(content, bytes) else content.encode()
    return list(read_csv(text_of(io.BufferedReader(io.BytesIO(raw))), guessed).devices)


def from_json(content: str) -> list[Device | Broken]:
    return list(read_json(io.StringIO(content), guessed).devices)


def seen(devices: list[Device | Broken]) -> list[tuple[int, str, str]]:
    return [(each.line, each.build, each.edition) for each in devices if isinstance(each, Device)]


EXPECTED = [(2, "10.0.26100.9445", "Enterprise"), (3, "10.0.19045.7727", "Pro")]
INTUNE = (
    '"Device name","OS version","OS","SkuFamily"\r\n'
    '"A","10.0.26100.9445","Windows","Enterprise"\r\n'
    "B,10.0.19045.7727,Windows,Pro\r\n"
)


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
    ],
)
def test_csv_in_every_form(content: str | bytes) -> None:
    assert seen(from_csv(content)) == EXPECTED


def test_lines_before_the_names() -> None:
    assert [line for line, _, _ in seen(from_csv("sep=,\r\n" + INTUNE))] == [3, 4]
    assert [line for line, _, _ in seen(from_csv("#TYPE System.Object\r\n" + INTUNE))] == [3, 4]


def test_broken_rows_are_told_with_their_lines_and_the_others_are_read() -> None:
    devices = from_csv(
        'OS version,name\n26100.9445,a\n26100.9445\n"26100.9445,b\n26200.9711,c"\n26200.9711,d\n,\n1,2,3\n'
    )
    assert seen(devices) == [(2, "26100.9445", ""), (6, "26200.9711", ""), (7, "", "")]
    assert [(each.line, each.last_line) for each in devices if isinstance(each, Broken)] == [(3, 3), (4, 5), (8, 8)]


def test_a_line_without_an_end_does_not_fill_the_memory() -> None:
    devices = from_csv("osVersion,name\n26100.9445,a\n" + "x" * 3_000_000 + "\n26200.9711,b\n")
    assert seen(devices) == [(2, "26100.9445", ""), (6, "26200.9711", "")]
    assert [each.line for each in devices if isinstance(each, Broken)] == [3, 4, 5]


def test_a_quote_that_is_never_closed() -> None:
    devices = from_csv('OS version,name\n26100.9445,a\n26200.9711,"c\n26200.9711,d\n')
    assert seen(devices) == [(2, "26100.9445", "")]
    assert devices[-1] == Broken(3, 4, "unexpected end of data")


@pytest.mark.parametrize("content", ['{"value": []}', '[{"osVersion": "26100.1"}]', "[\n", '["26100.1"]', "\n{\n"])
def test_json_is_told_from_csv(content: str) -> None:
    with pytest.raises(ExportError, match="looks like JSON: --json-file reads that"):
        from_csv(content)


@pytest.mark.parametrize("content", [INTUNE, INTUNE.replace(",", ";"), INTUNE.replace(",", "\t"), '"a" ,1\n'])
def test_csv_is_told_from_json(content: str) -> None:
    quoted = "\n".join(re.sub(r"[^,;\t]+", r'"\g<0>"', line) for line in content.splitlines())
    with pytest.raises(ExportError, match="looks like CSV: --csv reads that"):
        from_json(quoted if '"' not in content else content)


@pytest.mark.parametrize("content", ["", "\n\n", "\0\1\2\3", "PK\3\4\0\0binary"])
def test_what_is_no_csv(content: str) -> None:
    with pytest.raises(ExportError):
        from_csv(content)


@pytest.mark.parametrize(
    ("header", "row", "columns"),
    [
        (
            "Name,BuildExt,Build,OperatingSystemNameandVersion",
            "A,10.0.26100.9445,10.0.26100,Microsoft Windows NT Workstation 10.0",
            ("BuildExt", "OperatingSystemNameandVersion", "OperatingSystemNameandVersion"),
        ),
        (
            "Name0,Build01,BuildNumber0,Caption0",
            "A,10.0.26100.9445,26100,Microsoft Windows 11 Enterprise",
            ("BuildNumber0", "Caption0", "Caption0"),
        ),
        (
            "deviceName,osVersion,operatingSystem,skuFamily",
            "A,10.0.26100.9445,Windows,Pro",
            ("osVersion", "skuFamily", "operatingSystem"),
        ),
        (
            "Device Name,OS Platform,OS Version,OS Build",
            "A,Windows11,24H2,26100.9445",
            ("OS Build", None, "OS Platform"),
        ),
        ("ComputerName,WindowsVersion,OSBuild", "A,24H2,26100.9445", ("OSBuild", None, None)),
        ("build", "26100.9445", ("build", None, None)),
    ],
)
def test_columns_are_guessed(header: str, row: str, columns: tuple[str, str | None, str | None]) -> None:
    export = read_csv(io.StringIO(f"{header}\n{row}\n", newline=""), guessed)
    assert (export.columns.build, export.columns.edition, export.columns.system) == columns


def test_columns_may_be_named() -> None:
    def named(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns:
        return choose(names, rows, len, build="stand", edition="AUSGABE")

    export = read_csv(io.StringIO("Stand;Ausgabe\n26100.9445;Pro\n"), named)
    assert seen(list(export.devices)) == [(2, "26100.9445", "Pro")]


def test_columns_that_are_not_there() -> None:
    with pytest.raises(ColumnsError, match=r"There is no column 'stand' \(--build-column\): there are 'a', 'b'\."):
        choose(["a", "b"], [], len, build="stand")
    with pytest.raises(ColumnsError, match=r"'a', 'b'\. Name it with --build-column\."):
        choose(["a", "b"], [], len)


OBJECTS = [
    {"osVersion": "10.0.26100.9445", "skuFamily": "Enterprise"},
    {"osVersion": "10.0.19045.7727", "skuFamily": "Pro"},
]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(OBJECTS),
        json.dumps(OBJECTS, indent=4),
        json.dumps(
            {"@odata.context": 'a"b', "@odata.count": 2, "meta": {"a": 1}, "value": OBJECTS, "@odata.nextLink": "x"}
        ),
        "\n".join(map(json.dumps, OBJECTS)),
        "\n".join(map(json.dumps, OBJECTS)) + "\n\n",
    ],
)
def test_json_in_every_form(content: str) -> None:
    assert [pair for _, *pair in seen(from_json(content))] == [
        ["10.0.26100.9445", "Enterprise"],
        ["10.0.19045.7727", "Pro"],
    ]


def test_json_of_builds_alone() -> None:
    assert [build for _, build, _ in seen(from_json('["26100.9445", "26200.9711"]'))] == ["26100.9445", "26200.9711"]


def test_json_larger_than_a_piece_comes_item_by_item_with_its_lines() -> None:
    many = [{"osVersion": f"26100.{number}", "note": "x" * 997} for number in range(2000)]
    found = from_json("[\n" + ",\n".join(map(json.dumps, many)) + "\n]")
    assert seen(found) == [(number + 2, f"26100.{number}", "") for number in range(2000)]


def test_a_broken_line_of_json_lines_is_told_and_the_rest_is_read() -> None:
    found = from_json('{"osVersion": "26100.1"}\n{"osVersion": oops}\n{"osVersion": "26100.2"}\n')
    assert seen(found) == [(1, "26100.1", ""), (3, "26100.2", "")]
    assert [each.line for each in found if isinstance(each, Broken)] == [2]


@pytest.mark.parametrize(
    "content",
    ['[{"osVersion": "26100.1"}, {"osVersion"', '[{"osVersion": "26100.1"}, oops, 1]', '[{"osVersion": "26100.1"}'],
)
def test_json_that_ends_early_is_told(content: str) -> None:
    found = from_json(content)
    assert seen(found) == [(1, "26100.1", "")]
    assert isinstance(found[-1], Broken)


@pytest.mark.parametrize("content", ["[oops", "nonsense", "[" * 100_000, '{"a": '])
def test_what_is_no_json(content: str) -> None:
    with pytest.raises(ExportError, match="It cannot be read as JSON"):
        from_json(content)


@given(st.binary(max_size=300))
def test_no_file_makes_reading_fail_but_with_a_reason(content: bytes) -> None:
    for read in (read_csv, read_json):
        try:
            list(read(text_of(io.BufferedReader(io.BytesIO(b"osVersion,x\n" + content))), guessed).devices)
            list(read(text_of(io.BufferedReader(io.BytesIO(content))), guessed).devices)
        except (ExportError, ColumnsError) as error:
            assert str(error)
