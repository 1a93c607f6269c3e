"""An ASGI application that always answers the same bytes, on the same server and options: what is possible."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from osimages.cli.connections import connection_options, raise_file_limit

REPLIES = "OSIMAGES_BENCH_REPLIES"
# The query of a list that the client has already: marked by a custom option, which the service ignores.
UNCHANGED = "$top=20&unchanged="
_NAMES = {b"": "key", UNCHANGED.encode(): "unchanged"}


class Constant:
    """Answers each path with the reply that was recorded for it, and POST with the one for POST."""

    def __init__(self) -> None:
        recorded: dict[str, Any] = json.loads(Path(os.environ[REPLIES]).read_text(encoding="utf-8"))
        self._replies = {
            name: (
                {
                    "type": "http.response.start",
                    "status": each["status"],
                    "headers": [(key.encode(), value.encode()) for key, value in each["headers"]],
                },
                {"type": "http.response.body", "body": each["body"].encode()},
            )
            for name, each in recorded.items()
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        if scope["method"] == "POST":
            while (await receive()).get("more_body"):
                pass
            name = "post"
        else:
            name = _NAMES.get(scope["query_string"], "list")
        start, body = self._replies[name]
        await send(start)
        await send(body)


def main() -> None:
    """Serves on a free port and says so."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def announce() -> None:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except OSError:
                time.sleep(0.01)
            else:
                print(f"Listening on http://127.0.0.1:{port}", flush=True)
                return

    threading.Thread(target=announce, daemon=True).start()
    raise_file_limit()
    Server(
        "bench.constant:Constant",
        factory=True,
        port=port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_level=LogLevels.warning,
        **connection_options(),
    ).serve()


if __name__ == "__main__":
    main()
