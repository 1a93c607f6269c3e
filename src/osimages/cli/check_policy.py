"""`osimages check --policy` and `--level`: the policy that devices are judged by, and its impact on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from osimages.cli.output import say
from osimages.cli.table import print_table

if TYPE_CHECKING:
    from osimages.windows.facts import Catalogue
    from osimages.windows.fleet.tally import Group
    from osimages.windows.policy.impact import Impact
    from osimages.windows.policy.judge import BuildPolicy

Command = TypeVar("Command", bound=Callable[..., Any])
_MOST_BYTES = 16 * 1024 * 1024
_ROWS_SHOWN = 12
_OPTIONS = (
    click.option(
        "--policy", "policy_file", metavar="FILE", help="Judge devices by a compliance policy (docs/policy.md)."
    ),
    click.option(
        "--level", type=click.IntRange(0, 2), metavar="N", help="Judge devices by the policy of that level: 0, 1 or 2."
    ),
    click.option(
        "--grace-days", type=click.IntRange(0, 365), metavar="D", help="With --level: days after Patch Tuesday."
    ),
)


def policy_options(command: Command) -> Command:
    """Add the options of a policy to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def policy_of_level(
    facts: Catalogue, day: date, level: int, grace_days: int, *, esu: bool
) -> tuple[BuildPolicy, list[str]]:
    """Return the policy of a level for all supported releases, and what the facts lack for it."""
    from osimages.windows.policy import PolicyRule, accepted_ranges
    from osimages.windows.policy.documents import stale_sentences
    from osimages.windows.policy.judge import policy_of

    found = accepted_ranges(facts, PolicyRule(day=day, level=level, grace_days=grace_days, include_esu=esu))
    name = f"level {level}" + (f" with {grace_days} day{'s' * (grace_days != 1)} of grace" if grace_days else "")
    return policy_of(found, name), [*stale_sentences(found), *found.build_notes]


def policy_in_file(file: str) -> BuildPolicy:
    """Return the policy in a file. Raises ClickException."""
    from osimages.windows.policy.judge import PolicyFileError, read_policy

    try:
        with Path(file).open("rb") as stream:
            text = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}.") from None
    if len(text) > _MOST_BYTES:
        raise click.ClickException(f"{file} is larger than {_MOST_BYTES // 2**20} MiB, which no policy is.")
    try:
        return read_policy(text, Path(file).name)
    except PolicyFileError as error:
        raise click.ClickException(f"{error}.") from None


def print_impact(found: Impact) -> None:
    """Print which devices would become non-compliant, then the sentences."""
    if found.rows:
        print_table(
            ("Would be non-compliant", "Devices", "Builds", "Behind", "Lowest accepted"),
            [
                (
                    each.release,
                    f"{each.devices:,}",
                    f"{each.builds:,}",
                    "" if each.patch_tuesdays_behind is None else str(each.patch_tuesdays_behind),
                    each.lowest_accepted or "none",
                )
                for each in found.rows[:_ROWS_SHOWN]
            ],
        )
        if more := found.rows[_ROWS_SHOWN:]:
            say(f"And {sum(each.devices for each in more):,} devices in smaller groups: --json lists all.")
    say(f"Policy ({found.policy}): {' '.join(found.sentences)}")
    for each in found.warnings:
        say(f"Policy: {each}{'' if each.endswith('.') else '.'}")


def print_judgements(groups: Sequence[Group]) -> None:
    """Print what a policy makes of builds that are named on the command line."""
    from osimages.windows.policy.judge import COMPLIANCE_WORDS

    for each in groups:
        if each.judgement is not None:
            lowest = each.judgement.lowest
            wanted = f" (lowest accepted: {lowest})" if lowest is not None else ""
            say(f"{each.answer.asked}: {COMPLIANCE_WORDS[each.judgement.compliance]}{wanted}.")
