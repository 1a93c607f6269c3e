"""`osimages policy builds`: the accepted build ranges of each supported release."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import msgspec

from osimages.cli.options import json_option, more
from osimages.cli.output import say
from osimages.cli.policy_options import RuleOptions, print_warnings, ranges_for, rule_options, write_output
from osimages.cli.table import print_table

if TYPE_CHECKING:
    from osimages.windows.policy import AcceptedRange, AcceptedRanges


@click.command(
    short_help="Accepted build ranges of each release.",
    epilog=more(
        "docs/policy.md",
        "osimages policy builds --level 1 --grace-days 7",
        'osimages policy builds --releases "newest two" --json',
        "osimages policy builds --editions Enterprise --csv -o builds.csv",
    ),
)
@rule_options
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="CSV instead of a table.")
@click.option("--output", "-o", metavar="FILE", help="Where to write JSON or CSV (standard output).")
def builds(as_json: bool, as_csv: bool, output: str | None, **rest: object) -> None:
    """Print the builds that have the fixes of a Patch Tuesday, as ranges for each supported release.

    Exit code: 0 if every update that the rule asks for is known, 1 if one is not (--allow-stale accepts that) or no
    release is accepted, 2 for a usage error.
    """
    from osimages.windows.policy.documents import ranges_csv, ranges_json, stale_sentences

    options = msgspec.convert(rest, RuleOptions)
    if as_json and as_csv:
        raise click.UsageError("--json and --csv are two forms: choose one.")
    if output is not None and not (as_json or as_csv):
        raise click.UsageError("--output is for --json or --csv.")
    found = ranges_for(options)
    if as_json:
        write_output(ranges_json(found).decode(), output)
    elif as_csv:
        write_output(ranges_csv(found), output)
    else:
        _print(found)
    print_warnings(stale_sentences(found))
    if not found.ranges:
        say(f"The rule accepts no release that is supported on {found.rule.day}.", err=True)
    if not found.ranges or (found.is_stale and not options.allow_stale):
        sys.exit(1)


def _print(found: AcceptedRanges) -> None:
    from osimages.windows.policy.documents import left_out_sentence, rule_sentence

    titles = ("Release", "Lowest", "Highest", "Lowest build is", "KB", "Released")
    if found.ranges:
        print_table(titles, [_row(each) for each in found.ranges])
    say(rule_sentence(found))
    for each in (*(f"{note}." for note in found.notes), left_out_sentence(found)):
        if each:
            say(each)


def _row(each: AcceptedRange) -> tuple[str, ...]:
    month = f"{each.patch_tuesday:%Y-%m} " if each.patch_tuesday else ""
    released = str(each.release_date or "")
    return each.release, str(each.lowest), str(each.highest), f"{month}{each.kind}", each.kb or "", released
