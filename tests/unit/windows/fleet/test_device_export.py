"""Exports in all their shapes: every row is counted once, whatever the shape."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osimages.windows.checks.answers import Family
from osimages.windows.checks.checker import Checker
from osimages.windows.facts import bundled
from osimages.windows.fleet.columns import ColumnsError, Named
from osimages.windows.fleet.device_export import Wanted, open_export
from osimages.windows.fleet.devices import Device, Skipped
from osimages.windows.fleet.rows import ExportError
from osimages.windows.fleet.source import Form, Source
from osimages.windows.fleet.tally import Summary, Tally

CHECKER = Checker(bundled(), date(2026, 11, 29))
Rows = Sequence[dict[str, str]]


def checked(raw: bytes | str, form: Form = "csv", wanted: Wanted | None = None) -> Tally:
    tally = Tally(CHECKER)
    content = raw if isinstance(raw, bytes) else raw.encode()
    with open_export(Source(io.BytesIO(content), form), form, CHECKER, wanted or Wanted()) as export:
        for _ in tally.take(export):
            pass
    return tally


def total(summary: Summary) -> int:
    """The number of rows that the totals have to add up to."""
    return summary.devices + sum(summary.skipped.values()) + summary.rejected


DUPLICATES = "Device name,OS version,OS,Azure AD Device ID,Serial number,Last check-in\n" + "\n".join(
    [
        "PC1,10.0.26200.9711,Windows,aaa,5CG1234,2026-11-20",
        "PC1,10.0.19045.3803,Windows,aaa,,2024-02-01",
        "PC2,10.0.26100.9445,Windows,bbb,5CG9999,2026-11-01",
        "PC3,10.0.26100.9711,Windows,ccc,5CG9999,2026-11-21",
        "PC4,10.0.26100.9711,Windows,00000000-0000-0000-0000-000000000000,Default string,2026-10-01",
        "PC5,10.0.26100.9711,Windows,,Default string,",
        "Mac,15.1,macOS,ddd,X,2026-11-20",
        "Mac,15.0,macOS,ddd,X,2026-11-19",
        ",,,,,",
    ]
)


def test_the_newest_row_of_each_device_counts() -> None:
    summary = checked(DUPLICATES).summary()
    assert summary.skipped == {"notWindows": 1, "olderRowOfSameDevice": 3, "emptyRow": 1}
    assert (summary.devices, summary.other_systems, summary.rows_read) == (4, {"macOS": 1}, 9)


def test_devices_that_were_not_seen_are_skipped() -> None:
    summary = checked(DUPLICATES, wanted=Wanted(seen_within=30)).summary()
    assert summary.skipped == {"notWindows": 1, "olderRowOfSameDevice": 3, "notSeenSince": 1, "emptyRow": 1}
    assert summary.devices == 3  # one of them has no date, and is counted
    summary = checked(
        "n,osVersion,Last seen\nA,26100.9711,2026-10-30\nB,26100.9711,2026-10-29\n", wanted=Wanted(seen_within=30)
    ).summary()
    assert summary.skipped == {"notSeenSince": 1}
    with pytest.raises(ColumnsError, match="name it with --seen-column"):
        checked("n,osVersion\nA,26100.9711\n", wanted=Wanted(seen_within=30))


def test_each_row_is_given_with_its_answer_or_the_reason() -> None:
    tally = Tally(CHECKER)
    with open_export(Source(io.BytesIO(DUPLICATES.encode()), "csv"), "csv", CHECKER) as export:
        found = list(tally.take(export))
    assert [(device.values[0], answer) for device, answer in found if isinstance(answer, Skipped)] == [
        ("PC1", Skipped.OLDER_ROW),
        ("PC2", Skipped.OLDER_ROW),
        ("Mac", Skipped.NOT_WINDOWS),
        ("Mac", Skipped.OLDER_ROW),
        ("", Skipped.EMPTY_ROW),
    ]
    assert all(isinstance(device, Device) for device, _ in found)


def test_columns_are_found_although_others_come_first() -> None:
    """Exports are often sorted by system, and the headings of this one are of no known language."""
    others = [f"n{number};Android;14.{number % 9}" for number in range(5_000)]
    text = "\n".join(["α;β;γ", *others, "PC;Windows;10.0.26200.9711"])
    summary = checked(text).summary()
    assert summary.skipped == {"notWindows": 5_000}
    assert summary.releases == {"Windows 11 25H2": 1}


def test_a_number_in_json_is_evidence_as_it_is_written() -> None:
    content = '{"count": 1, "value": [{"osVersion": 22631.446, "operatingSystem": "Windows"}]}'
    with open_export(Source(io.BytesIO(content.encode()), "json"), "json", CHECKER) as export:
        [device] = export.devices
    assert isinstance(device, Device)
    assert (device.evidence.build, device.evidence.build_is_number) == ("22631.446", True)


@pytest.mark.parametrize(
    ("encoding", "caption"),
    [("cp1251", "Корпоративная"), ("shift_jis", "エンタープライズ"), ("gb18030", "企业版"), ("cp949", "엔터프라이즈")],
)
def test_encodings_that_are_named(encoding: str, caption: str) -> None:
    raw = f"x;y\nWindows 11 {caption};10.0.26100.9445\n".encode(encoding)
    [group] = checked(raw, wanted=Wanted(encoding=encoding)).groups
    assert group.answer.servicing == "Enterprise/Education"
    assert checked(raw).summary().families == {"client": 1}


@pytest.mark.parametrize(
    ("raw", "form", "why"),
    [
        ("nonsense", "json", "Line 1 cannot be read: expecting value"),
        ('\n{"error": {"code": "Forbidden"}}', "json", "It holds no devices: an answer is an error"),
        ("", "csv", "no line with the names"),
        ('"a,b\n', "csv", "first line cannot be read"),
    ],
)
def test_what_is_no_export(raw: str, form: Form, why: str) -> None:
    with pytest.raises(ExportError, match=why):
        checked(raw, form)


def test_no_devices_at_all() -> None:
    assert checked('{"value": []}', "json").summary().rows_read == 0
    assert checked("osVersion\n").summary().rows_read == 0


# Exports that are made up: systems with what they are, in headings of several tools and languages.

_SYSTEMS = (
    ("Windows", "10.0.26200.9711", Family.CLIENT),
    ("Windows", "10.0.19045.3803", Family.CLIENT),
    ("Windows", "10.0.22631.6199", Family.CLIENT),
    ("", "10.0.26100.9445", Family.CLIENT),
    ("Unknown", "10.0.22621.3155", Family.CLIENT),
    ("macOS", "15.1", None),
    ("iOS", "18.6.2", None),
    ("Android", "14.0", None),
    ("Linux", "22.04", None),
)
_HEADINGS = (
    ("deviceName", "operatingSystem", "osVersion", "skuFamily"),
    ("Device name", "OS", "OS version", "SkuFamily"),
    ("Gerätename", "Betriebssystem", "Betriebssystemversion", "SKU-Familie"),
    ("デバイス名", "オペレーティング システム", "バージョン", "エディション"),
    ("Nom", "Système d'exploitation", "Version de l'OS", "Édition"),
    ("имя", "система", "сборка", "редакция"),
    ("Q1", "Q2", "Q3", "Q4"),
)
_NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
_DEVICES = st.lists(
    st.tuples(_NAMES, st.sampled_from(_SYSTEMS), st.sampled_from(("", "Pro", "Enterprise", "Education"))), max_size=12
)
# One device that is certain, so that the columns are found whatever the others are.
_CERTAIN = ("PC-1", _SYSTEMS[0], "Pro")


def _delimited(delimiter: str, encoding: str, quoting: int, line_end: str) -> Callable[[Rows], tuple[bytes, Form]]:
    def write(rows: Rows) -> tuple[bytes, Form]:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, quoting=quoting, lineterminator=line_end)  # type: ignore[arg-type]
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode(encoding, "replace"), "csv"

    return write


def _zipped(write: Callable[[Rows], tuple[bytes, Form]]) -> Callable[[Rows], tuple[bytes, Form]]:
    def zip_it(rows: Rows) -> tuple[bytes, Form]:
        content, form = write(rows)
        raw = io.BytesIO()
        with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(f"Devices.{form}", content)
        return raw.getvalue(), form

    return zip_it


def _json(shape: Callable[[Rows], Any]) -> Callable[[Rows], tuple[bytes, Form]]:
    return lambda rows: (json.dumps(shape(rows), ensure_ascii=False).encode(), "json")


def _pages(rows: Rows) -> list[dict[str, Any]]:
    pages = [rows[place : place + 3] for place in range(0, len(rows), 3)]
    return [
        {"value": page} | ({"@odata.nextLink": f"https://x/{number}"} if number < len(pages) else {})
        for number, page in enumerate(pages, 1)
    ]


_CSV_SHAPES = [
    _delimited(delimiter, encoding, quoting, line_end)
    for delimiter in ",;\t|"
    for encoding in ("utf-8", "utf-8-sig", "utf-16")
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    for line_end in ("\r\n", "\n")
]
_JSON_SHAPES = [
    _json(list),
    _json(lambda rows: {"value": rows}),
    _json(lambda rows: {"values": rows}),
    _json(_pages),
    lambda rows: ("\n".join(map(json.dumps, _pages(rows))).encode(), "json"),
    lambda rows: ("".join(json.dumps(each, indent=1) for each in _pages(rows)).encode(), "json"),
    lambda rows: ("\n".join(map(json.dumps, rows)).encode("utf-16"), "json"),
    _json(lambda rows: {"responses": [{"id": "1", "status": 200, "body": {"value": rows}}]}),
    _json(
        lambda rows: {
            "TotalRowCount": len(rows),
            "Schema": [{"Column": name} for name in rows[0]],
            "Values": [list(row.values()) for row in rows],
        }
    ),
]
_SHAPES = [*_CSV_SHAPES, *_JSON_SHAPES, _zipped(_CSV_SHAPES[0]), _zipped(_JSON_SHAPES[1])]


@settings(max_examples=300, deadline=None)
@given(_DEVICES, st.sampled_from(_HEADINGS), st.sampled_from(_SHAPES))
def test_every_row_is_counted_once_and_as_what_it_is(
    devices: list[tuple[str, tuple[str, str, Family | None], str]],
    headings: tuple[str, str, str, str],
    shape: Callable[[Rows], tuple[bytes, Form]],
) -> None:
    every = [_CERTAIN, *devices]
    rows = [
        dict(zip(headings, (name, system, version, edition), strict=True))
        for name, (system, version, _), edition in every
    ]
    tally = checked(*shape(rows))
    summary = tally.summary()
    assert summary.rows_read == total(summary) == len(rows)
    assert summary.families.get("client", 0) == sum(family is Family.CLIENT for _, (_, _, family), _ in every)
    assert summary.skipped.get("notWindows", 0) == sum(family is None for _, (_, _, family), _ in every)
    assert sum(summary.verdicts.values()) == sum(summary.families.values()) == summary.devices
    assert tally.incomplete == []


_CELLS = st.one_of(
    st.sampled_from(
        ("", "Windows", "10.0.26200.9711", "26100", "9445", "Pro", "macOS", "24H2", "2026-11-20", "48", '"', "\n")
    ),
    st.text(max_size=8),
)


@settings(deadline=None)
@given(st.lists(st.lists(_CELLS, max_size=5), max_size=8), st.sampled_from(",;\t"))
def test_any_csv_adds_up(lists: list[list[str]], delimiter: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["osVersion", "os", "id"], *lists])
    summary = checked(text.getvalue().encode("utf-8", "replace")).summary()
    assert summary.rows_read == total(summary)


_JSON_VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.floats(allow_nan=False), st.sampled_from(("10.0.26200.9711", "Windows", "x"))
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                (
                    "value",
                    "osVersion",
                    "responses",
                    "body",
                    "status",
                    "id",
                    "Schema",
                    "Values",
                    "@odata.nextLink",
                    "error",
                )
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.lists(_JSON_VALUES, max_size=4), st.booleans(), st.integers(0, 40))
def test_any_json_adds_up(values: list[Any], in_one: bool, cut: int) -> None:
    text = json.dumps(values) if in_one else "\n".join(map(json.dumps, values))
    try:
        summary = checked(text[: max(1, len(text) - cut)], "json", Wanted(named=Named())).summary()
    except (ExportError, ColumnsError) as error:
        assert str(error)
    else:
        assert summary.rows_read == total(summary)


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(("csv", "json")), st.booleans())
def test_no_bytes_make_reading_fail_but_with_a_reason(content: bytes, form: Form, is_named: bool) -> None:
    try:
        summary = checked(b"osVersion,x\n" * is_named + content, form).summary()
    except (ExportError, ColumnsError) as error:
        assert str(error)
    else:
        assert summary.rows_read == total(summary)
