"""Addresses of entities in all forms that OData has, and the addresses that the service itself gives."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.support.api import IMAGES, Api, body_of, refused

pytestmark = pytest.mark.databases("sqlite", "postgresql")

KEYS = ["a", "a/b", "it's", "(@k)", "x(1)", "%2F", "ä😀", "a b", "#?&=+", "..", "$count", "'"]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_in_every_form(api: Api, key: str) -> None:
    made = api.http.post(IMAGES, json={"id": key})
    quoted = quote(f"'{key.replace(chr(39), chr(39) * 2)}'", safe="")
    root = str(api.http.base_url).rstrip("/")
    address = f"{root}{IMAGES}({quoted})"
    for url in (
        made.headers["location"],
        f"{IMAGES}({quoted})",
        f"{IMAGES}(id={quoted})",
        f"{IMAGES}(@p)?@p={quoted}",
        f"{IMAGES}(id=%40p)?$select=id&@p={quoted}",
        f"/beta/$entity?$id={quote(made.headers['location'], safe='')}",
        f"/beta/$entity?$id={quote(address, safe='')}&$select=id",
        f"/beta/%24entity?$id={quote(address.removeprefix(root), safe='')}".replace("%24entity", "$entity"),
        f"/beta/$entity?$id={quote(address.removeprefix(f'{root}/beta/'), safe='')}",
    ):
        reply = api.get(url)
        assert (reply.status_code, reply.json().get("id")) == (200, key), url


def test_references(api: Api) -> None:
    for key in ("a", "b/c", "d"):
        api.create(id=key)
    one = api.get(f"{IMAGES}/b%2Fc/$ref")
    assert one.headers["etag"] == api.get(f"{IMAGES}/b%2Fc").headers["etag"]
    root = str(api.http.base_url).rstrip("/")
    assert body_of(one) == {"@odata.context": f"{root}/beta/$metadata#$ref", "@odata.id": f"{root}{IMAGES}/b%2Fc"}
    page = body_of(api.get(f"{IMAGES}/$ref?$filter=id ne 'd'&$count=true", Prefer="maxpagesize=1"))
    assert page["@odata.context"] == f"{root}/beta/$metadata#Collection($ref)"
    assert (page["@odata.count"], page["value"]) == (2, [{"@odata.id": f"{root}{IMAGES}/a"}])
    rest = body_of(api.get(page["@odata.nextLink"]))
    assert rest["value"] == [{"@odata.id": f"{root}{IMAGES}/b%2Fc"}]
    assert "@odata.nextLink" not in rest
    refused(api.get(f"{IMAGES}/none/$ref"), 404, "ResourceNotFound")
    refused(api.get(f"{IMAGES}/$ref?$select=id"), 400, "BadRequest")


def test_filters_in_the_path(api: Api) -> None:
    for key, editions in (("a", ["professional", "enterprise"]), ("b/c", ["enterprise"]), ("d", [])):
        listed = [{"editionType": each, "supportEndDate": "2027-01-01"} for each in editions]
        api.create(id=key, supportedEditions=listed)

    def ids(path: str) -> list[str]:
        return [each["id"] for each in body_of(api.get(f"{IMAGES}{path}"))["value"]]

    assert ids("/$filter(contains(id,'%2F'))") == ["b/c"]
    assert ids("/$filter(supportedEditions/any())/$filter(@p)?@p=id ne 'a'") == ["b/c"]
    assert ids("/$filter(supportedEditions/any())?$filter=id eq 'a' or id eq 'd'&$select=id") == ["a"]
    assert api.get(f"{IMAGES}/$filter(id gt 'a')/$count").text == "2"
    page = body_of(api.get(f"{IMAGES}/$filter(id ne 'd')", Prefer="maxpagesize=1"))
    assert body_of(api.get(page["@odata.nextLink"]))["value"][0]["id"] == "b/c"
    grouped = body_of(api.get(f"{IMAGES}/$filter(id ne 'd')?$apply=aggregate($count as n)"))
    assert grouped["value"][0]["n"] == 2
    assert api.get(f"{IMAGES}/a/supportedEditions/$filter(editionType eq 'enterprise')/$count").text == "1"
    assert refused(api.get(f"{IMAGES}/$filter(nothing)"), 400, "BadRequest")["target"] == "$filter"
    refused(api.get(f"{IMAGES}/$filter(id"), 400, "BadRequest")
    refused(api.get(f"{IMAGES}/a/$filter(true)"), 400, "BadRequest")
    assert api.http.post(f"{IMAGES}/$filter(true)", json={"id": "x"}).status_code in (400, 404)
    assert api.ids() == ["a", "b/c", "d"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/beta/$entity", "Invalid query option '$id'"),
        ("/beta/$entity?$id=", "Invalid query option '$id'"),
        ("/beta/$entity?$id=https://elsewhere/beta/deviceManagement", "it is no address of this service"),
        ("/beta/$entity?$id=nothing", "Resource not found for the segment 'nothing'."),
        ("/beta/$entity?$id=%zz", "Invalid query option '$id'"),
        (f"{IMAGES}(@p)?@p=5", "The key '@p' is no string in single quotes"),
        (f"{IMAGES}(@p)", "needs one key"),
        (f"{IMAGES}()", "needs one key"),
        (f"{IMAGES}(id='a',id='b')", "needs one key"),
        (f"{IMAGES}(other='a')", "needs one key"),
    ],
)
def test_what_names_no_entity(api: Api, path: str, message: str) -> None:
    assert message in refused(api.get(path), 400, "BadRequest")["message"]


def test_writes_by_id(api: Api) -> None:
    made = api.http.post(IMAGES, json={"id": "a"}).headers["location"]
    address = f"/beta/$entity?$id={quote(made, safe='')}"
    assert api.http.patch(address, json={"supportedArchitectures": ["x64"]}).status_code == 200
    assert api.http.delete(address).status_code == 204
    assert api.ids() == []


def test_a_write_answers_what_is_selected(api: Api) -> None:
    made = body_of(api.http.post(f"{IMAGES}?$select=id", json={"id": "a", "supportedArchitectures": ["x64"]}))
    assert set(made) == {"@odata.context", "@odata.type", "id"}
    assert made["@odata.context"].endswith("managedDeviceWindowsOSImages(id)/$entity")
    for method in ("PATCH", "PUT"):
        reply = api.http.request(method, f"{IMAGES}/a?$select=supportedArchitectures", json={})
        assert set(reply.json()) == {"@odata.context", "@odata.type", "supportedArchitectures"}
    refused(api.http.post(f"{IMAGES}?$select=nothing", json={}), 400, "BadRequest")
    assert api.ids() == ["a"]
