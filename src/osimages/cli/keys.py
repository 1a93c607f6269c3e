"""`osimages keys`: the keys that the Entra ID emulator signs with."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from osimages.cli.known import complaints, folder_of
from osimages.cli.options import data_dir_option, json_option, more
from osimages.cli.table import print_table
from osimages.cli.turns import state_of
from osimages.entra.emulator.signing_keys import SigningKeys, rotate
from osimages.entra.emulator.token_claims import LIFETIME_SECONDS

# As much as a server may tolerate of clocks that differ (setting token_skew_seconds).
_MOST_SKEW_SECONDS = 3600


@click.group(short_help="Signing keys of the Entra ID emulator.")
def keys() -> None:
    """The keys that development tokens are signed with."""


@keys.command(
    name="list", short_help="Show the keys.", epilog=more("docs/entra-emulator-reference.md", "osimages keys list")
)
@data_dir_option
@json_option
def list_(data_dir: str | None, as_json: bool) -> None:
    """Print the key that signs, and those that signed before it as long as their tokens may be valid."""
    with complaints():
        _print(SigningKeys.load_or_create(folder_of(data_dir)), as_json)


@keys.command(
    name="rotate",
    short_help="Sign with a new key.",
    epilog=more("docs/entra-emulator-reference.md", "osimages keys rotate"),
)
@data_dir_option
@json_option
def rotate_(data_dir: str | None, as_json: bool) -> None:
    """Sign with a new key from now on. Running servers take it up by themselves. Tokens that were signed before stay
    good until they expire; then the old key is forgotten.
    """
    folder, now = folder_of(data_dir), datetime.now(UTC)
    with complaints(), state_of(folder) as state, state.transaction():
        old = SigningKeys.load_or_create(folder)
        until = max(now.timestamp() + LIFETIME_SECONDS, state.long_lived(old.kid)) + _MOST_SKEW_SECONDS
        found = rotate(folder, now, until)
    _print(found, as_json)


def _print(found: SigningKeys, as_json: bool) -> None:
    older = [(each.kid, "retired", _shown(each.good_until)) for each in found.without_expired(_now()).retired]
    rows = [(found.kid, "signs", ""), *older]
    if as_json:
        shown = [{"kid": kid, "state": state, "goodUntil": until or None} for kid, state, until in rows]
        click.echo(json.dumps(shown, indent=2))
    else:
        print_table(("Key", "State", "Good until"), rows)


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _shown(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
