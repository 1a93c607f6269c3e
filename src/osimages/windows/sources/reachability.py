"""Finds out within seconds whether there is a network: whether any of several servers answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

import httpx

MAX_SECONDS = 5.0
# A network that is just coming up, or a resolver that restarts, gets a second chance and a third one.
_PAUSES_SECONDS = (0.5, 1.0)


def no_network(addresses: Iterable[str], seconds: float = MAX_SECONDS) -> str | None:
    """Return why none of the servers of these addresses can be reached; None as soon as one of them has answered.

    All servers are tried concurrently, through the proxy that the environment names; any answer counts. It returns
    after `seconds` even if the resolver, a proxy or a server accepts the question and then stays silent.
    """
    servers = sorted({server for each in addresses if (server := _server(each))})
    answers: SimpleQueue[tuple[str, str | None]] = SimpleQueue()
    deadline = time.monotonic() + seconds
    for server in servers:
        # The system's resolver cannot be interrupted: a daemon thread does not keep the process from ending.
        threading.Thread(target=_ask, args=(server, deadline, answers), daemon=True).start()
    reasons = dict.fromkeys(servers, f"no answer within {seconds:g} s")
    for _ in servers:
        try:
            server, reason = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            break
        if reason is None:
            return None
        reasons[server] = reason
    groups: dict[str, list[str]] = {}
    for server, reason in reasons.items():
        groups.setdefault(reason, []).append(server)
    return "; ".join(f"{', '.join(group)}: {reason}" for reason, group in groups.items()) or None


def _ask(server: str, deadline: float, answers: SimpleQueue[tuple[str, str | None]]) -> None:
    """Put the server and why it cannot be reached (None: it answered) into `answers`."""
    reason: str | None = None
    for pause in (*_PAUSES_SECONDS, 0.0):
        try:
            httpx.head(server, timeout=max(0.1, deadline - time.monotonic()))
        except httpx.ProtocolError:
            reason = None
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
        except Exception:
            # Whoever fetches from this address says better what is wrong with it.
            reason = None
        else:
            reason = None
        if reason is None:
            break
        time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
    answers.put((server, reason))


def _server(address: str) -> str:
    """Return scheme and host of an address; nothing for one that is malformed, which the fetcher reports."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
