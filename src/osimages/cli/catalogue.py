"""`osimages catalogue`: what is published on a day, and which updates a release of Windows has had."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from osimages.cli.export import export
from osimages.cli.facts import facts_in
from osimages.cli.mirror import mirror
from osimages.cli.options import data_dir_option, database_option, json_option, more, settings_from, today_option
from osimages.cli.publish import publish
from osimages.cli.sources import sources
from osimages.cli.table import print_table
from osimages.cli.update import update
from osimages.cli.verify import verify

if TYPE_CHECKING:
    from osimages.windows.facts import Catalogue
    from osimages.windows.release_history import Entry


@click.group(short_help="Windows releases and their builds: show, update, publish, export.")
def catalogue() -> None:
    """Windows releases, their editions, and the builds of each Patch Tuesday."""


catalogue.add_command(publish)
catalogue.add_command(export)
catalogue.add_command(update)
catalogue.add_command(sources)
catalogue.add_command(verify)
catalogue.add_command(mirror)


@catalogue.command(
    short_help="The images that are published today.",
    epilog=more(
        "docs/catalogue.md", "osimages catalogue show", "osimages catalogue show --today 2026-10-20 --all --json"
    ),
)
@data_dir_option
@database_option
@today_option
@click.option("--all", "everything", is_flag=True, help="Also releases that have ended.")
@click.option("--servers", is_flag=True, help="The releases of Windows Server, which are never published.")
@click.option(
    "--age-days",
    type=click.IntRange(min=0),
    metavar="N",
    help="Days after a Patch Tuesday before its builds show (setting publish_age_days).",
)
@json_option
def show(
    data_dir: str | None,
    database: str | None,
    today: date | None,
    everything: bool,
    servers: bool,
    age_days: int | None,
    as_json: bool,
) -> None:
    """Print the images that are published today, as of the catalogue's facts; with --servers the server releases."""
    from osimages.graph.clock import Clock
    from osimages.windows.images import published

    settings = settings_from({"data_dir": data_dir, "database": database, "publish_age_days": age_days})
    facts = facts_in(settings)
    day = today or Clock(settings.today).today()
    if servers:
        _show_servers(facts, day, settings.publish_age_days, everything, as_json)
        return
    images = published(facts, day, settings.publish_age_days, everything)
    if as_json:
        _print_json({"asOf": str(facts.as_of), "today": str(day), "value": list(images.values())})
        return
    scopes = {str(each.build): each.scope for release in facts.releases for each in release.updates}
    titles = ("Image", "Support of editions", "Architectures", "Patch Tuesday builds", "Scope")
    print_table(titles, [_image_row(image, day, scopes) for image in images.values()])
    for line in _notes(facts, day, settings.publish_age_days):
        click.echo(line)


@catalogue.command(
    short_help="Every update of one release.",
    epilog=more(
        "docs/catalogue.md", 'osimages catalogue history "Windows 11 24H2"', "osimages catalogue history 26100 --json"
    ),
)
@click.argument("release", required=False)
@click.option("--version", "version", metavar="RELEASE", help="The release, as the argument.")
@data_dir_option
@database_option
@json_option
def history(
    release: str | None, version: str | None, data_dir: str | None, database: str | None, as_json: bool
) -> None:
    """Print every update of RELEASE, newest first: "Windows 11 24H2", 24H2 or 26100."""
    from osimages.windows.release_history import UnknownReleaseError, find_release
    from osimages.windows.release_history import history as entries_of

    named = release or version
    if not named or (release and version):
        raise click.UsageError('Name one release, such as "Windows 11 24H2".')
    facts = facts_in(settings_from({"data_dir": data_dir, "database": database}))
    try:
        found = find_release(facts, named)
    except UnknownReleaseError as error:
        raise click.ClickException(str(error)) from None
    entries = entries_of(found)
    if as_json:
        value = [_history_object(each, facts) for each in entries]
        _print_json({"asOf": str(facts.as_of), "id": found.id, "value": value})
        return
    titles = ("Build", "KB", "Released", "Kind", "Patch Tuesday", "Published as", "Label", "Scope")
    print_table(titles, [_history_row(each, is_published=found in facts.releases) for each in entries])
    click.echo(f"{found.id}: {len(entries)} updates, {_as_of(facts)}.")


def _show_servers(facts: Catalogue, day: date, age_days: int, everything: bool, as_json: bool) -> None:
    from osimages.cli.servers import print_servers, served, server_objects

    releases = served(facts, day, everything)
    if as_json:
        value = server_objects(facts, releases, day, age_days)
        _print_json({"asOf": str(facts.as_of), "today": str(day), "value": value})
        return
    print_servers(facts, releases, day, age_days)
    until = f", complete to {facts.servers_complete_until}" if facts.servers_complete_until else ""
    click.echo(f"As of {facts.as_of}{until}: {len(releases)} of {len(facts.servers)} releases.")


def _image_row(image: Mapping[str, Any], today: date, scopes: Mapping[str, str]) -> tuple[str, ...]:
    """The scope is that of the newest build: it tells why a release is published whose editions have all ended."""
    between = "\n" if sys.stdout.isatty() else "; "
    updates = image["availableUpdates"]
    return (
        image["id"],
        between.join(_editions(image["supportedEditions"], today)),
        ", ".join(image["supportedArchitectures"]),
        between.join(_updates(updates)) or "none yet",
        scopes[updates[0]["buildVersion"]] if updates else "",
    )


def _editions(editions: Iterable[Mapping[str, str]], today: date) -> list[str]:
    """Those that end together, together: `until 2027-10-12: professional, proEducation (and N)`."""
    by_end = sorted(editions, key=lambda each: each["supportEndDate"])
    return [
        f"{'until' if end >= str(today) else 'ended'} {end}: {_names([each['editionType'] for each in group])}"
        for end, group in groupby(by_end, key=lambda each: each["supportEndDate"])
    ]


def _names(names: list[str]) -> str:
    """Each edition with its N variant is named once; the variants alone, should that occur, by themselves."""
    pairs = [name for name in names if f"{name}N" in names]
    single = [name for name in names if name not in pairs and name.removesuffix("N") not in pairs]
    return ", ".join(([", ".join(pairs) + " (and N)"] if pairs else []) + single)


def _updates(updates: Iterable[Mapping[str, Any]]) -> list[str]:
    return [f"{each['buildVersion']} ({each['releaseYear']}-{each['releaseMonth']:02})" for each in updates]


def _as_of(facts: Catalogue) -> str:
    known = "" if facts.complete_until >= facts.as_of else f", complete to {facts.complete_until}"
    return f"as of {facts.as_of}{known}"


def _notes(facts: Catalogue, today: date, age_days: int) -> list[str]:
    """What stands below the table: how new the facts are, and what they lack on that day."""
    from osimages.windows.calendar import patch_tuesdays
    from osimages.windows.images import newest_day, patch_tuesdays_known, published

    known = patch_tuesdays_known(facts, today, age_days)
    if not known:
        return [f"A{_as_of(facts)[1:]}: no Patch Tuesday is known on {today}."]
    newest = f"{known[0].year}-{known[0].month:02}"
    shown = [each["availableUpdates"] for each in _objects(published(facts, today, age_days))]
    having = sum(newest in "".join(_updates(updates[:1])) for updates in shown)
    lines = [
        f"A{_as_of(facts)[1:]}: the newest Patch Tuesday on {today} is that of {known[0]}; its build is known for "
        f"{having} of {len(shown)} images{'' if having == len(shown) else ', the others show what is known'}."
    ]
    expected = patch_tuesdays(1, newest_day(today, age_days))
    if expected and expected[0] > known[0]:
        lines.append(f"Builds of the Patch Tuesday of {expected[0]} are not known yet.")
    return lines


def _objects(images: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return list(images.values())


def _history_row(entry: Entry, *, is_published: bool) -> tuple[str, ...]:
    update = entry.update
    return (
        str(entry.build or ""),
        update.kb or "",
        "" if update.release_date is None else str(update.release_date),
        str(update.kind),
        "" if entry.patch_tuesday is None else str(entry.patch_tuesday),
        f"{update.year}-{update.month:02}" if update.is_canonical_b and is_published else "",
        update.label,
        update.scope,
    )


def _history_object(entry: Entry, facts: Catalogue) -> dict[str, object]:
    update = entry.update
    return {
        "buildVersion": None if entry.build is None else str(entry.build),
        "kb": update.kb,
        "releaseDate": None if update.release_date is None else str(update.release_date),
        "kind": str(update.kind),
        "patchTuesday": None if entry.patch_tuesday is None else str(entry.patch_tuesday),
        "isCanonicalB": update.is_canonical_b,
        "releaseMonth": update.month,
        "releaseYear": update.year,
        "label": update.label,
        "scope": update.scope,
        "basis": update.basis,
        "isExpired": update.is_expired,
        "sources": [facts.sources[number].name for number in update.sources],
    }


def _print_json(document: dict[str, object]) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
