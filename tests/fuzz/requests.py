"""Random requests: paths x options x headers x bodies x batches x encodings, each made from its seed alone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

from tests.support.api import IMAGES

SET = IMAGES.removeprefix("/beta")
_SEGMENTS = (
    *(
        IMAGES,
        "/beta",
        "/v1.0",
        "/beta/deviceManagement",
        "/beta/$metadata",
        "/beta/$batch",
        "/-/health",
        "/-/limits",
        "/-/x",
    ),
    *(
        "/beta/deviceManagement/auditEvents",
        "/common/oauth2/v2.0/token",
        "/devicelogin",
        "/dashboard/",
        "/",
        "//beta",
        "/-/faults",
    ),
)
_ENDINGS = (
    *(
        "",
        "/a",
        "('a')",
        "('a''b')",
        "/$count",
        "/$ref",
        "/$value",
        "/id",
        "/supportedEditions",
        "/delta()",
        "/a/$ref",
        "/$query",
    ),
    *(
        "/checkBuild(buildVersion='26100.1')",
        "/checkBuilds",
        "/a/getAllManagedDeviceWindowsOSImages()",
        "/$filter(true)",
        "/%2F",
        "/%zz",
    ),
    *(
        "/supportedEditions/$count",
        "/(",
        "/a/b/c/d",
        '/"x"',
        "/é",
        "/%00",
        "/$each",
        "/$batch",
        "/" * 50,
        "/a" * 200,
        "(@k)",
    ),
)
_EXPRESSIONS = (
    *(
        "id eq 'a'",
        "supportedEditions/any(e:e/editionType eq 'enterprise')",
        "contains(id,'1')",
        "not (id ne 'x')",
        "true",
        "null",
    ),
    *(
        "id",
        "id desc",
        "availableUpdates/$count gt 1",
        "matchesPattern(id,'^W.*1')",
        "now() gt 2020-01-01",
        "length(id) add 1 gt 2",
    ),
    *(
        "a",
        "'",
        "(",
        ")",
        "((",
        "1e999",
        "id in ('a','b')",
        "id,supportedEditions",
        "supportedEditions/editionType",
        "*",
        "-1",
        "10",
        "x y",
    ),
    *(
        "groupby((id))",
        "filter(id eq 'a')/aggregate($count as n)",
        "length(id) as n",
        '"a b" OR c',
        "NOT a AND b",
        "\u0000",
        "💥",
        "true or " * 40,
    ),
)
_OPTIONS = (
    *(
        "$filter",
        "$orderby",
        "$select",
        "$search",
        "$top",
        "$skip",
        "$count",
        "$expand",
        "$apply",
        "$compute",
        "$format",
        "$skiptoken",
    ),
    *("$deltatoken", "$id", "$index", "filter", "@k", "x", "$unknown", "$schemaversion", "$levels"),
)
# Values that are right for an option, so that not everything is rejected by the parser.
_FITTING = {
    "$filter": (
        *("id eq 'a'", "supportedEditions/any(e:e/editionType eq 'enterprise')", "contains(id,'1')", "true"),
        *(
            "geo.length(id) gt 1",
            "not (id ne 'x')",
            "availableUpdates/$count gt 1",
            "matchesPattern(id,'^W.*1')",
            "id in ('a','b')",
        ),
    ),
    "$orderby": ("id desc", "length(id),id"),
    "$select": ("id", "id,supportedEditions", "supportedEditions/editionType", "*"),
    "$search": ("windows", '"a b" OR c', "NOT a AND b"),
    "$top": ("1", "10", "1000"),
    "$skip": ("0", "1"),
    "$count": ("true", "false"),
    "$apply": ("groupby((id))", "filter(id eq 'a')/aggregate($count as n)"),
    "$compute": ("length(id) as n",),
    "$format": ("json", "application/json;metadata=full"),
}
_HEADERS = {
    "Accept": (
        "application/json;odata.metadata=full",
        "application/json;odata.metadata=none",
        "*/*;q=0",
        "text/xml",
        ",;=",
        "a" * 300,
    ),
    "Prefer": ("return=minimal", "odata.maxpagesize=2", 'a="', "create-if-missing", ",,;;==", "respond-async" * 20),
    "If-Match": ("*", 'W/"1"', '"', "x"),
    "If-None-Match": ("*", 'W/"c1"', '"'),
    "OData-MaxVersion": ("4.01", "4.0", "3", "x", "4.01;NetFx"),
    "OData-Version": ("4.0", "9" * 20),
    "Accept-Encoding": ("gzip", "gzip;q=0", "br", ";;"),
    "Origin": ("http://localhost:3000", "null"),
    "client-request-id": ("x", "a" * 200, "é"),
    "Forwarded": ("for=1.2.3.4;host=evil", '"'),
    "X-Forwarded-For": ("1.2.3.4", "," * 100),
    "Cookie": ("a=b; c", "=;=" * 20),
    "X-HTTP-Method-Override": ("DELETE",),
}
_METHODS = ("GET", "GET", "GET", "POST", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "FOO")
_TYPES = (
    "application/json",
    "application/json",
    "application/json;charset=utf-16",
    "text/plain",
    "multipart/mixed;boundary=b",
    "x",
    "",
)


@dataclass(frozen=True)
class Request:
    """One request as it is sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes | None


def request_of_seed(seed: int) -> Request:
    """Return the request of a seed, without a token."""
    random = Random(seed)
    method, headers = random.choice(_METHODS), dict(_headers(random))
    body = None
    if method in ("POST", "PATCH", "PUT") or random.random() < 0.02:
        body = _body(random)
        if content_type := random.choice(_TYPES):
            headers["Content-Type"] = content_type
        if random.random() < 0.2:
            body = gzip.compress(body)[: random.choice((None, None, 10))]
            headers["Content-Encoding"] = random.choice(("gzip", "gzip", "deflate"))
    target = _target(random)
    if random.random() < 0.15:
        name = quote(f"fuzz {random.randrange(40)}")
        method, target = random.choice((("POST", IMAGES), ("PATCH", f"{IMAGES}/{name}"), ("PUT", f"{IMAGES}/{name}")))
        body, headers = json.dumps(_image(random)).encode(), {"Content-Type": "application/json"}
    if target.startswith("/beta/$batch") and method == "POST" and random.random() < 0.8:
        body, headers = _batch(random), {**headers, "Content-Type": "application/json"}
        headers.pop("Content-Encoding", None)
    return Request(method, target, headers, body)


def _target(random: Random, start: str | None = None) -> str:
    path = random.choice(_SEGMENTS) if start is None and random.random() < 0.3 else start or IMAGES
    path += random.choice(_ENDINGS) if random.random() < 0.7 else ""
    pairs = [_option(random) for _ in range(random.choice((0, 0, 0, 1, 1, 2, 3)))]
    # What HTTP itself forbids in a URL is answered by the server library, without a body.
    return quote(path, safe="/%$()'@,:;=+\"é") + (f"?{'&'.join(pairs)}" if pairs else "")


def _option(random: Random) -> str:
    name = random.choice(_OPTIONS if random.random() < 0.2 else sorted(_FITTING))
    fitting = _FITTING.get(name, ()) if random.random() < 0.8 else ()
    return f"{name}={quote(random.choice(fitting) if fitting else _expression(random))}"


def _expression(random: Random) -> str:
    parts = [random.choice(_EXPRESSIONS) for _ in range(random.choice((1, 1, 1, 2, 3)))]
    return random.choice((" and ", ",", "/", " ", "")).join(parts)


def _headers(random: Random) -> Iterator[tuple[str, str]]:
    for name in random.sample(sorted(_HEADERS), random.choice((0, 0, 1, 2, 4))):
        yield name, random.choice(_HEADERS[name])


def _value(random: Random, depth: int = 0) -> Any:
    kind = random.randrange(9 if depth < 4 else 6)
    if kind < 6:
        return (
            None,
            True,
            10 ** random.randrange(30),
            -0.5,
            random.choice(_EXPRESSIONS),
            "x" * random.choice((1, 512, 513)),
        )[kind]
    if kind == 6:
        return [_value(random, depth + 1) for _ in range(random.randrange(5))]
    return {random.choice(_NAMES): _value(random, depth + 1) for _ in range(random.randrange(5))}


_NAMES = (
    "id",
    "supportedEditions",
    "availableUpdates",
    "supportedArchitectures",
    "@odata.type",
    "@odata.etag",
    "value",
    "builds",
    "x",
)


def _image(random: Random) -> dict[str, Any]:
    many = random.choice((0, 1, 3, 1000, 1001)) if random.random() < 0.2 else 2
    edition: dict[str, object] = {"editionType": "enterprise", "supportEndDate": "2027-10-12"}
    update: dict[str, object] = {"buildVersion": "10.0.26100.1", "releaseMonth": 1, "releaseYear": 2026}
    if random.random() < 0.3:
        edition[random.choice(("editionType", "supportEndDate", "x"))] = random.choice(("home", "x", "\u0000"))
        update["releaseMonth"] = random.choice((0, 13, 10**20))
    return {
        "id": f"fuzz {random.randrange(40)}",
        "supportedEditions": [edition] * many,
        "availableUpdates": [update] * random.choice((0, many)),
        "supportedArchitectures": ["x64"] * random.choice((0, 1, many)),
    }


def _body(random: Random) -> bytes:
    kind = random.randrange(8)
    if kind < 3:
        return json.dumps(_image(random)).encode()
    if kind == 3:
        return json.dumps(
            {"builds": [{"buildVersion": "26100.1", "edition": "Pro"}] * random.choice((1, 50, 1001))}
        ).encode()
    if kind == 4:
        return json.dumps(_value(random)).encode()
    if kind == 5:
        return random.randbytes(random.choice((0, 1, 100)))
    if kind == 6:
        return random.choice((b"[", b'{"a":', b"[],", b"--b\r\n", b"a=b&", b'"')) * random.choice((1, 100, 50_000))
    return b"--b\r\nContent-Type: application/http\r\n\r\n%b %b HTTP/1.1\r\n\r\n--b--" % (
        random.choice(_METHODS).encode(),
        _target(random).encode(),
    )


def _batch(random: Random) -> bytes:
    items = []
    for number in range(random.choice((0, 1, 2, 5, 20, 21))):
        item: dict[str, Any] = {"id": str(number), "method": random.choice(_METHODS), "url": _target(random, SET)}
        if random.random() < 0.4:
            item |= {"body": _image(random), "headers": {"Content-Type": "application/json"} | dict(_headers(random))}
        if random.random() < 0.1:
            item |= {"dependsOn": [str(random.randrange(22))], "if": random.choice(("$0/$succeeded", "true", "(", "$"))}
        if random.random() < 0.1:
            item["atomicityGroup"] = random.choice(("g", "h"))
        items.append(item)
    return json.dumps({"requests": items}).encode()
