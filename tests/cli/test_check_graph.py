"""`osimages check --graph` against a stand-in for Graph, in processes of its own."""

from __future__ import annotations

import csv
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.cli.running import Result, osimages, output
from tests.support.graph import TOKEN, GraphStandIn, broken, cut, error, graph_stand_in, throttled
from tests.support.server import running

TODAY = ("--today", "2026-10-20")
# A device of the stand-in has one of these three systems.
WINDOWS_11, WINDOWS_10, PHONES = 0.7, 0.2, 0.1


@pytest.fixture
def stand_in() -> Iterator[GraphStandIn]:
    """A tenant with 40 devices on four pages."""
    with graph_stand_in(40, page_size=10) as found:
        yield found


def check(stand_in: GraphStandIn, *arguments: str | Path, token: str = TOKEN, url: str = "", **more: str) -> Result:
    """The outcome of a check of the tenant."""
    return osimages(
        *("check", "--graph", "--graph-url", url or stand_in.url, *TODAY, *arguments),
        OSIMAGES_GRAPH_TOKEN=token,
        **more,
    )


def without_token(*arguments: str | Path, **more: str) -> Result:
    """The outcome of a check whose token comes from azure-identity."""
    return osimages("check", "--graph", *arguments, **more)


def reason(result: Result) -> str:
    """The last line on standard error, of a check without a result."""
    assert (result.returncode, result.stdout) == (1, ""), result
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()[-1].removeprefix("Error: ")


def test_a_whole_tenant(stand_in: GraphStandIn, tmp_path: Path) -> None:
    stand_in.troubles = [None, throttled(Retry_After="1"), None, cut]
    result = check(stand_in, "--json", "--csv-out", tmp_path / "out.csv")
    assert result.returncode == 1, "most of them are behind"
    found = json.loads(result.stdout)
    assert found["incomplete"] == []
    assert found["summary"]["devices"] == 40 * (WINDOWS_11 + WINDOWS_10)
    assert sum(found["summary"]["skipped"].values()) == 40 * PHONES
    assert found["summary"]["releases"] == {
        "Windows 10 22H2": 40 * WINDOWS_10,
        "Windows 11 25H2": 40 * WINDOWS_11,
    }
    assert {each["servicing"] for each in found["results"]} == {"Enterprise/Education"}
    lines = result.stderr.splitlines()
    assert lines[0] == f"Reading devices from {stand_in.url}"
    assert lines[1] == "Graph answers 429: trying again in 1 s"
    assert lines[2].startswith("Graph cannot be reached: ")
    assert lines[3] == "Devices read: 40, on pages: 4"
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({each["id"] for each in rows}) == 40
    assert rows[0]["osVersion"] == "10.0.26200.8655"
    assert rows[0]["osimages.release"] == "Windows 11 25H2"


def test_the_same_devices_as_a_file_give_the_same_answer(stand_in: GraphStandIn, tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    file.write_text(json.dumps({"value": [stand_in.device(number) for number in range(40)]}), encoding="utf-8")
    by_graph = json.loads(check(stand_in, "--json").stdout)
    by_file = json.loads(osimages("check", "--json-file", file, "--json", *TODAY).stdout)
    assert by_graph["results"] == by_file["results"]
    assert by_graph["summary"] == by_file["summary"]


def test_exit_codes_and_a_filter(stand_in: GraphStandIn) -> None:
    assert check(stand_in, "--max-behind", "12", "--filter", "operatingSystem eq 'Windows'").returncode == 1
    stand_in.device = lambda number: {"id": str(number), "operatingSystem": "Windows", "osVersion": "10.0.26200.8655"}
    assert check(stand_in, "--support-only", "--filter", "operatingSystem eq 'Windows'").returncode == 0
    assert "$filter=operatingSystem%20eq%20'Windows'" in stand_in.web.asked[-1].path
    result = check(stand_in, "--filter", "operatingSystem eq 'Linux'")
    assert "Graph holds no device" in reason(result)
    stand_in.count = 0
    assert "Graph holds no device" in reason(check(stand_in))


def test_v1_reads_no_edition_and_says_so(stand_in: GraphStandIn) -> None:
    result = check(stand_in, "--json", url=stand_in.web.url + "/v1.0")
    assert "v1.0 of Graph does not have the editions of devices; beta has them." in result.stderr
    assert json.loads(result.stdout)["summary"]["devices"] == 36


@pytest.mark.parametrize("trouble", [throttled(Retry_After="3600"), broken(403)])
def test_a_fleet_of_which_a_part_is_missing(stand_in: GraphStandIn, tmp_path: Path, trouble: Any) -> None:
    """Standard error, JSON and exit code report it as incomplete."""
    stand_in.device = lambda number: {"id": str(number), "operatingSystem": "Windows", "osVersion": "10.0.26200.8655"}
    stand_in.troubles = [None, None, *[trouble] * 20]
    result = check(stand_in, "--json", "--support-only")
    assert result.returncode == 1
    found = json.loads(result.stdout)
    assert found["summary"]["devices"] == 20
    assert found["incomplete"][0].startswith("only the first 20 devices could be read: http")
    assert "only the first 20 devices could be read" in result.stderr


def test_items_that_are_no_devices_are_counted(stand_in: GraphStandIn) -> None:
    stand_in.page = lambda number, document: document | {"value": [*document["value"], None, [1], "26200.8655", 5]}
    found = json.loads(check(stand_in, "--json").stdout)
    assert found["summary"]["rejected"] == 16
    assert found["rejected"][0]["line"] == 11


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--csv", "x.csv"), "name several inputs"),
        (("--graph-url", "nonsense"), "'nonsense' is no address of a server"),
        (("--graph-url", "http://graph.microsoft.com"), "a token is sent over HTTPS only"),
        (("--cloud", "mars"), "Invalid value for '--cloud'"),
    ],
)
def test_usage_errors(arguments: tuple[str, ...], message: str) -> None:
    result = without_token(*arguments, OSIMAGES_GRAPH_TOKEN="x")
    assert (result.returncode, result.stdout) == (2, "")
    assert message in " ".join(result.stderr.split())


def test_graph_options_need_graph() -> None:
    for arguments in (("--filter", "x"), ("--cloud", "usgov")):
        result = osimages("check", "26200.8655", *arguments)
        assert (result.returncode, "--cloud and --filter are about --graph" in result.stderr) == (2, True)
    assert osimages("check", "26200.8655", *TODAY, OSIMAGES_GRAPH_URL="http://127.0.0.1:1").returncode == 1


def test_errors_of_the_first_page(stand_in: GraphStandIn) -> None:
    assert "answers 401" in reason(check(stand_in, token="expired"))
    stand_in.troubles = [lambda given: error(403, "Forbidden", "no")]
    assert "DeviceManagementManagedDevices.Read.All" in reason(check(stand_in))
    assert "OSIMAGES_GRAPH_TOKEN is no token" in reason(check(stand_in, token="a b"))
    assert "Resource not found for the segment" in reason(check(stand_in, url=f"{stand_in.url}/x"))
    assert "cannot be reached" in reason(check(stand_in, url="http://127.0.0.1:1"))


# A module of this name comes before the one that is installed.
FAKE = """
import collections, json, os

class DefaultAzureCredential:
    def __init__(self, **options):
        self.options = options

    def get_token(self, *scopes, **options):
        with open(os.environ["SEEN"], "a") as file:
            print(json.dumps([self.options, scopes]), file=file)
        return collections.namedtuple("AccessToken", "token expires_on")("a-token-for-tests", 9999999999)
"""


def fake_identity(folder: Path, text: str) -> dict[str, str]:
    """Variables with which azure.identity is a module of the test's own."""
    (folder / "azure" / "identity").mkdir(parents=True)
    (folder / "azure" / "identity" / "__init__.py").write_text(text, encoding="utf-8")
    return {"PYTHONPATH": str(folder), "SEEN": str(folder / "seen.json"), "AZURE_AUTHORITY_HOST": ""}


def test_without_azure_identity(tmp_path: Path) -> None:
    variables = fake_identity(tmp_path, "raise ImportError('not here')")
    message = reason(without_token(**variables))
    assert "azure-identity is not installed" in message
    assert "-m pip install 'azure-identity>=1.25'" in message
    assert "OSIMAGES_GRAPH_TOKEN" in message


@pytest.mark.parametrize(
    ("arguments", "authority", "scope"),
    [
        ((), None, "https://127.0.0.1/.default"),
        (("--cloud", "usgov"), "https://login.microsoftonline.us", "https://graph.microsoft.us/.default"),
        (("--cloud", "global"), "https://login.microsoftonline.com", "https://graph.microsoft.com/.default"),
    ],
)
def test_whose_token(
    stand_in: GraphStandIn, tmp_path: Path, arguments: tuple[str, ...], authority: str | None, scope: str
) -> None:
    """One for the server of the URL, or for Graph in the cloud that is named."""
    variables = fake_identity(tmp_path, FAKE)
    result = without_token("--graph-url", stand_in.url, *TODAY, *arguments, **variables)
    assert "Devices read: 40" in result.stderr
    seen = [json.loads(line) for line in (tmp_path / "seen.json").read_text().splitlines()]
    assert len(seen) == 1, "one token for all pages"
    options, scopes = seen[0]
    assert (options.get("authority"), scopes) == (authority, [scope])


@pytest.mark.parametrize(
    ("cloud", "root"), [("usgov", "https://graph.microsoft.us"), ("china", "https://microsoftgraph.chinacloudapi.cn")]
)
def test_the_graph_of_a_cloud(tmp_path: Path, cloud: str, root: str) -> None:
    """Nothing is sent: the proxy of the environment is not there."""
    variables = fake_identity(tmp_path, FAKE) | {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": ""}
    result = without_token("--cloud", cloud, **variables)
    assert f"Reading devices from {root}/beta" in result.stderr
    assert "cannot be reached" in reason(result)
    assert json.loads((tmp_path / "seen.json").read_text().splitlines()[0])[1] == [f"{root}/.default"]


def test_without_a_credential(stand_in: GraphStandIn, tmp_path: Path) -> None:
    text = FAKE.replace("return ", "raise OSError('a\\nb') or ")
    message = reason(without_token("--graph-url", stand_in.url, **fake_identity(tmp_path, text)))
    assert message.startswith("no token for https://127.0.0.1: a b. Sign in (az login), or set AZURE_TENANT_ID")
    assert message.endswith(", or put a token into OSIMAGES_GRAPH_TOKEN")


def test_with_the_emulator_and_azure_identity_over_https(tmp_path: Path) -> None:
    """The token is one of the emulator of Entra ID that osimages has, by the installed azure-identity."""
    authority = trustme.CA()
    with running(tmp_path / "server") as server, graph_stand_in(40, authority=authority, token="") as stand_in:
        told = output("env", "--data-dir", server.data_dir)
        exported = dict(line.removeprefix("export ").split("=", 1) for line in told.splitlines() if "=" in line)
        variables = {name: shlex.split(value)[0] for name, value in exported.items() if "TOKEN" not in name}
        bundle = tmp_path / "roots.pem"
        bundle.write_bytes(Path(variables["SSL_CERT_FILE"]).read_bytes() + authority.cert_pem.bytes())
        variables["SSL_CERT_FILE"] = str(bundle)
        result = without_token("--graph-url", stand_in.url, *TODAY, **variables)
        assert "Devices read: 40" in result.stderr, result.stderr
        assert stand_in.web.asked[0].headers["authorization"].count(".") == 2


def test_a_check_of_a_file_loads_no_client(tmp_path: Path) -> None:
    (tmp_path / "devices.json").write_text('[{"osVersion": "10.0.26200.8655"}]', encoding="utf-8")
    program = (
        "import sys; from osimages.cli import main\n"
        "try: main(['check', '--json-file', sys.argv[1]], standalone_mode=False)\n"
        "except SystemExit: pass\n"
        "sys.exit(bool({'httpx', 'azure', 'osimages.graph.client'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "devices.json")], check=False)
    assert done.returncode == 0
