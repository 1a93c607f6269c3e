"""Sends random requests to a server, and judges every answer: see `python -m tests.fuzz --help`."""

from __future__ import annotations

import http.client
import json
import socket
import uuid
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.fuzz.requests import Request, request_of_seed
from tests.support.api import token
from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server

ALLOWED = (501, 503)
# An empty body is right for these, and for answers to HEAD and OPTIONS.
EMPTY = (204, 304)


@dataclass
class Report:
    """The answers, counted by status, and what was wrong with them."""

    statuses: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


class Client:
    """One connection that sends requests as they are, and is opened again where it was closed."""

    def __init__(self, url: str, bearer: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "localhost", parts.port or 80)
        self._bearer = bearer
        self._socket: socket.socket | None = None

    def send(self, request: Request) -> tuple[int, bytes]:
        """Return status and body. Raises OSError or HTTPException where there is no answer."""
        try:
            return self._send(request)
        except (OSError, http.client.HTTPException):
            self.close()
            return self._send(request)

    def _send(self, request: Request) -> tuple[int, bytes]:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=PATIENCE_SECONDS)
        lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: localhost:{self._address[1]}"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        lines.append(f"Authorization: Bearer {self._bearer}")
        if request.body is not None:
            lines.append(f"Content-Length: {len(request.body)}")
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + (request.body or b""))
        response = http.client.HTTPResponse(self._socket, method=request.method)
        response.begin()
        body = response.read()
        if response.will_close:
            self.close()
        return response.status, body

    def close(self) -> None:
        """Close the connection; another request opens it again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def fuzz(server: Server, seeds: range, report: Report | None = None) -> Report:
    """Send the requests of all seeds, and judge the answers. The findings are added to `report`."""
    report, client = report or Report(), Client(server.url, token(server.data_dir, str(uuid.uuid4())))
    for seed in seeds:
        request = request_of_seed(seed)
        try:
            status, body = client.send(request)
        except (OSError, http.client.HTTPException) as error:
            report.problems.append(f"seed {seed}: {request.method} {request.target[:200]}: no answer: {error!r}")
            continue
        report.statuses[status] += 1
        problem = _problem(request, status, body)
        if problem:
            report.problems.append(f"seed {seed}: {request.method} {request.target[:200]}: {problem}")
    client.close()
    return report


def _problem(request: Request, status: int, body: bytes) -> str | None:
    if status >= 500 and status not in ALLOWED:
        return f"{status}: {body[:300]!r}"
    if not body and status not in EMPTY and request.method not in ("HEAD", "OPTIONS") and status != 303:
        return f"{status} without a body"
    if (
        request.target.startswith("/beta/$batch")
        and status == 200
        and request.method == "POST"
        and body.startswith(b"{")
    ):
        for each in json.loads(body)["responses"]:
            if each["status"] >= 500 and each["status"] not in (*ALLOWED, 507):
                return f"in a batch: {json.dumps(each)[:300]}"
    return None
