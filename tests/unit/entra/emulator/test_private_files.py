"""Files of keys are made once, whole, and for their owner alone."""

from __future__ import annotations

import multiprocessing
import os
import stat
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from osimages.entra.emulator.private_files import read_or_create, replace
from tests.support.patience import PATIENCE_SECONDS

LARGE = 1_000_000


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def create_together(path: str, number: int, barrier: Barrier, answers: Queue[bytes]) -> None:
    def content() -> bytes:
        barrier.wait(60)  # all of them have found no file by now
        return bytes([number]) * LARGE

    answers.put(read_or_create(Path(path), content))


def no_links(source: object, target: object) -> None:
    raise PermissionError("this file system has no hard links")


def never() -> bytes:
    raise AssertionError("the file is there already")


def test_what_is_made_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "new" / "directory" / "key.pem"
    assert read_or_create(path, lambda: b"made") == b"made"
    assert path.read_bytes() == b"made"
    assert read_or_create(path, never) == b"made"
    assert [each.name for each in path.parent.iterdir()] == ["key.pem"]


def test_of_processes_that_create_a_file_at_once_all_return_the_same_content(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    several = 4
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(several), context.Queue()
    processes = [
        context.Process(target=create_together, args=(str(path), number, barrier, answers)) for number in range(several)
    ]
    for process in processes:
        process.start()
    got = [answers.get(timeout=PATIENCE_SECONDS) for _ in processes]
    for process in processes:
        process.join()
    assert {*got} == {path.read_bytes()}
    assert len(path.read_bytes()) == LARGE
    assert [each.name for each in tmp_path.iterdir()] == ["key.pem"]


def test_a_file_that_appears_in_the_meantime_wins(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"

    def slow() -> bytes:
        path.write_bytes(b"faster")
        return b"slower"

    assert read_or_create(path, slow) == path.read_bytes() == b"faster"
    assert [each.name for each in tmp_path.iterdir()] == ["key.pem"]


def test_where_there_are_no_hard_links_the_first_still_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "key.pem"
    assert read_or_create(path, lambda: b"made") == path.read_bytes() == b"made"
    other = tmp_path / "other.pem"

    def slow() -> bytes:
        other.write_bytes(b"faster")
        return b"slower"

    assert read_or_create(other, slow) == b"faster"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["key.pem", "other.pem"]


def test_what_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    def failing() -> bytes:
        raise LookupError

    with pytest.raises(LookupError):
        read_or_create(tmp_path / "key.pem", failing)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "server.pem"
    replace(path, b"a much longer content", public=False)
    replace(path, b"short", public=True)
    assert path.read_bytes() == b"short"
    assert [each.name for each in path.parent.iterdir()] == ["server.pem"]


def test_a_directory_is_not_replaced_by_a_file_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "server.pem").mkdir()
    with pytest.raises(OSError, match=r"server\.pem"):
        replace(tmp_path / "server.pem", b"content", public=True)
    assert [each.name for each in tmp_path.iterdir()] == ["server.pem"]


@pytest.mark.skipif(os.name != "posix", reason="modes are a thing of POSIX")
def test_only_what_is_public_can_be_read_by_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.umask(0)
    try:
        read_or_create(tmp_path / "key", lambda: b"secret")
        replace(tmp_path / "private", b"secret", public=False)
        replace(tmp_path / "public", b"open", public=True)
        monkeypatch.setattr(os, "link", no_links)
        read_or_create(tmp_path / "key without links", lambda: b"secret")
    finally:
        os.umask(before)
    assert {each.name: oct(mode(each)) for each in tmp_path.iterdir()} == {
        "key": "0o600",
        "private": "0o600",
        "public": "0o644",
        "key without links": "0o600",
    }
