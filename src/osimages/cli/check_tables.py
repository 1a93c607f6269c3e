"""What `osimages check` prints for people: a line for each build, totals for a fleet."""

from __future__ import annotations

from collections.abc import Sequence

import click

from osimages.catalogue.answers import Answer, Patch, Support
from osimages.cli.table import print_table
from osimages.fleet.tally import Tally, is_good

_WORST_SHOWN = 15
_BROKEN_SHOWN = 10
_MISSING_SHOWN = 4
SUPPORT_WORDS = {
    Support.SUPPORTED: "supported",
    Support.EXTENDED: "ended, ESU only",
    Support.DEPENDS: "depends on the edition",
    Support.ENDED: "ended",
    Support.NOT_RELEASED: "not released yet",
    Support.UNKNOWN: "unknown",
}
PATCH_WORDS = {
    Patch.CURRENT: "current",
    Patch.CURRENT_AS_FAR_AS_KNOWN: "current as far as known",
    Patch.NEWER: "newer than the catalogue",
    Patch.BEHIND: "behind",
    Patch.FINAL: "last update installed",
    Patch.NOT_STATED: "not stated",
    Patch.UNKNOWN: "unknown",
}
_SKIPPED_WORDS = {"notWindows": "not Windows", "windowsServer": "Windows Server"}


def print_answers(answers: Sequence[Answer]) -> None:
    """A row for each build, then what is missing and what is odd."""
    titles = (
        "Asked",
        "Release",
        "Edition",
        "Support",
        "Until",
        "Days left",
        "Updates",
        "This build",
        "Newest B release",
    )
    print_table(titles, [_row(each) for each in answers])
    for each in answers:
        for line in (*_ends(each), *_missing(each), *each.notes):
            click.echo(f"{each.asked}: {line}.")


def print_fleet(tally: Tally, name: str) -> None:
    """Totals, the largest groups that are not in order, and lines that could not be read."""
    summary = tally.summary()
    where = "standard input" if name == "-" else name
    click.echo(f"{summary.devices:,} devices in {where}: {summary.good:,} supported and current.")
    support = [(SUPPORT_WORDS[Support(state)], count) for state, count in summary.support.items()]
    patch = [(PATCH_WORDS[Patch(state)], count) for state, count in summary.patch.items()]
    for title, rows in (("Support", support), ("Updates", patch)):
        print_table((title, "Devices"), [(text, f"{count:,}") for text, count in rows if count])
    worst = sorted((each for each in tally.groups if not is_good(each.answer)), key=lambda each: -each.devices)
    if worst:
        shown = worst[:_WORST_SHOWN]
        print_table(
            ("Devices", "Build", "Release", "Edition", "Support", "Until", "Behind"),
            [(f"{each.devices:,}", *_short(each.answer)) for each in shown],
        )
        if len(worst) > len(shown):
            click.echo(f"and {len(worst) - len(shown)} more kinds: --json or --csv-out lists all.")
    for reason, count in summary.skipped.items():
        click.echo(f"Left out, {_SKIPPED_WORDS[reason]}: {count:,}.")
    for each in tally.broken[:_BROKEN_SHOWN]:
        click.echo(f"Line {each.line}: {each.reason}.", err=True)
    if summary.rejected:
        click.echo(f"{summary.rejected:,} lines could not be read.", err=True)


def _row(answer: Answer) -> tuple[str, ...]:
    update = answer.update
    kind = "" if update is None else f"{update.kind}{f' ({update.kb})' if update.kb else ''}"
    return (
        answer.asked,
        answer.release or "",
        answer.servicing or "",
        SUPPORT_WORDS[answer.support],
        "" if answer.support_end_date is None else str(answer.support_end_date),
        "" if answer.days_left is None else str(answer.days_left),
        _behind(answer),
        kind,
        "" if answer.latest is None else answer.latest.build_version,
    )


def _short(answer: Answer) -> tuple[str, ...]:
    behind = answer.patch_tuesdays_behind
    told = PATCH_WORDS[answer.patch] if behind is None else str(behind)
    return (answer.build_version or answer.asked, *_row(answer)[1:5], told)


def _behind(answer: Answer) -> str:
    if answer.patch is Patch.BEHIND:
        count = answer.patch_tuesdays_behind
        return f"{count} Patch Tuesday{'s' * (count != 1)} behind"
    return PATCH_WORDS[answer.patch]


def _ends(answer: Answer) -> list[str]:
    """The groups of editions, where it is not clear which one it is."""
    found = []
    if answer.servicing is None and len(answer.ends) > 1:
        each = (
            f"{end.servicing} {'until' if end.days_left >= 0 else 'ended'} {end.support_end_date}"
            for end in answer.ends
        )
        found.append(", ".join(each))
    if answer.support is Support.EXTENDED:
        found.append(f"Extended Security Updates until {answer.extended_until} for those who have them")
    return found


def _missing(answer: Answer) -> list[str]:
    if not answer.missing:
        return []
    shown = [f"{each.build_version} ({each.kb or 'KB not known'}, {each.patch_tuesday})" for each in answer.missing]
    more = len(shown) - _MISSING_SHOWN
    return [f"it lacks {', '.join(shown[:_MISSING_SHOWN])}{f' and {more} more' if more > 0 else ''}"]
