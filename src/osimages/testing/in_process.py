"""The whole service in the process of its user, without a socket: the client of tests that are to be fast."""

from __future__ import annotations

import asyncio
import atexit
import logging
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import structlog

from osimages.app import Application, opened
from osimages.entra.emulator.emulator import EntraEmulator
from osimages.graph.current_catalogue import catalogue_in
from osimages.settings import Settings, SettingsError
from osimages.testing.emulator import Emulator
from osimages.testing.lifespan import AsgiApp, Lifespan
from osimages.testing.loop_thread import AsyncTransport, LoopThread, SyncTransport
from osimages.testing.service_settings import settings_of

# Loopback names are served whatever the settings are. With HTTPS, links look like those of a real server.
_URL = "https://localhost"
_ADDRESS = ("127.0.0.1", 50_000)


class InProcess(Emulator):
    """The service in this process, from `open` (or `with`) to `close`.

    `settings` are those of `osimages serve`, as `empty=True`; variables of the environment have no effect. Data is kept
    in `data_dir`, by default in a temporary folder that is removed at the end. The application has an event loop in a
    thread of its own, so that clients may be of any thread and of any loop.

    Raises SettingsError for an unknown setting, RuntimeError where the service cannot start.
    """

    def __init__(self, data_dir: Path | None = None, *, app: AsgiApp | None = None, **settings: object) -> None:
        self.url = _URL
        self._thread: LoopThread | None = None
        self._lifespan: Lifespan | None = None
        self._is_temporary = data_dir is None
        self.data_dir = data_dir or Path(tempfile.mkdtemp(prefix="osimages-testing-"))
        try:
            self.settings = settings_of(self.data_dir, settings)
        except SettingsError:
            self.close()
            raise
        self._app = app or Application(self.settings, owns_process=False)

    def open(self) -> InProcess:
        """Start the service, unless it runs already."""
        if self._thread is not None:
            return self
        if not structlog.is_configured():
            _log_errors_only()
        if self._is_temporary:
            shutil.copytree(_prepared(), self.data_dir, dirs_exist_ok=True)
        self._thread = LoopThread()
        try:
            self._lifespan = self._thread.run(_started(self._app))
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """End the service, and remove its temporary folder."""
        thread, lifespan, self._thread, self._lifespan = self._thread, self._lifespan, None, None
        try:
            if thread is not None and lifespan is not None:
                thread.run(lifespan.end())
        finally:
            if thread is not None:
                thread.stop()
            if self._is_temporary:
                shutil.rmtree(self.data_dir, ignore_errors=True)

    def client(self, **options: Any) -> httpx.Client:
        """Return a client without a token, with `options` of `httpx.Client`. Paths are relative to the address."""
        return httpx.Client(transport=SyncTransport(self._transport(), self._running()), **self._options(options))

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """Return the transport of an asynchronous client, for any event loop."""
        return AsyncTransport(self._transport(), self._running())

    def __enter__(self) -> InProcess:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> InProcess:
        return await asyncio.to_thread(self.open)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    def _transport(self) -> httpx.AsyncBaseTransport:
        return httpx.ASGITransport(self._app, client=_ADDRESS)

    def _running(self) -> LoopThread:
        if self._thread is None:
            raise RuntimeError("the service does not run: use `with InProcess() as emulator`")
        return self._thread


async def _started(app: AsgiApp) -> Lifespan:
    lifespan = Lifespan(app)
    await lifespan.start()
    return lifespan


@cache
def _prepared() -> Path:
    """A data directory with keys and an SQLite database that has the facts: to make them takes longer than to copy."""
    folder = Path(tempfile.mkdtemp(prefix="osimages-testing-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    thread = LoopThread()
    try:
        thread.run(_prepare(folder))
    finally:
        thread.stop()
    return folder


async def _prepare(folder: Path) -> None:
    EntraEmulator(folder)
    database = await opened(Settings(data_dir=str(folder)))
    try:
        await catalogue_in(database)
    finally:
        await database.close()


def _log_errors_only() -> None:
    """Keep the log from the output of programs that do not configure structlog themselves; errors go to stderr."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
