"""Opens an input as often as it has to be read: a file, standard input, or a file in a zip archive."""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

from osimages.windows.fleet.rows import ExportError
from osimages.windows.fleet.text import SAMPLE_BYTES

Form = Literal["csv", "json"]

_ZIP = b"PK\3\4"
_EMPTY_ZIP = b"PK\5\6"
_GZIP = b"\x1f\x8b"
_IN_MEMORY = 8 * 1024 * 1024
# A zip archive of an inventory is 5 to 30 times smaller; deflate reaches 1,032. Small archives may be of any kind.
_MOST_EXPANSION = 250
_ALWAYS_READ = 64 * 1024 * 1024
_MOST_LISTED = 10
_SUFFIXES: dict[Form, tuple[str, ...]] = {"csv": (".csv", ".tsv", ".txt"), "json": (".json", ".jsonl", ".ndjson")}


class Source:
    """An input that can be read several times from its beginning."""

    def __init__(self, file: IO[bytes], form: Form, member: str | None = None) -> None:
        """`file` can be sought; `member` names the file of an archive to read. Raises ExportError."""
        self._file = file
        self._archive: zipfile.ZipFile | None = None
        self._member: zipfile.ZipInfo | None = None
        start = file.read(4)
        file.seek(0)
        if start in (_ZIP, _EMPTY_ZIP):
            self._archive, self._member = _in_archive(file, form, member)
        elif start.startswith(_GZIP):
            raise ExportError("It is compressed with gzip: unpack it, and check what is in it.")
        elif member is not None:
            raise ExportError("It is no zip archive, so --zip-member names nothing in it.")

    @contextmanager
    def opened(self) -> Iterator[io.BufferedReader[Any]]:
        """Give the bytes from their beginning. Raises ExportError where the archive is damaged."""
        if self._archive is None or self._member is None:
            self._file.seek(0)
            yield io.BufferedReader(_Unclosed(self._file), SAMPLE_BYTES)
            return
        try:
            with self._archive.open(self._member) as opened:
                yield io.BufferedReader(_Unclosed(opened), SAMPLE_BYTES)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise ExportError(f"'{self._member.filename}' in the zip archive cannot be read: {error}.") from None

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        position = self._file.tell()
        size = self._file.seek(0, io.SEEK_END)
        self._file.seek(position)
        return size

    @property
    def position(self) -> int:
        """The byte of the file at which it is read next."""
        return self._file.tell()


@contextmanager
def file_source(path: str | Path, form: Form, member: str | None = None) -> Iterator[Source]:
    """Open a file. Raises OSError, and ExportError where an archive holds not one file to read."""
    with Path(path).open("rb") as file:
        yield Source(file, form, member)


@contextmanager
def stream_source(stream: IO[bytes], form: Form, member: str | None = None) -> Iterator[Source]:
    """Copy a stream, such as standard input, to a temporary file (in memory, where it is small), and open that."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        shutil.copyfileobj(stream, file)
        file.seek(0)
        yield Source(file, form, member)


class _Unclosed(io.RawIOBase):
    """Reads a file that is not closed with it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _in_archive(file: IO[bytes], form: Form, member: str | None) -> tuple[zipfile.ZipFile, zipfile.ZipInfo]:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise ExportError(f"It is a damaged zip archive: {error}.") from None
    every = [each for each in archive.infolist() if not each.is_dir() and not _is_of_system(each.filename)]
    if any(each.filename == "xl/workbook.xml" for each in every):
        raise ExportError("It is a workbook of Excel: save it as CSV (UTF-8), and check that.")
    if member is not None:
        found = [each for each in every if member in (each.filename, PurePosixPath(each.filename).name)]
    else:
        found = [each for each in every if each.filename.lower().endswith(_SUFFIXES[form])]
    if len(found) != 1:
        raise ExportError(_not_one(found, every, form, member))
    info = found[0]
    if info.flag_bits & 1:
        raise ExportError(f"'{info.filename}' in the zip archive is encrypted: unpack it first.")
    if info.file_size > max(_ALWAYS_READ, _MOST_EXPANSION * info.compress_size):
        raise ExportError(
            f"'{info.filename}' in the zip archive expands to {info.file_size:,} bytes, more than {_MOST_EXPANSION} "
            "times its size: unpack it first, if you trust it."
        )
    return archive, info


def _is_of_system(name: str) -> bool:
    """Return whether a file in an archive is one that a file manager adds."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith(".")


def _not_one(found: list[zipfile.ZipInfo], every: list[zipfile.ZipInfo], form: Form, member: str | None) -> str:
    shown = found if found and member is None else every
    names = ", ".join(f"'{each.filename[:100]}'" for each in shown[:_MOST_LISTED])
    names += f" and {len(shown) - _MOST_LISTED} more" if len(shown) > _MOST_LISTED else ""
    if member is not None:
        return f"The zip archive holds {'no' if not found else 'several'} '{member}': there are {names or 'no files'}."
    if not found:
        other: Form = "json" if form == "csv" else "csv"
        is_other = any(each.filename.lower().endswith(_SUFFIXES[other]) for each in every)
        hint = (" --json-file reads JSON." if form == "csv" else " --csv reads CSV.") if is_other else ""
        return f"The zip archive holds no {form.upper()} file: there are {names or 'no files'}.{hint}"
    return f"The zip archive holds {len(found)} {form.upper()} files: {names}. Name one with --zip-member."
