"""Batches as MIME multipart documents, read with what Python has for mail: not with the project's own code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

BOUNDARY = "batch-1"
CONTENT_TYPE = f"multipart/mixed; boundary={BOUNDARY}"


@dataclass(frozen=True)
class Answer:
    """One response inside a batch; `inside` are those of a change set."""

    status: int = 0
    headers: dict[str, str] | None = None
    text: str = ""
    content_id: str | None = None
    inside: tuple[Answer, ...] = ()

    @property
    def body(self) -> Any:
        """The JSON in it."""
        return json.loads(self.text)


def request(method: str, url: str, body: object = None, *, content_id: str | None = None, **headers: str) -> str:
    """One part of a batch: a request."""
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id is not None:
        lines.append(f"Content-ID: {content_id}")
    lines += ["", f"{method} {url} HTTP/1.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body is None:
        return "\r\n".join([*lines, "", ""])
    return "\r\n".join([*lines, "Content-Type: application/json", "", json.dumps(body)])


def change_set(*parts: str, boundary: str = "changes-1") -> str:
    """One part of a batch: requests that are done together or not at all."""
    return f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n{joined(parts, boundary)}"


def joined(parts: tuple[str, ...], boundary: str = BOUNDARY) -> str:
    """A multipart document."""
    return "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"


def read(content_type: str, content: bytes) -> list[Answer]:
    """The responses in a batch."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    return [_answer(part) for part in BytesParser(policy=HTTP).parsebytes(head + content).iter_parts()]


def _answer(part: Any) -> Answer:
    if part.get_content_type() == "multipart/mixed":
        return Answer(inside=tuple(_answer(each) for each in part.iter_parts()))
    assert part.get_content_type() == "application/http"
    raw: bytes = part.get_payload(decode=True)
    head, _, text = raw.decode().partition("\r\n\r\n")
    status, *fields = head.split("\r\n")
    assert status.startswith("HTTP/1.1 ")
    headers = dict(field.split(": ", 1) for field in fields)
    return Answer(int(status.split()[1]), headers, text, part["Content-ID"])
