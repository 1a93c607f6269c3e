"""Sends requests and never reads an answer: python -m bench.unread URL SECONDS REQUEST.

REQUEST is the whole text of a request. A hundred connections are open at once; the oldest makes room for the next.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections import deque
from urllib.parse import urlsplit

_OPEN = 100
_EVERY_SECONDS = 0.01
_BUFFER_BYTES = 4096


def main(url: str, seconds: int, request: str) -> None:
    """Send requests for so long, and print how many were sent."""
    address, opened, count = urlsplit(url), deque[socket.socket](), 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        connection.settimeout(1)
        with contextlib.suppress(OSError):  # the server may be busy, or have closed it
            connection.connect((address.hostname, address.port))
            connection.sendall(request.encode())
            count += 1
        opened.append(connection)
        if len(opened) > _OPEN:
            opened.popleft().close()
        time.sleep(_EVERY_SECONDS)
    for each in opened:
        each.close()
    print(f"{count} requests in {seconds}s")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
