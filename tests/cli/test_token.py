"""`osimages token`: what it prints is a token that a real server takes, or refuses for the right reason."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from osimages.entra.tokens.clouds import CLOUDS
from tests.cli.running import complaint, osimages, output
from tests.support.api import IMAGES, READ, WRITE, refused
from tests.support.identity import claims_of, exchange, refused_with, tokens
from tests.support.server import Server, running


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data directory that no server knows yet, and a token printed for it."""
    data_dir = tmp_path_factory.mktemp("token") / "made by the command"
    return data_dir, output("token", "--data-dir", data_dir).strip()


@pytest.fixture(scope="module")
def own(early: tuple[Path, str]) -> Iterator[Server]:
    """A server that is started after the first token was printed."""
    with running(early[0], "--http", "--empty") as server:
        yield server


def asked(server: Server, bearer: str, method: str = "GET") -> httpx.Response:
    """The reply to one request with that token."""
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {bearer}"}) as client:
        return client.get(IMAGES) if method == "GET" else client.post(IMAGES, json={})


def test_a_token_from_before_the_first_start_is_good(early: tuple[Path, str], own: Server) -> None:
    assert asked(own, early[1]).status_code == 200
    assert asked(own, early[1], "POST").status_code == 201


def test_one_token_and_nothing_else_is_printed(own: Server) -> None:
    text = output("token", "--data-dir", own.data_dir)
    assert text == text.strip() + "\n"
    assert text.count("\n") == 1
    assert text.count(".") == 2
    assert asked(own, text.strip()).status_code == 200


def test_the_data_directory_may_come_from_the_environment(own: Server) -> None:
    assert asked(own, output("token", OSIMAGES_DATA_DIR=str(own.data_dir)).strip()).status_code == 200


def test_a_token_of_another_tenant(own: Server) -> None:
    # The default tenant has an image that others do not see.
    assert asked(own, output("token", "--data-dir", own.data_dir).strip(), "POST").status_code == 201
    tenant = str(uuid.uuid4())
    assert tenant != DEFAULT_TENANT
    reply = asked(own, output("token", "--data-dir", own.data_dir, "--tenant", tenant).strip())
    assert reply.json()["value"] == []


@pytest.mark.parametrize("kind", ["--app", "--user"])
def test_permissions_are_those_asked_for(own: Server, kind: str) -> None:
    start = ("token", "--data-dir", own.data_dir, kind)
    reader = output(*start, "--permission", READ).strip()
    assert asked(own, reader).status_code == 200
    refused(asked(own, reader, "POST"), 403, "Forbidden")
    both = output(*start, "--permission", READ, "--permission", WRITE).strip()
    assert asked(own, both, "POST").status_code == 201
    other = output(*start, "--permission", "User.Read.All", warns="'User.Read.All' is no permission").strip()
    refused(asked(own, other), 403, "Forbidden")


def test_an_expired_token(own: Server) -> None:
    text = output("token", "--data-dir", own.data_dir, "--expires-in", "-1").strip()
    error = refused(asked(own, text), 401, "InvalidAuthenticationToken")
    assert "expired" in error["message"]


def test_a_token_of_another_data_directory(own: Server, tmp_path: Path) -> None:
    stranger = output("token", "--data-dir", tmp_path).strip()
    refused(asked(own, stranger), 401, "InvalidAuthenticationToken")


def test_a_tenant_that_is_no_guid(tmp_path: Path) -> None:
    result = osimages("token", "--data-dir", tmp_path, "--tenant", "contoso")
    assert (result.returncode, result.stdout) == (2, "")
    assert "'contoso'" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_data_directory_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert str(file) in complaint(osimages("token", "--data-dir", file))


def test_a_user_by_name(own: Server) -> None:
    start = ("token", "--data-dir", own.data_dir)
    bearer = output(*start, "--as", "adele.vance@contoso.example", "--permission", READ).strip()
    assert (claims_of(bearer)["upn"], claims_of(bearer)["scp"]) == ("adele.vance@contoso.example", READ)
    assert asked(own, bearer).status_code == 200
    # Who has no Intune role is refused by Intune, in its own way.
    refused(asked(own, output(*start, "--as", "alex.wilber@contoso.example").strip()), 401, "UnknownError")
    assert "no user 'nobody'" in complaint(osimages(*start, "--as", "nobody"))


@pytest.mark.parametrize("cloud", ["china", "bleu"])
def test_a_national_cloud(tmp_path: Path, cloud: str) -> None:
    with running(tmp_path, "--http", "--empty", "--cloud", cloud) as server, httpx.Client(base_url=server.url) as http:
        bearer = output("token", "--data-dir", tmp_path, "--cloud", cloud).strip()
        assert asked(server, bearer).status_code == 200
        refused(asked(server, output("token", "--data-dir", tmp_path).strip()), 401, "InvalidAuthenticationToken")
        root = CLOUDS[cloud].graph_roots[0]
        given = {"grant_type": "client_credentials", "scope": f"{root}/.default"}
        issued = tokens(exchange(http, **given))["access_token"]
        assert asked(server, issued).status_code == 200
        assert claims_of(issued)["ver"] == ("1.0" if cloud == "china" else "2.0")
        refused_with(exchange(http, **given | {"scope": "https://graph.microsoft.com/.default"}), 500011)
