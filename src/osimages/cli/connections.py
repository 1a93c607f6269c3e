"""How many connections the server keeps, and what one of them may cost before a request of it is read.

A connection counts from its start, whoever opened it: a silent one, or one whose client went to sleep, takes the
place of another.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from granian.http import HTTP1Settings, HTTP2Settings

if sys.platform != "win32":  # which has no such limit
    import resource

# Of each worker. An idle one takes some 20 kB.
_MOST_CONNECTIONS = 8192
# What waits for the server to take it.
_BACKLOG = 2048
# Files that a worker opens beside its connections: the database, for each long query once more, keys, logs.
_OTHER_FILES = 128
# A path that is as long as it may be, a token, and what browsers and proxies say beside these.
_MOST_HEADER_BYTES = 128 * 1024
# How often a client of HTTP/2 is asked whether it is still there; it has 20 seconds to say so.
_ASK_AFTER_MILLISECONDS = 30_000


def raise_file_limit() -> None:
    """Lets this process, and those that it starts, open as many files as the system allows it to.

    The usual limit of 1,024 is there for programs that use `select`; nothing here does.
    """
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # Some systems have another limit behind this one, and refuse.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most_connections() -> int:
    """How many connections a worker may have at once: so many that it still can open what it needs for itself."""
    if sys.platform == "win32":
        return _MOST_CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return max(soft // 2, min(soft - _OTHER_FILES, _MOST_CONNECTIONS))


def connection_options() -> dict[str, Any]:
    """What the server is told about connections."""
    return {
        "backlog": _BACKLOG,
        "backpressure": most_connections(),
        "http1_settings": HTTP1Settings(max_buffer_size=_MOST_HEADER_BYTES),
        "http2_settings": HTTP2Settings(
            keep_alive_interval=_ASK_AFTER_MILLISECONDS, max_headers_size=_MOST_HEADER_BYTES
        ),
    }
