"""checkBuild and checkBuilds over HTTP: the answers of `osimages check`, in OData's form."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from osimages.graph.check_operations import BUILD_CHECK, FAMILY, PATCH_STATE, SUPPORT_END, SUPPORT_STATE, UPDATE_FACT
from osimages.odata.model.types import ComplexType
from osimages.windows.checks.answers import Answer, End, Fact, Family, Patch, Support
from osimages.windows.checks.checker import Checker
from osimages.windows.facts import bundled
from tests.support.api import IMAGES, READ, WRITE, Api, body_of, connected, refused, token
from tests.support.server import Server, running

DAY = date(2026, 11, 23)
TYPE = "#microsoft.graph.managedDeviceWindowsBuildCheck"


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("check"), "--http", "--today", str(DAY), "--empty") as started:
        yield started


@pytest.fixture
def on(dated: Server) -> Iterator[Api]:
    with connected(dated.url, "11111111-2222-4333-8444-555555555555", dated.data_dir) as client:
        yield client


def expected(build: str, edition: str | None = None, day: date = DAY, esu: str | None = None) -> Any:
    return msgspec.json.decode(msgspec.json.encode(Checker(bundled(), day).check(build, edition, esu)))


def test_one_build_is_answered_as_the_command_answers(on: Api) -> None:
    body = body_of(on.get(f"{IMAGES}/checkBuild(buildVersion='10.0.26100.9445')"))
    assert body.pop("@odata.context").endswith("/beta/$metadata#microsoft.graph.managedDeviceWindowsBuildCheck")
    assert body.pop("@odata.type") == TYPE
    assert body == expected("10.0.26100.9445")


@pytest.mark.parametrize(
    ("arguments", "edition", "day"),
    [
        ("buildVersion='26100.9445',edition='Pro'", "Pro", DAY),
        ("edition='EnterpriseS',buildVersion='26100.9445'", "EnterpriseS", DAY),
        ("buildVersion='26100.9445',date=2026-10-13", None, date(2026, 10, 13)),
        ("buildVersion='26100.9445',edition='Pro',date='2026-10-13'", "Pro", date(2026, 10, 13)),
        ("buildVersion='26100.9445',edition=null", None, DAY),
        ("BUILDVERSION='26100.9445'", None, DAY),
        ("buildVersion=@b,edition=@e)?@b='26100.9445'&@e='Pro'&$format=json&x=(1", "Pro", DAY),
        ("buildVersion=@b)?@b='26100.9445'&x=(1", None, DAY),
    ],
)
def test_arguments_in_every_form(on: Api, arguments: str, edition: str | None, day: date) -> None:
    tail = "" if "?" in arguments else ")"
    body = body_of(on.get(f"{IMAGES}/checkBuild({arguments}{tail}"))
    assert {name: value for name, value in body.items() if "@" not in name} == expected("26100.9445", edition, day)


@pytest.mark.parametrize(
    "build", ["Windows 11, version 24H2", "O'Brien's build", "10.0 (26100)", "", "a/b?c#d%", "ü" * 512]
)
def test_any_text_may_be_asked_for(on: Api, build: str) -> None:
    doubled = quote(build.replace("'", "''"), safe="")
    reply = on.get(f"{IMAGES}/microsoft.graph.checkBuild(buildVersion='{doubled}')")
    assert reply.status_code == 200, reply.text
    assert body_of(reply)["asked"] == build
    assert body_of(reply)["support"] == expected(build)["support"]


def test_a_product_may_stand_for_the_edition(on: Api) -> None:
    body = body_of(on.get(f"{IMAGES}/checkBuild(buildVersion='14393.9688',edition='Windows Server 2016')"))
    assert (body["release"], body["family"], body["support"]) == ("Windows Server 2016", "server", "supported")
    assert not any("edition" in each for each in body["notes"])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("('26100.9445')", "BadRequest", "checkBuild(buildVersion=..., edition=..., esu=..., date=...)."),
        ("(buildVersion='1',buildVersion='2')", "BadRequest", "is called as"),
        ("(buildVersion='1',)", "BadRequest", "is called as"),
        ("(build='26100.9445')", "BadRequest", "checkBuild has no parameter 'build'"),
        ("(buildVersion=26100.9445)", "BadRequest", "The value of 'buildVersion' is a text in single quotes."),
        ("(edition='Pro')", "ModelValidationFailure", "The required property 'buildVersion' is missing."),
        ("(buildVersion=null)", "ModelValidationFailure", "does not allow null values"),
        ("(buildVersion=@nowhere,edition='Pro')", "ModelValidationFailure", "does not allow null values"),
        ("(buildVersion='1',date=tomorrow)", "ModelValidationFailure", "Cannot convert the literal 'tomorrow'"),
        (f"(buildVersion='{'x' * 513}')", "ModelValidationFailure", "at most 512 characters"),
        ("(buildVersion='1')?$filter=true", "BadRequest", "Invalid"),
    ],
)
def test_bad_calls_say_what_is_wrong(on: Api, arguments: str, code: str, said: str) -> None:
    assert said in refused(on.get(f"{IMAGES}/checkBuild{arguments}"), 400, code)["message"]


def test_many_at_once(on: Api) -> None:
    builds = [
        {"buildVersion": "26100.9445", "edition": "Pro"},
        {"buildVersion": "26200.9711"},
        {"buildVersion": "what"},
    ]
    body = body_of(on.http.post(f"{IMAGES}/checkBuilds", json={"builds": builds}))
    assert body["@odata.context"].endswith("$metadata#Collection(microsoft.graph.managedDeviceWindowsBuildCheck)")
    assert [each.pop("@odata.type") for each in body["value"]] == [TYPE] * 3
    assert body["value"] == [expected("26100.9445", "Pro"), expected("26200.9711"), expected("what")]
    dated = on.http.post(f"{IMAGES}/checkBuilds", json={"builds": builds[:1], "date": "2026-10-01"})
    assert body_of(dated)["value"][0]["support"] == "supported"
    assert body_of(on.http.post(f"{IMAGES}/checkBuilds()", json={"builds": []}))["value"] == []


@pytest.mark.parametrize("esu", ["commercial", "consumer", "no", "commercial, year 1", ""])
def test_extended_security_updates_are_a_parameter(on: Api, esu: str) -> None:
    body = body_of(on.get(f"{IMAGES}/checkBuild(buildVersion='19045.7846',edition='Pro',esu='{esu}')"))
    assert {name: value for name, value in body.items() if "@" not in name} == expected("19045.7846", "Pro", esu=esu)
    assert body["isSupported"] == (esu in ("commercial", "consumer"))
    for many in (
        {"builds": [{"buildVersion": "19045.7846", "edition": "Pro", "esu": esu}]},
        {"builds": [{"buildVersion": "19045.7846", "edition": "Pro"}], "esu": esu},
        {"builds": [{"buildVersion": "19045.7846", "edition": "Pro", "esu": esu or None}], "esu": "no"},
    ):
        (found,) = body_of(on.http.post(f"{IMAGES}/checkBuilds", json=many))["value"]
        assert found["isSupported"] == body["isSupported"]


def test_unknown_extended_security_updates_are_rejected(on: Api) -> None:
    said = "'gold' names no Extended Security Updates: commercial, consumer or no"
    reply = on.get(f"{IMAGES}/checkBuild(buildVersion='19045.7846',esu='gold')")
    assert said in refused(reply, 400, "ModelValidationFailure")["message"]
    for body in (
        {"builds": [{"buildVersion": "1", "esu": "gold"}]},
        {"builds": [{"buildVersion": "1"}], "esu": "gold"},
        {"builds": [], "esu": "gold"},
    ):
        reply = on.http.post(f"{IMAGES}/checkBuilds", json=body)
        assert said in refused(reply, 400, "ModelValidationFailure")["message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "The required property 'builds' is missing."),
        ([], "A 'StartObject' node was expected."),
        ({"builds": ["26100.9445"]}, "A 'StartObject' node was expected. Property 'builds' at $.builds[0]."),
        ({"builds": [{"edition": "Pro"}]}, "The required property 'buildVersion' is missing."),
        ({"builds": [{"buildVersion": 7}]}, "Cannot convert the literal '7'"),
        ({"builds": [], "more": 1}, "The property 'more' does not exist"),
        ({"builds": [{"buildVersion": "1"}] * 1001}, "A collection has at most 1000 items, this one has 1001."),
        ({"builds": [], "date": "yesterday"}, "Cannot convert the literal 'yesterday'"),
    ],
)
def test_bad_bodies_say_what_is_wrong(on: Api, body: Any, said: str) -> None:
    assert said in refused(on.http.post(f"{IMAGES}/checkBuilds", json=body), 400, "ModelValidationFailure")["message"]


def test_reading_is_permission_enough_and_none_is_not(on: Api, dated: Server) -> None:
    for permission, status in ((READ, 200), (WRITE, 200), ("User.Read", 403)):
        client = on.with_token(token(dated.data_dir, on.tenant, (permission,)))
        assert client.get(f"{IMAGES}/checkBuild(buildVersion='1')").status_code == status
        assert client.http.post(f"{IMAGES}/checkBuilds", json={"builds": []}).status_code == status


def test_other_verbs_and_other_places(on: Api) -> None:
    for reply in (
        on.http.post(f"{IMAGES}/checkBuild(buildVersion='1')"),
        on.get(f"{IMAGES}/checkBuilds"),
        on.http.delete(f"{IMAGES}/checkBuilds"),
    ):
        refused(reply, 400, "No method match route template")
    refused(on.get(f"{IMAGES}/checkBuild(buildVersion='1')/id"), 400, "BadRequest")
    assert on.get("/v1.0/deviceManagement/checkBuild(buildVersion='1')").status_code == 400


def test_an_image_of_that_name_can_still_be_had(on: Api) -> None:
    for key in ("checkBuilds", "checkBuild(buildVersion='1')"):
        on.create(id=key)
        doubled = quote(key.replace("'", "''"), safe="")
        image = on.get(f"{IMAGES}('{doubled}')", Accept="application/json;odata.metadata=full")
        assert body_of(image)["id"] == key
        assert on.get(body_of(image)["@odata.id"].removeprefix(str(on.http.base_url))).json()["id"] == key


def test_without_metadata_there_is_none(on: Api) -> None:
    path = f"{IMAGES}/checkBuild(buildVersion='1')"
    body = body_of(on.get(path, Accept="application/json;odata.metadata=none"))
    assert not any("@" in name for name in body)
    assert "@type" in body_of(on.get(path, **{"OData-MaxVersion": "4.01"}))


def test_it_can_be_asked_for_in_a_batch(on: Api) -> None:
    path = "/deviceManagement/managedDeviceWindowsOSImages"
    requests = [
        {"id": "1", "method": "GET", "url": f"{path}/checkBuild(buildVersion='26200.9711')"},
        {
            "id": "2",
            "method": "POST",
            "url": f"{path}/checkBuilds",
            "headers": {"Content-Type": "application/json"},
            "body": {"builds": [{"buildVersion": "26200.9711"}]},
        },
    ]
    answers = {
        each["id"]: each for each in body_of(on.http.post("/beta/$batch", json={"requests": requests}))["responses"]
    }
    assert answers["1"]["body"]["release"] == "Windows 11 25H2"
    assert answers["2"]["body"]["value"][0]["release"] == "Windows 11 25H2"


@pytest.mark.parametrize(
    ("declared", "struct"),
    [(BUILD_CHECK, Answer), (SUPPORT_END, End), (UPDATE_FACT, Fact)],
    ids=["answer", "end", "fact"],
)
def test_what_is_declared_is_what_is_answered(declared: ComplexType, struct: type[msgspec.Struct]) -> None:
    fields = msgspec.structs.fields(struct)
    assert [each.name for each in declared.properties] == [each.encode_name for each in fields]
    for each, found in zip(declared.properties, fields, strict=True):
        assert each.nullable == (type(None) in getattr(found.type, "__args__", ())), each.name
        assert each.collection == (getattr(found.type, "__origin__", None) is tuple), each.name


def test_states_are_declared() -> None:
    assert {each.name for each in SUPPORT_STATE.members} == set(Support)
    assert {each.name for each in PATCH_STATE.members} == set(Patch)
    assert {each.name for each in FAMILY.members} == set(Family)
