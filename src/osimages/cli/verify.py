"""`osimages catalogue verify`: where sources differ, what was chosen, and what is missing or cannot be right."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click
import msgspec

from osimages.cli.options import data_dir_option, database_option, json_option, more, settings_from
from osimages.cli.table import print_wrapped
from osimages.cli.update import kept_in, overrides_of

if TYPE_CHECKING:
    from osimages.odata.sql.transaction_script import Script
    from osimages.windows.merge.disagreements import Disagreement
    from osimages.windows.merge.merging import Merged
    from osimages.windows.merge.validation import Finding


@click.command(
    short_help="Disagreements of sources, gaps and faults.",
    epilog=more("docs/catalogue.md", "osimages catalogue verify --strict"),
)
@click.option(
    "--strict", is_flag=True, help="Exit code 1 when there is a gap or a fault, or a pin that is about nothing."
)
@data_dir_option
@database_option
@json_option
def verify(strict: bool, data_dir: str | None, database: str | None, as_json: bool) -> None:
    """List where the sources of the facts differ, which of them counts, and what is missing from the facts.

    A choice can be pinned in catalogue.toml in the data directory; docs/catalogue.md shows how.
    """
    from osimages.graph.clock import Clock
    from osimages.windows.merge.validation import findings

    settings = settings_from({"data_dir": data_dir, "database": database})
    overrides, text = overrides_of(settings)
    merged = kept_in(settings, lambda: _merged(text))
    found = [*findings(merged.catalogue, Clock(settings.today).today()), *_idle(overrides, merged)]
    if as_json:
        document = {
            "asOf": str(merged.catalogue.as_of),
            "completeUntil": str(merged.catalogue.complete_until),
            "disagreements": merged.disagreements,
            "rejected": merged.rejected,
            "findings": found,
        }
        click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    else:
        _print(merged, found)
    if strict and found:
        raise SystemExit(1)


def _merged(text: bytes) -> Script[Merged]:
    """The facts as they are with the overrides file as it is now, be they in force already or not."""
    from osimages.graph.claims_storage import read_statements
    from osimages.windows.facts import bundled
    from osimages.windows.merge.merging import merge
    from osimages.windows.merge.overrides import parse_overrides

    return merge(bundled(), (yield from read_statements()), parse_overrides(text, "catalogue.toml"))


def _idle(overrides: object, merged: Merged) -> list[Finding]:
    """Pins that are about nothing that there is."""
    from osimages.windows.merge.overrides import END, Overrides
    from osimages.windows.merge.validation import Finding

    assert isinstance(overrides, Overrides)
    builds = {each.build for release in merged.catalogue.releases for each in release.updates}
    builds |= overrides.dropped
    releases = {each.id for each in merged.catalogue.releases}
    found = [
        Finding(f"{pin.release} {pin.group}", "the pin is about a release that is not known")
        for pin in overrides.pins
        if pin.field == END and pin.release not in releases
    ]
    pinned = {*overrides.days, *overrides.kinds, *overrides.canonical}
    return found + [
        Finding(each.short, "the pin is about a build that is not known") for each in sorted(pinned - builds)
    ]


def _print(merged: Merged, found: list[Finding]) -> None:
    # What is said of one thing can be long, and the reasons are few: a table would be too wide for any screen.
    by_kind = sorted(merged.disagreements, key=lambda each: (each.field, each.why))
    for (field, why), group in groupby(by_kind, key=lambda each: (each.field, each.why)):
        alike = list(group)
        click.secho(f"{field}: {len(alike):,}", bold=True)
        print_wrapped(f"Why so: {why}.", 2)
        for each in alike:
            print_wrapped(f"{each.subject}: {each.chosen}{' (pinned)' * each.is_pinned}", 2)
            print_wrapped(f"said: {_said(each)}", 4)
    pinned = sum(each.is_pinned for each in merged.disagreements)
    click.echo(f"{len(merged.disagreements):,} disagreements, {pinned:,} resolved by pins.")
    for finding in found:
        click.echo(f"{finding.subject}: {finding.what}")
    facts = merged.catalogue
    lacking = f"{len(found):,} gaps and faults" if found else "No gaps and no faults"
    click.echo(f"{lacking}, as of {facts.as_of}, complete to {facts.complete_until}.")


def _said(each: Disagreement) -> str:
    return "; ".join(f"{value} ({', '.join(names)})" if names else value for value, names in each.values.items())
