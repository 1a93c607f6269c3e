"""Every decision where the sources conflict or are silent (docs/deviations.md), against a real server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.api import IMAGE_TYPE, IMAGES, Api, body_of, refused

pytestmark = pytest.mark.databases("sqlite", "postgresql")

EDITION = {"editionType": "professional", "supportEndDate": "2026-10-13"}
UPDATE = {"buildVersion": "10.0.26100.9711", "releaseMonth": 10, "releaseYear": 2026}
JSON = {"Content-Type": "application/json"}
COLLECTIONS = ("supportedEditions", "supportedArchitectures", "availableUpdates")


def test_a_given_id_is_used_and_a_taken_one_refused(api: Api) -> None:
    assert api.create(id="Windows 11 22H1")["id"] == "Windows 11 22H1"
    error = refused(api.http.post(IMAGES, json={"id": "Windows 11 22H1"}), 409, "nameAlreadyExists")
    assert "Windows 11 22H1" in error["message"]
    assert api.create(id="windows 11 22h1")["id"] == "windows 11 22h1", "keys are case-sensitive"


@pytest.mark.parametrize("key", ["", "x" * 513, None, 5, "a\u0000b"])
def test_an_id_that_cannot_be_a_key_is_refused(api: Api, key: object) -> None:
    refused(api.http.post(IMAGES, json={"id": key}), 400, "ModelValidationFailure")
    assert api.ids() == []


def test_collections_left_out_are_empty(api: Api) -> None:
    body = api.create(id="a")
    assert {name: body[name] for name in COLLECTIONS} == {name: [] for name in COLLECTIONS}


@pytest.mark.parametrize("name", COLLECTIONS)
def test_a_null_collection_is_refused(api: Api, name: str) -> None:
    error = refused(api.http.post(IMAGES, json={name: None}), 400, "ModelValidationFailure")
    assert name in error["message"]
    api.create(id="a")
    refused(api.http.patch(f"{IMAGES}/a", json={name: None}), 400, "ModelValidationFailure")


def test_a_given_collection_replaces_the_old_one_whole(api: Api) -> None:
    api.create(id="a", supportedEditions=[EDITION, EDITION | {"editionType": "education"}], availableUpdates=[UPDATE])
    body = body_of(api.http.patch(f"{IMAGES}/a", json={"supportedEditions": [EDITION]}))
    assert [each["editionType"] for each in body["supportedEditions"]] == ["professional"]
    assert len(body["availableUpdates"]) == 1
    assert api.ids("$filter=supportedEditions/any(e:e/editionType eq 'education')") == []
    assert api.ids("$filter=supportedEditions/any(e:e/editionType eq 'professional')") == ["a"]


@pytest.mark.parametrize(
    ("given", "canonical"),
    [("ARM64", "arM64"), ("arm64", "arM64"), ("X86", "x86"), ("arm", "arm"), ("Unknown", "unknown")],
)
def test_enum_input_is_taken_in_any_case_and_answered_in_the_declared_one(api: Api, given: str, canonical: str) -> None:
    assert api.create(supportedArchitectures=[given])["supportedArchitectures"] == [canonical]


@pytest.mark.parametrize(("given", "canonical"), [("2", "x64"), ("4", "arM64"), ("0", "unknown"), ("+1", "x86")])
def test_members_may_be_given_by_number(api: Api, given: str, canonical: str) -> None:
    assert api.create(id="a", supportedArchitectures=[given])["supportedArchitectures"] == [canonical]
    assert api.ids(f"$filter=supportedArchitectures/any(a:a eq '{canonical}')") == ["a"]
    assert api.ids(f"$filter=supportedArchitectures/any(a:a eq '{given.lstrip('+')}')") == ["a"]
    put = api.http.put(f"{IMAGES}/a/supportedArchitectures", json={"value": [given, "arm"]})
    assert put.status_code == 204
    assert body_of(api.get(f"{IMAGES}/a/supportedArchitectures"))["value"] == [canonical, "arm"]


@pytest.mark.parametrize("number", ["5", "-1", "2.0", "1,2", "99999999999999999999"])
def test_numbers_of_no_member_are_refused(api: Api, number: str) -> None:
    refused(api.http.post(IMAGES, json={"supportedArchitectures": [number]}), 400, "ModelValidationFailure")
    query = f"$filter=supportedArchitectures/any(a:a eq '{number}')"
    assert "whose members are unknown, x86" in refused(api.get(f"{IMAGES}?{query}"), 400, "BadRequest")["message"]


@pytest.mark.parametrize("month", ["9.0", "9e0", "0.9E1", "90e-1", "9.000000000000000000000"])
def test_integers_may_be_sent_as_floating_point_numbers(api: Api, month: str) -> None:
    body = (
        f'{{"id": "a", "availableUpdates": [{{"buildVersion": "1", "releaseMonth": {month}, "releaseYear": 2026.0}}]}}'
    )
    made = api.http.post(IMAGES, content=body, headers=JSON)
    assert made.status_code == 201, made.text
    assert '"releaseMonth":9,"releaseYear":2026' in made.text
    assert api.ids("$filter=availableUpdates/any(u:u/releaseMonth eq 9 and u/releaseYear eq 2026.0)") == ["a"]
    item = (
        f'{{"id": "1", "method": "PUT", "url": "/deviceManagement/managedDeviceWindowsOSImages/a", "headers": '
        f'{{"Content-Type": "application/json"}}, "body": {body}}}'
    )
    (reply,) = body_of(api.http.post("/beta/$batch", content=f'{{"requests": [{item}]}}', headers=JSON))["responses"]
    assert reply["body"]["availableUpdates"][0]["releaseMonth"] == 9


@pytest.mark.parametrize("month", ["9.5", "9.0000000000000000001", "1e400", "-1e400", "1e-400", "13.0", "0.0"])
def test_what_is_no_integer_or_out_of_bounds_is_refused(api: Api, month: str) -> None:
    body = f'{{"availableUpdates": [{{"buildVersion": "1", "releaseMonth": {month}, "releaseYear": 2026}}]}}'
    refused(api.http.post(IMAGES, content=body, headers=JSON), 400, "ModelValidationFailure")
    assert api.ids() == []


def test_names_are_in_any_case_in_queries_and_as_declared_in_bodies(api: Api) -> None:
    api.create(id="a", supportedArchitectures=["x64"])
    assert api.ids("$filter=SUPPORTEDARCHITECTURES/any(x:x eq 'X64') and ID eq 'a'&$orderby=Id&$select=iD") == ["a"]
    error = refused(api.http.post(IMAGES, json={"SupportedArchitectures": []}), 400, "ModelValidationFailure")
    assert "SupportedArchitectures" in error["message"]
    refused(api.http.patch(f"{IMAGES}/a", json={"ID": "a"}), 400, "ModelValidationFailure")


@pytest.mark.parametrize("edition", ["unknownFutureValue", "10", "home", "", 0, None])
def test_members_that_are_none_are_refused(api: Api, edition: object) -> None:
    body = {"supportedEditions": [EDITION, EDITION | {"editionType": edition}]}
    error = refused(api.http.post(IMAGES, json=body), 400, "ModelValidationFailure")
    assert "$.supportedEditions[1].editionType" in error["message"]
    assert error["innerError"]["message"] == error["message"]
    assert api.ids() == []


@pytest.mark.parametrize(
    "day", ["2026-02-29", "2026-13-01", "2026-1-1", "20261013", "2026-10-13T00:00:00Z", " 2026-10-13", "", 0, None]
)
def test_a_date_is_a_day_and_nothing_else(api: Api, day: object) -> None:
    body = {"supportedEditions": [EDITION | {"supportEndDate": day}]}
    error = refused(api.http.post(IMAGES, json=body), 400, "ModelValidationFailure")
    assert "supportEndDate" in error["message"]


@pytest.mark.parametrize(
    ("name", "good", "bad"), [("releaseMonth", [1, 12], [0, 13, -1]), ("releaseYear", [1, 11, 9999], [0, 10000, -1])]
)
def test_months_and_years_have_bounds(api: Api, name: str, good: list[int], bad: list[int]) -> None:
    for number in good:
        assert api.create(availableUpdates=[UPDATE | {name: number}])["availableUpdates"][0][name] == number
    for wrong in (*bad, "10", 10.5, None, True, 2**40):
        reply = api.http.post(IMAGES, json={"availableUpdates": [UPDATE | {name: wrong}]})
        assert name in refused(reply, 400, "ModelValidationFailure")["message"]


def test_what_was_read_can_be_sent_back(api: Api) -> None:
    api.create(id="a", supportedEditions=[EDITION])
    read = body_of(api.get(f"{IMAGES}/a"))
    read["supportedEditions"][0]["supportEndDate"] = "2027-01-01"
    changed = body_of(api.http.patch(f"{IMAGES}/a", json=read))
    assert changed["supportedEditions"][0]["supportEndDate"] == "2027-01-01"


def test_another_id_in_a_change_is_refused(api: Api) -> None:
    api.create(id="a")
    error = refused(api.http.patch(f"{IMAGES}/a", json={"id": "b"}), 400, "ModelValidationFailure")
    assert "'a'" in error["message"]
    assert "'b'" in error["message"]
    assert api.ids() == ["a"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"foo": 1}, "$.foo"),
        ({"supported_editions": []}, "$.supported_editions"),
        ({"supportedEditions": [{**EDITION, "x": 1}]}, "$.supportedEditions[0].x"),
        ({"supportedEditions": [{"editionType": "education"}]}, "$.supportedEditions[0].supportEndDate"),
        ({"supportedEditions": {}}, "$.supportedEditions"),
        ({"supportedArchitectures": "x64"}, "$.supportedArchitectures"),
        ({"supportedArchitectures": [{}]}, "$.supportedArchitectures[0]"),
        ({"availableUpdates": [[]]}, "$.availableUpdates[0]"),
        ({"availableUpdates": [UPDATE | {"buildVersion": 10}]}, "$.availableUpdates[0].buildVersion"),
        ([], "$"),
        ("text", "$"),
        (None, "$"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_nothing_is_stored(api: Api, body: Any, place: str) -> None:
    error = refused(api.http.post(IMAGES, content=json.dumps(body), headers=JSON), 400, "ModelValidationFailure")
    assert error["target"] == place
    assert place in error["message"]
    assert api.ids() == []


def test_types_may_be_named_with_and_without_hash_but_must_be_right(api: Api) -> None:
    edition_type = "microsoft.graph.managedDeviceWindowsOperatingSystemEdition"
    for prefix, spelled in (("", str), ("#", str), ("#", str.upper), ("", str.lower)):
        api.create(
            **{"@odata.type": prefix + spelled(IMAGE_TYPE[1:])},
            supportedEditions=[EDITION | {"@odata.type": prefix + spelled(edition_type)}],
        )
    wrong = {"@odata.type": "#microsoft.graph.device"}
    refused(api.http.post(IMAGES, json=wrong), 400, "ModelValidationFailure")
    assert len(api.ids()) == 4


@pytest.mark.parametrize(
    "text",
    [
        "foo eq 1",
        "id",
        "id eq 5",
        "supportedEditions eq 'x'",
        "supportedArchitectures/any(a:a eq 'x128')",
        "id eq 'a",
        "",
    ],
)
def test_a_filter_on_what_does_not_exist_is_refused(api: Api, text: str) -> None:
    api.create(id="a")
    error = refused(api.get(f"{IMAGES}?$filter={text}"), 400, "BadRequest")
    assert error["message"].startswith("Invalid filter clause: ")
    assert error["target"] == "$filter"


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("PUT", "", "~/singleton/navigation"),
        ("TRACE", "/a", "~/singleton/navigation/key"),
        ("POST", "/a", "~/singleton/navigation/key"),
        ("DELETE", "", "~/singleton/navigation"),
        ("PATCH", "", "~/singleton/navigation"),
        ("POST", "/a/getAllManagedDeviceWindowsOSImages", "~/singleton/navigation/key/action"),
        ("PATCH", "/a/supportedEditions", "~/singleton/navigation/key/property"),
        ("DELETE", "/$count", "~/singleton/navigation/$count"),
    ],
)
def test_a_verb_that_a_path_does_not_have(api: Api, method: str, path: str, template: str) -> None:
    api.create(id="a")
    error = refused(api.http.request(method, f"{IMAGES}{path}", json={}), 400, "No method match route template")
    assert error["message"] == (
        f"No OData route exists that match template {template} with http verb {method} for request {IMAGES}{path}."
    )
    assert api.ids() == ["a"]


def test_the_function_of_an_unknown_image(api: Api) -> None:
    api.create(id="a")
    refused(api.get(f"{IMAGES}/b/getAllManagedDeviceWindowsOSImages"), 404, "ResourceNotFound")


def test_etags_and_conditions(api: Api) -> None:
    first = api.http.post(IMAGES, json={"id": "a"}).headers["etag"]
    assert first.startswith('W/"')
    assert api.get(f"{IMAGES}/a").headers["etag"] == first
    assert api.get(f"{IMAGES}/a", **{"If-None-Match": first}).status_code == 304
    assert api.get(f"{IMAGES}/a", **{"If-None-Match": "*"}).status_code == 304
    change = {"supportedArchitectures": ["x64"]}
    second = api.http.patch(f"{IMAGES}/a", json=change, headers={"If-Match": first}).headers["etag"]
    assert second != first
    assert api.get(f"{IMAGES}/a", **{"If-None-Match": first}).status_code == 200
    refused(api.get(f"{IMAGES}/a", **{"If-Match": first}), 412, "resourceModified")
    stale = {"If-Match": first}
    refused(api.http.patch(f"{IMAGES}/a", json={"supportedArchitectures": []}, headers=stale), 412, "resourceModified")
    refused(api.http.delete(f"{IMAGES}/a", headers=stale), 412, "resourceModified")
    assert body_of(api.get(f"{IMAGES}/a"))["supportedArchitectures"] == ["x64"]
    same = api.http.patch(f"{IMAGES}/a", json=change, headers={"If-Match": f'"other", {second}'})
    assert same.headers["etag"] == second, "a change that changes nothing is none"
    assert api.http.delete(f"{IMAGES}/a", headers={"If-Match": "*"}).status_code == 204
