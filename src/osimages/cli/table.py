"""Tables for people: drawn by rich on a terminal, plain aligned text anywhere else, never cut off."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

import click


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints rows below their titles, on standard output."""
    # Where a terminal is narrow, text is wrapped between words: half a build number is none.
    words = [
        max((len(word) for cell in cells for word in cell.split()), default=0)
        for cells in zip(titles, *rows, strict=True)
    ]
    if sys.stdout.isatty() and shutil.get_terminal_size().columns > sum(words) + 3 * len(words):
        from rich.console import Console
        from rich.table import Table

        table = Table(header_style="bold")
        for title, longest_word in zip(titles, words, strict=True):
            table.add_column(title, min_width=longest_word, overflow="fold")
        for row in rows:
            table.add_row(*row)
        Console().print(table)
        return
    widths = [max(len(line[column]) for line in (titles, *rows)) for column in range(len(titles))]
    for line in (titles, *rows):
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
