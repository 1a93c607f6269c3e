"""Errors of Graph, read from its responses and explained with the next step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from osimages.windows.sources.http_client import HttpResponse

_LONGEST = 300
_DEEPEST = 3
# Intune ends its messages with ids for its support.
_IDS = re.compile(r"\s+- (?:Operation ID|Activity ID|Url)\b.*", re.DOTALL)


class GraphError(Exception):
    """A request to Graph failed; the text says which, why, and what to do. `status` is None without a response."""

    def __init__(self, text: str, status: int | None = None, code: str = "") -> None:
        self.status = status
        self.code = code
        super().__init__(text)


def plain(text: str, longest: int = _LONGEST) -> str:
    """Return a foreign text on one line, without control characters (terminals obey them), and not too long."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return line if len(line) <= longest else f"{line[:longest]}..."


def shown(url: str) -> str:
    """Return a URL as messages name it: without its query, which may be very long."""
    return plain(url.partition("?")[0])


def failure(url: str, response: HttpResponse, permission: str) -> GraphError:
    """Return the error that a response means; `permission` is what the request needs."""
    code, message = _error_in(response.content)
    detail = f": {code}: {message}" if code and message else f": {code or message}" if code or message else ""
    step = _next_step(response, code, message, permission)
    text = f"{shown(url)} {response.outcome}{detail}"
    return GraphError(f"{text.rstrip('.')}. {step}" if step else text, response.status, code)


def _next_step(response: HttpResponse, code: str, message: str, permission: str) -> str:
    if response.status == 401 and code == "UnknownError":
        # https://github.com/microsoftgraph/microsoft-graph-explorer-v4/issues/706
        return f"The user has no Intune role for it, or the tenant no licence ({permission})"
    if response.status == 401:
        return "The token is missing, has expired, or is for another server or national cloud"
    if response.status == 403:
        return f"The token lacks a permission: {permission}, with an administrator's consent"
    if "not applicable to target tenant" in message:
        return "The tenant has no Intune licence"
    if 300 <= response.status < 400:
        return f"It redirects to {plain(response.headers.get('location', ''))!r}, to which no token is sent"
    return ""


def _error_in(content: bytes) -> tuple[str, str]:
    """Return the code and the message of an error body; a message of Intune's is JSON inside of JSON."""
    try:
        error = msgspec.json.decode(content)["error"]
        code, message = str(error.get("code") or ""), str(error.get("message") or "")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError):
        text = content[:2000].decode("utf-8", "replace")
        return "", "" if text.lstrip().startswith("<") else plain(text)
    return plain(code, 80), plain(_IDS.sub("", _inner(message, _DEEPEST)))


def _inner(message: str, levels: int) -> str:
    if levels == 0 or not message.lstrip().startswith("{"):
        return message
    try:
        found: Any = msgspec.json.decode(message)
    except (msgspec.DecodeError, RecursionError):
        return message
    inner = found.get("Message") if isinstance(found, Mapping) else None
    return _inner(inner, levels - 1) if isinstance(inner, str) else message
