"""Query options against a real server: what they find, and how they are refused."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.support.api import IMAGES, Api, body_of, connected, refused
from tests.support.server import running

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
def fleet(api: Api) -> Api:
    """Four images that differ in editions, architectures and updates."""
    api.create(
        id="Windows 10 22H2",
        supportedEditions=[
            {"editionType": "professional", "supportEndDate": "2025-10-14"},
            {"editionType": "enterprise", "supportEndDate": "2025-10-14"},
        ],
        supportedArchitectures=["x86", "x64", "arM64"],
        availableUpdates=[{"buildVersion": "10.0.19045.6456", "releaseMonth": 10, "releaseYear": 2025}],
    )
    api.create(
        id="Windows 11 23H2",
        supportedEditions=[
            {"editionType": "professional", "supportEndDate": "2025-11-11"},
            {"editionType": "enterprise", "supportEndDate": "2026-11-10"},
        ],
        supportedArchitectures=["x64", "arM64"],
        availableUpdates=[{"buildVersion": "10.0.22631.6199", "releaseMonth": 11, "releaseYear": 2025}],
    )
    api.create(
        id="Windows 11 24H2",
        supportedEditions=[
            {"editionType": "professional", "supportEndDate": "2026-10-13"},
            {"editionType": "enterprise", "supportEndDate": "2027-10-12"},
        ],
        supportedArchitectures=["x64", "arM64"],
        availableUpdates=[
            {"buildVersion": "10.0.26100.9711", "releaseMonth": 10, "releaseYear": 2026},
            {"buildVersion": "10.0.26100.9445", "releaseMonth": 9, "releaseYear": 2026},
        ],
    )
    api.create(id="100% o'clock_\\ é😀 I")
    return api


TEN, ELEVEN_23, ELEVEN_24, ODD = "Windows 10 22H2", "Windows 11 23H2", "Windows 11 24H2", "100% o'clock_\\ é😀 I"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("id eq 'Windows 11 24H2'", [ELEVEN_24]),
        ("id ne 'Windows 11 24H2'", [ODD, TEN, ELEVEN_23]),
        ("id gt 'Windows 11'", [ELEVEN_23, ELEVEN_24]),
        ("id ge 'Windows 11 24H2'", [ELEVEN_24]),
        ("id lt 'Windows 11'", [ODD, TEN]),
        ("id le 'Windows 10 22H2'", [ODD, TEN]),
        ("id in ('Windows 10 22H2','nothing','Windows 11 24H2')", [TEN, ELEVEN_24]),
        ("startswith(id,'Windows 11')", [ELEVEN_23, ELEVEN_24]),
        ("startswith(id,'windows')", []),
        ("endswith(id,'H2')", [TEN, ELEVEN_23, ELEVEN_24]),
        ("contains(id,'11 2')", [ELEVEN_23, ELEVEN_24]),
        ("contains(id,'%25')", [ODD]),
        ("contains(id,'_')", [ODD]),
        ("contains(id,'\\')", [ODD]),
        ("contains(id,'😀')", [ODD]),
        ("contains(id,'o''clock')", [ODD]),
        ("endswith(id,'')", [ODD, TEN, ELEVEN_23, ELEVEN_24]),
        ("not startswith(id,'Windows')", [ODD]),
        ("not (id eq 'Windows 10 22H2') and contains(id,'2')", [ELEVEN_23, ELEVEN_24]),
        ("id eq 'Windows 10 22H2' or id eq 'Windows 11 23H2' and false", [TEN]),
        ("(id eq 'Windows 10 22H2' or id eq 'Windows 11 23H2') and contains(id,'11')", [ELEVEN_23]),
        ("supportedArchitectures/any(a:a eq 'arM64')", [TEN, ELEVEN_23, ELEVEN_24]),
        ("supportedArchitectures/any(a:a eq 'ARM64')", [TEN, ELEVEN_23, ELEVEN_24]),
        ("supportedArchitectures/any(a:a eq microsoft.graph.managedDeviceArchitecture'x86')", [TEN]),
        ("supportedArchitectures/any(a:a in ('x86','arm'))", [TEN]),
        ("supportedArchitectures/any(a:a eq '1')", [TEN]),
        ("supportedArchitectures/any(a:a eq microsoft.graph.managedDeviceArchitecture'1')", [TEN]),
        ("supportedArchitectures/any(a:a in ('1','3'))", [TEN]),
        ("'1' in supportedArchitectures", [TEN]),
        ("hassubset(supportedArchitectures,['1'])", [TEN]),
        ("supportedArchitectures/any(a:a eq MICROSOFT.GRAPH.MANAGEDDEVICEARCHITECTURE'X86')", [TEN]),
        ("supportedArchitectures/any(a:a eq graph.ManagedDeviceArchitecture'x86')", [TEN]),
        ("supportedEditions/any(e:e/editionType eq '2' and e/supportEndDate ge 2026-11-23)", [ELEVEN_24]),
        (
            "cast(length(id),EDM.string) ne '15' and isof(Microsoft.GRAPH.MANAGEDDeviceWindowsOperatingSystemImage)",
            [ODD],
        ),
        ("isof('microsoft.graph.managedDeviceWindowsOperatingSystemImage') and cast(id,'Edm.String') eq 'x'", []),
        ("not isof('microsoft.graph.managedDeviceWindowsOperatingSystemImage') or isof(id,'Edm.Int32')", []),
        ("supportedArchitectures/any()", [TEN, ELEVEN_23, ELEVEN_24]),
        ("not supportedArchitectures/any()", [ODD]),
        (
            "supportedEditions/any(e:e/editionType eq 'enterprise' and e/supportEndDate ge 2026-11-23)",
            [ELEVEN_24],
        ),
        ("supportedEditions/any(e:e/supportEndDate eq 2025-10-14)", [TEN]),
        (
            "supportedEditions/any(e:e/editionType eq 'professional' and e/supportEndDate lt 2026-01-01)",
            [TEN, ELEVEN_23],
        ),
        ("availableUpdates/any(u:u/releaseYear eq 2026 and u/releaseMonth eq 9)", [ELEVEN_24]),
        ("availableUpdates/any(u:startswith(u/buildVersion,'10.0.26100.'))", [ELEVEN_24]),
        (
            "supportedArchitectures/any(a:a eq 'x64') and availableUpdates/any(u:u/releaseYear lt 2026)",
            [TEN, ELEVEN_23],
        ),
        ("availableUpdates/any(u:contains(u/buildVersion,'26100') and startswith(id,'Windows'))", [ELEVEN_24]),
        ("ID eq 'Windows 11 24H2'", [ELEVEN_24]),
    ],
)
def test_filter_finds(fleet: Api, text: str, found: list[str]) -> None:
    assert fleet.ids(f"$filter={text.replace('+', '%2B')}") == found
    assert fleet.get(f"{IMAGES}/$count?$filter={text}").text == str(len(found))


def test_a_filter_may_be_encoded_with_plus_for_spaces(fleet: Api) -> None:
    assert fleet.ids("%24filter=id+eq+%27Windows+11+24H2%27") == [ELEVEN_24]


@pytest.mark.parametrize("prefix", ["$", "", "%24"])
def test_options_with_and_without_dollar_in_any_case(fleet: Api, prefix: str) -> None:
    assert fleet.ids(f"{prefix}top=1&{prefix}Skip=1&{prefix}orderBy=id") == [TEN]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("$orderby=id", [ODD, TEN, ELEVEN_23, ELEVEN_24]),
        ("$orderby=id asc", [ODD, TEN, ELEVEN_23, ELEVEN_24]),
        ("$orderby=id desc", [ELEVEN_24, ELEVEN_23, TEN, ODD]),
        ("$top=2", [ODD, TEN]),
        ("$top=0", []),
        ("$top=99999", [ODD, TEN, ELEVEN_23, ELEVEN_24]),
        ("$skip=3", [ELEVEN_24]),
        ("$skip=4", []),
        ("$top=1&$skip=1&$orderby=id desc", [ELEVEN_23]),
        ("$top=2&$filter=contains(id,'11')&$skip=1", [ELEVEN_24]),
        ("customOption=1&another=x", [ODD, TEN, ELEVEN_23, ELEVEN_24]),
    ],
)
def test_order_top_and_skip(fleet: Api, query: str, found: list[str]) -> None:
    assert fleet.ids(query) == found


def test_count_is_of_all_that_the_filter_finds(fleet: Api) -> None:
    body = body_of(fleet.get(f"{IMAGES}?$count=true&$top=1&$filter=startswith(id,'Windows')"))
    assert body["@odata.count"] == 3
    assert len(body["value"]) == 1
    assert "@odata.count" not in body_of(fleet.get(f"{IMAGES}?$count=false"))


def test_select(fleet: Api) -> None:
    body = body_of(fleet.get(f"{IMAGES}?$select=ID,availableUpdates&$top=1"))
    assert body["@odata.context"].endswith("#deviceManagement/managedDeviceWindowsOSImages(id,availableUpdates)")
    assert {name for name in body["value"][0] if "@" not in name} == {"id", "availableUpdates"}
    whole = body_of(fleet.get(f"{IMAGES}?$select=*&$top=1"))
    assert len(whole["value"][0]) == 5


@pytest.mark.parametrize(
    ("query", "option", "told"),
    [
        ("$top=-1", "$top", "without sign"),
        ("$top=x", "$top", "number"),
        ("$skip=1.5", "$skip", "number"),
        ("$count=maybe", "$count", "'true' or 'false'"),
        ("$top=1&top=2", "$top", "more than once"),
        ("$wrong=1", "$wrong", "no such option"),
        ("$orderby=supportedEditions", "$orderby", "supportedEditions"),
        ("$orderby=nothing", "$orderby", "nothing"),
        ("$select=nothing", "$select", "Could not find a property named 'nothing' on type 'microsoft.graph."),
        ("$select=", "$select", "name of a property"),
        ("$expand=assignments", "$expand", "assignments"),
        ("$search=(", "$search", "position"),
        ("$compute=id as id", "$compute", "already a property named 'id'"),
        ("$compute=nothing as n", "$compute", "nothing"),
        ("$apply=aggregate($count)", "$apply", "and a name"),
        ("$filter=%zz", "$filter", "percent-encoding"),
        ("$filter=id eq 'a' garbage", "$filter", "position"),
    ],
)
def test_a_bad_option_is_named(fleet: Api, query: str, option: str, told: str) -> None:
    reply = fleet.get(f"{IMAGES}?{query}")
    error = refused(reply, 400, "ExpandNotSupported" if option == "$expand" else "BadRequest")
    assert error["target"] == option
    assert told in error["message"]


def test_options_that_a_target_does_not_take(fleet: Api) -> None:
    for path in (f"{IMAGES}/{ELEVEN_24}?$filter=true", f"{IMAGES}/$count?$top=1", "/beta/deviceManagement?$top=1"):
        refused(fleet.get(path), 400, "BadRequest")


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A client of a server with low limits."""
    limits = {"max_filter_nodes": "20", "max_filter_depth": "5", "max_filter_in_items": "10", "max_url_bytes": "500"}
    with (
        running(tmp_path_factory.mktemp("narrow"), "--http", "--empty", **limits) as server,
        connected(server.url, str(uuid.uuid4()), server.data_dir) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("good", "bad", "setting"),
    [
        (" or ".join(["true"] * 10), " or ".join(["true"] * 30), "max_filter_nodes"),
        ("(" * 3 + "true" + ")" * 3, "(" * 10 + "true" + ")" * 10, "max_filter_depth"),
        ("id in (" + ",".join(["'x'"] * 10) + ")", "id in (" + ",".join(["'x'"] * 11) + ")", "max_filter_in_items"),
        ("id eq '" + "x" * 300 + "'", "id eq '" + "x" * 500 + "'", "max_url_bytes"),
    ],
)
def test_too_much_is_refused_by_the_name_of_the_setting(narrow: Api, good: str, bad: str, setting: str) -> None:
    assert narrow.get(f"{IMAGES}?$filter={good}").status_code == 200
    error = refused(narrow.get(f"{IMAGES}?$filter={bad}"), 400, "BadRequest")
    assert f"(setting '{setting}')" in error["message"]


def test_much_too_much_is_refused_as_well(api: Api) -> None:
    for text in ("(" * 7000, "not " * 3000 + "true", "id eq 'x" + "'" * 15_000, "1" * 16_000, "-" * 10_000 + "1"):
        refused(api.get(f"{IMAGES}?$filter={text}"), 400, "BadRequest")
