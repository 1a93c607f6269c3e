"""The OData JSON format: what is read and what is written."""

from __future__ import annotations

import json

import pytest

from tests.support.api import IMAGE_TYPE, IMAGES, Api, Json, body_of

EDITION_TYPE = "microsoft.graph.managedDeviceWindowsOperatingSystemEdition"
EDITION: Json = {"editionType": "enterprise", "supportEndDate": "2027-10-12"}


@pytest.mark.requirement("JSON-7.2-6", "JSON-24")
@pytest.mark.parametrize("name", ["@odata.type", "@type"])
@pytest.mark.parametrize("sign", ["#", ""])
@pytest.mark.parametrize("last", [True, False])
def test_bodies_in_every_spelling(api: Api, name: str, sign: str, last: bool) -> None:
    annotation = {name: f"{sign}{EDITION_TYPE}", "supportEndDate@odata.type": "#Date"}
    edition = EDITION | annotation if last else annotation | EDITION
    body = {"id": "a", "supportedEditions@odata.type": f"#Collection({EDITION_TYPE})", "supportedEditions": [edition]}
    reply = api.http.post(IMAGES, json=body | {name: f"{sign}{IMAGE_TYPE[1:]}"}, headers={"OData-Version": "4.0"})
    assert reply.status_code == 201
    assert body_of(reply)["supportedEditions"][0]["editionType"] == "enterprise"


@pytest.mark.requirement("JSON-9")
def test_payloads_of_40(api: Api) -> None:
    api.create(id="a", supportedEditions=[EDITION])
    for level in ("minimal", "full"):
        reply = api.get(f"{IMAGES}/a", Accept=f"application/json;odata.metadata={level}", **{"OData-MaxVersion": "4.0"})
        body = body_of(reply)
        assert body["@odata.type"] == IMAGE_TYPE
        assert body["supportedEditions"][0]["@odata.type"] == f"#{EDITION_TYPE}"
        assert '"@context"' not in reply.text
    # Clients that speak of no version get what Graph's documentation shows.
    assert body_of(api.get(f"{IMAGES}/a"))["supportedEditions"][0]["@odata.type"] == EDITION_TYPE


@pytest.mark.requirement("JSON-10.1")
@pytest.mark.parametrize("most", ["4.0", "4.01"])
def test_annotations_stand_right_before_their_property(api: Api, most: str) -> None:
    api.create(id="a", supportedEditions=[EDITION], supportedArchitectures=["x64"])
    full = {"Accept": "application/json;odata.metadata=full", "OData-MaxVersion": most}
    body = body_of(api.get(f"{IMAGES}/a", **full))
    for members in (body, body["supportedEditions"][0]):
        names = list(members)
        annotated = [name for name in names if name.partition("@")[0] and "@" in name]
        assert annotated
        for name in annotated:
            assert names[names.index(name) + 1] == name.partition("@")[0]


@pytest.mark.requirement("JSON-14", "G-03")
def test_all_metadata(api: Api) -> None:
    tag = api.http.post(IMAGES, json={"id": "a", "supportedEditions": [EDITION]}).headers["etag"]
    body = body_of(api.get(f"{IMAGES}/a", Accept="application/json;odata.metadata=full"))
    assert body["@odata.id"] == body["@odata.editLink"] == f"{str(api.http.base_url).rstrip('/')}{IMAGES}/a"
    assert body["@odata.etag"] == tag
    assert body["supportedEditions@odata.type"] == f"#Collection({EDITION_TYPE})"
    assert body["supportedEditions"][0]["supportEndDate@odata.type"] == "#Date"


@pytest.mark.requirement("JSON-19")
def test_format(api: Api) -> None:
    api.create(id="a")
    for asked, level in (("json", "minimal"), ("application/json;odata.metadata=none", "none"), ("JSON", "minimal")):
        reply = api.get(f"{IMAGES}?$format={asked}", Accept="image/png")
        assert f"odata.metadata={level};" in reply.headers["content-type"]
        assert ("@odata.context" in reply.json()) == (level != "none")
    assert api.get(f"{IMAGES}?$format=atom").status_code == 406


@pytest.mark.requirement("JSON-22")
@pytest.mark.parametrize("preference", ["", "omit-values=nulls", "omit-values=defaults"])
def test_nothing_is_left_out(api: Api, preference: str) -> None:
    api.create(id="a")
    reply = api.get(f"{IMAGES}/a", **({"Prefer": preference} if preference else {}))
    assert reply.json()["supportedEditions"] == []
    assert "preference-applied" not in reply.headers


@pytest.mark.requirement("40-MIN-8")
def test_special_characters_survive(api: Api) -> None:
    for key in ('quote " backslash \\', "line\nend", "tab\t", "\u2028", "ünï😀", "</script>"):
        body = json.loads(api.http.post(IMAGES, json={"id": key}).content)
        assert body["id"] == key
