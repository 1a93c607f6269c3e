"""Tables on terminals of any width, and for programs: nothing is cut off, and no word is torn apart."""

from __future__ import annotations

import io
import sys

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.cli.table import _DRAWN_BESIDE, _DRAWN_LAST, _widths, print_table, print_wrapped

TITLES = ("Source", "Facts", "What")
ROWS = [
    ("servicing-index", "1,590", "Microsoft's servicing index of Windows 11, https://support.microsoft.com/toc.json"),
    ("msrc", "", "one\ntwo words"),
]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def shown(monkeypatch: pytest.MonkeyPatch, columns: int) -> str:
    """What a terminal of that width shows."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", Terminal())
    print_table(TITLES, ROWS)
    assert isinstance(sys.stdout, Terminal)
    return click.unstyle(sys.stdout.getvalue())


def test_programs_get_a_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(TITLES, [("a", "1", "x y"), ("bcdefgh", "22", "")])
    assert capsys.readouterr().out == "Source   Facts  What\na        1      x y\nbcdefgh  22\n"


@pytest.mark.parametrize("columns", [74, 80, 90, 200])
def test_a_terminal_that_is_wide_enough_gets_a_drawn_table(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    lines = shown(monkeypatch, columns).splitlines()
    assert len({len(line) for line in lines}) == 1, "no line is cut off at the end"
    assert len(lines[0]) <= columns
    text = "\n".join(lines)
    for word in ("servicing-index", "1,590", "https://support.microsoft.com/toc.json"):
        assert word in text, "no word is torn apart"


def test_a_narrow_terminal_gets_a_block_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, 60).splitlines() == [
        "Source: servicing-index",
        "  Facts: 1,590",
        "  What: Microsoft's servicing index of Windows 11,",
        "    https://support.microsoft.com/toc.json",
        "Source: msrc",
        "  What: one; two words",
    ]


def test_wrapped_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    print_wrapped("said: some words, and ms-update-history-toc-2026-08-and-more", 4)
    assert capsys.readouterr().out == "    said: some words, and\n      ms-update-history-toc-2026-08-and-more\n"


@given(st.lists(st.lists(st.text("ab \n", max_size=30), min_size=3, max_size=3), min_size=1), st.integers(1, 120))
def test_columns_hold_their_words_and_all_fit(lines: list[list[str]], columns: int) -> None:
    room = columns - _DRAWN_BESIDE * 3 - _DRAWN_LAST
    widths = _widths(lines, room)
    words = [max((len(word) for line in lines for word in line[n].split()), default=0) for n in range(3)]
    assert (widths is None) == (sum(words) > room)
    if widths is not None:
        assert sum(widths) <= room
        assert all(width >= word for width, word in zip(widths, words, strict=True))
