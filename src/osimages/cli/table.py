"""Tables for people: drawn by rich on a terminal wide enough, plain aligned text for programs; never cut off."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence

import click

from osimages.cli.output import visible

_BETWEEN = "  "
# The lines and spaces that rich draws beside each column, and the last line.
_DRAWN_BESIDE, _DRAWN_LAST = 3, 1
_LEAST_WRAPPED = 20


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints rows below their titles, on standard output; on a terminal too narrow for that, one block for each row."""
    titles, rows = [visible(each) for each in titles], [[visible(each) for each in row] for row in rows]
    if not sys.stdout.isatty():
        _print_aligned(titles, rows)
        return
    columns = shutil.get_terminal_size().columns
    widths = _widths([titles, *rows], columns - _DRAWN_BESIDE * len(titles) - _DRAWN_LAST)
    if widths is None:
        _print_blocks(titles, rows)
    else:
        _draw(titles, rows, widths, columns)


def print_wrapped(text: str, indent: int) -> None:
    """Prints text in lines that a terminal holds, and one of the usual width elsewhere; those after the first one are
    indented further.
    """
    width = max(shutil.get_terminal_size().columns - 1, indent + _LEAST_WRAPPED)
    margin = " " * indent
    wrapper = textwrap.TextWrapper(
        width,
        initial_indent=margin,
        subsequent_indent=margin + _BETWEEN,
        break_long_words=False,
        break_on_hyphens=False,
    )
    click.echo(wrapper.fill(visible(text)))


def _print_aligned(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(line[column]) for line in (titles, *rows)) for column in range(len(titles))]
    for line in (titles, *rows):
        click.echo(_BETWEEN.join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _widths(lines: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """A width for each column, in which text is wrapped between words: half a build number is none.

    None where there is no room for that.
    """
    columns = list(zip(*lines, strict=True))
    least = [max((len(word) for cell in cells for word in cell.split()), default=0) for cells in columns]
    spare = room - sum(least)
    if spare < 0:
        return None
    most = [max(len(line) for cell in cells for line in cell.split("\n")) for cells in columns]
    wanted = [max(0, much - little) for much, little in zip(most, least, strict=True)]
    widths = list(least)
    # Those that want little get all of it, so that short cells stay in one line; the others share what is left.
    for served, column in enumerate(sorted(range(len(columns)), key=wanted.__getitem__)):
        more = min(wanted[column], spare // (len(columns) - served))
        widths[column] += more
        spare -= more
    return widths


def _draw(titles: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], columns: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold")
    for title, width in zip(titles, widths, strict=True):
        table.add_column(title, width=width, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console(width=columns).print(table)


def _print_blocks(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A block for each row: its first cell, and below that the others, each with its title."""
    for row in rows:
        click.secho(f"{titles[0]}: {row[0]}", bold=True)
        for title, cell in zip(titles[1:], row[1:], strict=True):
            if cell:
                print_wrapped(f"{title}: {'; '.join(cell.splitlines())}", len(_BETWEEN))
