"""Every place where a text of a client is split takes a number of steps that is linear in its length."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from osimages.entra.emulator.forms import basic_credentials, cookie, is_form, parse_form
from osimages.entra.tokens.jws import signed_token
from osimages.graph.forwarded import ForwardedHeaders, networks
from osimages.graph.model import GRAPH, IMAGE
from osimages.odata.errors import ODataError
from osimages.odata.model.body_validation import EntityValidator
from osimages.odata.service.batch import conditions, json_format, multipart_format
from osimages.odata.service.batch.inherited_headers import inherited_headers
from osimages.odata.service.conditional import conditions_of
from osimages.odata.service.reply import Reply, compressed, preflight
from osimages.odata.service.request import ApiRequest, _decompressed, origin_of, request_of
from osimages.odata.service.request_body import json_text, query_text
from osimages.odata.text.addressing import by_id, with_filters, with_keys
from osimages.odata.text.context_url import parse_context
from osimages.odata.text.options_parser import parse_options
from osimages.odata.text.parser import (
    parse_apply,
    parse_compute,
    parse_expand,
    parse_expression,
    parse_orderby,
    parse_search,
    parse_select,
)
from osimages.odata.text.percent_encoding import decoded
from osimages.odata.text.resource_path import parse_path
from osimages.odata.text.text_limits import Bounds
from osimages.odata.wire import payload
from osimages.odata.wire.etags import names_version
from osimages.odata.wire.header_fields import combined
from osimages.odata.wire.media_types import json_form, metadata_as_json
from osimages.odata.wire.preferences import preferences, without_preferences
from osimages.odata.wire.versions import version_number
from tests.support.steps import Steps, counted_patterns
from tests.unit.odata.service.test_conditional import headers_that_the_code_reads

Parse = Callable[[str], object]

# Presence alone counts.
NOT_READ = {b"origin", b"isolation", b"odata-isolation", b"expect", b"transfer-encoding"}
PEER = "10.0.0.5"
UNBOUNDED = Bounds(nodes=10**6, depth=60, list_items=10**6, order_items=10**6)
# What the texts of clients are made of; repeated, after the start of something that is valid.
UNITS = (
    *(" ", "a", "1", ",", ";", "=", '"', "'", "\\", "(", ")", "/", ".", ":", "-", "[", "{", "%27", "%3b", "\n", "\r\n"),
    *(
        "a,",
        "a;",
        "a=",
        "a=b;",
        'a="b",',
        " ,",
        "a b ",
        '"a" ',
        "0.",
        "/a(",
        "a eq 1 or ",
        "not ",
        "NOT ",
        "[],",
        '{"a":1},',
    ),
)
# A quote that does not end takes the rest of a text, or is searched for in vain.
SHAPES = (*(("", each) for each in UNITS), *((quote, each) for quote in "\"'(" for each in (" ", "a", "\\", quote * 2)))
# Short texts of these are dealt with in other ways.
LONGER = {"value": 64, "x-forwarded-for list": 64}
END = "\x00"  # so that nothing matches as a whole


def request(name: bytes, text: str, body: bytes = b"", method: str = "POST") -> ApiRequest:
    return ApiRequest(method, "/", "", {name: text.encode("latin-1")}, "http://localhost", "r", "c", body)


def front(name: bytes, form: str = "x-forwarded") -> Parse:
    known = ForwardedHeaders(_no_app, "", networks("10.0.0.0/24"), form)
    return lambda text: known.external_url("http", {name: text.encode("latin-1")}, PEER)


async def _no_app(*_: object) -> None:
    """Is passed nothing."""


def scoped(name: bytes) -> Parse:
    def parse(text: str) -> object:
        lines = [(name, text.encode("latin-1"))] * 2
        scope = {"headers": lines, "method": "GET", "raw_path": b"/", "query_string": b"", "scheme": "http"}
        return request_of(scope)

    return parse


def body_of(name: bytes) -> Parse:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b""}

    return lambda text: _decompressed(request(name, text), b"", 10).send(None)


def part(line: str) -> Parse:
    """A multipart body, in whose part the text is the value of a header."""

    def parse(text: str) -> object:
        field = line + text.replace("\n", " ").replace("\r", " ")
        body = f"--b\r\n{field}\r\n\r\nGET a HTTP/1.1\r\n\r\n--b--\r\n".encode("latin-1")
        return multipart_format.read(request(b"content-type", "multipart/mixed; boundary=b", body), 20)

    return parse


HEADERS: dict[bytes, dict[str, Parse]] = {
    b"accept": {
        "form": lambda text: json_form(text, None),
        "metadata": lambda text: metadata_as_json(text, None, "4.01"),
        "inherited": lambda text: inherited_headers({b"accept": text.encode("latin-1")}),
        "gzip;q=": lambda text: json_form(f"application/json;{text}", None),
    },
    b"accept-encoding": {
        "gzip;q=0": lambda text: compressed(Reply(200), request(b"accept-encoding", f"gzip{text}"), 1)
    },
    b"prefer": {
        "read": preferences,
        "return=": lambda text: preferences(f"return{text}"),
        "without": lambda text: without_preferences(text, {"a"}),
    },
    b"if-match": {"tag": lambda text: names_version(text, 1)},
    b"if-none-match": {
        "tag": lambda text: names_version(f'W/"{text}', 1),
        "collection": lambda text: conditions_of(request(b"if-none-match", text)).is_current_collection(b'W/"c1"'),
    },
    b"odata-version": {"number": version_number},
    b"odata-maxversion": {"number": version_number, "4.0": lambda text: version_number(f"4.0{text}")},
    b"cookie": {"name": lambda text: cookie(text, "a"), "lines": scoped(b"cookie")},
    b"content-type": {
        "json": lambda text: json_text(request(b"content-type", text)),
        "charset": lambda text: json_text(request(b"content-type", f"application/json;charset={text}")),
        "query": lambda text: query_text(request(b"content-type", text), 100),
        "form": is_form,
        "boundary": lambda text: multipart_format.read(request(b"content-type", f"multipart/mixed; {text}"), 20),
        "boundary=": lambda text: multipart_format.read(
            request(b"content-type", f"multipart/mixed;boundary{text}"), 20
        ),
    },
    b"content-length": {
        "size": body_of(b"content-length"),
        "part": part("Content-Type: application/http\r\nContent-Length: "),
    },
    b"content-encoding": {"name": body_of(b"content-encoding")},
    b"content-id": {"part": part("Content-Type: application/http\r\nContent-ID: ")},
    b"content-transfer-encoding": {"part": part("Content-Transfer-Encoding: ")},
    b"host": {"name": lambda text: origin_of("http", text), "lines": scoped(b"host")},
    b"forwarded": {"list": front(b"forwarded", "forwarded")},
    b"x-forwarded-for": {"list": front(b"x-forwarded-for")},
    b"x-forwarded-host": {"name": front(b"x-forwarded-host")},
    b"x-forwarded-port": {"number": front(b"x-forwarded-port")},
    b"x-forwarded-prefix": {
        "path": front(b"x-forwarded-prefix"),
        "/a": lambda text: front(b"x-forwarded-prefix")(f"/a{text}"),
    },
    b"x-forwarded-proto": {"name": front(b"x-forwarded-proto")},
    b"client-request-id": {"id": scoped(b"client-request-id")},
    b"access-control-request-headers": {
        "names": lambda text: preflight(frozenset(("GET",)), request(b"access-control-request-headers", text))
    },
    b"authorization": {
        "token": lambda text: signed_token(text.encode("latin-1")),
        "basic": lambda text: basic_credentials(f"Basic {text}"),
    },
}


def json_batch(text: str) -> object:
    return json_format.read(request(b"content-type", "application/json", f'{{"requests":[{text}]}}'.encode()), 20)


TEXTS: dict[str, Parse] = {
    "options": parse_options,
    "option": lambda text: parse_options(f"$filter={text}", UNBOUNDED),
    "filter": lambda text: parse_expression(text, UNBOUNDED),
    "filter list": lambda text: parse_expression(f"a in ({text}", UNBOUNDED),
    "search": lambda text: parse_search(text, UNBOUNDED),
    "search phrase": lambda text: parse_search(f'a "{text}', UNBOUNDED),
    "select": lambda text: parse_select(text, UNBOUNDED),
    "select options": lambda text: parse_select(f"a($select={text}", UNBOUNDED),
    "expand": lambda text: parse_expand(text, UNBOUNDED),
    "orderby": lambda text: parse_orderby(text, UNBOUNDED),
    "compute": lambda text: parse_compute(text, UNBOUNDED),
    "apply": lambda text: parse_apply(text, UNBOUNDED),
    "apply filter": lambda text: parse_apply(f"filter({text}", UNBOUNDED),
    "context": lambda text: parse_context(f"#{text}", UNBOUNDED),
    "path": lambda text: parse_path(text, UNBOUNDED),
    "path key": lambda text: parse_path(f"a({text}", UNBOUNDED),
    "path filter": lambda text: with_filters(f"a/$filter({text}", ""),
    "path alias": lambda text: with_keys(f"a(@k{text}", "@k=1"),
    "id": lambda text: by_id(f"$id={text}"),
    "encoding": decoded,
    "condition": conditions.parse_condition,
    "body": lambda text: payload.decoded(text.encode()),
    "body list": lambda text: payload.decoded(f"[{text}".encode()),
    "value": lambda text: EntityValidator(GRAPH, IMAGE).create(
        {"id": text, "supportedEditions": [{"supportEndDate": text}]}
    ),
    "batch": json_batch,
    "batch item": lambda text: json_batch(f'{{"id":"{text}","method":"GET","url":"a"}}'),
    "multipart": lambda text: multipart_format.read(
        request(b"content-type", "multipart/mixed;boundary=b", f"--b\r\n{text}\r\n--b--".encode("latin-1")), 20
    ),
    "multipart boundary": lambda text: multipart_format.read(
        request(b"content-type", "multipart/mixed;boundary=b", ("\n--b" + text).encode("latin-1")), 20
    ),
    "form": parse_form,
    "lines": lambda text: combined((b"a", each.encode("latin-1")) for each in text),
}
PARSERS = {f"{name.decode()} {part}": parse for name, parts in HEADERS.items() for part, parse in parts.items()} | TEXTS


def modules() -> Iterator[ModuleType]:
    return (module for name, module in list(sys.modules.items()) if name.startswith("osimages."))


def test_every_header_that_the_code_reads_has_a_parser_here() -> None:
    assert headers_that_the_code_reads() == set(HEADERS) | NOT_READ


@pytest.mark.parametrize("name", PARSERS)
def test_steps_are_linear(name: str) -> None:
    steps, parse, count = Steps(), PARSERS[name], LONGER.get(name, 12)
    with counted_patterns(modules(), steps):
        for start, unit in SHAPES:
            # The first attempt fills caches; the interpreter's own allocations may disturb another.
            if not any(is_linear(steps, lambda size: parse(start + unit * size + END), count) for _ in range(4)):  # noqa: B023
                raise AssertionError(f"{start!r} + {unit!r} * n")


def is_linear(steps: Steps, parse: Callable[[int], object], count: int) -> bool:
    """From 2n to 4n are twice as many more steps as from n to 2n; of a quadratic number, four times as many."""
    once, twice, four_times = (steps.of(lambda: parse(size)) for size in (count, 2 * count, 4 * count))  # noqa: B023
    return four_times - twice <= 2.6 * max(twice - once, 0) + 400 + 20 * count


@pytest.mark.parametrize(
    ("pattern", "count"),
    [(r"\s*([a-z]+)=([^;]*)\s*(?:;|$)", 50), (r"(?:^|,)\s*a\s*(?:=b)?((?:\s*;c)*)\s*(?=,|$)", 50), (r"a(\s+)+$", 4)],
)
def test_what_backtracks_is_found(pattern: str, count: int) -> None:
    steps, module = Steps(), ModuleType("osimages.made_up")
    module.PATTERN = re.compile(pattern)  # type: ignore[attr-defined]
    with counted_patterns(iter([module]), steps):
        assert not is_linear(steps, lambda size: module.PATTERN.findall("a" + " " * size + "x"), count)


def test_what_is_joined_piece_by_piece_is_found() -> None:
    def joined(count: int) -> bytes:
        found = {"a": b""}
        for _ in range(count):
            found["a"] = found["a"] + b", " + b"x"
        return found["a"]

    assert not is_linear(Steps(), joined, 100)


def test_headers_of_a_part_are_bounded_in_number_and_size() -> None:
    def rejected(part: bytes) -> str:
        body = b"--b\r\n" + part + b"\r\n\r\nGET a\r\n\r\n--b--"
        with pytest.raises(ODataError) as error:
            multipart_format.read(request(b"content-type", "multipart/mixed;boundary=b", body), 20)
        return error.value.message

    assert "more than 100 header fields" in rejected(b"a:b\r\n" * 101)
    assert "more than 65536 bytes" in rejected(b"a:" + b"b" * 70_000)
    assert "more than 65536 bytes" in rejected(b"a:b\r\n" * 1_000_000)
