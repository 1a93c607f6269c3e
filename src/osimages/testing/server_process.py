"""A real server in a process of its own, for programs that need an address."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Any

import httpx

from osimages.entra.emulator.certificates import Certificates
from osimages.settings import ENVIRONMENT_PREFIX, SettingsError
from osimages.testing.emulator import Emulator
from osimages.testing.loop_thread import AsyncTransport, LoopThread
from osimages.testing.service_settings import settings_of, variables_of

_READY = "Listening on "
_START_SECONDS, _STOP_SECONDS = 60.0, 10.0
_LOG = "server.log"


class ServerProcess(Emulator):
    """`osimages serve` on a free port of this machine, from `open` (or `with`) to `close`.

    `settings` are those of `osimages serve`, as `empty=True`; it speaks HTTPS unless `http=True`. Data is kept in
    `data_dir`, by default in a temporary folder that is removed at the end. What it logs is in `server.log` there.

    Raises SettingsError for an unknown setting, RuntimeError where the server does not start.
    """

    def __init__(self, data_dir: Path | None = None, **settings: object) -> None:
        self.url = ""
        self._is_temporary = data_dir is None
        self.data_dir = data_dir or Path(tempfile.mkdtemp(prefix="osimages-testing-"))
        self._process: subprocess.Popen[str] | None = None
        self._thread: LoopThread | None = None
        self._transport: httpx.AsyncHTTPTransport | None = None
        try:
            self.settings = settings_of(self.data_dir, {"port": 0, **settings})
        except SettingsError:
            self.close()
            raise
        self._variables = variables_of({"port": 0, **settings, "data_dir": str(self.data_dir)})

    def open(self) -> ServerProcess:
        """Start the server and wait until it is ready, unless it runs already."""
        if self._process is not None:
            return self
        self.data_dir.mkdir(parents=True, exist_ok=True)
        others = {name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)}
        with self._log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "osimages", "serve"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=others | self._variables,
                start_new_session=os.name == "posix",
            )
        line = _first_line(self._process)
        if not line.startswith(_READY):
            said = self._log.read_text(encoding="utf-8", errors="replace").strip()
            self.close()
            raise RuntimeError(f"osimages serve did not start: {said or 'it said nothing'}")
        self.url = line.removeprefix(_READY).strip()
        return self

    def close(self) -> None:
        """End the server, and remove its temporary folder."""
        if self._thread is not None:
            if self._transport is not None:
                self._thread.run(self._transport.aclose())
            self._thread.stop()
            self._thread = self._transport = None
        process, self._process = self._process, None
        if process is not None:
            _stop(process)
        if self._is_temporary:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    def client(self, **options: Any) -> httpx.Client:
        """Return a client without a token, with `options` of `httpx.Client`. Paths are relative to the address."""
        return httpx.Client(verify=self.trust(), **self._options(options))

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """Return the transport of an asynchronous client, for any event loop.

        Its connections are in a thread of their own and closed with the server, whatever becomes of the client's loop.
        """
        if self._thread is None or self._transport is None:
            self._thread, self._transport = LoopThread(), httpx.AsyncHTTPTransport(verify=self.trust())
        return AsyncTransport(self._transport, self._thread)

    def trust(self) -> ssl.SSLContext | bool:
        """Return trust in the server's local authority and nothing else; with HTTP, the usual one."""
        if not self.url.startswith("https:"):
            return True
        return ssl.create_default_context(cafile=str(Certificates.trusted(self.data_dir).authority))

    def variables(self) -> dict[str, str]:
        """Variables of the environment with which curl, Python and Node trust the server (and the public roots)."""
        if not self.url.startswith("https:"):
            return {"OSIMAGES_URL": self.url}
        certificates = Certificates.trusted(self.data_dir)
        bundle = str(certificates.bundle.resolve())
        return {
            "OSIMAGES_URL": self.url,
            **dict.fromkeys(("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"), bundle),
            "NODE_EXTRA_CA_CERTS": str(certificates.authority.resolve()),
        }

    @property
    def _log(self) -> Path:
        return self.data_dir / _LOG

    def __enter__(self) -> ServerProcess:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _first_line(process: subprocess.Popen[str]) -> str:
    """The first line of its output; empty where it ends or says nothing in time."""
    assert process.stdout is not None
    lines: Queue[str] = Queue()
    threading.Thread(target=_put_line, args=(process, lines), daemon=True).start()
    try:
        return lines.get(timeout=_START_SECONDS)
    except Empty:
        return ""


def _put_line(process: subprocess.Popen[str], lines: Queue[str]) -> None:
    assert process.stdout is not None
    lines.put(process.stdout.readline())


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()  # SIGTERM; on Windows the worker notices that this process is gone
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
