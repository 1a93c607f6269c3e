"""Starts `osimages serve` as a user does, waits for its ready line, and ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import httpx

from tests.support.patience import PATIENCE_SECONDS

READY = "Listening on "


@dataclass(frozen=True)
class Server:
    """A running server: its process, address and data directory. `errors` is the file of its standard error."""

    process: subprocess.Popen[str]
    url: str
    data_dir: Path
    errors: Path

    def client(self, **options: Any) -> httpx.Client:
        """Return a client, with options of `httpx.Client`; paths are relative to the address."""
        return httpx.Client(base_url=self.url, **options)

    def stop(self) -> int:
        """Asks it to end as a service manager does, and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


def command(*arguments: str, module: str = "osimages") -> list[str]:
    """The command line of an osimages command in this environment. `module` is what is run in its place."""
    return [sys.executable, "-m", module, *arguments]


def environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of osimages that a developer may have."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OSIMAGES_")} | more


def start(data_dir: Path, *arguments: str, module: str = "osimages", **settings: str) -> Server:
    """A server on a free port, once it has said that it listens. `settings` are OSIMAGES_* variables."""
    data_dir.mkdir(parents=True, exist_ok=True)
    errors = data_dir / "stderr.log"
    with errors.open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            command("serve", "--port", "0", "--data-dir", str(data_dir), *arguments, module=module),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment(**{f"OSIMAGES_{name.upper()}": value for name, value in settings.items()}),
            start_new_session=os.name == "posix",
        )
    line = _first_line(process)
    if not line.startswith(READY):
        process.kill()
        process.communicate()
        raise AssertionError(f"no ready line but {line!r}; {errors.read_text(encoding='utf-8')}")
    return Server(process, line.removeprefix(READY).strip(), data_dir, errors)


@contextmanager
def running(data_dir: Path, *arguments: str, module: str = "osimages", **settings: str) -> Iterator[Server]:
    """A server that is ended afterwards, whatever happens."""
    server = start(data_dir, *arguments, module=module, **settings)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
        assert server.process.stdout is not None
        server.process.stdout.close()


def _first_line(process: subprocess.Popen[str]) -> str:
    lines: Queue[str] = Queue()
    assert process.stdout is not None
    threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()  # type: ignore[union-attr]
    try:
        return lines.get(timeout=PATIENCE_SECONDS)
    except Empty:
        process.kill()
        raise AssertionError("the server said nothing") from None
