"""Runs `osimages` with a heartbeat in the event loop of its server, which measures how long the loop is held.

python -m bench.beating serve --http --port 0
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import osimages.app
from osimages.app import Application
from osimages.cli import main

HEARTBEAT = "/bench/heartbeat"
_INTERVAL_SECONDS = 0.002


class BeatingApplication(Application):
    """Answers GET /bench/heartbeat with what was measured since the last answer.

    - `wall_ms`: the longest time between two beats, beyond the usual one.
    - `cpu_ms`: the most CPU time that the event loop's thread spent between two beats. On a busy machine it is what
      this server is to blame for.
    - `cpu_seconds`: CPU time of all threads of the process.
    """

    _task: asyncio.Task[None] | None = None
    _wall = _cpu = _since = 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request, or run the lifespan protocol."""
        if self._task is None:
            self._task = asyncio.create_task(self._beat())
        if scope["type"] != "http" or scope["path"] != HEARTBEAT:
            await super().__call__(scope, receive, send)
            return
        found = {
            "wall_ms": self._wall * 1000,
            "cpu_ms": self._cpu * 1000,
            "cpu_seconds": time.process_time() - self._since,
        }
        self._wall = self._cpu = 0.0
        self._since = time.process_time()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(found).encode()})

    async def _beat(self) -> None:
        while True:
            wall, cpu = time.monotonic(), time.thread_time()
            await asyncio.sleep(_INTERVAL_SECONDS)
            self._wall = max(self._wall, time.monotonic() - wall - _INTERVAL_SECONDS)
            self._cpu = max(self._cpu, time.thread_time() - cpu - _INTERVAL_SECONDS)


if __name__ == "__main__":
    osimages.app.Application = BeatingApplication  # type: ignore[misc]
    main(prog_name="osimages")
