"""`serve --tls-name` and `osimages env --from URL`: a server that other machines and containers use."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.running import complaint, osimages, output
from tests.support.api import IMAGES
from tests.support.server import Server, command, environment, running

EXPOSED = ("--host", "0.0.0.0", "--expose-development")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as a container runs it."""
    folder = tmp_path_factory.mktemp("emulator")
    with running(folder, *EXPOSED, "--tls-name", "emulator.test", "--tls-name", "10.9.9.9") as server:
        yield server


def fingerprint(server: Server) -> str:
    """The SHA-256 fingerprint of the certificate of the server's authority."""
    pem = (server.data_dir / "ca.pem").read_text(encoding="ascii")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def variables(lines: str) -> dict[str, str]:
    """The variables in the lines of a dotenv file."""
    return dict(line.partition("=")[::2] for line in lines.splitlines())


def test_the_certificate_holds_the_names(emulator: Server) -> None:
    port = int(emulator.url.rpartition(":")[2])
    context = ssl.create_default_context(cafile=emulator.data_dir / "ca.pem")
    transport = httpx.HTTPTransport(verify=context)
    for name in ("emulator.test", "10.9.9.9", "localhost"):
        with httpx.Client(transport=transport) as client:
            # To the server's address, under the name that another machine would resolve to it.
            request = client.build_request(
                "GET", f"https://127.0.0.1:{port}/-/version", headers={"Host": name}, extensions={"sni_hostname": name}
            )
            assert client.send(request).status_code == 200


def test_env_prints_the_public_address_and_paths_that_exist(emulator: Server) -> None:
    found = variables(output("env", "--data-dir", emulator.data_dir, "--shell", "dotenv"))
    port = emulator.url.rpartition(":")[2]
    assert found["OSIMAGES_URL"] == found["AZURE_AUTHORITY_HOST"] == f"https://emulator.test:{port}"
    assert found["IDENTITY_ENDPOINT"] == f"https://emulator.test:{port}/msi/token"
    for name in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "AZURE_FEDERATED_TOKEN_FILE"):
        assert Path(found[name]).is_file()


def test_a_public_url_is_the_public_address(tmp_path: Path) -> None:
    with running(tmp_path, "--public-url", "https://images.example/base/"):
        found = variables(output("env", "--data-dir", tmp_path, "--shell", "dotenv"))
        assert found["OSIMAGES_URL"] == "https://images.example/base"


def test_a_name_on_loopback_leaves_the_address_as_it_is(tmp_path: Path) -> None:
    with running(tmp_path, "--tls-name", "emulator.test") as server:
        found = variables(output("env", "--data-dir", tmp_path, "--shell", "dotenv"))
        assert found["OSIMAGES_URL"] == server.url


def test_the_certificate_of_the_authority(emulator: Server) -> None:
    with httpx.Client(verify=ssl.create_default_context(cafile=emulator.data_dir / "ca.pem")) as client:
        reply = client.get(f"{emulator.url}/-/ca.pem")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/x-pem-file")
    assert reply.content == (emulator.data_dir / "ca.pem").read_bytes()
    assert b"PRIVATE" not in reply.content


def test_variables_from_a_running_server(emulator: Server, tmp_path: Path) -> None:
    pin = fingerprint(emulator)
    told = f"The authority of {emulator.url} has the SHA-256 fingerprint {pin}"
    arguments = ("env", "--from", f"{emulator.url}/", "--data-dir", tmp_path / "here", "--shell", "dotenv")
    found = variables(output(*arguments, warns=told))
    assert found["OSIMAGES_URL"] == emulator.url
    assert Path(found["NODE_EXTRA_CA_CERTS"]).read_bytes() == (emulator.data_dir / "ca.pem").read_bytes()
    assert Path(found["SSL_CERT_FILE"]).is_relative_to(tmp_path)
    if os.name == "posix":
        assert (tmp_path / "here").stat().st_mode & 0o777 == 0o700
    trust = ssl.create_default_context(cafile=found["SSL_CERT_FILE"])
    bearer = {"Authorization": f"Bearer {found['OSIMAGES_TOKEN']}"}
    assert httpx.get(emulator.url + IMAGES, verify=trust, headers=bearer).status_code == 200
    program = (
        "from azure.identity import DefaultAzureCredential as D\nD().get_token('https://graph.microsoft.com/.default')"
    )
    subprocess.run([sys.executable, "-c", program], env=environment(**found), check=True, timeout=300)
    # With the fingerprint there is nothing to say.
    for spelling in (pin, pin.upper(), ":".join(pin[at : at + 2] for at in range(0, 64, 2))):
        assert variables(output(*arguments, "--ca-sha256", spelling))["OSIMAGES_URL"] == emulator.url


def test_another_fingerprint(emulator: Server, tmp_path: Path) -> None:
    arguments = ("env", "--from", emulator.url, "--data-dir", tmp_path, "--ca-sha256")
    said = complaint(osimages(*arguments, "0" * 64))
    assert fingerprint(emulator) in said
    assert "it is another server" in said
    assert "64 hexadecimal digits" in complaint(osimages(*arguments, "0" * 40))
    assert "64 hexadecimal digits" in complaint(osimages(*arguments, "x" * 64))
    assert list(tmp_path.iterdir()) == [], "nothing is written"


@pytest.mark.parametrize("url", ["localhost:8443", "ftp://localhost", "https://", "https://a b"])
def test_an_address_that_is_none(tmp_path: Path, url: str) -> None:
    assert "is no URL" in complaint(osimages("env", "--from", url, "--data-dir", tmp_path))


def test_nobody_at_the_address(tmp_path: Path) -> None:
    said = complaint(osimages("env", "--from", "https://127.0.0.1:1", "--data-dir", tmp_path))
    assert "https://127.0.0.1:1/-/ca.pem cannot be reached" in said
    assert osimages("env", "--ca-sha256", "0" * 64, "--data-dir", tmp_path).returncode == 2


def test_a_server_with_tokens_of_entra_id(tmp_path: Path) -> None:
    keys = Path(__file__).parents[1] / "support" / "entra.py"
    assert keys.exists()
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [_public_key()]}))
    with running(tmp_path, "--authority", "entra", "--keys-file", str(tmp_path / "keys.json")) as server:
        result = osimages("env", "--from", server.url, "--data-dir", tmp_path / "here")
    assert result.returncode == 1
    assert "it runs without the emulator" in result.stderr


def test_plain_http_for_other_machines(tmp_path: Path) -> None:
    with running(tmp_path / "server", "--http", *EXPOSED) as server:
        assert "can read the tokens of plain HTTP" in server.errors.read_text(encoding="utf-8")
        arguments = ("env", "--from", server.url, "--data-dir", tmp_path / "here", "--shell", "dotenv")
        found = variables(output(*arguments))
        bearer = {"Authorization": f"Bearer {found['OSIMAGES_TOKEN']}"}
        assert httpx.get(server.url + IMAGES, headers=bearer).status_code == 200
        assert "SSL_CERT_FILE" not in found
        assert httpx.get(f"{server.url}/-/ca.pem").status_code == 404
        assert "is for https" in complaint(osimages(*arguments, "--ca-sha256", "0" * 64))
        program = "from azure.identity import DefaultAzureCredential as D\nD().get_token('https://graph.microsoft.com/.default')"
        subprocess.run([sys.executable, "-c", program], env=environment(**found), check=True, timeout=300)


def _public_key() -> dict[str, str]:
    """A key in the form of Entra ID's."""
    from joserfc.jwk import RSAKey

    key = RSAKey.generate_key(2048, private=False, auto_kid=True).as_dict(private=False)
    return {str(name): str(value) for name, value in key.items()} | {"use": "sig"}


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_the_next_steps_are_for_a_terminal(tmp_path: Path) -> None:
    import pty

    main, follower = pty.openpty()
    arguments = command("serve", "--port", "0", "--data-dir", str(tmp_path / "it's here"), "--empty")
    with subprocess.Popen(arguments, stdout=follower, stderr=subprocess.DEVNULL, env=environment()) as process:
        os.close(follower)
        shown = ""
        while "Ctrl-C" not in shown:
            shown += os.read(main, 4096).decode()
        lines = [line.split(None, 1) for line in shown.replace("\r", "").splitlines() if line.strip()]
        assert lines[0][0] == "Listening"
        url = lines[0][1].removeprefix("on ")
        evaluated = next(line for line in shown.replace("\r", "").splitlines() if "eval" in line)
        setup = evaluated[evaluated.index("eval") :]
        done = subprocess.run(
            ["sh", "-euc", f'{setup}\nprintf "%s" "$OSIMAGES_URL"'],
            capture_output=True,
            text=True,
            check=True,
            env=environment(),
        )
        assert done.stdout == url, "the line works as it is printed"
        assert f"{url}/dashboard/" in shown
        process.terminate()
        assert process.wait(60) == 0
    os.close(main)
