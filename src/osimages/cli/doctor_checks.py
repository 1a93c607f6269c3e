"""The checks of `osimages doctor`: each looks at one thing a server needs, and changes nothing."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import partial
from pathlib import Path

import apsw
import click
import httpx
import msgspec
from cryptography import x509

from osimages.app import KEPT_FILE, cloud_of, open_current, publisher_of
from osimages.cli.server_address import server_address
from osimages.cli.startup import check_settings, free_port, open_files, own_tls
from osimages.entra import KeyFile, KeyFileError, KeysUnavailableError, UnusableError
from osimages.entra.emulator.certificates import check_authority
from osimages.entra.emulator.directory_file import DirectoryFile
from osimages.entra.emulator.encrypted_tokens import FILE_NAME as SEALING_FILE
from osimages.entra.emulator.encrypted_tokens import Sealer
from osimages.entra.emulator.signing_keys import FILE_NAME, SigningKeys
from osimages.entra.tokens.keys import key_set
from osimages.entra.tokens.openid import METADATA, fetch_jwks
from osimages.graph.tenant_storage import tenants
from osimages.odata.sql.databases import damage
from osimages.odata.sql.migrations import OldSchemaError, SchemaError
from osimages.odata.sql.store import StoreUnavailableError
from osimages.settings import Settings
from osimages.windows.calendar import patch_tuesdays
from osimages.windows.facts import bundled
from osimages.windows.images import newest_day
from osimages.windows.merge.overrides import FILE_NAME as OVERRIDES_FILE
from osimages.windows.merge.overrides import OverridesError, read_overrides

_LITTLE_SPACE = 200 * 1024 * 1024
_SOON = timedelta(days=30)
_TIMEOUT_SECONDS = 5.0
_AT_THE_START = "it is made when the server first starts"
_FOR_THE_SERVER = "let the user who serves read and write it"


class Verdict(Enum):
    """What a check comes to."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(msgspec.Struct, frozen=True):
    """What a check found, and what to do about it."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def every_check(settings: Settings) -> Iterator[tuple[str, Callable[[], Finding]]]:
    """All checks, in the order in which they matter."""
    checks: dict[str, Callable[[Settings], Finding]] = {
        "settings": _settings,
        "data directory": _data_directory,
        "database": _database,
        "keys": _entra_keys if settings.authority == "entra" else _development_keys,
        "certificate": _certificate,
        "catalogue": _catalogue,
        "port": _port,
        "clock": _clock,
    }
    for name, check in checks.items():
        yield name, partial(check, settings)


def _settings(settings: Settings) -> Finding:
    try:
        check_settings(settings)
    except click.ClickException as error:
        return Finding("settings", Verdict.PROBLEM, error.message, "osimages config show tells where each comes from")
    authority = "development tokens" if settings.authority == "dev" else f"tokens of Entra ID, cloud {settings.cloud}"
    return Finding("settings", Verdict.OK, f"they go together: {authority}")


def _data_directory(settings: Settings) -> Finding:
    folder = settings.data_path
    nearest = _nearest(folder)
    if not _is_usable(nearest):
        advice = "make it writable, or choose another with --data-dir"
        return Finding("data directory", Verdict.PROBLEM, f"{nearest} cannot be written", advice)
    free = shutil.disk_usage(nearest).free
    if free < _LITTLE_SPACE:
        return Finding("data directory", Verdict.WARNING, f"{free // 2**20} MB are free", "make room")
    if wide := open_files(settings):
        shown = ", ".join(f"{path} (mode {mode:o})" for path, mode in wide)
        folders = " ".join(str(path) for path, _ in wide if path.is_dir())
        files = " ".join(str(path) for path, _ in wide if not path.is_dir())
        advice = "; ".join([*([f"chmod 700 {folders}"] if folders else []), *([f"chmod 600 {files}"] if files else [])])
        return Finding("data directory", Verdict.WARNING, f"others can use what holds keys: {shown}", advice)
    detail = str(folder) if folder.exists() else f"{folder} is not there yet: {_AT_THE_START}"
    return Finding("data directory", Verdict.OK, detail)


def _nearest(folder: Path) -> Path:
    """The folder, or what there is on the way to it."""
    return next(each for each in (folder, *folder.resolve().parents) if each.exists())


def _is_usable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK)


def _database(settings: Settings) -> Finding:
    if settings.database_server is None and not settings.database_path.exists():
        nearest = _nearest(settings.database_path.parent)
        if not _is_usable(nearest):
            return Finding("database", Verdict.PROBLEM, f"{nearest} cannot be written", "choose another place")
        return Finding("database", Verdict.OK, f"{settings.database_path} is not there yet: {_AT_THE_START}")

    async def examined() -> tuple[str | None, int]:
        if (damaged := await damage(settings.database_url)) is not None:
            return damaged, 0
        database = await open_current(settings)
        try:
            return None, len(await database.read(tenants()))
        finally:
            await database.close()

    try:
        damaged, number = asyncio.run(examined())
    except OldSchemaError as error:
        return Finding("database", Verdict.WARNING, str(error), "the server does that by itself when it starts")
    except SchemaError as error:
        return Finding("database", Verdict.PROBLEM, str(error), _advice_about_database(settings))
    except StoreUnavailableError as error:
        return Finding("database", Verdict.PROBLEM, str(error), "see that it runs, and that --database is right")
    except apsw.Error as error:
        damaged, number = str(error), 0
    if damaged is not None:
        found = f"{settings.database_shown} is damaged: {damaged}"
        return Finding("database", Verdict.PROBLEM, found, "end the servers, and restore a backup: docs/databases.md")
    if settings.database_server is None and not os.access(settings.database_path, os.W_OK):
        return Finding("database", Verdict.PROBLEM, f"{settings.database_path} cannot be written", _FOR_THE_SERVER)
    tenants_shown = "1 tenant" if number == 1 else f"{number} tenants"
    return Finding("database", Verdict.OK, f"{settings.database_shown}, {tenants_shown}")


def _advice_about_database(settings: Settings) -> str:
    if settings.database_server is None:
        return "see that it is the right file: --database, --data-dir"
    return "see that user, password and name of the database are right: --database, docs/databases.md"


def _development_keys(settings: Settings) -> Finding:
    """The files of the Entra ID emulator that there are; those that are not there are made, or not needed."""
    folder = settings.data_path
    try:
        DirectoryFile(folder).load()
        if (folder / SEALING_FILE).exists():
            Sealer.load_or_create(folder)
        if not (folder / FILE_NAME).exists():
            return Finding("keys", Verdict.OK, f"there is no signing key yet: {_AT_THE_START}")
        keys = SigningKeys.load_or_create(folder)
    except OSError as error:
        return Finding("keys", Verdict.PROBLEM, f"{error.filename} cannot be read: {error.strerror}", _FOR_THE_SERVER)
    except (UnusableError, ValueError) as error:
        return Finding("keys", Verdict.PROBLEM, str(error), "what is moved away is made anew")
    return Finding("keys", Verdict.OK, f"development tokens are signed with key {keys.kid[:16]}")


def _entra_keys(settings: Settings) -> Finding:
    try:
        if settings.keys_file:
            KeyFile(Path(settings.keys_file))
            return Finding("keys", Verdict.OK, f"from {settings.keys_file}")
        authority = cloud_of(settings).authorities[0]
        content = asyncio.run(fetch_jwks(authority, settings.authority_ca_file))
        return Finding("keys", Verdict.OK, f"{len(key_set(json.loads(content), {}))} keys of {authority}")
    except KeyFileError as error:
        return Finding("keys", Verdict.PROBLEM, str(error), "bring the file anew: docs/entra.md says how")
    except (KeysUnavailableError, ValueError) as error:
        advice = "let this machine reach it (HTTPS_PROXY), name its roots (authority_ca_file), or bring --keys-file"
        if (kept := settings.data_path / KEPT_FILE).exists():
            return Finding("keys", Verdict.WARNING, f"{error}; those kept in {kept} are used for a while", advice)
        return Finding("keys", Verdict.PROBLEM, str(error), advice)


def _certificate(settings: Settings) -> Finding:
    if settings.http:
        return Finding("certificate", Verdict.OK, "plain HTTP needs none")
    try:
        own = own_tls(settings)
    except click.ClickException as error:
        return Finding("certificate", Verdict.PROBLEM, error.message, "correct tls_certificate and tls_key")
    if own is None:
        try:
            check_authority(settings.data_path)
        except (OSError, ValueError) as error:
            advice = "move it away for a new one, which clients have to trust then"
            return Finding("certificate", Verdict.PROBLEM, str(error), advice)
    file = settings.data_path / "server.pem" if own is None else own.certificate
    if not file.exists():
        return Finding("certificate", Verdict.OK, f"there is none yet: {_AT_THE_START}")
    try:
        until = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    except OSError as error:
        return Finding("certificate", Verdict.PROBLEM, f"{file} cannot be read: {error.strerror}", _FOR_THE_SERVER)
    except ValueError:
        return Finding("certificate", Verdict.PROBLEM, f"{file} is no certificate", "move it away: a new one is made")
    return _lasting(until, is_made=own is None)


def _lasting(until: datetime, *, is_made: bool) -> Finding:
    """How long a certificate is good; one that the server makes for itself it also renews, when it starts."""
    left = until - datetime.now(UTC)
    if left > _SOON:
        return Finding("certificate", Verdict.OK, f"good until {until:%Y-%m-%d}")
    detail = f"good until {until:%Y-%m-%d}" if left > timedelta() else f"it expired on {until:%Y-%m-%d}"
    if is_made:
        return Finding("certificate", Verdict.WARNING, detail, "(re)start the server, which renews it then")
    advice = "put a new one in its place (tls_certificate, tls_key), and restart the server"
    return Finding("certificate", Verdict.WARNING if left > timedelta() else Verdict.PROBLEM, detail, advice)


def _catalogue(settings: Settings) -> Finding:
    try:
        read_overrides(settings.data_path / OVERRIDES_FILE)
    except OverridesError as error:
        return Finding("catalogue", Verdict.WARNING, str(error), "correct it: docs/catalogue.md")
    complete, today = _known_until(settings)
    due = patch_tuesdays(1, newest_day(today, settings.publish_age_days))
    if due and due[0] > complete:
        detail = f"its facts reach to {complete}; the newest Patch Tuesday was {due[0]}"
        return Finding("catalogue", Verdict.WARNING, detail, "osimages catalogue update")
    return Finding("catalogue", Verdict.OK, f"its facts reach to {complete}")


def _known_until(settings: Settings) -> tuple[date, date]:
    """How far the facts reach that the server would use, and what day it is."""

    async def current() -> tuple[date, date]:
        database = await open_current(settings)
        try:
            found = (await publisher_of(settings, database, only_reads=True)).current
            return found.catalogue.complete_until, found.clock.today()
        finally:
            await database.close()

    if settings.database_server is not None or settings.database_path.exists():
        try:
            return asyncio.run(current())
        except (SchemaError, StoreUnavailableError, apsw.Error):
            pass  # the check of the database tells
    return bundled().complete_until, settings.today or datetime.now(UTC).date()


def _port(settings: Settings) -> Finding:
    address = server_address(settings)
    url, is_running = address.local, address.is_running
    if is_running:
        return _running(settings, url)
    try:
        free_port(settings.host, settings.port)
    except click.ClickException as error:
        return Finding("port", Verdict.PROBLEM, error.message, "see what listens there")
    return Finding("port", Verdict.OK, f"{settings.host} port {settings.port} is free; no server runs")


def _running(settings: Settings, url: str) -> Finding:
    bundle = settings.data_path / "ca.pem"
    trust = ssl.create_default_context(cafile=str(bundle) if bundle.exists() else None)
    try:
        reply = httpx.get(f"{url}/-/ready", verify=trust, timeout=_TIMEOUT_SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        detail = f"what listens at {url} does not answer: {error}"
        return Finding("port", Verdict.PROBLEM, detail, "look at the server's log, and restart it")
    if reply.status_code != httpx.codes.OK:
        detail = f"{url}/-/ready answers {reply.status_code}: {reply.text[:500]}"
        return Finding("port", Verdict.PROBLEM, detail, "look at the server's log")
    return Finding("port", Verdict.OK, f"a server answers at {url}")


def _clock(settings: Settings) -> Finding:
    now = datetime.now(UTC)
    if now.date() < bundled().as_of:
        detail = f"it says {now:%Y-%m-%d}, before this release was made"
        return Finding("clock", Verdict.PROBLEM, detail, "set the clock: tokens and certificates depend on it")
    if settings.authority == "dev" or settings.keys_file:
        return Finding("clock", Verdict.OK, f"it says {now:%Y-%m-%d %H:%M:%S} UTC; there is none to compare it with")
    return _compared(settings, now)


def _compared(settings: Settings, now: datetime) -> Finding:
    """The clock beside that of the authority, whose tokens it has to agree with."""
    trust = ssl.create_default_context()
    try:
        if settings.authority_ca_file:
            trust.load_verify_locations(settings.authority_ca_file)
        url = f"{cloud_of(settings).authorities[0]}{METADATA}"
        theirs = parsedate_to_datetime(httpx.get(url, verify=trust, timeout=_TIMEOUT_SECONDS).headers["date"])
    except (httpx.HTTPError, OSError, KeyError, ValueError) as error:
        return Finding("clock", Verdict.WARNING, f"it could not be compared with Entra ID's: {error}")
    away = abs((now - theirs).total_seconds())
    if away > settings.token_skew_seconds:
        detail = f"it is {away:.0f} seconds away from Entra ID's"
        return Finding("clock", Verdict.PROBLEM, detail, "set the clock: good tokens are refused")
    return Finding("clock", Verdict.OK, f"it agrees with Entra ID's within {max(1, round(away))} s")
