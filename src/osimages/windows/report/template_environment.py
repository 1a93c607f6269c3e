"""The templates, and how numbers and days are written in them."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote


@cache
def templates() -> Any:
    """Return the environment of all pages: everything is escaped, and a name that does not exist is an error."""
    # Loaded with the first page: a server that shows none need not know how.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    found = Environment(
        loader=PackageLoader("osimages.windows.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(count=_count, short=_short, share=_share, left=_left, segment=_segment)
    return found


def rendered(name: str, **values: object) -> str:
    """Return a page, as text."""
    page: str = templates().get_template(name).render(values)
    return page


@cache
def style() -> str:
    """Return the style sheet of all pages."""
    return files("osimages.windows.report").joinpath("templates", "style.css").read_text(encoding="utf-8")


def _count(number: int) -> str:
    return f"{number:,}"


def _short(number: int) -> str:
    """Return a number in at most four characters up to a million, for narrow columns: 2.7k, 27k."""
    if number < 1000:
        return str(number)
    return f"{number / 1000:.1f}k" if number < 9950 else f"{number / 1000:.0f}k"


def _share(number: float, whole: float) -> str:
    """Return a percentage; never 0% or 100% for what is neither nothing nor everything."""
    if not whole:
        return "0%"
    percent = 100 * number / whole
    if 0 < percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100:
        return ">99.9%"
    return f"{percent:.1f}%" if percent % 1 else f"{percent:.0f}%"


def _segment(text: str) -> str:
    """Return a text as one segment of a path."""
    return quote(text, safe="")


def _left(end: date, today: date) -> str:
    """How far a day is away, in the unit that one would say it in."""
    days = (end - today).days
    count, unit = (abs(days), "day") if abs(days) < 60 else (round(abs(days) / 30.44), "month")
    if unit == "month" and count >= 24:
        count, unit = round(abs(days) / 365.25), "year"
    if days == 0:
        return "last day"
    said = f"{count} {unit}{'s' * (count != 1)}"
    return f"{said} left" if days > 0 else f"{said} ago"
