"""`osimages catalogue sources`: the public sources, how asking them went, and what each says since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from osimages.cli.options import data_dir_option, database_option, json_option, more, settings_from
from osimages.cli.table import print_table
from osimages.cli.update import changed_in, fetches_in, kept_in, overrides_of, print_changes

if TYPE_CHECKING:
    from osimages.graph.claims_storage import Fetch, Seen
    from osimages.settings import Settings
    from osimages.windows.merge.overrides import Overrides
    from osimages.windows.sources.source_list import SourceDefinition


@click.command(
    short_help="The public sources, how asking them went, and what they say.",
    epilog=more("docs/catalogue.md", "osimages catalogue sources", "osimages catalogue sources msrc"),
)
@click.argument("name", required=False)
@click.option("--forget", is_flag=True, help="Take away all that the source NAME ever said.")
@data_dir_option
@database_option
@json_option
def sources(name: str | None, forget: bool, data_dir: str | None, database: str | None, as_json: bool) -> None:
    """List the sources of release facts: licence, whether they are asked by themselves, and how that went last.

    With NAME, all that this source says, and since when.
    """
    from osimages.windows.sources.source_list import BY_NAME

    settings = settings_from({"data_dir": data_dir, "database": database})
    if name is not None and name not in BY_NAME:
        raise click.BadParameter(f"there is no source '{name}'; there are {', '.join(BY_NAME)}")
    if forget:
        if name is None:
            raise click.UsageError("--forget needs the NAME of a source.")
        _forget(settings, name)
    elif name is not None:
        _say(settings, name, as_json)
    else:
        _list(settings, as_json)


def _list(settings: Settings, as_json: bool) -> None:
    from osimages.windows.sources.source_list import SOURCES

    overrides, _ = overrides_of(settings)
    fetches = fetches_in(settings)
    if as_json:
        value = [_object(each, fetches.get(each.name), overrides) for each in SOURCES]
        click.echo(msgspec.json.format(msgspec.json.encode({"value": value}), indent=2).decode())
        return
    titles = ("Source", "Asked", "Licence", "Last asked", "State", "Facts", "What")
    print_table(titles, [_row(each, fetches.get(each.name), overrides) for each in SOURCES])
    for name, fetch in fetches.items():
        if fetch.detail:
            click.echo(f"{name}: {fetch.detail}")


def _say(settings: Settings, name: str, as_json: bool) -> None:
    from osimages.graph.claims_storage import read_seen

    seen = kept_in(settings, lambda: read_seen(name))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode({"name": name, "value": seen}), indent=2).decode())
        return
    if seen:
        print_table(("About", "Says", "Since", "Last"), [_said(each) for each in seen])
    click.echo(f"{name} says {len(seen):,} things.")


def _said(seen: Seen) -> tuple[str, ...]:
    members: dict[str, object] = msgspec.to_builtins(seen.claim)
    told = (f"{name} {getattr(seen.claim, name)}" for name in members if name != "type")
    return (seen.claim.topic, ", ".join(told), seen.first_seen, seen.last_seen)


def _forget(settings: Settings, name: str) -> None:
    from osimages.graph.catalogue_update import remove_source

    print_changes(changed_in(settings, remove_source(name)))


def _row(source: SourceDefinition, fetch: Fetch | None, overrides: Overrides) -> tuple[str, ...]:
    return (
        source.name,
        "yes" if overrides.asked.get(source.name, source.is_asked) else "when named",
        source.licence,
        f"{fetch.asked_at:%Y-%m-%d %H:%M} UTC" if fetch else "never",
        fetch.state if fetch else "",
        f"{fetch.claims:,}" if fetch else "",
        source.what,
    )


def _object(source: SourceDefinition, fetch: Fetch | None, overrides: Overrides) -> dict[str, object]:
    return {
        "name": source.name,
        "what": source.what,
        "licence": source.licence,
        "isAsked": overrides.asked.get(source.name, source.is_asked),
        "urls": list(overrides.urls.get(source.name, ())) or [each.url for each in source.places],
        "state": fetch.state if fetch else None,
        "detail": fetch.detail if fetch else None,
        "askedAt": fetch.asked_at.isoformat() if fetch else None,
        "readAt": fetch.read_at.isoformat() if fetch and fetch.read_at else None,
        "facts": fetch.claims if fetch else 0,
    }
