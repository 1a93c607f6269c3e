"""What the metadata says can be asked and done is what the server does, for every entity set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support import multipart
from tests.support.api import READ, WRITE, Api, Json, body_of, token

pytestmark = pytest.mark.databases("sqlite", "postgresql")

IMAGES, EVENTS = "managedDeviceWindowsOSImages", "auditEvents"
ROOT = "/beta/deviceManagement"
APPLIED = {
    "aggregate": "aggregate($count as n)",
    "groupby": "groupby((id))",
    "filter": "filter(id ne 'a')",
    "search": "search(x)",
    "compute": "compute(length(id) as n)",
    "orderby": "orderby(id)",
    "top": "top(1)",
    "skip": "skip(1)",
    "identity": "identity",
    "concat": "concat(aggregate($count as n),groupby((id)))",
    "topcount": "topcount(1,length(id))",
    "bottomcount": "bottomcount(1,length(id))",
    "join": "join(supportedEditions as e)/groupby((e/editionType))",
    "outerjoin": "outerjoin(supportedEditions as e)/groupby((e/editionType))",
}


@pytest.fixture
def auditor(api: Api) -> Api:
    """Who may read images and events, and write images."""
    return api.with_token(token(api.data_dir, api.tenant, (READ, WRITE, "DeviceManagementApps.Read.All")))


def told_by(api: Api) -> tuple[Json, dict[str, Json]]:
    """Those of the container, and those of each set."""
    schema = body_of(api.get("/beta/$metadata?$format=json"))["microsoft.graph"]
    targets = schema["$Annotations"]
    found = {name: _plain(targets[f"microsoft.graph.deviceManagement/{name}"]) for name in (IMAGES, EVENTS)}
    return _plain(schema["GraphService"]), found


def _plain(annotated: Json) -> Json:
    return {name.rpartition(".")[2]: value for name, value in annotated.items() if name.startswith("@")}


def works(api: Api, query: str, method: str = "GET") -> bool:
    reply = api.http.request(method, f"{ROOT}/{query}")
    assert reply.status_code in (200, 400, 404, 501), reply.text
    return reply.status_code == 200


@pytest.mark.parametrize("name", [IMAGES, EVENTS])
def test_options_of_a_set(auditor: Api, name: str) -> None:
    told = told_by(auditor)[1][name]
    asked: dict[str, Any] = {
        "$filter=id ne 'a'": told["FilterRestrictions"]["Filterable"],
        "$orderby=id": told["SortRestrictions"]["Sortable"],
        "$top=1": told["TopSupported"],
        "$skip=1": told["SkipSupported"],
        "$count=true": told["CountRestrictions"]["Countable"],
        "$search=a": told["SearchRestrictions"]["Searchable"],
        "$select=id": told["SelectSupport"]["Supported"],
        "$expand=x": told["ExpandRestrictions"]["Expandable"],
        "$compute=length(id) as n": told["ComputeSupported"],
        "$apply=aggregate($count as n)": "ApplySupported" in told,
    }
    collection = {IMAGES: "supportedEditions", EVENTS: "resources"}[name]
    asked |= {
        f"$select={collection}($filter=true)": told["SelectSupport"]["Filterable"],
        f"$select={collection}($search=a)": told["SelectSupport"]["Searchable"],
        f"$select={collection}($orderby=$it/id)": told["SelectSupport"]["Sortable"],
        f"$select={collection}($top=1)": told["SelectSupport"]["TopSupported"],
        f"$select={collection}($skip=1)": told["SelectSupport"]["SkipSupported"],
        f"$select={collection}($count=true)": told["SelectSupport"]["Countable"],
        f"$select={collection}($compute=1 as n)": told["SelectSupport"]["ComputeSupported"],
    }
    assert {query: works(auditor, f"{name}?{query}") for query in asked} == asked
    assert works(auditor, f"{name}/$count") == told["CountRestrictions"]["Countable"]
    assert works(auditor, f"{name}/delta()") == told.get("ChangeTracking", {}).get("Supported", False)
    for restriction, names, option in (
        ("FilterRestrictions", "NonFilterableProperties", "$filter={} ne null"),
        ("SortRestrictions", "NonSortableProperties", "$orderby={}"),
    ):
        for path in told[restriction].get(names, []):
            assert not works(auditor, f"{name}?{option.format(path)}"), path


def test_every_transformation_that_is_told_works(auditor: Api) -> None:
    told = told_by(auditor)[1][IMAGES]["ApplySupported"]["Transformations"]
    assert set(told) == set(APPLIED)
    for name in told:
        reply = auditor.get(f"{ROOT}/{IMAGES}?$apply={APPLIED[name]}")
        assert reply.status_code == 200, (name, reply.text)


@pytest.mark.parametrize("name", [IMAGES, EVENTS])
def test_writes_on_a_set(auditor: Api, name: str) -> None:
    told = told_by(auditor)[1][name]
    auditor.create(id="a")

    def done(method: str, path: str, **headers: str) -> bool:
        reply = auditor.http.request(method, f"{ROOT}/{name}{path}", json={}, headers=headers)
        assert reply.is_success or reply.json()["error"]["code"] in (
            "No method match route template",
            "Forbidden",
        ), reply.text
        return reply.is_success

    assert done("POST", "") == told["InsertRestrictions"]["Insertable"]
    assert done("PATCH", "/a") == told["UpdateRestrictions"]["Updatable"]
    upsertable = told["UpdateRestrictions"]["Upsertable"]
    assert done("PATCH", "/b", Prefer="create-if-missing") == upsertable
    assert done("PUT", "/c") == upsertable
    assert done("DELETE", "/a") == told["DeleteRestrictions"]["Deletable"]


def _batch_works(api: Api, media_type: str) -> bool:
    if media_type == "application/json":
        item = {"id": "1", "method": "GET", "url": "/deviceManagement"}
        return api.http.post("/beta/$batch", json={"requests": [item]}).status_code == 200
    assert media_type == "multipart/mixed"
    content = multipart.joined((multipart.request("GET", "deviceManagement"),))
    headers = {"Content-Type": multipart.CONTENT_TYPE}
    return api.http.post("/beta/$batch", content=content, headers=headers).status_code == 200


def test_the_container(auditor: Api) -> None:
    told, _ = told_by(auditor)
    images = f"{ROOT}/{IMAGES}"
    for version in told["ODataVersions"].split():
        assert auditor.get(images, **{"OData-MaxVersion": version}).headers["odata-version"] == version
    for form in told["SupportedFormats"]:
        answered = auditor.get(images, Accept=form).headers["content-type"]
        assert {part.lower() for part in form.split(";")} <= {part.lower() for part in answered.split(";")}
    for form in told["SupportedMetadataFormats"]:
        assert auditor.get("/beta/$metadata", Accept=form).headers["content-type"] == form
    for coding in told["AcceptableEncodings"]:
        reply = auditor.get("/beta/$metadata", **{"Accept-Encoding": coding})
        assert reply.headers["content-encoding"] == coding
    asynchronous = auditor.get(images, Prefer="respond-async")
    assert (asynchronous.status_code == 202) == told["AsynchronousRequestsSupported"]
    auditor.create(id="a")
    assert (auditor.get(f"{images}/a").status_code == 200) == told["KeyAsSegmentSupported"]
    text = {"Content-Type": "text/plain"}
    queried = auditor.http.post(f"{images}/$query", content="$top=1", headers=text)
    assert (queried.status_code == 200) == told["QuerySegmentSupported"]
    crossed = auditor.get("/beta/$crossjoin(deviceManagement)")
    assert (crossed.status_code == 200) == told["CrossJoinSupported"]


def test_batches(auditor: Api) -> None:
    told = told_by(auditor)[0]["BatchSupport"]
    assert told["Supported"]
    assert all(_batch_works(auditor, each) for each in told["SupportedFormats"])
    parts: Callable[..., str] = multipart.request
    path = f"deviceManagement/{IMAGES}"
    content = multipart.joined(
        (
            parts("GET", f"{path}/none"),
            multipart.change_set(parts("POST", path, {}, content_id="1")),
            parts("GET", "$1"),
        )
    )
    headers = {"Content-Type": multipart.CONTENT_TYPE, "Prefer": "continue-on-error"}
    reply = auditor.http.post("/beta/$batch", content=content, headers=headers)
    answers = multipart.read(reply.headers["content-type"], reply.content)
    assert (len(answers) == 3) == told["ContinueOnErrorSupported"]
    assert (answers[-1].status == 200) == told["ReferencesAcrossChangeSetsSupported"]
