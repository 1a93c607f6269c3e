"""OData 4.0 and 4.01, Updatable, and what Graph's guidelines say of writes."""

from __future__ import annotations

import pytest

from tests.support.api import IMAGES, Api, Json, body_of, refused

EDITION: Json = {"editionType": "enterprise", "supportEndDate": "2027-10-12"}
ONLY_NEW, ONLY_OLD = {"If-None-Match": "*"}, {"If-Match": "*"}


@pytest.mark.requirement("40-UPD-18")
def test_edit_links(api: Api) -> None:
    api.create(id="a/b")
    full = body_of(api.get(f"{IMAGES}/a%2Fb", Accept="application/json;odata.metadata=full"))
    assert api.http.patch(full["@odata.editLink"], json={"supportedArchitectures": ["x64"]}).status_code == 200
    assert body_of(api.get(full["@odata.id"]))["supportedArchitectures"] == ["x64"]


@pytest.mark.requirement("40-UPD-19", "40-UPD-27", "C-03", "U-03")
def test_an_entity_is_added_to_a_set(api: Api) -> None:
    for body, key in (({"id": "a"}, "a"), ({}, None)):
        reply = api.http.post(IMAGES, json=body)
        assert reply.status_code == 201
        assert body_of(reply)["id"] == key or key is None
        stored = body_of(api.get(reply.headers["location"]))
        assert stored == body_of(reply)
    told = api.http.post(IMAGES, json={"id": "b"}, headers={"Prefer": "return=representation"})
    assert (told.status_code, told.headers["preference-applied"]) == (201, "return=representation")
    refused(api.http.post(IMAGES, json={"id": "a"}), 409, "nameAlreadyExists")


@pytest.mark.requirement("40-UPD-23", "40-UPD-24")
@pytest.mark.parametrize("address", ["/a%20b", "('a%20b')", "(id='a%20b')", "(@k)?@k='a%20b'"])
def test_every_edit_url_takes_patch_and_delete(api: Api, address: str) -> None:
    api.create(id="a b")
    change = {"id": "a b", "supportedEditions": [EDITION]}
    assert len(body_of(api.http.patch(f"{IMAGES}{address}", json=change))["supportedEditions"]) == 1
    refused(api.http.patch(f"{IMAGES}{address}", json={"id": "c"}), 400, "ModelValidationFailure")
    assert api.http.delete(f"{IMAGES}{address}").status_code == 204
    refused(api.http.delete(f"{IMAGES}{address}"), 404, "ResourceNotFound")


@pytest.mark.requirement("40-UPD-26", "JSON-28")
@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_if_match_binds_writes(api: Api, method: str) -> None:
    tag = api.http.post(IMAGES, json={"id": "a"}).headers["etag"]
    stale = 'W/"0"'
    reply = api.http.request(method, f"{IMAGES}/a", json={}, headers={"If-Match": stale})
    refused(reply, 412, "resourceModified")
    if method != "DELETE":
        refused(api.http.request(method, f"{IMAGES}/a", json={"@odata.etag": stale}), 412, "resourceModified")
        assert api.http.request(method, f"{IMAGES}/a", json={"@odata.etag": tag}).status_code == 200
    assert api.http.request(method, f"{IMAGES}/a", json={}, headers=ONLY_OLD).is_success


@pytest.mark.requirement("40-UPD-28")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_what_is_created_without_an_answer_is_named(api: Api, method: str) -> None:
    headers = {"Prefer": "return=minimal, create-if-missing"}
    reply = api.http.request(method, IMAGES if method == "POST" else f"{IMAGES}/a", json={}, headers=headers)
    assert (reply.status_code, reply.content) == (204, b"")
    assert api.get(reply.headers["odata-entityid"]).status_code == 200
    assert reply.headers["preference-applied"] == "return=minimal"


@pytest.mark.requirement("40-UPD-29", "U-01", "U-02", "U-04", "G-16", "G-17")
def test_upsert(api: Api) -> None:
    assert api.http.put(f"{IMAGES}/a", json={}).status_code == 201
    refused(api.http.patch(f"{IMAGES}/b", json={}), 404, "ResourceNotFound")
    refused(api.http.patch(f"{IMAGES}/b", json={}, headers=ONLY_OLD), 404, "ResourceNotFound")
    refused(api.http.put(f"{IMAGES}/b", json={}, headers=ONLY_OLD), 412, "resourceModified")
    assert api.http.patch(f"{IMAGES}/b", json={}, headers=ONLY_NEW).status_code == 201
    assert api.http.patch(f"{IMAGES}/c", json={}, headers={"Prefer": "create-if-missing"}).status_code == 201
    for method in ("PUT", "PATCH"):
        refused(api.http.request(method, f"{IMAGES}/a", json={}, headers=ONLY_NEW), 412, "resourceModified")
    assert api.ids() == ["a", "b", "c"]


@pytest.mark.requirement("40-UPD-30", "401-UPD-23")
def test_writes_on_properties(api: Api) -> None:
    api.create(id="a")
    assert api.http.put(f"{IMAGES}/a/supportedEditions", json={"value": [EDITION]}).status_code == 204
    assert api.http.post(f"{IMAGES}/a/supportedEditions", json=EDITION).status_code == 204
    assert api.http.post(f"{IMAGES}/a/supportedArchitectures", json={"value": "x64"}).status_code == 204
    body = body_of(api.get(f"{IMAGES}/a"))
    assert (len(body["supportedEditions"]), body["supportedArchitectures"]) == (2, ["x64"])


@pytest.mark.requirement("40-UPD-31")
def test_what_cannot_be_null_is_not_deleted(api: Api) -> None:
    api.create(id="a", supportedEditions=[EDITION])
    for name in ("supportedEditions", "id"):
        refused(api.http.delete(f"{IMAGES}/a/{name}"), 400, "ModelValidationFailure")
    assert len(body_of(api.get(f"{IMAGES}/a"))["supportedEditions"]) == 1


@pytest.mark.requirement("401-UPD-20")
def test_put_replaces_with_all_that_is_inside(api: Api) -> None:
    api.create(id="a", supportedEditions=[EDITION], supportedArchitectures=["x64"])
    other = {"editionType": "education", "supportEndDate": "2028-01-01"}
    body = body_of(api.http.put(f"{IMAGES}/a", json={"supportedEditions": [other, EDITION]}))
    assert [each["editionType"] for each in body["supportedEditions"]] == ["education", "enterprise"]
    assert body["supportedArchitectures"] == []


@pytest.mark.requirement("401-UPD-27")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_select_on_writes(api: Api, method: str) -> None:
    api.create(id="a")
    address = IMAGES if method == "POST" else f"{IMAGES}/a"
    body = body_of(api.http.request(method, f"{address}?$select=supportedArchitectures", json={}))
    assert set(body) == {"@odata.context", "@odata.type", "supportedArchitectures"}


# --- Graph ------------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("N-01")
@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"supportedEditions": None},
        {"supportedArchitectures": [None]},
        {"supportedEditions": [EDITION | {"supportEndDate": None}]},
    ],
)
def test_null_is_refused_where_it_cannot_be(api: Api, change: Json) -> None:
    before = api.create(id="a", supportedEditions=[EDITION])
    for reply in (api.http.post(IMAGES, json=change), api.http.patch(f"{IMAGES}/a", json=change)):
        refused(reply, 400, "ModelValidationFailure")
    assert body_of(api.get(f"{IMAGES}/a")) == before
    assert api.ids() == ["a"]


@pytest.mark.requirement("N-02")
def test_what_is_missing_is_named(api: Api) -> None:
    bodies: tuple[Json, ...] = ({"supportedEditions": [{"editionType": "enterprise"}]}, {"availableUpdates": [{}]})
    for body in bodies:
        error = refused(api.http.post(IMAGES, json=body), 400, "ModelValidationFailure")
        assert "required property" in error["message"]
    assert api.http.post(IMAGES, json={}).status_code == 201, "an image has nothing that must be given"


@pytest.mark.requirement("EN-01")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_the_sentinel_is_refused(api: Api, method: str) -> None:
    api.create(id="a")
    body = {"supportedEditions": [EDITION | {"editionType": "unknownFutureValue"}]}
    address = IMAGES if method == "POST" else f"{IMAGES}/a"
    refused(api.http.request(method, address, json=body), 400, "ModelValidationFailure")
