"""Finds every link in an answer and follows it, and the links of what it leads to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

KINDS = frozenset(
    ("context", "id", "editLink", "readLink", "navigationLink", "associationLink", "nextLink", "deltaLink")
)
# The links of an answer, of what they lead to, and so on; a delta link leads to another one for ever.
_DEEPEST = 4


def links(value: Any) -> Iterator[tuple[str, str]]:
    """The kind and the URL of each link anywhere in the JSON of an answer, in the spelling of OData 4.0 or of 4.01."""
    if isinstance(value, list):
        for each in value:
            yield from links(each)
    elif isinstance(value, dict):
        for name, inner in value.items():
            kind = name.rpartition("@")[2].removeprefix("odata.")
            if "@" in name and kind in KINDS:
                yield kind, inner
            else:
                yield from links(inner)


class Walk:
    """Follows links with one client that sends the same headers with each request. `met` counts links by kind."""

    def __init__(self, client: httpx.Client, headers: Mapping[str, str]) -> None:
        self._client = client
        self._headers = headers
        self._followed: set[str] = set()
        self.met: Counter[str] = Counter()

    def get(self, url: str) -> None:
        """Request a URL, which must answer 200, and follow the links of the answer."""
        self.answer(self._client.get(url, headers=self._headers), url)

    def send(self, method: str, url: str, status: int = 200, **parts: Any) -> None:
        """Send a request, which must answer with that status, and follow the links of the answer."""
        headers = {**self._headers, **parts.pop("headers", {})}
        self.answer(self._client.request(method, url, headers=headers, **parts), url, status)

    def answer(self, reply: httpx.Response, url: str, status: int = 200, depth: int = 0) -> None:
        """Follow the links of an answer."""
        assert reply.status_code == status, (url, self._headers, reply.status_code, reply.text)
        for name in ("location", "odata-entityid"):
            if name in reply.headers:
                self._follow(name, reply.headers[name], depth)
        if "json" not in reply.headers["content-type"]:
            return
        for kind, found in links(reply.json()):
            self._follow(kind, found, depth)

    def _follow(self, kind: str, url: str, depth: int) -> None:
        self.met[kind] += 1
        assert httpx.URL(url).is_absolute_url, url
        if url not in self._followed and depth < _DEEPEST:
            self._followed.add(url)
            self.answer(self._client.get(url, headers=self._headers), url, depth=depth + 1)
