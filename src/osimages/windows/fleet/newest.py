"""Finds the rows of devices of which a newer row is in the same input."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple

import apsw

from osimages.windows.fleet.recognise import is_neutral

_BATCH = 5_000
# More devices than this with one serial number show that it is none, such as the "Default string" of a mainboard.
_MOST_OF_ONE_SERIAL = 5
_NO_IDENTITY = re.compile(r"[0{}-]+$")
_NO_SERIAL = re.compile(
    r"to be filled|default|system serial|chassis|not (?:applicable|specified|available|set)|^1?23456789"
    r"|^(.)\1*$|^serial|\d{5}-\d{5}-\d{5}-[a-z\d]{5}$|^(?:none|null|invalid|empty|oem|o\.e\.m)"
)
_SHORTEST_SERIAL = 4
_CACHE_KIBIBYTES = 16_000
_EPOCH = datetime(1970, 1, 1)
_OLDER = """
with shared as (select key from seen group by key
    having count(*) > 1 and not (max(is_serial) and count(distinct id) > ?)),
ranked as (select row, row_number() over (partition by key order by time desc, row desc) as place
    from seen where key in (select key from shared))
select distinct row from ranked where place > 1
"""


class Key(NamedTuple):
    """The identity of a device: 16 bytes made from a value; serial numbers are trusted less than ids."""

    digest: bytes
    is_serial: bool


class Sighting(NamedTuple):
    """A row by its number from 0 on, the time at which its device was last seen, and what identifies the device.

    `name` of the device separates devices with one serial number and no ids.
    """

    row: int
    time: datetime | None
    keys: list[Key]
    name: str = ""


def key_of(value: str, place: int, *, is_serial: bool) -> Key | None:
    """Return the key of a value in the column at `place`; None for one that identifies no device."""
    text = value.strip().casefold()
    if is_neutral(text) or _NO_IDENTITY.match(text):
        return None
    if is_serial and (len(text) < _SHORTEST_SERIAL or _NO_SERIAL.search(text)):
        return None
    content = f"{place} {text.strip('{}')}".encode("utf-8", "replace")
    return Key(blake2b(content, digest_size=16).digest(), is_serial)


def older_rows(sightings: Iterable[Sighting]) -> bytearray:
    """Return one byte for each row, by its number: 1 where a newer row has a key in common with it, else 0.

    Of rows that were seen at the same time, or at none that is stated, the last one in the input is the newest. The
    keys are in a temporary database, which goes to disk as it grows: apart from the byte for each row, memory is
    bounded.
    """
    database = apsw.Connection("")
    try:
        for name, value in (("journal_mode", "off"), ("synchronous", "off"), ("cache_size", -_CACHE_KIBIBYTES)):
            database.pragma(name, value)
        database.execute("create table seen (key blob, row integer, time real, is_serial integer, id)")
        older = bytearray()
        entries = _entries(sightings, older)
        with database:
            while some := list(islice(entries, _BATCH)):
                database.executemany("insert into seen values (?, ?, ?, ?, ?)", some)
        for (row,) in database.execute(_OLDER, (_MOST_OF_ONE_SERIAL,)):
            older[row] = 1
        return older
    finally:
        database.close()


def _entries(
    sightings: Iterable[Sighting], older: bytearray
) -> Iterator[tuple[bytes, int, float, bool, bytes | str | None]]:
    for row, time, keys, name in sightings:
        older.append(0)
        seconds = 0.0 if time is None else (time - _EPOCH).total_seconds()
        first = next((each.digest for each in keys if not each.is_serial), name or None)
        for digest, is_serial in dict.fromkeys(keys):
            yield digest, row, seconds, is_serial, first
