"""The processes of a running server, as the system sees them."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

import pytest

from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server

_POLL_SECONDS = 0.02


def kill_all(server: Server) -> None:
    """Ends the server and its workers at once, as a power cut would (SIGKILL to its process group)."""
    os.killpg(server.process.pid, signal.SIGKILL)


def workers_of(server: Server) -> list[int]:
    """The ids of the server's worker processes. Skips the test where the system does not tell (only Linux does)."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("this system has no /proc to find worker processes in")
    return [process for process in _processes() if _parent(process) == server.process.pid]


def until(holds: Callable[[], bool], what: str) -> None:
    """Waits until something that nothing announces is so; fails when that takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = Event()
    while not holds():
        assert time.monotonic() < deadline, f"in vain for {PATIENCE_SECONDS} s: {what}"
        pause.wait(_POLL_SECONDS)


@contextmanager
def watched(processes: Sequence[int]) -> Iterator[Callable[[], bool]]:
    """Gives a function that waits for the end of all these processes, and says whether it came.

    A handle, unlike an id, never names another process later, and tells the end of processes that nobody reaps.
    """
    if not hasattr(os, "pidfd_open"):
        pytest.skip("this system has no handles of processes (pidfd)")
    with ExitStack() as opened:
        handles = []
        for process in processes:
            handle = os.pidfd_open(process)
            opened.callback(os.close, handle)
            handles.append(handle)

        def ended() -> bool:
            return all(select.select([handle], [], [], PATIENCE_SECONDS)[0] for handle in handles)

        yield ended


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(process: int) -> int | None:
    """The id of the parent process; None when the process has just ended."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field, the name in parentheses, may hold anything; after it come state and parent (proc(5)).
    return int(text.rpartition(")")[2].split()[1])
