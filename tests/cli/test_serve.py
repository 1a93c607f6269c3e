"""`osimages serve`: how it starts, listens and ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from tests.support.api import IMAGES, connected, token
from tests.support.patience import PATIENCE_SECONDS
from tests.support.processes import until
from tests.support.server import Server, running

posix = pytest.mark.skipif(os.name != "posix", reason="Windows ends processes without a signal they could answer")


def address_of(server: Server) -> tuple[str, int]:
    """Host and port of a server."""
    url = urlsplit(server.url)
    assert url.hostname is not None
    assert url.port is not None
    return url.hostname, url.port


@contextmanager
def trusting(server: Server) -> Iterator[httpx.Client]:
    """A client that trusts the local authority of the server, and nobody else."""
    context = ssl.create_default_context(cafile=server.data_dir / "ca.pem")
    with httpx.Client(base_url=server.url, verify=context) as client:
        yield client


def test_the_ready_line_and_tls(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        _, port = address_of(server)
        assert server.url == f"https://localhost:{port}"
        assert json.loads((tmp_path / "server.json").read_text()) == {"url": server.url, "pid": server.process.pid}
        with trusting(server) as client:
            headers = {"Authorization": f"Bearer {token(tmp_path, DEFAULT_TENANT)}"}
            reply = client.get(IMAGES, headers=headers)
            assert reply.status_code == 200
            assert len(reply.json()["value"]) > 1
            assert reply.headers["strict-transport-security"].startswith("max-age=")
            assert reply.json()["@odata.context"].startswith(f"https://localhost:{port}/beta/$metadata#")
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"), httpx.Client() as stranger:
            stranger.get(server.url)
        assert server.stop() == 0
        assert server.process.stdout is not None
        assert server.process.stdout.read() == "", "nothing but the ready line goes to standard output"
    assert not (tmp_path / "server.json").exists()
    assert "Traceback" not in server.errors.read_text()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_versions(tls_server: Server, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context(cafile=tls_server.data_dir / "ca.pem")
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(address_of(tls_server), PATIENCE_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        assert secured.version() == version.name.replace("v1_", "v1.")


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("tls")) as server:
        yield server


@posix
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_gets_its_answer(tmp_path: Path, stop: signal.Signals) -> None:
    body = json.dumps({"id": "late", "supportedArchitectures": ["x64"] * 1_000}).encode()
    with running(tmp_path, "--http") as server, closing(_connection(server)) as sender:
        sender.sendall(
            f"POST {IMAGES} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token(tmp_path, DEFAULT_TENANT)}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        # It says so when it begins to read the body: from then on the request is under way.
        assert sender.recv(1000).startswith(b"HTTP/1.1 100 ")
        sender.sendall(body[: len(body) // 2])
        server.process.send_signal(stop)
        until(lambda: not _listens(server), "the end of listening")
        sender.sendall(body[len(body) // 2 :])
        assert sender.recv(1000).startswith(b"HTTP/1.1 201 ")
        while sender.recv(100_000):
            pass
        assert server.process.wait(PATIENCE_SECONDS) == 0
    with running(tmp_path, "--http") as server, connected(server.url, DEFAULT_TENANT, tmp_path) as api:
        assert len(api.get(f"{IMAGES}/late").json()["supportedArchitectures"]) == 1_000


@posix
def test_a_request_that_never_ends_is_given_up(tmp_path: Path) -> None:
    with running(tmp_path, "--http", drain_seconds="1") as server, closing(_connection(server)) as sender:
        sender.sendall(
            f"POST {IMAGES} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token(tmp_path, DEFAULT_TENANT)}\r\n"
            "Content-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert sender.recv(1000).startswith(b"HTTP/1.1 100 ")
        assert server.stop() == 0


@posix
@pytest.mark.parametrize("workers", ["1", "2"])
def test_control_c_reaches_all_processes_of_a_terminal(tmp_path: Path, workers: str) -> None:
    with running(tmp_path, "--http", "--workers", workers, drain_seconds="1") as server:
        os.killpg(server.process.pid, signal.SIGINT)
        assert server.process.wait(PATIENCE_SECONDS) == 0
    assert "Traceback" not in server.errors.read_text()


def test_several_workers_answer_alike(tmp_path: Path) -> None:
    tenant = str(uuid.uuid4())
    with running(tmp_path, "--http", "--workers", "2") as server:
        first: list[tuple[str, str]] = []
        for _ in range(8):  # each on a connection of its own, which the system hands to one of the workers
            with connected(server.url, tenant, tmp_path) as api:
                ids = api.ids()
                tags = [(key, api.get(f"{IMAGES}/{key}").headers["etag"]) for key in ids]
                first = first or tags
                assert tags == first
        assert len(first) > 1
        assert server.stop() == 0


def test_two_servers_on_one_data_directory(tmp_path: Path) -> None:
    tenant = str(uuid.uuid4())
    file = tmp_path / "server.json"
    with running(tmp_path, "--http", "--empty") as one, running(tmp_path, "--http", "--empty") as other:
        with connected(one.url, tenant, tmp_path) as here, connected(other.url, tenant, tmp_path) as there:
            made = here.create(id="a")
            assert there.ids() == ["a"]
            there.create(id="b")
            assert here.ids() == ["a", "b"]
            reply = there.http.patch(f"{IMAGES}/a", json={"supportedArchitectures": ["arm"]})
            assert reply.status_code == 200
            assert here.get(f"{IMAGES}/a").json() == {**made, "supportedArchitectures": ["arm"]}
        assert one.stop() == 0
        assert json.loads(file.read_text())["url"] == other.url, "the file of the server that is left stays"
        assert other.stop() == 0
    assert not file.exists()


def test_the_calendar_can_be_frozen(tmp_path: Path) -> None:
    with (
        running(tmp_path, "--http", "--today", "2026-10-20") as server,
        connected(server.url, DEFAULT_TENANT, tmp_path) as api,
    ):
        assert api.get("/-/ready").json()["today"] == "2026-10-20"
        (update, *_) = api.get(f"{IMAGES}/Windows%2011%2024H2").json()["availableUpdates"]
        assert (update["releaseYear"], update["releaseMonth"]) == (2026, 10)


def test_tenants_may_start_empty_and_links_name_the_public_url(tmp_path: Path) -> None:
    with running(tmp_path, "--http", "--empty", "--public-url", "https://catalogue.example") as server:
        for tenant in (DEFAULT_TENANT, str(uuid.uuid4())):
            with connected(server.url, tenant, tmp_path) as api:
                assert api.ids() == []
                assert api.create(id="a")["@odata.context"].startswith("https://catalogue.example/beta/$metadata#")


@pytest.mark.parametrize(
    ("host", "shown"),
    [("localhost", "localhost"), ("0.0.0.0", "localhost"), ("127.0.0.2", "127.0.0.2"), ("::1", "[::1]")],
)
def test_the_address_in_the_ready_line_can_be_used(tmp_path: Path, host: str, shown: str) -> None:
    _needs(host)
    exposed = ["--expose-development"] if host == "0.0.0.0" else []
    with running(tmp_path, "--host", host, *exposed) as server:
        assert server.url.startswith(f"https://{shown}:")
        with trusting(server) as client:
            assert client.get("/-/health").status_code == 200


def _connection(server: Server) -> socket.socket:
    return socket.create_connection(address_of(server), PATIENCE_SECONDS)


def _listens(server: Server) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", address_of(server)[1])) == 0


def _needs(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.bind((host, 0))
    except OSError:
        pytest.skip(f"this machine does not have the address {host}")


def test_a_certificate_of_ones_own_is_served(tmp_path: Path) -> None:
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost")
    chain, key, ca = tmp_path / "chain.pem", tmp_path / "key.pem", tmp_path / "ca.pem"
    leaf.cert_chain_pems[0].write_to_path(str(chain))
    private = load_pem_private_key(leaf.private_key_pem.bytes(), password=None)
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    authority.cert_pem.write_to_path(str(ca))
    with running(tmp_path / "data", "--empty", tls_certificate=str(chain), tls_key=str(key)) as server:
        trust = ssl.create_default_context(cafile=str(ca))
        assert httpx.get(f"{server.url}/-/ready", verify=trust).status_code == 200
    assert not (tmp_path / "data" / "server.pem").exists()


def test_tenants_of_a_seed_are_there_from_the_start(tmp_path: Path) -> None:
    """And each start puts them back into the state of the file."""
    one, other = "11111111-2222-4333-8444-555555555555", "22222222-3333-4444-8555-666666666666"
    file = tmp_path / "seed.json"
    tenants = [{"id": one, "name": "Contoso", "images": [{"id": "a"}]}, {"id": other, "catalogue": "supported"}]
    file.write_text(json.dumps({"tenants": tenants}), encoding="utf-8")
    for _ in range(2):
        with running(tmp_path / "data", "--http", "--empty", "--seed", str(file)) as server:
            with connected(server.url, one, server.data_dir) as api:
                assert api.ids() == ["a"]
                api.create(id="b")
                assert api.http.post("/-/reset").json()["to"] == "seed"
                assert api.ids() == ["a"]
                api.create(id="b")
            with connected(server.url, other, server.data_dir) as api:
                assert "Windows 11 24H2" in api.ids()
