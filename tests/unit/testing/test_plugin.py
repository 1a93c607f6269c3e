"""The pytest plugin, as pytest runs it in a project of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import environment

SAMPLE = Path(__file__).parents[3] / "docs" / "samples" / "test_with_osimages.py"
IMAGES = "/beta/deviceManagement/managedDeviceWindowsOSImages"


def run(folder: Path, text: str, *arguments: str) -> str:
    """What pytest prints about a file of tests in a folder without any configuration."""
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "--strict-markers", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{done.stdout}{done.stderr}"


def test_nothing_is_loaded_before_a_fixture_is_requested() -> None:
    program = "import json, sys; import osimages.testing.plugin; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout)
    own = [name for name in loaded if name.partition(".")[0] == "osimages"]
    assert own == ["osimages", "osimages.testing", "osimages.testing.plugin"]
    others = {
        "httpx",
        "msgspec",
        "structlog",
        "apsw",
        "granian",
        "joserfc",
        "cryptography",
        "starlette",
        "msgraph_beta",
    }
    assert others.isdisjoint(loaded)


def test_the_file_that_readers_copy(tmp_path: Path) -> None:
    """With warnings as errors, by two workers, but for the SDK, whose modules warn of themselves."""
    shutil.copy(SAMPLE, tmp_path)
    said = run(tmp_path, "", "-W", "error", "-n", "2", "-k", "not sdk", SAMPLE.name)
    assert "8 passed" in said, said
    said = run(tmp_path, "", "-k", "sdk", SAMPLE.name)
    assert "1 passed" in said, said


def test_the_environment_is_restored(tmp_path: Path) -> None:
    text = """
import os
import ssl
import urllib.request

def test_during(osimages_tenant):
    assert os.environ["AZURE_TENANT_ID"] == osimages_tenant.id
    context = ssl.create_default_context()
    reply = urllib.request.urlopen(os.environ["OSIMAGES_URL"] + "/-/ready", context=context)
    assert reply.status == 200

def test_afterwards():
    assert "OSIMAGES_URL" not in os.environ
    assert os.environ["SSL_CERT_FILE"] == "before"
"""
    (tmp_path / "conftest.py").write_text("import os\nos.environ['SSL_CERT_FILE'] = 'before'\n", encoding="utf-8")
    said = run(tmp_path, text, "-W", "error")
    assert "2 passed" in said, said


def test_what_a_tenant_has_is_said_by_markers_parameters_and_files(tmp_path: Path) -> None:
    text = f'''
import pytest

IMAGES = "{IMAGES}?$select=id"
pytestmark = pytest.mark.osimages(in_process=True, catalogue="none")

def ids(client):
    return {{image["id"] for image in client.get(IMAGES).json()["value"]}}

def test_none(osimages_client):
    assert ids(osimages_client) == set()

@pytest.mark.osimages(catalogue="all")
def test_all(osimages_client):
    assert "Windows 10 21H2" in ids(osimages_client)

@pytest.mark.osimages(catalogue="supported", seed="seed.json")
def test_file(osimages_client):
    assert {{"from a file", "Windows 11 24H2"}} <= ids(osimages_client)

@pytest.mark.parametrize("osimages_tenant", [{{"seed": {{"images": [{{"id": "given"}}]}}}}], indirect=True)
def test_parameter(osimages_client):
    assert ids(osimages_client) == {{"given"}}
'''
    (tmp_path / "seed.json").write_text('{"images": [{"id": "from a file"}]}', encoding="utf-8")
    said = run(tmp_path, text, "-W", "error")
    assert "4 passed" in said, said


@pytest.mark.parametrize(
    ("marker", "reason"),
    [
        ("catalogue='some'", "there is no catalogue 'some'"),
        ("colour='blue'", "no option 'colour'"),
        ("'empty'", "by name"),
        ("in_process=True, seed={'image': []}", "image"),
        ("in_process=True, seed='none.json'", "none.json"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, marker: str, reason: str) -> None:
    text = f"import pytest\n@pytest.mark.osimages({marker})\ndef test_it(osimages_tenant): ...\n"
    said = run(tmp_path, text)
    assert "1 error" in said, said
    assert reason in said


def test_settings_are_a_fixture_of_the_projects_own(tmp_path: Path) -> None:
    text = f'''
import pytest

@pytest.fixture(scope="session")
def osimages_settings():
    return {{"empty": True, "page_size": 1}}

def test_it(osimages_app, osimages_client):
    for name in "ab":
        osimages_client.post("{IMAGES}", json={{"id": name}})
    page = osimages_client.get("{IMAGES}").json()
    assert len(page["value"]) == 1
    assert "@odata.nextLink" in page
'''
    said = run(tmp_path, text, "-W", "error")
    assert "1 passed" in said, said
