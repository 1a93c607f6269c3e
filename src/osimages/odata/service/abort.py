"""Closes the connection of a client that does not read its answer.

ASGI has no message for that: an application that returns early leaves the connection to the server, which waits for the
client without a limit before it notices that there is no more to send.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import stat
import struct
from pathlib import Path

# Where a system lists the open files of a process; Windows has none of these.
_OPEN_FILES = (Path("/proc/self/fd"), Path("/dev/fd"))
# On, no time: what is not sent yet is given up when the socket is closed.
_NO_LINGER = struct.pack("ii", 1, 0)


def abort_connection(client: tuple[str, int], server_port: int) -> bool:
    """Close the TCP connection of this process with a client, to one of its own ports, with all that is not sent.

    Return whether there was one; False, too, where the system does not list the open files of a process.
    """
    folder = next((each for each in _OPEN_FILES if each.is_dir()), None)
    if folder is None:
        return False
    return any(_abort(int(each.name), client, server_port) for each in folder.iterdir() if each.name.isdigit())


def _abort(file: int, client: tuple[str, int], server_port: int) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(file).st_mode):
            return False
        with socket.socket(fileno=os.dup(file)) as connection:
            peer, own = connection.getpeername(), connection.getsockname()
            if not _is_same(peer, client) or own[1] != server_port:
                return False
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # closed meanwhile, listening, or not TCP
        return False
    return True


def _is_same(peer: object, client: tuple[str, int]) -> bool:
    if not isinstance(peer, tuple) or len(peer) < 2 or peer[1] != client[1]:
        return False
    try:
        return _address(str(peer[0])) == _address(client[0])
    except ValueError:
        return False


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; that of a client of IPv4 on a socket of IPv6 is the same."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address
