"""The engine knows nothing of images: another model, with every primitive type, is served by a declaration."""

from __future__ import annotations

import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from osimages.odata.model.types import Primitive
from tests.support.api import Api, Json, body_of, connected
from tests.support.links import Walk
from tests.support.patience import PATIENCE_SECONDS
from tests.support.second_model import ORDINARY
from tests.support.server import environment

ROOT = Path(__file__).parents[2]
SPECIMENS = "/museum/specimens"
BARE = "application/json;odata.metadata=none"
_LISTENS = re.compile(r"running on (http://\S+)")


@pytest.fixture(scope="module")
def museum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a server with the museum's model, and its data directory."""
    folder = tmp_path_factory.mktemp("museum")
    server = [sys.executable, "-m", "uvicorn", "--factory", "tests.support.museum:application", "--port", "0"]
    process = subprocess.Popen(
        [*server, "--lifespan", "on"],
        cwd=ROOT,
        env=environment(MUSEUM_DIR=str(folder)),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if (match := _LISTENS.search(line)) is not None:
            break
    else:
        raise AssertionError("".join(said))
    yield match[1], folder
    process.terminate()
    process.communicate(timeout=PATIENCE_SECONDS)


@pytest.fixture
def api(museum: tuple[str, Path]) -> Iterator[Api]:
    """A client of a tenant of its own."""
    url, folder = museum
    tenant = str(uuid.uuid4())
    with connected(url, tenant, folder, bearer=tenant) as client:
        yield client


SINGLE = [name for name, value in ORDINARY.items() if not isinstance(value, dict | list)]


def put(api: Api, key: str, **changes: Any) -> Json:
    """Adds a specimen."""
    reply = api.http.post(SPECIMENS, json=ORDINARY | {"id": key} | changes)
    assert reply.status_code == 201, reply.text
    return body_of(reply)


def rejected(reply: httpx.Response, status: int, code: str) -> Json:
    """The error object of a reply, which must have that status and code."""
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/json"), reply.text
    error: Json = body_of(reply)["error"]
    assert error["code"] == code, error
    return error


def keys(api: Api, query: str, path: str = SPECIMENS) -> list[str]:
    """The ids that a query finds."""
    reply = api.get(f"{path}?{query}")
    assert reply.status_code == 200, reply.text
    return [each["id"] for each in reply.json()["value"]]


def test_the_model_tells_of_it(api: Api) -> None:
    listed = api.get("/museum/").json()["value"]
    assert [(each["kind"], each["name"]) for each in listed] == [
        ("EntitySet", "specimens"),
        ("EntitySet", "exhibits"),
        ("Singleton", "cabinet"),
    ]
    metadata = api.get("/museum/$metadata").text
    assert '<EntitySet Name="specimens" EntityType="example.museum.specimen"' in metadata
    for each in Primitive:
        assert f'Type="{each.value}"' in metadata


def test_values_of_every_type_come_back_as_they_were_sent(api: Api) -> None:
    text = (
        '{"id":"a","decimal":12345678901234567890.123456789012345678,"double":"INF","decimalOrNull":"0.000000000000000001",'
        '"int64OrNull":"9007199254740993","colours":["RED","blue"],"maybes":[1,null],"durations":["pt1h","-P1D"],'
        '"binarys":["AAEC"],' + httpx.Request("POST", "http://x", json=ORDINARY).content.decode().lstrip("{")
    )
    text = text.replace('"decimal":12.75,', "").replace('"double":2.5,', "")
    made = api.http.post(SPECIMENS, content=text, headers={"Content-Type": "application/json"})
    assert made.status_code == 201, made.text
    assert made.headers["location"].endswith("/museum/specimens/a")
    for reply in (made, api.get(f"{SPECIMENS}/a")):
        assert '"decimal":12345678901234567890.123456789012345678' in reply.text
        assert '"decimalOrNull":1E-18' in reply.text or '"decimalOrNull":0.000000000000000001' in reply.text
        found = reply.json()
        assert found["double"] == "INF"
        assert found["int64OrNull"] == 9007199254740993
        assert (found["colours"], found["flavour"], found["maybes"]) == (["red", "blue"], "sweet,hot", [1, None])
        assert (found["guid"], found["durations"]) == (ORDINARY["guid"].lower(), ["PT1H", "-P1D"])
        assert (found["stringOrNull"], found["placeOrNull"], found["booleans"]) == (None, None, [])
        assert found["place"]["city"] == "Bath"
        assert found["parts"][1]["origin"]["height"] is None
    exact = api.get(
        f"{SPECIMENS}/a?$select=int64OrNull,decimal", Accept="application/json;IEEE754Compatible=true"
    ).json()
    assert (exact["int64OrNull"], exact["decimal"]) == ("9007199254740993", "12345678901234567890.123456789012345678")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("byte", 256),
        ("sByte", -129),
        ("int16", 1 << 15),
        ("int32", "7"),
        ("int64", 1 << 63),
        ("single", 1e300),
        ("double", "inf"),
        ("decimal", 1e20),
        ("decimal", "1e-19"),
        ("guid", "{32a4ac62-1b1a-4a4c-9a3b-0123456789ab}"),
        ("date", "2026-02-30"),
        ("dateTimeOffset", "2026-11-24"),
        ("timeOfDay", "24:00:00"),
        ("duration", "1 day"),
        ("binary", "€"),
        ("boolean", "true"),
        ("flavour", "sweet,bitter"),
        ("colour", "red,blue"),
        ("string", None),
        ("place", {"height": 1}),
        ("int32s", [1, None]),
        ("maybes", None),
    ],
)
def test_values_that_no_type_has_are_refused_by_name(api: Api, name: str, value: object) -> None:
    error = rejected(api.http.post(SPECIMENS, json=ORDINARY | {"id": "bad", name: value}), 400, "modelValidation")
    assert error["target"].startswith(f"$.{name}")
    assert api.get(f"{SPECIMENS}/bad").status_code == 404


@pytest.mark.parametrize("name", SINGLE)
def test_patch_of_every_type(api: Api, name: str) -> None:
    put(api, "a")
    reply = api.http.patch(f"{SPECIMENS}/a", json={f"{name}OrNull": ORDINARY[name]})
    assert reply.status_code == 200, reply.text
    stored = body_of(api.get(f"{SPECIMENS}/a"))
    assert stored[f"{name}OrNull"] == stored[name]
    assert keys(api, f"$filter={name}OrNull eq {name}") == ["a"]
    same = api.http.patch(f"{SPECIMENS}/a", json={f"{name}OrNull": ORDINARY[name]})
    assert same.headers["etag"] == reply.headers["etag"], "nothing changed"
    api.http.patch(f"{SPECIMENS}/a", json={f"{name}OrNull": None})
    assert body_of(api.get(f"{SPECIMENS}/a"))[f"{name}OrNull"] is None
    assert keys(api, f"$filter={name}OrNull eq null") == ["a"]


def test_filter_order_search_compute_and_apply(api: Api) -> None:
    for number, key in enumerate("abcd"):
        put(api, key, int32=number % 2, doubleOrNull=None if number == 2 else -number, string=f"Text {number}")
    assert keys(api, "$filter=place/city eq 'Bath' and parts/any(p:p/origin/city eq 'Ulm')&$orderby=int32 desc,id") == [
        *"bdac"
    ]
    assert keys(api, "$orderby=doubleOrNull") == [*"cdba"]
    assert keys(api, "$orderby=doubleOrNull desc&$top=3") == [*"abd"]
    assert keys(api, "$search=%22text 3%22 OR %22TEXT 2%22") == [*"cd"]
    assert keys(api, "$search=hot") == []
    computed = api.get(
        f"{SPECIMENS}?$compute=decimal mul int32 as m,date add duration'P1D' as d&$select=m,d&$top=2"
    ).json()
    assert [(each["m"], each["d"]) for each in computed["value"]] == [(0, "2026-11-25"), (12.75, "2026-11-25")]
    assert computed["value"][0]["d@odata.type"] == "#Date"
    totals = "aggregate($count as n,decimal with sum as s,doubleOrNull with average as a,dateTimeOffset with max as t)"
    grouped = api.get(f"{SPECIMENS}?$apply=groupby((place/city,int32),{totals})").json()["value"]
    assert [(each["place"], each["int32"], each["n"], each["s"], each["a"]) for each in grouped] == [
        ({"city": "Bath"}, 0, 2, 25.5, 0.0),
        ({"city": "Bath"}, 1, 2, 25.5, -2.0),
    ]
    assert grouped[0]["t"] == "2026-11-23T23:30:15.25Z"
    by_part = api.get(f"{SPECIMENS}?$apply=groupby((parts/origin/city),aggregate($count as n))").json()["value"]
    assert by_part == [
        {"parts": [{"origin": {"city": None}}], "n@odata.type": "#Decimal", "n": 4},
        {"parts": [{"origin": {"city": "Ulm"}}], "n@odata.type": "#Decimal", "n": 4},
    ]


def test_pages_by_every_type_give_everything_once(api: Api) -> None:
    for number, key in enumerate("abcde"):
        put(
            api,
            key,
            **{
                f"{name}OrNull": None if number % 2 else ORDINARY[name]
                for name in ORDINARY
                if not isinstance(ORDINARY[name], dict | list)
            },
        )
    for name in [each.value.removeprefix("Edm.") for each in Primitive if each is not Primitive.BINARY]:
        link, found = f"{SPECIMENS}?$orderby={name[0].lower()}{name[1:]}OrNull desc&$select=id", []
        while link:
            body = body_of(api.get(link, Prefer="odata.maxpagesize=2"))
            found += [each["id"] for each in body["value"]]
            link = body.get("@odata.nextLink", "")
        assert found == [*"acebd"], name
    rejected(api.get(f"{SPECIMENS}?$orderby=binaryOrNull"), 400, "invalidOrderby")


@pytest.mark.parametrize("level", ["none", "minimal", "full", "full;IEEE754Compatible=true"])
@pytest.mark.parametrize("version", [None, "4.0", "4.01"])
def test_every_link_leads_somewhere(api: Api, level: str, version: str | None) -> None:
    for key in ("a", "b/c", "d'e", "$count", "delta", "f g"):
        put(api, key)
    headers = {"Accept": f"application/json;odata.metadata={level}", "Prefer": "odata.maxpagesize=4"}
    made: dict[str, set[str]] = {}
    for path, queries in {
        "/museum/specimens": ("", "?$top=5", "?$select=place", "/$ref", "/delta()", "/b%2Fc/parts", "/b%2Fc/$ref"),
        "/museum/exhibits": ("", "?$orderby=id desc", "/$ref", "/b%2Fc", "/b%2Fc/$ref", "/f%20g/colours"),
        "/museum/cabinet/specimens": ("", "?$compute=length(id) as n", "/b%2Fc", "('$count')/$ref"),
        "/museum/cabinet": ("", "?$select=id", "?$select=specimens", "/id", "/$ref"),
        "/museum": ("",),
    }.items():
        walk = Walk(api.http, headers | ({} if version is None else {"OData-MaxVersion": version}))
        for query in queries:
            walk.get(f"{path}{query}")
        made[path] = set(walk.met)
    context = set() if level == "none" else {"context"}
    full = {"editLink"} if level.startswith("full") else set()
    singleton = {"navigationLink", "associationLink", "nextLink", "editLink"} if full else set()
    assert made == {
        "/museum/specimens": {"id", "nextLink", "deltaLink"} | context | full,
        "/museum/exhibits": {"id", "nextLink"} | context | ({"readLink"} if full else set()),
        "/museum/cabinet/specimens": {"id", "nextLink"} | context | full,
        "/museum/cabinet": {"id"} | context | singleton,
        "/museum": context,
    }


def test_changes_are_tracked(api: Api) -> None:
    put(api, "a")
    put(api, "b")
    link = body_of(api.get(f"{SPECIMENS}/delta"))["@odata.deltaLink"]
    api.http.delete(f"{SPECIMENS}/a")
    api.http.patch(f"{SPECIMENS}/b", json={"int32": 1})
    changed = body_of(api.get(link))["value"]
    assert changed[0] == {"id": "a", "@removed": {"reason": "deleted"}}
    assert (changed[1]["id"], changed[1]["int32"]) == ("b", 1)


def test_a_set_offers_what_it_declares(api: Api) -> None:
    put(api, "a")
    assert keys(api, "$orderby=int32", "/museum/exhibits") == ["a"]
    assert api.get("/museum/exhibits/a/string/$value").text == ORDINARY["string"]
    rejected(api.http.post("/museum/exhibits", json=ORDINARY), 405, "noRouteForMethod")
    rejected(api.http.patch("/museum/exhibits/a", json={}), 405, "noRouteForMethod")
    rejected(api.http.delete("/museum/exhibits/a"), 405, "noRouteForMethod")
    for query in ("$filter=true", "$search=x", "$skip=1"):
        rejected(api.get(f"/museum/exhibits?{query}"), 400, "optionNotSupported")
    assert "GET" in api.http.delete("/museum/exhibits/a").headers["allow"]
    assert api.get("/museum/exhibits/delta").status_code == 404
    assert body_of(api.get("/museum/cabinet/specimens/a"))["@odata.context"].endswith("#cabinet/specimens/$entity")


def test_put_and_properties(api: Api) -> None:
    put(api, "a", stringOrNull="x")
    replaced = api.http.put(f"{SPECIMENS}/a", json=ORDINARY)
    assert (replaced.status_code, replaced.json()["stringOrNull"]) == (200, None)
    assert api.get(f"{SPECIMENS}/a/place/city").status_code in (200, 404)
    assert api.get(f"{SPECIMENS}/a/decimal").json()["value"] == 12.75
    assert api.get(f"{SPECIMENS}/a/int32s/$count").text == "3"


def test_properties_that_may_be_null(api: Api) -> None:
    put(api, "a", int32OrNull=5, placeOrNull={"city": "Bath", "height": 20, "founded": None})
    assert api.get(f"{SPECIMENS}/a/int32OrNull/$value").text == "5"
    for name in ("int32OrNull", "placeOrNull", "colourOrNull"):
        assert api.http.delete(f"{SPECIMENS}/a/{name}").status_code == 204
        assert api.get(f"{SPECIMENS}/a/{name}").status_code == 204
        assert body_of(api.get(f"{SPECIMENS}/a"))[name] is None
    assert api.get(f"{SPECIMENS}/a/int32OrNull/$value").status_code == 204
    assert api.http.put(f"{SPECIMENS}/a/int32OrNull", json={"value": None}).status_code == 204
    rejected(api.http.delete(f"{SPECIMENS}/a/int32"), 400, "modelValidation")


def test_parts_of_a_complex_property_are_changed(api: Api) -> None:
    put(api, "a")
    body = body_of(api.get(f"{SPECIMENS}/a/place"))
    assert (body["city"], body["height"]) == ("Bath", 20), "a complex value is the body itself"
    assert body["@odata.context"].endswith("specimens('a')/place")
    assert api.http.patch(f"{SPECIMENS}/a/place", json={"height": None}).status_code == 204
    changed = body_of(api.get(f"{SPECIMENS}/a"))["place"]
    assert (changed["city"], changed["height"]) == ("Bath", None)
    assert api.http.put(f"{SPECIMENS}/a/place", json={"city": "Ulm", "height": 1, "founded": None}).status_code == 204
    assert body_of(api.get(f"{SPECIMENS}/a/place"))["city"] == "Ulm"
    error = rejected(api.http.patch(f"{SPECIMENS}/a/place", json={"city": None}), 400, "modelValidation")
    assert error["target"] == "$.city"
    rejected(api.http.patch(f"{SPECIMENS}/a/strings", json={"value": []}), 405, "noRouteForMethod")
    assert api.get(f"{SPECIMENS}/a/boolean/$value").text == "true"


def test_large_numbers_as_text(api: Api) -> None:
    put(api, "a", int64=2**62 + 1, int64s=[1], decimal=12.75)
    form = "application/json;IEEE754Compatible=true;odata.metadata=full"
    reply = api.get(f"{SPECIMENS}/a", Accept=form)
    assert "IEEE754Compatible=true" in reply.headers["content-type"]
    body = body_of(reply)
    assert (body["int64"], body["int64s"], body["decimal"]) == (str(2**62 + 1), ["1"], "12.75")
    assert (body["int32"], body["double"]) == (7, 2.5)
    assert (body["int64@odata.type"], body["int64s@odata.type"]) == ("#Int64", "#Collection(Int64)")
    assert body_of(api.get(f"{SPECIMENS}/a"))["int64"] == 2**62 + 1
    one = body_of(api.get(f"{SPECIMENS}/a/int64", Accept=form))
    assert one["value"] == str(2**62 + 1)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("int32s?$filter=$this gt 1&$orderby=$this desc", [3, 2]),
        ("maybes?$orderby=$this desc", [2, 1, None, None]),
        ("maybes?$filter=$this eq null&$top=1", [None]),
        ("strings?$filter=length($this) eq $it/place/height", []),
        ("parts?$filter=origin/city eq 'Ulm'&$select=name", [{"name": "box"}]),
        ("parts?$orderby=made desc,name&$select=origin/city", [{"origin": None}, {"origin": {"city": "Ulm"}}]),
        ("parts?$search=LID&$select=name", [{"name": "lid"}]),
        ("decimals?$orderby=$this&$top=2", [-1.5, 2]),
        ("dateTimeOffsets?$filter=hour($this) eq 1", ["2026-11-24T01:30:15.25+02:00"]),
    ],
)
def test_items_of_every_kind_are_chosen(api: Api, path: str, value: list[object]) -> None:
    put(api, "a", maybes=[1, None, 2, None], decimals=[10, 2, -1.5])
    name, _, query = path.partition("?")
    selected = api.get(f"{SPECIMENS}/a?$select={name}({query.replace('&', ';')})", Accept=BARE)
    own = api.get(f"{SPECIMENS}/a/{path}", Accept=BARE)
    assert (selected.status_code, own.status_code) == (200, 200), own.text
    assert selected.json()[name] == own.json()["value"] == value


def test_parts_of_a_complex_value_are_selected(api: Api) -> None:
    put(api, "a")
    body = body_of(api.get(f"{SPECIMENS}/a/place?$select=city"))
    assert body["@odata.context"].endswith("specimens('a')/place(city)")
    assert {name: value for name, value in body.items() if "@" not in name} == {"city": "Bath"}
    rejected(api.get(f"{SPECIMENS}/a/place?$filter=true"), 400, "invalidFilter")
    assert api.get(f"{SPECIMENS}/a/placeOrNull?$select=city").status_code == 204
    rejected(api.get(f"{SPECIMENS}/a/strings?$search=a"), 400, "invalidOption")
