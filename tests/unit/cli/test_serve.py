"""The end of the workers of `osimages serve`."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from osimages.cli.serve import PatientServer


class _Worker:
    """A worker whose end the library reports late: only after `looks` looks at it."""

    idx = 0

    def __init__(self, looks: float) -> None:
        self.looks = looks
        self.calls: list[str] = []

    def terminate(self) -> None:
        self.calls.append("terminate")

    def join(self, _timeout: float | None = None) -> None:
        self.calls.append("join")

    def kill(self) -> None:
        self.calls.append("kill")
        self.looks = 0

    def is_alive(self) -> bool:
        self.looks -= 1
        return self.looks >= 0


def _stopped(looks: float, seconds: float, caplog: pytest.LogCaptureFixture) -> tuple[_Worker, list[str]]:
    worker, server = _Worker(looks), object.__new__(PatientServer)
    server.wrks, server.workers_kill_timeout = [worker], seconds
    granian: Any = logging.getLogger("_granian")
    granian.addHandler(caplog.handler)
    try:
        server._stop_workers()
    finally:
        granian.removeHandler(caplog.handler)
    return worker, [each for each in caplog.messages if "refused" in each]


def test_a_worker_whose_end_is_reported_late_is_not_killed(caplog: pytest.LogCaptureFixture) -> None:
    worker, refused = _stopped(5, 60, caplog)
    assert ("kill" in worker.calls, refused) == (False, [])


def test_a_worker_that_does_not_end_is_killed_in_time(caplog: pytest.LogCaptureFixture) -> None:
    worker, refused = _stopped(float("inf"), 0.05, caplog)
    assert worker.calls.count("kill") == 1
    assert refused
