"""The record of what a run replaces: written safely, read carefully."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from osimages.graph import policy_record
from osimages.graph.policies import MINIMUM, RANGES
from osimages.graph.policy_record import Record, RecordedPolicy, RecordError, read_record, write_record

POLICY = RecordedPolicy(
    "Windows \u2028", {RANGES: []}, "1", 3, {RANGES: [{"lowestVersion": "10.0.1.1"}], MINIMUM: None}
)
RECORD = Record(datetime(2026, 11, 29, tzinfo=UTC), "https://graph.microsoft.com/beta", "t", (POLICY,))


def test_a_record_is_private_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "record.json"
    write_record(path, RECORD)
    assert read_record(path) == RECORD
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_record_is_on_the_disk_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    write_record(tmp_path / "record.json", RECORD)
    assert len(synced) == (2 if os.name == "posix" else 1), "the file and the name of it"


def test_a_record_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(RecordError, match="exists already and is not overwritten: name another file with --record"):
        write_record(path, RECORD)
    assert path.read_text(encoding="utf-8") == "precious"
    with pytest.raises(RecordError, match=r"record\.json cannot be created: .*; nothing was sent"):
        write_record(path / "below", RECORD)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"kind": "something else"}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        msgspec.json.encode(RECORD).replace(b'"version":1}', b'"version":2}'),
        msgspec.json.encode(RECORD).replace(b"osMinimumVersion", b"passwordRequired"),
        msgspec.json.encode(RECORD).replace(b'"osMinimumVersion":null', b'"osMinimumVersion":5'),
        msgspec.json.encode(RECORD).replace(b'{"validOperatingSystemBuildRanges":[]}', b'{"validOperating":[]}'),
    ],
)
def test_other_files_are_no_records(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(content)
    with pytest.raises(RecordError, match="is no record of policy apply"):
        read_record(path)


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecordError, match="cannot be read: No such file or directory"):
        read_record(tmp_path / "nothing")
    with pytest.raises(RecordError, match="cannot be read"):
        read_record(tmp_path)
    write_record(tmp_path / "record.json", RECORD)
    monkeypatch.setattr(policy_record, "_MOST_BYTES", 10)
    with pytest.raises(RecordError, match="is larger than"):
        read_record(tmp_path / "record.json")
