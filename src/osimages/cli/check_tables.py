"""What `osimages check` prints for people: a line for each build, totals for a fleet."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from osimages.cli.output import say
from osimages.cli.table import print_table
from osimages.windows.checks.answers import Answer, Patch, Support, Verdict
from osimages.windows.checks.freshness import month
from osimages.windows.fleet.attention import Attention, attention, verdicts
from osimages.windows.fleet.tally import Summary, Tally

_WIDTH = 80
_ATTENTION_LINES = 20
_BROKEN_SHOWN = 3
_MISSING_SHOWN = 4
_SYSTEMS_SHOWN = 4
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
VERDICT_WORDS = {
    Verdict.GOOD: "supported and current",
    Verdict.BEHIND: "behind",
    Verdict.OUT_OF_SUPPORT: "out of support",
    Verdict.CANNOT_TELL: "not certain",
}
SKIPPED_WORDS = {
    "notSeenSince": "not seen for longer than --seen-within",
    "emptyRow": "empty rows",
}


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
            say(f"{each.asked}: {line}.")


def print_fleet(tally: Tally, name: str, *, allow_stale: bool = False) -> None:
    """Print what needs attention, then the totals, in at most 80 columns and some 40 lines."""
    summary, groups = tally.summary(), tally.groups
    rows = attention(groups, allow_stale)
    if rows:
        _print_attention(rows)
    _print_states(summary)
    for each in tally.broken[:_BROKEN_SHOWN]:
        say(f"Line {each.line}: {each.reason}.", err=True)
    if summary.rejected:
        say(f"{counted_text(summary.rejected, 'row')} could not be read.", err=True)
    if any(summary.skipped.values()):
        print_sentence(f"Left out: {', '.join(_left_out(summary))}.")
    counted = verdicts(groups, allow_stale)
    where = "standard input" if name == "-" else Path(name).name
    parts = ", ".join(f"{counted[state]:,} {VERDICT_WORDS[state]}" for state in Verdict)
    print_sentence(f"{counted_text(summary.devices, 'device')} in {where}: {parts}.")


def _left_out(summary: Summary) -> Iterator[str]:
    """Such as `2 not Windows (1 macOS, 1 Linux)`."""
    for reason, count in summary.skipped.items():
        if reason == "notWindows":
            systems = [f"{number:,} {name}" for name, number in summary.other_systems.items()]
            shown = ", ".join([*systems[:_SYSTEMS_SHOWN], *(["..."] if len(systems) > _SYSTEMS_SHOWN else [])])
            yield f"{count:,} not Windows{f' ({shown})' if shown else ''}"
        elif reason == "olderRowOfSameDevice":
            yield f"{counted_text(count, 'older row')} of the same device"
        else:
            yield f"{count:,} {SKIPPED_WORDS.get(reason, reason)}"


def counted_text(count: int, noun: str) -> str:
    """Return a count with its noun: "1 device", "1,204 devices"."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _print_attention(rows: Sequence[Attention]) -> None:
    """A line or two for each action, as many as fit; the number of devices is right-aligned."""
    say("Devices  Behind  Release and edition, and what to do")
    room = _ATTENTION_LINES
    for number, row in enumerate(rows):
        behind = row.behind_text or "-"
        build = row.build if row.builds == 1 else f"{row.builds:,} builds"
        text = f"{row.subject} ({build}): {row.action}"
        first = f"{row.devices:>7,}  {behind:>6}  "
        lines = textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=" " * len(first))
        room -= len(lines)
        if room < 0:
            more = sum(each.devices for each in rows[number:])
            say(f"{more:>7,}          in {len(rows) - number} smaller groups: --json or --csv-out lists all")
            break
        say("\n".join(lines))
    say()


def _print_states(summary: Summary) -> None:
    """Support and updates side by side."""
    support = [(SUPPORT_WORDS[Support(state)], count) for state, count in summary.support.items() if count]
    patch = [(PATCH_WORDS[Patch(state)], count) for state, count in summary.patch.items() if count]
    say(f"{'Support':<24}{'Devices':>12}    {'Updates':<28}{'Devices':>12}")
    for left, right in itertools.zip_longest(support, patch):
        first = "" if left is None else f"{left[0]:<24}{left[1]:>12,}"
        second = "" if right is None else f"{right[0]:<28}{right[1]:>12,}"
        say(f"{first:<36}    {second}".rstrip())


def print_sentence(text: str) -> None:
    """Print a sentence in lines of at most 80 columns."""
    say(textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False))


def _row(answer: Answer) -> tuple[str, ...]:
    update = answer.update
    kind = "" if update is None else f"{update.kind}{f' ({update.kb})' if update.kb else ''}"
    return (
        answer.asked,
        answer.release or (f"one of {len(answer.candidates)}" if answer.candidates else ""),
        answer.servicing or "",
        SUPPORT_WORDS[answer.support],
        "" if answer.support_end_date is None else str(answer.support_end_date),
        "" if answer.days_left is None else str(answer.days_left),
        _behind(answer),
        kind,
        "" if answer.latest is None else answer.latest.build_version,
    )


def _behind(answer: Answer) -> str:
    count = answer.patch_tuesdays_behind
    if answer.patch is Patch.CURRENT_AS_FAR_AS_KNOWN and answer.current_as_of is not None:
        return f"current as of {month(answer.current_as_of)}"
    if answer.patch is Patch.BEHIND and count is not None:
        least = "at least " if answer.unknown_patch_tuesdays else ""
        return f"{least}{count} Patch Tuesday{'s' * (count != 1)} behind"
    return PATCH_WORDS[answer.patch]


def _ends(answer: Answer) -> list[str]:
    """The groups of editions, where it is not clear which one it is."""
    found = []
    if answer.servicing is None and len(answer.ends) > 1:
        several = len(answer.candidates) > 1
        each = (
            f"{end.release + ' ' if several else ''}{end.servicing} "
            f"{'until' if end.days_left >= 0 else 'ended'} {end.support_end_date}"
            for end in answer.ends
        )
        found.append(", ".join(each))
    if answer.support is Support.EXTENDED and answer.extended_until is not None:
        who = f"{answer.esu}, counted" if answer.esu else "for those who have them"
        found.append(f"Extended Security Updates until {answer.extended_until} ({who})")
    if answer.upgrade is not None:
        found.append(f"the release to move to is {answer.upgrade}")
    return found


def _missing(answer: Answer) -> list[str]:
    if not answer.missing:
        return []
    shown = [f"{each.build_version} ({each.kb or 'KB not known'}, {each.patch_tuesday})" for each in answer.missing]
    more = len(shown) - _MISSING_SHOWN
    return [f"it lacks {', '.join(shown[:_MISSING_SHOWN])}{f' and {more} more' if more > 0 else ''}"]
