"""`osimages check`: whether builds, or the devices of a whole export, are supported and current."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from osimages.cli.check_graph import graph_options
from osimages.cli.check_input import Input, read_fleet
from osimages.cli.check_policy import policy_in_file, policy_of_level, policy_options, print_impact, print_judgements
from osimages.cli.facts import facts_in
from osimages.cli.options import data_dir_option, database_option, json_option, settings_from, today_option
from osimages.cli.output import say

if TYPE_CHECKING:
    from osimages.windows.checks.freshness import Freshness
    from osimages.windows.facts import Catalogue
    from osimages.windows.fleet.tally import Facts, Group, Tally
    from osimages.windows.policy.impact import Impact
    from osimages.windows.policy.judge import BuildPolicy

_EPILOG = """Exit code: 0 where everything is supported and current, 1 where something is not or is not known, 2 for a
usage error. A Patch Tuesday counts once it is --age-days days old.

More: docs/check.md"""


class Options(Input, frozen=True):
    """What the command was asked to do, apart from the builds themselves."""

    html: str | None = None
    title: str = ""
    support_only: bool = False
    policy_file: str | None = None
    level: int | None = None
    grace_days: int | None = None


@click.command(short_help="Is a build, or a whole fleet, supported and current?", epilog=_EPILOG)
@click.argument("builds", metavar="[BUILD]...", nargs=-1)
@click.option(
    "--csv", metavar="FILE", help="Devices of a CSV export (Intune, Configuration Manager...); - reads stdin."
)
@click.option("--json-file", metavar="FILE", help="Devices of a JSON export (array, Graph's value, or lines); - too.")
@graph_options
@click.option("--edition", metavar="NAME", help="Edition or product of all: Pro, EnterpriseS, Windows Server 2022...")
@today_option
@click.option("--age-days", type=click.IntRange(min=0), metavar="N", help="Setting publish_age_days (2).")
@click.option(
    "--max-behind", type=click.IntRange(min=0), default=0, metavar="N", help="Patch Tuesdays that may be missing (0)."
)
@click.option("--esu", is_flag=True, help="The devices have commercial Extended Security Updates (ESU).")
@click.option(
    "--esu-program", type=click.Choice(["commercial", "consumer"]), help="The devices have ESU of this programme."
)
@click.option("--allow-stale", is_flag=True, help="Current as far as the facts reach is good enough.")
@click.option("--support-only", is_flag=True, help="Exit code 0 if all are supported, however far behind.")
@policy_options
@click.option("--build-column", metavar="NAME", help="Column of the build, where it is not guessed right.")
@click.option("--revision-column", metavar="NAME", help="Column of the revision (UBR), where it is not in the build.")
@click.option("--edition-column", metavar="NAME", help="Column of the edition.")
@click.option("--os-column", metavar="NAME", help="Column of the operating system.")
@click.option("--esu-column", metavar="NAME", help="Column of the Extended Security Updates that a device has.")
@click.option("--id-column", metavar="NAME", help="Column that identifies a device; its newest row counts.")
@click.option("--seen-column", metavar="NAME", help="Column of the day on which a device was last seen.")
@click.option(
    "--seen-within", type=click.IntRange(min=0), metavar="DAYS", help="Skip devices that were not seen for longer."
)
@click.option("--zip-member", metavar="NAME", help="File to read in a zip archive that holds several.")
@click.option("--encoding", metavar="NAME", help="Encoding of the file, where it is not UTF-8, UTF-16 or Windows-1252.")
@click.option("--explain", is_flag=True, help="Print which column was taken for what, and why.")
@click.option("--csv-out", metavar="FILE", help="Write every device with what was found; - is stdout.")
@click.option(
    "--csv-as-it-is", is_flag=True, help="With --csv-out: also what a spreadsheet takes for formulas, unchanged."
)
@click.option("--html", metavar="FILE", help="Write a report for people, one self-contained page.")
@click.option("--title", default="Windows fleet", metavar="TEXT", help="Title of the report.")
@data_dir_option
@database_option
@json_option
def check(
    builds: tuple[str, ...],
    edition: str | None,
    today: date | None,
    age_days: int | None,
    max_behind: int,
    esu: bool,
    esu_program: str | None,
    allow_stale: bool,
    data_dir: str | None,
    database: str | None,
    **rest: object,
) -> None:
    """Check builds and versions, in any spelling, against the catalogue:

    osimages check 26100.9445 --edition Pro

    osimages check --csv DevicesWithInventory.csv --html report.html
    """
    from osimages.graph.clock import Clock
    from osimages.windows.checks.checker import Checker
    from osimages.windows.checks.editions import named_edition
    from osimages.windows.checks.products import named_product
    from osimages.windows.facts import EsuProgram
    from osimages.windows.fleet.tally import Tally, facts_of
    from osimages.windows.fleet.text import writable
    from osimages.windows.policy.impact import impact

    _check_call(builds, options := msgspec.convert(rest, Options))
    if edition and named_edition(edition) is None and named_product(edition) is None:
        raise click.UsageError(f"'{edition}' is no edition that is known here; say Pro, Enterprise, EnterpriseS...")
    settings = settings_from({"data_dir": data_dir, "database": database, "publish_age_days": age_days})
    catalogue = facts_in(settings)
    day = today or Clock(settings.today).today()
    checker = Checker(
        catalogue,
        day,
        age_days=settings.publish_age_days,
        esu=EsuProgram(esu_program) if esu_program else esu,
        max_behind=max_behind,
        allow_stale=allow_stale,
    )
    policy, warnings = _policy(options, catalogue, day, esu=esu or esu_program is not None)
    tally = Tally(checker, edition, policy)
    named = [tally.keep(writable(build)) for build in builds]
    if options.is_fleet:
        read_fleet(tally, options)
    found = None if policy is None else impact(tally.groups, policy.name, warnings)
    _report(tally, named, facts_of(catalogue, day, settings.publish_age_days), found, options)


def _check_call(builds: Sequence[str], options: Options) -> None:
    if not builds and not options.is_fleet:
        raise click.UsageError(
            "Name at least one build, such as 26100.9445, a file with --csv or --json-file, or --graph."
        )
    if sum(map(bool, (options.csv, options.json_file, options.graph))) > 1:
        raise click.UsageError("--csv, --json-file and --graph name several inputs: give one of them.")
    if not options.graph and (options.cloud or options.condition):
        raise click.UsageError("--cloud and --filter are about --graph.")
    if options.policy_file is not None and options.level is not None:
        raise click.UsageError("--policy and --level are two policies: choose one.")
    if options.grace_days is not None and options.level is None:
        raise click.UsageError("--grace-days is about --level.")
    if options.csv_out and not options.is_fleet:
        raise click.UsageError("--csv-out writes the devices of --csv, --json-file or --graph.")
    if options.csv_as_it_is and not options.csv_out:
        raise click.UsageError("--csv-as-it-is is about what --csv-out writes.")
    if not options.is_fleet and (named := _of_fleets(options)):
        raise click.UsageError(f"{named} is about the devices of --csv, --json-file or --graph.")
    if options.encoding and not _is_encoding(options.encoding):
        raise click.UsageError(f"--encoding: '{options.encoding}' is no encoding of text; say cp1251, shift_jis...")
    if options.as_json and options.csv_out == "-":
        raise click.UsageError("--json and --csv-out - would both write to standard output.")


def _policy(options: Options, facts: Catalogue, day: date, *, esu: bool) -> tuple[BuildPolicy | None, list[str]]:
    """Return the policy that devices are judged by, and what is to be known about it."""
    if options.policy_file is not None:
        return policy_in_file(options.policy_file), []
    if options.level is None:
        return None, []
    return policy_of_level(facts, day, options.level, options.grace_days or 0, esu=esu)


def _is_encoding(name: str) -> bool:
    try:
        return isinstance(b"00".decode(name, "replace"), str)
    except (LookupError, ValueError):
        return False


def _of_fleets(options: Options) -> str | None:
    """Return the first option in use that has a meaning for whole fleets only."""
    names = (
        *(name for name in Input.__struct_fields__ if name.endswith("_column")),
        "seen_within",
        "zip_member",
        "encoding",
        "explain",
    )
    used = (name for name in names if getattr(options, name) not in (None, False))
    return next((f"--{name.replace('_', '-')}" for name in used), None)


def _report(tally: Tally, named: Sequence[Group], facts: Facts, found: Impact | None, options: Options) -> None:
    from osimages.cli.check_tables import print_answers, print_fleet, print_sentence
    from osimages.windows.checks.answers import Verdict
    from osimages.windows.fleet.tally import document

    summary, reach = tally.summary(), tally.freshness()
    if options.html:
        _write_html(tally, reach, found, options)
    if options.as_json:
        written = document(tally, facts) | ({} if found is None else {"policy": found})
        say(msgspec.json.format(msgspec.json.encode(written), indent=2).decode())
    elif options.csv_out != "-":
        if named:
            print_answers([each.answer for each in named])
            print_judgements(named)
        if options.is_fleet:
            name = options.csv or options.json_file or options.source
            print_fleet(tally, name, allow_stale=tally.checker.allow_stale)
        if found is not None:
            print_impact(found)
        print_sentence(reach.sentence)
    answered = [each.answer for each in tally.groups if each.devices]
    if options.support_only:
        is_good = all(each.is_supported for each in answered)
    else:
        is_good = all(tally.checker.verdict(each) is Verdict.GOOD for each in answered)
    if not is_good or tally.incomplete or summary.rejected or not summary.devices:
        sys.exit(1)


def _write_html(tally: Tally, reach: Freshness, found: Impact | None, options: Options) -> None:
    from osimages.windows.fleet.text import writable
    from osimages.windows.report.html_report import fleet_report

    try:
        title, source = writable(options.title), writable(_source(options))
        stale = tally.checker.allow_stale
        missing = tally.incomplete
        page = fleet_report(tally, reach, title, source=source, incomplete=missing, allow_stale=stale, policy=found)
        Path(options.html or "").write_text(page, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{options.html} cannot be written: {error.strerror}.") from None
    say(f"Report: {options.html}", err=True)


def _source(options: Options) -> str:
    """Return the name of the input, for the head of the report."""
    name = options.csv or options.json_file
    return Path(name).name if name and name != "-" else options.source
