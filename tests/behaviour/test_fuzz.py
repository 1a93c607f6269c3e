"""A short run of the fuzzer; `python -m tests.fuzz --count 100000` is the long one."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz import fuzz
from tests.support.server import running


def test_random_requests_are_answered(tmp_path: Path) -> None:
    with running(tmp_path, "--http") as server:
        report = fuzz(server, range(1500))
        assert report.problems == []
        assert "Traceback" not in server.errors.read_text(encoding="utf-8")
    assert {200, 201, 204, 400, 404, 405, 501} <= set(report.statuses), report.statuses
