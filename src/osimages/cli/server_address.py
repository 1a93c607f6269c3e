"""The address of the server of a data directory: for this machine, and for other machines and containers."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

import click

from osimages.graph.known_hosts import allowed_hosts, is_loopback
from osimages.settings import Settings

# Written into the data directory by a server that listens, for the commands that need its address.
SERVER_FILE = "server.json"
# Hosts to listen on that clients on this machine reach as `localhost`.
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "0.0.0.0", "::")  # noqa: S104


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where the server of a data directory listens, or would listen: for this machine, and for other clients."""

    local: str
    public: str
    is_running: bool


def server_address(settings: Settings) -> ServerAddress:
    """Return the address that the server of the data directory wrote down, else the one that the settings name."""
    try:
        written = json.loads((settings.data_path / SERVER_FILE).read_bytes())
        local = str(written["url"])
        public = str(written.get("publicUrl", local))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return ServerAddress(local_url(settings, settings.port), public_url(settings, settings.port), False)
    return ServerAddress(local, public, answers(local))


def local_url(settings: Settings, port: int) -> str:
    """Return the address for clients on this machine; the certificate holds its host."""
    host = "localhost" if settings.host in _LOCAL_HOSTS else settings.host
    return _url(settings, host, port)


def public_url(settings: Settings, port: int) -> str:
    """Return the address for other clients: `public_url`, else the first `tls_name` where others can reach it.

    Raises ClickException.
    """
    try:
        names = allowed_hosts(settings.tls_name, "tls_name")
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    if settings.public_url:
        return settings.public_url.rstrip("/")
    return _url(settings, names[0], port) if names and not is_loopback(settings.host) else local_url(settings, port)


def _url(settings: Settings, host: str, port: int) -> str:
    bracketed = f"[{host}]" if ":" in host else host
    return f"{'http' if settings.http else 'https'}://{bracketed}:{port}"


def answers(url: str) -> bool:
    """Whether anything listens at an address; the process that did may be gone without a word."""
    try:
        address = urlsplit(url)
        socket.create_connection((address.hostname or "", address.port or 0), timeout=1).close()
    except (OSError, ValueError):
        return False
    return True
