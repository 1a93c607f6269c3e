"""The rule of a policy as options, for every command that needs the accepted ranges."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from osimages.cli.facts import facts_in
from osimages.cli.options import data_dir_option, database_option, settings_from, today_option
from osimages.cli.output import say

if TYPE_CHECKING:
    from osimages.settings import Settings
    from osimages.windows.facts import Catalogue
    from osimages.windows.policy import AcceptedRanges

Command = TypeVar("Command", bound=Callable[..., Any])
_OPTIONS = (
    click.option(
        "--level", type=click.IntRange(0, 2), default=0, metavar="N", help="Patch Tuesdays behind: 0, 1 or 2."
    ),
    click.option(
        "--grace-days",
        type=click.IntRange(0, 365),
        default=0,
        metavar="D",
        help="A Patch Tuesday counts D days after it.",
    ),
    click.option(
        "--releases",
        default="",
        metavar="LIST",
        help='all (in support), "24H2,25H2", "Windows 11", or "newest two" (all).',
    ),
    click.option(
        "--editions", default="", metavar="LIST", help="Leave out releases in which these have ended: Pro,..."
    ),
    click.option("--include-esu", is_flag=True, help="Also releases that get Extended Security Updates only."),
    click.option("--servers", is_flag=True, help="Also the releases of Windows Server."),
    click.option(
        "--highest",
        type=click.Choice(["family", "known"]),
        default="family",
        help="Upper end: x.y.z.65535, or the newest known build (family).",
    ),
    click.option("--allow-stale", is_flag=True, help="Accept facts that lack an update that the rule asks for."),
    today_option,
    data_dir_option,
    database_option,
)


class RuleOptions(msgspec.Struct, frozen=True):
    """The options of a rule, as they were given."""

    level: int = 0
    grace_days: int = 0
    releases: str = ""
    editions: str = ""
    include_esu: bool = False
    servers: bool = False
    highest: str = "family"
    allow_stale: bool = False
    today: date | None = None
    data_dir: str | None = None
    database: str | None = None


def rule_options(command: Command) -> Command:
    """Add the options of a rule to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def ranges_for(options: RuleOptions) -> AcceptedRanges:
    """Return the ranges that the options ask for. Raises UsageError for a rule that makes no sense."""
    from osimages.graph.clock import Clock
    from osimages.windows.policy import RuleError, accepted_ranges, rule_of

    facts = facts_for(options)
    day = options.today or Clock(_settings(options).today).today()
    given = {
        "level": str(options.level),
        "grace-days": str(options.grace_days),
        "releases": options.releases,
        "editions": options.editions,
        "include-esu": str(options.include_esu),
        "servers": str(options.servers),
        "highest": options.highest,
    }
    try:
        return accepted_ranges(facts, rule_of(facts, day, given))
    except RuleError as error:
        raise click.UsageError(f"--{error.parameter}: {error.reason.rstrip('.')}.") from None


def facts_for(options: RuleOptions) -> Catalogue:
    """Return the facts that the rule is about."""
    return facts_in(_settings(options))


def require_fresh(found: AcceptedRanges, options: RuleOptions) -> None:
    """Refuse to go on with facts that lack an update that the rule asks for. Raises ClickException."""
    from osimages.windows.policy.documents import stale_sentences

    if found.is_stale and not options.allow_stale:
        reasons = " ".join(stale_sentences(found))
        raise click.ClickException(f"{reasons} --allow-stale uses the newest builds that are known.")


def print_warnings(sentences: Sequence[str]) -> None:
    """Print sentences to standard error."""
    for each in sentences:
        say(f"Warning: {each}{'' if each.endswith('.') else '.'}", err=True)


def write_output(text: str, output: str | None) -> None:
    """Write a text to a file, or to standard output. Raises ClickException."""
    if output is None or output == "-":
        sys.stdout.buffer.write(text.encode())
        return
    try:
        Path(output).write_bytes(text.encode())
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from None


def _settings(options: RuleOptions) -> Settings:
    return settings_from({"data_dir": options.data_dir, "database": options.database})
