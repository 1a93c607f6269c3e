"""A stand-in for Entra ID on loopback: metadata and keys over HTTPS, and tokens such as Entra signs."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import trustme
from joserfc import jws
from joserfc.jwk import RSAKey

from tests.support.api import READ, WRITE

METADATA = "/common/v2.0/.well-known/openid-configuration"
KEYS = "/common/discovery/v2.0/keys"
GRAPH = "00000003-0000-0000-c000-000000000000"
APPLICATION = "b4c7e1d2-6a58-4f39-8c03-e92f7d10a5b6"


@dataclass
class Entra:
    """What the stand-in answers, and what it was asked. `ca_file` holds the root of its certificate.

    `instead` writes an answer of its own, from the status line on, in the place of every other.
    """

    url: str
    ca_file: Path
    signing: dict[str, RSAKey] = field(default_factory=lambda: {"first": RSAKey.generate_key(2048)})
    issuers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    asked: list[str] = field(default_factory=list)
    instead: Callable[[BufferedIOBase], None] | None = None

    def jwks(self) -> dict[str, Any]:
        """The public halves of the keys, with the issuers that they are bound to."""
        every = "{tenantid}"
        return {
            "keys": [
                {
                    **key.as_dict(private=False),
                    "kid": kid,
                    "use": "sig",
                    "x5t": kid,
                    "issuer": self.issuers.get(kid, f"{self.url}/{every}/v2.0"),
                }
                for kid, key in self.signing.items()
            ]
        }

    def token(self, tenant: str, *, kid: str = "first", version: str = "2.0", **claims: object) -> str:
        """An application token; a claim that is None is left out."""
        now = int(time.time())
        usual = {
            "ver": version,
            "iat": now - 300,
            "nbf": now - 300,
            "exp": now + 3600,
            "tid": tenant,
            "idtyp": "app",
            "oid": "5d08f6b3-91ce-4a7d-a2e8-7c4b13f9d06e",
            "roles": [READ, WRITE],
            **(
                {"aud": GRAPH, "iss": f"{self.url}/{tenant}/v2.0", "azp": APPLICATION}
                if version == "2.0"
                else {
                    "aud": "https://graph.microsoft.com",
                    "iss": f"https://sts.windows.net/{tenant}/",
                    "appid": APPLICATION,
                }
            ),
        }
        said = {name: value for name, value in (usual | claims).items() if value is not None}
        header = {"typ": "JWT", "alg": "RS256", "kid": kid, "x5t": kid}
        return jws.serialize_compact(header, json.dumps(said).encode(), self.signing[kid])

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """The status and the document for a path."""
        self.asked.append(path)
        found = {METADATA: {"issuer": f"{self.url}/{{tenantid}}/v2.0", "jwks_uri": self.url + KEYS}, KEYS: self.jwks()}
        if self.status != 200 or path not in found:
            return (self.status if self.status != 200 else 404), {"error": "unavailable"}
        return 200, found[path]


@contextmanager
def entra(folder: Path) -> Iterator[Entra]:
    """A stand-in that answers until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    ca_file = folder / "entra-ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    stand_in = Entra("", ca_file)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, document = stand_in.answer(self.path)
            if stand_in.instead is not None:
                with suppress(OSError):
                    stand_in.instead(self.wfile)
                return
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    stand_in.url = f"https://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
