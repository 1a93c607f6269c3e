"""Conditional reads of collections: what they cost, and that nothing that shapes an answer is left out of its tag."""

from __future__ import annotations

import asyncio
import re
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from osimages.app import start
from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_TENANT
from osimages.entra.tokens.verification import VerifiedToken
from osimages.odata.service.conditional import SHAPING_HEADERS
from osimages.odata.service.engine import Engine
from osimages.odata.service.pipeline import answer
from osimages.odata.service.principal import Principal
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest
from osimages.odata.service.schema_index import SchemaIndex
from osimages.settings import Settings
from tests.support.api import IMAGES, READ

SOURCES = Path(__file__).parents[4] / "src" / "osimages"
REQUEST_ID = str(uuid.uuid4())
_HEADER = re.compile(r'(?:header|headers\.get|_text|_nearest)\((?:\w+, )?b"([a-z0-9-]+)"|headers\[b"([a-z0-9-]+)"\]')
# As Starlette has them.
_OF_REQUEST = re.compile(r'request\.headers\.get(?:list)?\("([a-z0-9-]+)"')
_IN_HEADERS = re.compile(r'b"([a-z0-9-]+)" (?:not )?in \S*headers')
# Headers that the code reads and that shape no body of a list: who asks and from where, conditions, what is sent, the
# encoding and the headers beside the body. `host` and those of proxies make the external URL, which is in every tag.
NOT_SHAPING = {
    *(b"authorization", b"cookie", b"host", b"forwarded", b"client-request-id", b"origin"),
    *(b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-prefix", b"x-forwarded-proto"),
    *(b"if-match", b"if-none-match", b"odata-isolation", b"isolation"),
    *(b"content-type", b"content-length", b"content-encoding", b"content-id", b"content-transfer-encoding"),
    *(b"transfer-encoding", b"expect"),
    *(b"accept-encoding", b"access-control-request-headers"),
}


def headers_that_the_code_reads() -> set[bytes]:
    """The names of all request headers that occur in the source."""
    found = set()
    for file in sorted(SOURCES.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        found |= {(one or other).encode() for one, other in _HEADER.findall(text)}
        found |= {each.encode() for each in (*_IN_HEADERS.findall(text), *_OF_REQUEST.findall(text))}
    return found


def test_every_header_that_the_code_reads_is_judged() -> None:
    found = headers_that_the_code_reads()
    assert found >= {b"accept", b"prefer", b"odata-maxversion", b"if-none-match"}, "the pattern finds what it should"
    assert found - NOT_SHAPING - set(SHAPING_HEADERS) == set(), "does it shape lists? then it belongs into their tags"


class OnlyRevision:
    """A database of which nothing but revisions may be asked."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.asked = 0

    async def revision(self, tenant: str) -> Any:
        """Counts."""
        self.asked += 1
        return await self._database.revision(tenant)


def test_a_304_is_one_look_at_the_database_and_no_parsing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        running = await start(Settings(data_dir=str(tmp_path), empty=True, publish_check_seconds=0))
        try:
            await _check(running.apps["beta"].engine, monkeypatch)
        finally:
            monkeypatch.undo()
            await running.close()

    asyncio.run(check())


async def _check(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [IMAGES, f"{IMAGES}/$count", f"{IMAGES}/$ref"]
    query = "$filter=supportedEditions/any()"
    tags = [dict((await _get(engine, path, query)).headers)[b"etag"] for path in paths]

    def parsed(*_: object) -> NoReturn:
        raise AssertionError("the query was looked at")

    database: Any = OnlyRevision(engine.database)
    engine = replace(engine, database=database, stores={})
    monkeypatch.setattr(SchemaIndex, "meaning", parsed)
    for number, (path, tag) in enumerate(zip(paths, tags, strict=True), 1):
        reply = await _get(engine, path, query, tag)
        assert (reply.status, reply.body, reply.headers) == (304, b"", ((b"etag", tag),))
        assert database.asked == number
    denied = await _get(engine, IMAGES, query, tags[0], permissions=frozenset())
    assert denied.status == 403
    assert database.asked == len(paths)


async def _get(
    engine: Engine, path: str, query: str, tag: bytes | None = None, permissions: frozenset[str] = frozenset({READ})
) -> Reply:
    actor = VerifiedToken(tenant=DEFAULT_TENANT, application=DEFAULT_APPLICATION, user=None, permissions=permissions)
    headers = {} if tag is None else {b"if-none-match": tag}
    sender = Principal(DEFAULT_TENANT, identity=actor)
    request = ApiRequest("GET", path, query, headers, "https://localhost", REQUEST_ID, REQUEST_ID, b"", sender)

    async def read(_most: int, _setting: str) -> bytes:
        raise AssertionError("a GET has no body")

    return await answer(engine, request, read)
