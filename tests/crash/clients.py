"""Clients that write at the same time and keep a ledger of what the server acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote

import httpx

from tests.support.api import IMAGES, Json, body_of

EDITIONS = ("professional", "enterpriseN", "education", "proWorkstation")
ARCHITECTURES = ("x86", "x64", "arm", "arM64")


@dataclass(frozen=True)
class State:
    """What is stored under a key: its properties, or None where there is nothing. An unknown ETag is None."""

    properties: Json | None
    etag: str | None = None


ABSENT = State(None)


@dataclass
class Ledger:
    """What was acknowledged, by key, and what was asked for without an answer. Each key has one client.

    When `kill_after` writes are acknowledged, `kill` is called at once, with other requests under way.
    """

    acknowledged: dict[str, State] = field(default_factory=dict)
    under_way: dict[str, State] = field(default_factory=dict)
    kill_after: int = 0
    kill: Callable[[], None] = lambda: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, key: str, wanted: State) -> None:
        """Notes a request before it is sent."""
        self.under_way[key] = wanted

    def acknowledge(self, key: str, state: State) -> None:
        """Notes an answer, and kills the server when it is time."""
        self.acknowledged[key] = state
        del self.under_way[key]
        with self._lock:
            self.kill_after -= 1
            if self.kill_after == 0:
                self.kill()

    def possible(self, key: str) -> tuple[State, ...]:
        """What may be stored under a key: what was acknowledged, or what was asked for and not answered."""
        certain = self.acknowledged.get(key, ABSENT)
        return (certain, self.under_way[key]) if key in self.under_way else (certain,)

    def settle(self, found: dict[str, State]) -> None:
        """Takes what was found after a restart as what is stored from now on."""
        self.acknowledged = found
        self.under_way = {}


class Client:
    """Creates, changes and removes images under keys of its own until the server is gone."""

    def __init__(self, name: str, ledger: Ledger, random: Random) -> None:
        self._name, self._ledger, self._random = name, ledger, random
        self._made = 0

    def work(self, http: httpx.Client) -> None:
        """Writes until the connection breaks. Raises AssertionError for an answer that is not right."""
        while True:
            own = [key for key in self._ledger.acknowledged if key.startswith(self._name)]
            key = self._random.choice(own) if own and self._random.random() < 0.7 else self._new_key()
            there = self._ledger.acknowledged.get(key, ABSENT).properties
            try:
                if there is None:
                    self._create(http, key)
                elif self._random.random() < 0.25:
                    self._remove(http, key)
                else:
                    self._change(http, key, there)
            except httpx.TransportError:
                return

    def _new_key(self) -> str:
        self._made += 1
        return f"{self._name} {self._random.getrandbits(48):x} {self._made}"

    def _create(self, http: httpx.Client, key: str) -> None:
        wanted = {"id": key, **self._properties()}
        self._ledger.ask(key, State(wanted))
        reply = http.post(IMAGES, json=wanted)
        assert reply.status_code == 201, reply.text
        assert plain(body_of(reply)) == wanted
        self._ledger.acknowledge(key, State(wanted, reply.headers["etag"]))

    def _change(self, http: httpx.Client, key: str, there: Json) -> None:
        every = self._properties()
        changes = {name: every[name] for name in self._random.sample(sorted(every), self._random.randint(1, 3))}
        wanted = {**there, **changes}
        minimal = self._random.random() < 0.5
        self._ledger.ask(key, State(wanted))
        headers = {"Prefer": "return=minimal"} if minimal else {}
        reply = http.patch(path(key), json=changes, headers=headers)
        assert reply.status_code == (204 if minimal else 200), reply.text
        assert minimal or plain(body_of(reply)) == wanted
        self._ledger.acknowledge(key, State(wanted, reply.headers["etag"]))

    def _remove(self, http: httpx.Client, key: str) -> None:
        self._ledger.ask(key, ABSENT)
        reply = http.delete(path(key))
        assert reply.status_code == 204, reply.text
        self._ledger.acknowledge(key, ABSENT)

    def _properties(self) -> Json:
        random = self._random
        return {
            "supportedEditions": [
                {
                    "editionType": edition,
                    "supportEndDate": f"2027-{random.randint(1, 12):02}-{random.randint(1, 28):02}",
                }
                for edition in random.sample(EDITIONS, random.randint(0, len(EDITIONS)))
            ],
            "supportedArchitectures": random.sample(ARCHITECTURES, random.randint(0, len(ARCHITECTURES))),
            "availableUpdates": [
                {"buildVersion": f"10.0.26100.{random.getrandbits(30)}", "releaseMonth": month, "releaseYear": 2026}
                for month in random.sample(range(1, 13), random.randint(0, 3))
            ],
        }


def path(key: str) -> str:
    """The path of an image."""
    return f"{IMAGES}/{quote(key, safe='')}"


def plain(value: Any) -> Any:
    """A JSON value without its annotations."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if not name.startswith("@")}
    return value
