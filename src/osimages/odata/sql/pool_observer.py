"""Observes the pools of a database: their size, their users, and how long requests waited."""

from __future__ import annotations

from typing import Protocol


class PoolObserver(Protocol):
    """Receives the events of pools, on any thread. A pool is a bounded number of connections or threads."""

    def limited(self, pool: str, most: int) -> None:
        """A pool exists, for `most` users at once."""

    def waited(self, pool: str, seconds: float) -> None:
        """Somebody had to wait so long, in vain or not."""

    def used(self, pool: str, change: int) -> None:
        """One more (1) or one less (-1) uses the pool."""


class Unobserved:
    """A PoolObserver for programs without metrics."""

    def limited(self, pool: str, most: int) -> None:
        """Nothing."""

    def waited(self, pool: str, seconds: float) -> None:
        """Nothing."""

    def used(self, pool: str, change: int) -> None:
        """Nothing."""


UNOBSERVED: PoolObserver = Unobserved()
