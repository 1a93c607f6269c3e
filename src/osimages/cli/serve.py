"""`osimages serve`: checks what can go wrong before it starts, then runs the server until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import click
from granian.constants import Interfaces, SSLProtocols
from granian.log import LogLevels
from granian.server import Server

from osimages.cli.connections import connection_options, raise_file_limit
from osimages.cli.draining import Draining, end_process
from osimages.cli.next_steps import next_steps
from osimages.cli.options import more, server_options, settings_from
from osimages.cli.server_address import SERVER_FILE, local_url, public_url
from osimages.cli.startup import Tls, certificate_hosts, check_settings, free_port, open_files, own_tls
from osimages.entra import Certificates, EntraEmulator
from osimages.entra.emulator.private_files import UnusableError, private_directory, replace
from osimages.graph.known_hosts import is_loopback
from osimages.graph.migrations import MIGRATIONS
from osimages.graph.state.seeds import SeedError, read_seeds
from osimages.odata.sql.databases import migrate
from osimages.odata.sql.migrations import SchemaError
from osimages.odata.sql.store import StoreUnavailableError
from osimages.settings import METRICS_DIRECTORY_VARIABLE, Settings

_POLL_SECONDS = 0.01
_PAUSE_SECONDS = 1.0
# Standard output is for the ready line alone.
_TO_STDERR = {"formatter": "generic", "class": "logging.StreamHandler", "stream": "ext://sys.stderr"}


@click.command(
    epilog=more(
        "README.md, docs/entra.md",
        "osimages serve",
        "osimages serve --http --port 9000 --today 2026-10-20",
        "osimages serve --authority entra --database postgresql://osimages@db.example.org/osimages",
    )
)
@server_options
def serve(**flags: object) -> None:
    """Answer the API until Ctrl-C or SIGTERM.

    Prints `Listening on URL` once it is ready. SIGTERM lets requests under way finish, and ends with exit code 0.
    """
    run(settings_from(flags))
    # To free every object takes the interpreter up to a second, in which clients and service managers would wait.
    end_process()


def run(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM; raises ClickException where it cannot start."""
    check_settings(settings)
    port = free_port(settings.host, settings.port)
    tls = _prepare(settings)
    url = local_url(settings, port)
    if settings.http and not is_loopback(settings.host):
        click.echo(f"Warning: whoever sees the network of {settings.host} can read the tokens of plain HTTP.", err=True)
    raise_file_limit()
    server = _server(settings, port, tls)
    file = settings.data_path / SERVER_FILE

    def announce() -> None:
        public = public_url(settings, port)
        written = {"url": url, "pid": os.getpid()} | ({} if public == url else {"publicUrl": public})
        replace(file, json.dumps(written).encode(), public=True)
        click.echo(f"Listening on {url}")
        if sys.stdout.isatty():
            click.echo(next_steps(settings, url))
        sys.stdout.flush()

    threading.Thread(target=_when_listening, args=(settings.host, port, announce), daemon=True).start()
    try:
        with _metrics_folder(settings.data_path):
            server.serve(target_loader=partial(_load, settings), wrap_loader=False)
    except SystemExit:
        # A worker that was told to end while it was still starting is no fault, where all were told so.
        if not server.interrupt_signal:
            raise
    finally:
        _withdraw(file)


@contextlib.contextmanager
def _metrics_folder(data_path: Path) -> Iterator[None]:
    """A folder in which the workers share their metrics, named to them by a variable, and removed at the end."""
    temporary = partial(tempfile.TemporaryDirectory[str], prefix="osimages-metrics-", ignore_cleanup_errors=True)
    try:
        folder = temporary()
    except OSError:  # a container may have nothing else that can be written
        folder = temporary(dir=data_path)
    with folder as name:
        os.environ[METRICS_DIRECTORY_VARIABLE] = name
        yield


def _withdraw(file: Path) -> None:
    """Removes the server's file, unless another server on the same data directory has written it since."""
    try:
        if json.loads(file.read_bytes())["pid"] == os.getpid():
            file.unlink()
    except (FileNotFoundError, ValueError, KeyError):
        pass


def _prepare(settings: Settings) -> Tls | None:
    """Keys, certificates and the database, so that nothing is left to go wrong in the workers."""
    directory = settings.data_path
    try:
        private_directory(directory)
        if settings.authority == "dev":
            EntraEmulator(directory)
        tls = None if settings.http else own_tls(settings) or _made(directory, settings)
        _prepare_database(settings)
        if settings.seed:
            _apply_seeds(settings)
    except OSError as error:
        where = error.filename or directory
        advice = "make the data directory writable, or choose another with --data-dir"
        raise click.ClickException(f"{where} cannot be used ({error.strerror}): {advice}.") from None
    except (SchemaError, SeedError, StoreUnavailableError, UnusableError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    for path, mode in open_files(settings):
        wanted = "700" if path.is_dir() else "600"
        click.echo(f"Warning: others can use {path} (mode {mode:o}), which holds keys: chmod {wanted} {path}", err=True)
    if tls is not None and tls.until is not None and tls.until <= datetime.now(UTC):
        click.echo(f"Warning: the certificate {tls.certificate} expired on {tls.until:%Y-%m-%d}.", err=True)
    return tls


def _made(directory: Path, settings: Settings) -> Tls:
    made = Certificates.load_or_create(directory, certificate_hosts(settings))
    return Tls(made.server_chain, made.server_key)


def _prepare_database(settings: Settings) -> None:
    """Brings the database up to date; waits for a server that does not answer, as it may be starting, too."""
    file = settings.database_path
    if settings.database_server is None and file.exists() and not os.access(file, os.W_OK):
        raise click.ClickException(f"{file} cannot be written: let the user who serves read and write it.")
    deadline = time.monotonic() + settings.database_start_seconds
    told = False
    while True:
        try:
            asyncio.run(migrate(settings.database_url, MIGRATIONS))
        except StoreUnavailableError as error:
            if time.monotonic() >= deadline:
                raise
            if not told:
                click.echo(f"Waiting for the database: {error}", err=True)
            told = True
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _apply_seeds(settings: Settings) -> None:
    from osimages.app import apply_seeds

    asyncio.run(apply_seeds(settings, read_seeds(Path(settings.seed))))


class PatientServer(Server):  # type: ignore[valid-type, misc]
    """The server library's, which waits for its workers as long as `drain_seconds` says.

    A thread of the library collects the exit codes of workers. On a busy machine that takes longer than a millisecond,
    after which the library takes a worker that has ended for one that refuses to stop: it says so, and kills it.
    """

    workers_kill_timeout: float
    wrks: list[Any]

    def _stop_workers(self) -> None:
        for each in self.wrks:
            each.terminate()
        deadline = time.monotonic() + self.workers_kill_timeout
        while any(each.is_alive() for each in self.wrks) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        self.workers_kill_timeout = _POLL_SECONDS  # those that are left had their time
        super()._stop_workers()


def _server(settings: Settings, port: int, tls: Tls | None) -> Any:
    return PatientServer(
        "osimages.app:application",
        address=str(socket.getaddrinfo(settings.host, port, type=socket.SOCK_STREAM)[0][4][0]),
        port=port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig={"handlers": {"console": _TO_STDERR, "access": _TO_STDERR}},
        ssl_cert=tls.certificate if tls else None,
        ssl_key=tls.key if tls else None,
        # Windows PowerShell 5.1, which many Intune scripts still run in, has no TLS 1.3.
        ssl_protocol_min=SSLProtocols.tls12,
        respawn_failed_workers=True,
        workers_kill_timeout=settings.drain_seconds,
        **connection_options(),
    )


def _load(settings: Settings) -> Any:
    """The application, in a worker process, which ends when the process that started it is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A forked worker has the handlers of its parent, which do nothing here: until the server sets its own, a signal
        # would be lost, and the worker be waited for in vain.
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_DFL)
        watch = threading.Thread(target=_end_with, args=(parent.sentinel, settings.drain_seconds), daemon=True)
        watch.start()
    from osimages.app import Application

    draining = Draining(Application(settings), end_process)
    draining.hold_stop_of(asyncio.get_event_loop())
    return draining


def _end_with(sentinel: int, drain_seconds: int) -> None:
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    # Nobody is left who would end a worker that a client keeps waiting.
    time.sleep(drain_seconds)
    os._exit(1)


def _when_listening(host: str, port: int, announce: Callable[[], None]) -> None:
    """A worker opens its socket once its start is complete: only a connection shows it."""
    target = ("127.0.0.1" if host == "0.0.0.0" else "::1" if host == "::" else host, port)  # noqa: S104
    while True:
        try:
            socket.create_connection(target).close()
        except OSError:
            time.sleep(_POLL_SECONDS)
        else:
            announce()
            return
