"""Inputs that are read more than once: files, streams, and zip archives, damaged and hostile ones, too."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from osimages.windows.fleet.rows import ExportError
from osimages.windows.fleet.source import Form, Source, file_source, stream_source


def archive(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", compression) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return raw.getvalue()


def content(raw: bytes, form: Form = "csv", member: str | None = None) -> bytes:
    source = Source(io.BytesIO(raw), form, member)
    with source.opened() as stream:
        first = stream.read()
    with source.opened() as stream:
        assert stream.read() == first
    return first


def test_files_and_streams_are_read_twice(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x,y\n")
    with file_source(tmp_path / "a.csv", "csv") as source, source.opened() as stream:
        assert stream.read() == b"x,y\n"
        assert source.size == 4
    with stream_source(io.BytesIO(b"z" * 10_000_000), "csv") as source:
        for _ in range(2):
            with source.opened() as stream:
                assert len(stream.read()) == source.size == source.position == 10_000_000


def test_the_one_csv_in_an_archive_is_read() -> None:
    raw = archive({"__MACOSX/._a.csv": b"no", "readme.md": b"no", "folder/Devices.CSV": b"x,y\n"})
    assert content(raw) == b"x,y\n"
    assert content(archive({"a.json": b"[]", "a.csv": b"x"}), "json") == b"[]"
    assert content(archive({"a.csv": b"x"}, zipfile.ZIP_STORED)) == b"x"


def test_of_several_one_has_to_be_named() -> None:
    raw = archive({"one/a.csv": b"a", "b.csv": b"b", "c.dat": b"c"})
    with pytest.raises(ExportError, match=r"holds 2 CSV files: 'one/a\.csv', 'b\.csv'\. Name one with --zip-member\."):
        content(raw)
    assert content(raw, member="b.csv") == b"b"
    assert content(raw, member="a.csv") == b"a"
    assert content(raw, member="c.dat") == b"c"
    with pytest.raises(ExportError, match=r"holds no 'd\.csv': there are 'one/a\.csv', 'b\.csv', 'c\.dat'"):
        content(raw, member="d.csv")


@pytest.mark.parametrize(
    ("raw", "form", "why"),
    [
        (archive({}), "csv", "holds no CSV file: there are no files"),
        (archive({"a.json": b"[]"}), "csv", r"holds no CSV file: there are 'a\.json'\. --json-file reads JSON"),
        (archive({"a.csv": b"x"}), "json", r"--csv reads CSV"),
        (archive({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "csv", "a workbook of Excel: save it as CSV"),
        (archive({f"{n}.csv": b"" for n in range(30)}), "csv", r"holds 30 CSV files: .* and 20 more"),
        (archive({"a.csv": b"x" * 1000})[:-30], "csv", "damaged zip archive"),
        (b"PK\3\4" + bytes(100), "csv", "damaged zip archive"),
        (b"\x1f\x8b\x08", "csv", "compressed with gzip"),
    ],
    ids=["empty", "json", "csv", "workbook", "many", "cut off", "zeros", "gzip"],
)
def test_archives_that_cannot_be_read(raw: bytes, form: Form, why: str) -> None:
    with pytest.raises(ExportError, match=why):
        content(raw, form)


def test_a_damaged_member_is_named() -> None:
    raw = bytearray(archive({"a.csv": bytes(range(256)) * 100}, zipfile.ZIP_STORED))
    raw[5_000] ^= 255
    with pytest.raises(ExportError, match=r"'a\.csv' in the zip archive cannot be read: Bad CRC-32"):
        content(bytes(raw))


def test_an_encrypted_zip_member_is_an_error() -> None:
    raw = bytearray(archive({"a.csv": b"x"}))
    place = raw.index(b"PK\1\2")
    raw[place + 8] |= 1
    with pytest.raises(ExportError, match="encrypted: unpack it first"):
        content(bytes(raw))


def test_an_archive_that_expands_without_bounds_is_not_read() -> None:
    with pytest.raises(ExportError, match="expands to 100,000,000 bytes"):
        content(archive({"a.csv": b"0" * 100_000_000}))


def test_a_zip_member_needs_a_zip_archive() -> None:
    with pytest.raises(ExportError, match="no zip archive"):
        content(b"x,y\n", member="a.csv")
