"""Reads the dates of exports: ISO 8601, the numeric forms of all locales, .NET's, WMI's and Active Directory's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

# Halves of the day in locales that do not write AM and PM, before or after the time.
_HALVES = re.compile(
    r"\s*(?:(?P<am>오전|午前|上午|凌晨|早上|ÖÖ|π\.?\s?μ\.?|(?<=\s)ص)|(?P<pm>오후|午後|下午|晚上|ÖS|μ\.?\s?μ\.?|(?<=\s)م))\s*"
)
_ISO = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[T ]|$)")
_TIME = r"(?:[T ,]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?(?:[.,]\d+)?\s*([ap])?\.?(?:m\b)?.*)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})[-/.年]\s?(\d{{1,2}})[-/.月]\s?(\d{{1,2}})[日.]?{_TIME}$", re.IGNORECASE)
_YEAR_LAST = re.compile(rf"(\d{{1,2}})[-/.]\s?(\d{{1,2}})[-/.]\s?(\d{{4}}){_TIME}$", re.IGNORECASE)
_DOTNET = re.compile(r"\\?/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\\?/$")
_WMI = re.compile(r"(\d{14})(?:\.\d{1,6})?(?:[+-]\d{3})?$")
_DIGITS = re.compile(r"(\d{5})[.,]\d+$|(\d{10})$|(\d{13})$|(\d{18})$")
_WORDS = re.compile(
    r"(?:[a-z]+,?\s+)?(?:(\d{1,2})\s+([a-z]{3})[a-z]*|([a-z]{3})[a-z]*\.?\s+(\d{1,2})),?\s+(\d{4})"
    rf"(?:,?\s+at\b)?{_TIME}",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST = 64
_EXCEL_DAYS = datetime(1899, 12, 30)
_FILETIME = datetime(1601, 1, 1)
_EPOCH = datetime(1970, 1, 1)
# The years in which a device can have been seen; other dates say "never".
_YEARS = range(2000, 2100)


def date_in(text: str, day_first: bool = False) -> datetime | None:
    """Return the time that a text states, in UTC where it names a zone; None where it states none, or "never"."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    if not text.isascii():
        text = _with_english_half(text)
    try:
        found = _stated(text, day_first)
    except (ValueError, OverflowError):
        return None
    if found is not None and found.tzinfo is not None:
        found = found.astimezone(UTC).replace(tzinfo=None)
    return found if found is not None and found.year in _YEARS else None


def is_day_first(texts: Iterable[str], otherwise: bool) -> bool:
    """Return whether dates such as 03/11/2026 in a column begin with the day; `otherwise` if all are ambiguous."""
    for text in texts:
        found = _YEAR_LAST.match(text.strip()[:_LONGEST])
        if found is not None and (int(found[1]) > 12) != (int(found[2]) > 12):
            return int(found[1]) > 12
    return otherwise


def _with_english_half(text: str) -> str:
    """Return a time such as `2026-11-09 오후 3:00` as `2026-11-09 3:00 pm`."""
    half = _HALVES.search(text)
    if half is None:
        return text
    return f"{text[: half.start()]} {text[half.end() :]} {half.lastgroup}"


def _stated(text: str, day_first: bool) -> datetime | None:
    if _ISO.match(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    if found := _YEAR_FIRST.match(text):
        return _date(found, found[1], found[2], found[3])
    if found := _YEAR_LAST.match(text):
        day, month = (found[1], found[2]) if day_first or "." in text[:3] else (found[2], found[1])
        return _date(found, found[3], month, day)
    if found := _DOTNET.match(text):
        return _EPOCH + timedelta(milliseconds=int(found[1]))
    if found := _WMI.match(text):
        return datetime.strptime(found[1], "%Y%m%d%H%M%S")
    if found := _DIGITS.match(text):
        return _counted(found)
    if found := _WORDS.match(text):
        month = _MONTHS.index((found[2] or found[3]).lower()) + 1
        return _date(found, found[5], str(month), found[1] or found[4])
    return None


def _date(found: re.Match[str], year: str, month: str, day: str) -> datetime:
    hour, minute, second, half = found.groups()[-4:]
    hours = int(hour or 0)
    if half:
        hours = hours % 12 + 12 * (half.lower() == "p")
    return datetime(int(year), int(month), int(day), hours, int(minute or 0), int(second or 0))


def _counted(found: re.Match[str]) -> datetime:
    """Return a time that is counted in days (Excel), in (milli)seconds since 1970, or in 100 ns (Active Directory)."""
    days, seconds, milliseconds, ticks = found.groups()
    if days:
        return _EXCEL_DAYS + timedelta(days=float(found[0].replace(",", ".")))
    if ticks:
        return _FILETIME + timedelta(microseconds=int(ticks) // 10)
    return _EPOCH + timedelta(seconds=int(seconds)) if seconds else _EPOCH + timedelta(milliseconds=int(milliseconds))
