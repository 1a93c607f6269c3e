"""`osimages env`: its lines make a shell, and what is started from it, use the server."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from tests.cli.running import complaint, osimages, output
from tests.support.server import environment, running

posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
ODD_NAME = 'it\'s "odd" $HOME `pwd` ; \\ $(false)'
_IMAGES = "$OSIMAGES_URL/beta/deviceManagement/managedDeviceWindowsOSImages"
_CURL = f'curl --silent --show-error --fail "{_IMAGES}" -H "Authorization: Bearer $OSIMAGES_TOKEN"'
_PYTHON = """
import os, urllib.request
request = urllib.request.Request(os.environ["OSIMAGES_URL"] + "/beta/deviceManagement/managedDeviceWindowsOSImages")
request.add_header("Authorization", "Bearer " + os.environ["OSIMAGES_TOKEN"])
with urllib.request.urlopen(request) as reply:
    print(reply.read().decode())
"""


def shell(lines: str, script: str, **variables: str) -> str:
    """What a script prints in a shell that has evaluated these lines."""
    return subprocess.run(
        ["sh", "-euc", f'eval "$LINES_OF_ENV"\n{script}'],
        capture_output=True,
        text=True,
        check=True,
        env=environment(LINES_OF_ENV=lines, **variables),
    ).stdout


@posix
def test_a_shell_can_use_the_server_at_once(tmp_path: Path) -> None:
    data_dir = tmp_path / ODD_NAME
    with running(data_dir) as server:
        lines = output("env", "--data-dir", data_dir)
        assert shell(lines, 'printf %s "$OSIMAGES_URL"') == server.url
        assert shell(lines, 'printf %s "$SSL_CERT_FILE"') == str(data_dir / "bundle.pem")
        fetched = [shell(lines, '"$PYTHON" -c "$SCRIPT"', PYTHON=sys.executable, SCRIPT=_PYTHON)]
        if shutil.which("curl"):
            fetched += [shell(lines, _CURL), shell(lines, f"unset CURL_CA_BUNDLE SSL_CERT_DIR; {_CURL}")]
        for text in fetched:
            assert "Windows 11 24H2" in [each["id"] for each in json.loads(text)["value"]]
        # A shell that is set up already gets the same again, not a bundle in a bundle.
        before = (data_dir / "bundle.pem").read_bytes()
        again = shell(lines, '"$PYTHON" -m osimages env', PYTHON=sys.executable, OSIMAGES_DATA_DIR=str(data_dir))
        assert _without_token(again) == _without_token(lines)
        assert (data_dir / "bundle.pem").read_bytes() == before


@posix
@pytest.mark.parametrize("relative", [False, True])
def test_every_value_is_there_and_paths_are_absolute(tmp_path: Path, relative: bool) -> None:
    given = os.path.relpath(tmp_path) if relative else str(tmp_path)
    script = 'printf "%s\\n" "$REQUESTS_CA_BUNDLE" "$NODE_EXTRA_CA_CERTS" "$AZURE_AUTHORITY_HOST" "$AZURE_TENANT_ID" '
    script += '"$AZURE_CLIENT_ID" "$AZURE_CLIENT_SECRET"'
    bundle, authority, host, tenant, *application = shell(
        output("env", "--data-dir", given, warns="No server is running on "), script
    ).splitlines()
    assert (bundle, authority) == (str(tmp_path / "bundle.pem"), str(tmp_path / "ca.pem"))
    assert Path(bundle).read_bytes().endswith(Path(authority).read_bytes())
    assert (host, tenant) == ("https://localhost:8443", DEFAULT_TENANT)
    assert all(application)


def test_the_lines_for_powershell(tmp_path: Path) -> None:
    data_dir = tmp_path / "it's odd"
    lines = output(
        "env", "--data-dir", data_dir, "--shell", "powershell", warns="No server is running on "
    ).splitlines()
    assert all(line.startswith("$env:") and line.endswith("'") for line in lines)
    doubled = str(data_dir / "bundle.pem").replace("'", "''")
    assert f"$env:SSL_CERT_FILE = '{doubled}'" in lines
    assert "$env:OSIMAGES_URL = 'https://localhost:8443'" in lines


def test_no_certificates_for_plain_http(tmp_path: Path) -> None:
    with running(tmp_path, "--http") as server:
        lines = output("env", "--data-dir", tmp_path)
    assert f"export OSIMAGES_URL={server.url}" in lines.splitlines()
    assert "_CERT" not in lines
    assert "_CA_" not in lines
    assert not (tmp_path / "ca.pem").exists()


def test_the_address_is_the_settings_one_where_no_server_runs(tmp_path: Path) -> None:
    (tmp_path / "osimages.toml").write_text("port = 9000\n")
    assert "OSIMAGES_URL=https://localhost:9000\n" in output(
        "env", "--data-dir", tmp_path, warns="No server is running on "
    )
    plain = output(
        "env", "--data-dir", tmp_path, warns="No server is running on ", OSIMAGES_HTTP="true", OSIMAGES_PORT="9001"
    )
    assert "OSIMAGES_URL=http://localhost:9001\n" in plain


@pytest.mark.parametrize("content", ["null", "[1]", "{", '{"url": 5}', '{"url": "http://localhost:99999"}'])
def test_a_broken_note_of_a_server_is_that_of_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "server.json").write_text(content)
    assert "OSIMAGES_URL=" in output("env", "--data-dir", tmp_path, warns="No server is running on ")


@pytest.mark.parametrize("arguments", [(), ("--host", "127.0.0.2"), ("--public-url", "https://catalogue.example")])
def test_the_servers_certificate_stays_as_it_is(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    _needs_address(arguments)
    with running(tmp_path, *arguments):
        before = {file.name: file.read_bytes() for file in tmp_path.glob("*.pem")}
        assert "server.pem" in before
        output("env", "--data-dir", tmp_path)
        assert {file.name: file.read_bytes() for file in tmp_path.glob("*.pem")} == before


def test_the_lines_from_before_the_first_start_are_good(tmp_path: Path) -> None:
    lines = output("env", "--data-dir", tmp_path, warns="No server is running on ")
    assert not (tmp_path / "server.pem").exists()
    with running(tmp_path):
        after = output("env", "--data-dir", tmp_path)
    same = [line for line in lines.splitlines() if "CERT" in line or "AZURE_CLIENT" in line]
    assert same
    assert set(same) <= set(after.splitlines())


def test_an_authority_file_that_holds_none(tmp_path: Path) -> None:
    (tmp_path / "ca-private.pem").write_text("garbage")
    assert str(tmp_path / "ca-private.pem") in complaint(osimages("env", "--data-dir", tmp_path))


def _without_token(lines: str) -> list[str]:
    return [line for line in lines.splitlines() if "OSIMAGES_TOKEN" not in line]


def _needs_address(arguments: tuple[str, ...]) -> None:
    if "--host" in arguments:
        try:
            with socket.socket() as probe:
                probe.bind((arguments[1], 0))
        except OSError:
            pytest.skip(f"this machine does not have the address {arguments[1]}")
