"""Every setting: its name, default and meaning, and where its value came from.

Precedence: default < file (`osimages.toml` in the data directory) < `OSIMAGES_*` environment < command-line flag.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import platformdirs

FILE_NAME = "osimages.toml"
ENVIRONMENT_PREFIX = "OSIMAGES_"
CLOUD_NAMES = ("global", "usgov", "usgovdod", "china", "bleu", "delos", "govsg")
# Names the folder in which the workers of a server share their metrics. `osimages serve` sets it before it starts them:
# prometheus-client reads it when it is imported.
METRICS_DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_SERVERS = ("postgresql://", "postgres://")
# What was meant for a URL, with one slash or two; one letter is a drive of Windows.
_URL = re.compile(r"[a-z][a-z0-9+.-]+:|.*://", re.IGNORECASE)


def _setting(
    default: Any,
    help_text: str,
    *,
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] | None = None,
) -> Any:
    return field(default=default, metadata={"help": help_text, "least": least, "most": most, "choices": choices})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting in one frozen object. Sizes are in bytes, times in seconds unless a name says otherwise."""

    data_dir: str = _setting("", "Directory of database, keys and certificates; empty: the user data folder.")
    database: str = _setting(
        "", "sqlite:///PATH or postgresql://USER@HOST/NAME; empty: SQLite file osimages.db in the data directory."
    )
    database_wait_seconds: float = _setting(10.0, "How long a write waits while another process writes.", least=0)
    database_connections: int = _setting(
        10, "Most connections of each worker process to a PostgreSQL server.", least=1, most=1000
    )
    database_start_seconds: float = _setting(
        60.0, "How long a start waits for a PostgreSQL server that does not answer.", least=0
    )
    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(8443, "Port to listen on; 0 takes a free one.", least=0, most=65535)
    http: bool = _setting(False, "Serve plain HTTP instead of HTTPS; beyond loopback only with expose_development.")
    tls_certificate: str = _setting("", "PEM file of a certificate of your own, with its chain; empty: one is made.")
    tls_key: str = _setting("", "PEM file of its private key (PKCS#8, not encrypted).")
    tls_name: str = _setting(
        "",
        "Names and addresses, between commas, by which other machines and containers reach the server: the generated "
        "certificate holds them beside localhost, and requests for them are served.",
    )
    authority: str = _setting("dev", "Who issues tokens: dev (inside this server) or entra.", choices=("dev", "entra"))
    cloud: str = _setting("global", "National cloud whose audiences and issuers are accepted.", choices=CLOUD_NAMES)
    authority_url: str = _setting("", "Address of Entra ID, where it is not the cloud's (a stand-in for tests).")
    authority_ca_file: str = _setting("", "PEM file of roots to trust for Entra ID beside the system's.")
    keys_file: str = _setting("", "JSON Web Key Set of Entra ID, for sites without the internet: nothing is fetched.")
    keys_refresh_seconds: float = _setting(3600.0, "How often the keys of Entra ID are fetched.", least=1)
    keys_stale_seconds: float = _setting(
        259_200.0, "How long keys stay in use while they cannot be fetched again (three days).", least=0
    )
    keys_look_seconds: float = _setting(
        30.0, "Least time between two fetches because a token names an unknown key.", least=0.1
    )
    max_token_lifetime_seconds: int = _setting(
        108_000, "Longest lifetime of a token of Entra ID, whose own limit is 28 hours.", least=1
    )
    new_tenants: str = _setting(
        "auto",
        "Whether a tenant that was not added comes into being with its first request; auto: with development tokens.",
        choices=("auto", "create", "refuse"),
    )
    public_url: str = _setting("", "Scheme, host and path prefix that clients use, where the Host header lies.")
    allowed_host: str = _setting(
        "",
        "More names, between commas, by which clients reach the server, beside localhost, 127.0.0.1, [::1] and the "
        "host of public_url. On loopback no others are served; on other addresses every name is, until this is set.",
    )
    trusted_proxies: str = _setting("", "Addresses or networks of proxies whose headers are believed, between commas.")
    proxy_headers: str = _setting(
        "x-forwarded",
        "The headers that trusted proxies set: X-Forwarded-* or Forwarded.",
        choices=("x-forwarded", "forwarded"),
    )
    workers: int = _setting(1, "Number of worker processes.", least=1, most=256)
    expose_development: bool = _setting(
        False, "Let the Entra ID emulator, whose secret is public, listen on other than loopback addresses."
    )
    empty: bool = _setting(False, "New tenants start without the published catalogue.")
    seed: str = _setting("", "JSON file of tenants that are put into its state when `osimages serve` starts.")
    today: date | None = _setting(None, "Freeze the catalogue's calendar at this day, for tests and demos.")  # noqa: RUF009
    publish_age_days: int = _setting(2, "Days after a Patch Tuesday before it is published.", least=0, most=3650)
    publish_check_seconds: float = _setting(
        30.0, "How often the server looks for a new day or new facts to publish to all tenants; 0: never.", least=0
    )
    page_size: int = _setting(1000, "Most items in one page.", least=1, most=100_000)
    max_page_bytes: int = _setting(
        2 * 1024 * 1024, "A page ends early, with a link to the next, after the item that reaches this size.", least=1
    )
    delta_days: float = _setting(30.0, "How many days an @odata.deltaLink stays good.", least=0)
    max_url_bytes: int = _setting(16384, "Longest request URL.", least=1)
    max_header_bytes: int = _setting(
        32768,
        "Most bytes of a request's headers, also of one in a batch; Authorization and Cookie do not count.",
        least=1,
    )
    max_query_bytes: int = _setting(65536, "Longest query in the body of POST .../$query.", least=1)
    max_body_bytes: int = _setting(4 * 1024 * 1024, "Largest request body, also after decompression.", least=1)
    max_body_seconds: float = _setting(30.0, "How long a request body may take to arrive.", least=0.1)
    max_discarded_bytes: int = _setting(
        64 * 1024 * 1024,
        "Longest body that is read to its end before an error is answered: many clients lose earlier answers.",
        least=0,
    )
    max_unsent_bytes: int = _setting(
        48 * 1024 * 1024,
        "Bytes of large answers that wait for clients to read them, in a worker, beyond which requests for pages wait; "
        "beyond its half, connections that read nothing for two seconds are closed.",
        least=1,
    )
    max_unsent_connection_bytes: int = _setting(
        8 * 1024 * 1024,
        "Bytes of large answers that wait on one connection of HTTP/2, from which on its next requests wait, too.",
        least=1,
    )
    write_timeout_seconds: float = _setting(
        30.0, "How long a client may read nothing of a large answer before its connection is closed.", least=0.1
    )
    max_query_seconds: float = _setting(2.0, "How long a query of the database may take.", least=0.01)
    max_filter_nodes: int = _setting(2000, "Most nodes in a $filter.", least=1, most=100_000)
    max_filter_depth: int = _setting(50, "Deepest nesting in a $filter.", least=1, most=64)
    max_filter_in_items: int = _setting(1000, "Most items of an `in` list in a $filter.", least=1, most=10_000)
    max_filter_lambda_depth: int = _setting(4, "Deepest nesting of any and all in a $filter.", least=1, most=8)
    max_orderby_items: int = _setting(16, "Most items in an $orderby.", least=1, most=100)
    max_top: int = _setting(2**31 - 1, "Largest $top; however large, an answer comes in pages.", least=1)
    max_batch_items: int = _setting(20, "Most requests in a $batch.", least=1, most=1000)
    max_batch_answer_bytes: int = _setting(
        8 * 1024 * 1024,
        "Most bytes of all responses to a $batch; the requests beyond it answer 413 and are not run.",
        least=1,
    )
    gzip_minimum_bytes: int = _setting(
        1024, "Smallest answer that is compressed for clients that accept gzip.", least=0
    )
    token_cache_size: int = _setting(4096, "Size of the cache of verified tokens.", least=1)
    max_token_bytes: int = _setting(16384, "Longest Authorization header that is looked at.", least=1)
    tenant_cache_seconds: float = _setting(1.0, "How long a tenant's licence is cached.", least=0)
    token_skew_seconds: int = _setting(
        300, "Tolerance for clocks that differ, in the times of a token.", least=0, most=3600
    )
    journal_requests: int = _setting(
        200,
        "Requests of each tenant that the journal of the emulator keeps (/-/requests); 0: none.",
        least=0,
        most=10_000,
    )
    throttle: str = _setting(
        "auto",
        "Whether requests are limited as Intune limits them; auto: with tokens of Entra ID.",
        choices=("auto", "off", "intune"),
    )
    throttle_seconds: float = _setting(20.0, "How long a window of the limits below is.", least=1)
    throttle_tenant_requests: int = _setting(2000, "Most requests of a tenant in a window.", least=1)
    throttle_tenant_writes: int = _setting(200, "Most requests of a tenant that write, in a window.", least=1)
    throttle_application_requests: int = _setting(
        1000, "Most requests of one application in a tenant, in a window.", least=1
    )
    throttle_application_writes: int = _setting(
        100, "Most requests of one application in a tenant that write, in a window.", least=1
    )
    anonymous_requests_per_minute: int = _setting(
        600,
        "Most requests of one address for public documents (and to an exposed emulator), each minute; 0: no limit.",
        least=0,
    )
    audit: bool = _setting(True, "Keep an audit of changes and of denied requests.")
    audit_retention_days: int = _setting(365, "How long events of the audit are kept.", least=1, most=36_500)
    audit_refusals_per_minute: int = _setting(
        60, "Refused requests of a tenant that get an event of their own, each minute; others are counted.", least=0
    )
    access_log: bool = _setting(False, "Write a log line for every request (docs/operations.md).")
    log_format: str = _setting(
        "console", "Log lines for people (console) or machines (json).", choices=("console", "json")
    )
    drain_seconds: int = _setting(10, "How long requests under way may take after SIGTERM.", least=1)

    @property
    def data_path(self) -> Path:
        """The data directory as a path."""
        return Path(self.data_dir) if self.data_dir else platformdirs.user_data_path("osimages", appauthor=False)

    @property
    def creates_tenants(self) -> bool:
        """Whether a tenant comes into being with its first request."""
        return self.new_tenants == "create" or (self.new_tenants == "auto" and self.authority == "dev")

    @property
    def database_server(self) -> str | None:
        """The URL of the database on a PostgreSQL server, with its password; None for an SQLite file."""
        return self.database if self.database.startswith(_SERVERS) else None

    @property
    def database_shown(self) -> str:
        """The database as it may be shown and logged: without its password."""
        return str(self.database_path) if self.database_server is None else _without_password(self.database)

    @property
    def database_url(self) -> str:
        """The URL of the database, of either kind, with its password."""
        return self.database_server or f"sqlite:///{self.database_path}"

    @property
    def database_path(self) -> Path:
        """The SQLite file."""
        given = self.database.removeprefix("sqlite:///")
        return Path(given) if given else self.data_path / "osimages.db"


def _without_password(url: str) -> str:
    bare = re.sub(r"(?<=://)([^:/?#@]*):.*@", r"\1:***@", url)
    return re.sub(r"(?<=[?&]password=)[^&]*", "***", bare)


_FIELDS = {each.name: each for each in fields(Settings)}


@dataclass(frozen=True, slots=True)
class Resolved:
    """Settings, and for each the place its value came from (`default`, a file, a variable or a flag)."""

    settings: Settings
    origins: Mapping[str, str]


class SettingsError(Exception):
    """A setting that is unknown or has a wrong value; the text says which, where, and what is expected."""


def resolve(flags: Mapping[str, object], environment: Mapping[str, str]) -> Resolved:
    """Brings the sources together. `flags` holds only what was given on the command line.

    Raises SettingsError for an unknown name in the file, or a value that does not fit.
    """
    known = set(_FIELDS)
    values: dict[str, object] = {}
    origins = dict.fromkeys(known, "default")
    from_environment = {
        name: environment[f"{ENVIRONMENT_PREFIX}{name.upper()}"]
        for name in sorted(known)
        if environment.get(f"{ENVIRONMENT_PREFIX}{name.upper()}")
    }
    data_dir = flags.get("data_dir") or from_environment.get("data_dir") or ""
    file = Settings(data_dir=str(data_dir)).data_path / FILE_NAME
    for name, value in _read_file(file, known).items():
        values[name], origins[name] = _converted(name, value, str(file)), str(file)
    for name, text in from_environment.items():
        variable = f"{ENVIRONMENT_PREFIX}{name.upper()}"
        values[name], origins[name] = _converted(name, text, variable), variable
    for name, given in flags.items():
        flag = f"--{name.replace('_', '-')}"
        values[name], origins[name] = _converted(name, given, flag), flag
    return Resolved(Settings(**values), origins)  # type: ignore[arg-type]


def misspelt(environment: Mapping[str, str]) -> list[str]:
    """A sentence about each variable that is no setting's, and almost one's: it has no effect, and nobody would know.

    Others that start alike are of programs around this one (`OSIMAGES_URL`, or what Kubernetes sets for a service).
    """
    found = []
    for variable in sorted(environment):
        name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
        if variable.startswith(ENVIRONMENT_PREFIX) and name not in _FIELDS and (near := _nearest(name)):
            meant = f"{ENVIRONMENT_PREFIX}{near.upper()}"
            found.append(f"{variable} is no setting and has no effect (did you mean {meant}?).")
    return found


def _nearest(name: str) -> str | None:
    """The setting that a name was probably meant to be."""
    return next(iter(difflib.get_close_matches(name, sorted(_FIELDS), 1)), None)


def _read_file(file: Path, known: set[str]) -> dict[str, object]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except NotADirectoryError:
        raise SettingsError(f"{file.parent} is no directory: choose another with --data-dir.") from None
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{file} is not text in UTF-8.") from None
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{file} is not valid TOML: {error}.") from None
    unknown = sorted(set(found) - known)
    if unknown:
        near = _nearest(unknown[0])
        hint = f" (did you mean '{near}'?)" if near else ""
        # `config show` reads the same file: without the line it works again.
        raise SettingsError(
            f"{file}: there is no setting '{unknown[0]}'{hint}. Without it, `osimages config show` lists all."
        )
    return found


def _converted(name: str, value: object, origin: str) -> object:
    expected = get_type_hints(Settings)[name]
    try:
        found = msgspec.convert(value, expected, strict=False)
    except msgspec.ValidationError as error:
        wrong = "it is a day, YYYY-MM-DD" if expected == date | None else str(error)
        raise SettingsError(f"{origin}: '{value}' does not fit the setting '{name}': {wrong}.") from None
    if name == "database" and _URL.match(str(found)) and not str(found).startswith((*_SERVERS, "sqlite:///")):
        given = _without_password(str(found))
        raise SettingsError(f"{origin}: '{given}' is no database: write sqlite:///PATH or postgresql://USER@HOST/NAME.")
    if (beyond := _out_of_bounds(_FIELDS[name].metadata, found)) is not None:
        raise SettingsError(f"{origin}: '{value}' does not fit the setting '{name}': {beyond}.")
    return found


def _out_of_bounds(bounds: Mapping[str, Any], value: Any) -> str | None:
    if bounds["choices"] is not None and value not in bounds["choices"]:
        return f"it is one of {', '.join(bounds['choices'])}"
    if bounds["least"] is not None and value < bounds["least"]:
        return f"it is at least {bounds['least']}"
    if bounds["most"] is not None and value > bounds["most"]:
        return f"it is at most {bounds['most']}"
    return None
