"""Requests of people who try to cost others more than their share; add yours to `abuses`."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

IMAGES = "/beta/deviceManagement/managedDeviceWindowsOSImages"
LARGE = "Large"
_FULL = {"Accept": "application/json;odata.metadata=full"}
_JSON = {"Content-Type": "application/json"}
_GZIP_JSON = {**_JSON, "Content-Encoding": "gzip"}
_BATCHED = 20
_BUILDS = 1000
_NESTED = 1_000_000
# Of a header's value: headers have at most 32,768 bytes.
_LONG = 32_000


@dataclass(frozen=True)
class Abuse:
    """A request that is sent again and again, to a server with these settings.

    `is_powerless`: with a token that may do nothing. `is_anonymous`: without one.
    `is_unread`: nobody reads the answers.
    """

    name: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_powerless: bool = False
    is_anonymous: bool = False
    is_unread: bool = False
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """POST where there is a body."""
        return "POST" if self.body else "GET"

    @property
    def bytes_sent(self) -> int:
        """The size of a request, without its token."""
        return len(self.path) + len(self.body) + sum(len(name) + len(value) + 4 for name, value in self.headers.items())


def abuses() -> list[Abuse]:
    """Return all abuses: long answers of the API first, then bodies and queries that are small but hard to read."""
    pages = [
        Abuse("$top=1000, full metadata", f"{IMAGES}?$top=1000", _FULL),
        Abuse(
            "images with 1,000 editions, full metadata", f"{IMAGES}?$filter={quote(f'startswith(id,{LARGE!r})')}", _FULL
        ),
        Abuse("$top=1000, OData 4.01", f"{IMAGES}?$top=1000", {"OData-MaxVersion": "4.01"}),
        Abuse("$top=1000, $select of parts", f"{IMAGES}?$top=1000&$select=supportedEditions/editionType"),
    ]
    checks = json.dumps({"builds": [{"buildVersion": f"10.0.26100.{1 + each}"} for each in range(_BUILDS)]}).encode()
    return [
        Abuse("$top=1000, minimal metadata", f"{IMAGES}?$top=1000"),  # what the other forms are compared with
        *pages,
        Abuse(
            "batch of 20 of these pages", "/beta/$batch", _JSON, _batch([pages[each % 4] for each in range(_BATCHED)])
        ),
        Abuse("checkBuilds of 1,000", f"{IMAGES}/checkBuilds", _JSON, checks),
        Abuse(
            "batch of 20 checkBuilds of 1,000",
            "/beta/$batch",
            _JSON,
            _batch([Abuse("", f"{IMAGES}/checkBuilds", _JSON, checks)] * _BATCHED),
        ),
        *_bombs(),
        Abuse("190 patterns in a $query", f"{IMAGES}/$query", {"Content-Type": "text/plain"}, _patterns()),
        *_forwarded(),
        Abuse("pages that nobody reads", f"{IMAGES}?$top=1000", _FULL, is_unread=True),
        Abuse("images by key that nobody reads", f"{IMAGES}/{quote(f'{LARGE} 00')}", _FULL, is_unread=True),
    ]


def _forwarded() -> list[Abuse]:
    settings = {"trusted_proxies": "127.0.0.0/8", "proxy_headers": "forwarded"}
    values = {
        "spaces": f"x{' ' * _LONG}x",
        "quotes": 'for="' + '\\"' * (_LONG // 2),
        "proxies": "for=1," * (_LONG // 6),
    }
    return [
        Abuse(f"Forwarded of many {name}", IMAGES, {"Forwarded": value}, is_anonymous=True, settings=settings)
        for name, value in values.items()
    ]


def _bombs() -> list[Abuse]:
    nested = gzip.compress(b"[" * _NESTED + b"]" * _NESTED)
    flat = gzip.compress(b'{"requests":[' + b"[]," * _NESTED + b"[]]}")
    part = b"--b\r\nContent-Type: application/http\r\n" + b"a:\r\n" * 1_000_000 + b"\r\nGET /\r\n--b--\r\n"
    multipart = {"Content-Type": "multipart/mixed;boundary=b", "Content-Encoding": "gzip"}
    return [
        Abuse("nested brackets, POST of an image", IMAGES, _GZIP_JSON, nested, is_powerless=True),
        Abuse("nested brackets, checkBuilds", f"{IMAGES}/checkBuilds", _GZIP_JSON, nested, is_powerless=True),
        Abuse("a million lists in a batch", "/beta/$batch", _GZIP_JSON, flat, is_powerless=True),
        Abuse(
            "a million headers in a multipart batch", "/beta/$batch", multipart, gzip.compress(part), is_powerless=True
        ),
    ]


def _patterns() -> bytes:
    one = "matchesPattern(id,'(a|b|[0-9]+ ?){1,9}W.*x*x*x*x*x*$')"
    return f"$filter={quote(' or '.join(f'{one} and id ne {str(each)!r}' for each in range(190)))}".encode()


def _batch(items: Sequence[Abuse]) -> bytes:
    requests: list[dict[str, Any]] = []
    for number, each in enumerate(items):
        url = each.path.removeprefix("/beta")
        requests.append({"id": str(number), "method": each.method, "url": url, "headers": each.headers})
        if each.body:
            requests[-1]["body"] = json.loads(each.body)
    return json.dumps({"requests": requests}).encode()
