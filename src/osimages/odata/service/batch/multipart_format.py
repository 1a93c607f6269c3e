"""Batches as MIME multipart documents, which OData clients sent before there were JSON batches.

Sources: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html#sec_MultipartBatchFormat,
RFC 2046, section 5.1, and RFC 9112 for the requests inside.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from http import HTTPStatus
from itertools import groupby

from osimages.odata.errors import BATCH_MALFORMED, BATCH_TOO_MANY, ODataError
from osimages.odata.service.batch.batch_items import Item, Outcome
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest
from osimages.odata.wire.header_fields import MOST_LINES, combined

Headers = dict[bytes, bytes]

_BOUNDARY = re.compile(rb';\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_LINE_BREAK = re.compile(rb"\r?\n")
# As it starts with a fixed byte, it is searched for at the speed of a copy.
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_FOLDED = re.compile(rb"\r?\n[ \t]+")
_FIELD_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PLAIN_ENCODINGS = (b"binary", b"8bit", b"7bit")
_UNDONE = 424
# No length has more; int refuses texts of thousands.
_MOST_DIGITS = 18
# Of a part, before they are split. The setting `max_header_bytes` is checked later, as for every request.
_MOST_HEADER_BYTES = 64 * 1024
_LONG_HEAD = f"a part has headers of more than {_MOST_HEADER_BYTES} bytes."
# Faults on demand have statuses that HTTP does not know.
_PHRASES = {each.value: each.phrase for each in HTTPStatus}


def is_multipart(request: ApiRequest) -> bool:
    """Whether a batch comes in this format."""
    return (request.header(b"content-type") or "").strip().lower().startswith("multipart/mixed")


def read(request: ApiRequest, most: int) -> list[Item]:
    """The items of a batch, at most `most`. Raises ODataError (400) that says what is wrong with it."""
    found: list[Item] = []
    for number, part in enumerate(_parts(request.body, request.headers[b"content-type"], most)):
        headers, content = _split(part)
        content_type = headers.get(b"content-type", b"")
        if not content_type.strip().lower().startswith(b"multipart/mixed"):
            found.append(_item(headers, content, None))
            continue
        for inner in _parts(content, content_type, most):
            inner_headers, inner_content = _split(inner)
            # No Content-ID holds a line break, so that none is taken for the name of a change set.
            found.append(_item(inner_headers, inner_content, f"\n{number}"))
    if len(found) > most:
        raise ODataError(BATCH_TOO_MANY, limit=most)
    return found


def write(items: Sequence[Item], outcomes: Sequence[Outcome]) -> Reply:
    """The answer to a batch: as many parts as were run, a change set that failed as one."""
    parts = []
    pairs = list(zip(items, outcomes, strict=False))
    for group, together in groupby(pairs, lambda each: each[0].group):
        of_group = list(together)
        failed = [each for each in of_group if each[1].reply.status >= 400]
        if group is None:
            parts += [_part(*each) for each in of_group]
        elif failed:
            item, outcome = next((each for each in failed if each[1].reply.status != _UNDONE), failed[0])
            parts.append(_part(item, outcome))
        else:
            content_type, body = _joined([_part(*each) for each in of_group], "changesetresponse")
            parts.append(b"Content-Type: %b\r\n\r\n%b" % (content_type, body))
    content_type, body = _joined(parts, "batchresponse")
    return Reply(200, body, content_type)


def _item(headers: Headers, content: bytes, group: str | None) -> Item:
    if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != b"application/http":
        raise _refused("a part is neither application/http nor, at the top, multipart/mixed.")
    encoding = headers.get(b"content-transfer-encoding", b"binary").lower()
    if encoding not in _PLAIN_ENCODINGS:
        raise _refused(f"the Content-Transfer-Encoding '{encoding.decode('latin-1')[:32]}' is not binary.")
    line, _, rest = content.lstrip(b"\r\n").partition(b"\n")
    words = line.split(None, 3)
    if len(words) not in (2, 3) or not words[0].isalpha():
        raise _refused("a part does not start with a method and a URL.")
    own, body = _split(rest)
    length = own.pop(b"content-length", b"")
    if length.isdigit() and len(length) <= _MOST_DIGITS:
        body = body[: int(length)]
    content_id = headers.get(b"content-id")
    return Item(
        None if content_id is None else content_id.strip(b"<>").decode("latin-1"),
        words[0].decode().upper(),
        words[1].decode("utf-8", "replace"),
        own,
        body,
        group=group,
    )


def _parts(body: bytes, content_type: bytes, most: int) -> list[bytes]:
    """The parts between the lines with the boundary; what stands before the first and after the last is no part.

    At most `most`. A pattern that starts with fixed bytes is searched for at the speed of a copy.
    """
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise _refused("the Content-Type multipart/mixed needs a boundary of at most 70 characters.")
    boundary = match[1] or match[2]
    pattern = rb"--" + re.escape(boundary) + rb"(--)?[ \t]{0,64}(?:\r?\n|\Z)"
    line = re.compile(rb"\n" + pattern)
    found: list[bytes] = []
    opening = re.match(pattern, body) or line.search(body)
    while opening is not None and opening[1] is None:
        # The end of this line may be the start of the next one with the boundary.
        start = opening.end()
        _check_head(body, start, line)
        opening = line.search(body, start - opening[0].endswith(b"\n"))
        if opening is None:
            break
        if len(found) == most:
            raise ODataError(BATCH_TOO_MANY, limit=most)
        found.append(body[start : max(start, opening.start())].removesuffix(b"\r"))
    if opening is None:
        raise _refused(f"the line that ends it, '--{boundary.decode('latin-1')}--', is missing.")
    return found


def _check_head(body: bytes, start: int, line: re.Pattern[bytes]) -> None:
    """Raise ODataError for a part whose headers are too long, before its end is searched for, which may be far."""
    end = start + _MOST_HEADER_BYTES
    # The line with the boundary may be the first half of an empty line, and of the next line with the boundary.
    is_long = end < len(body) and _EMPTY_LINE.search(body, start - 2, end) is None
    if is_long and line.search(body, start - 1, end) is None:
        raise _refused(_LONG_HEAD)


def _split(part: bytes) -> tuple[Headers, bytes]:
    """The header fields, with names in lower case, and what follows the empty line after them."""
    end = _LINE_BREAK.match(part) or _EMPTY_LINE.search(part, 0, _MOST_HEADER_BYTES)
    if end is None and len(part) > _MOST_HEADER_BYTES:
        raise _refused(_LONG_HEAD)
    head, body = (part, b"") if end is None else (part[: end.start()], part[end.end() :])
    lines = [line for line in _FOLDED.sub(b" ", head).splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise _refused(f"a part has more than {MOST_LINES} header fields.")
    return combined(map(_field, lines)), body


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not _FIELD_NAME.fullmatch(name):
        raise _refused(f"'{line.decode('latin-1')[:64]}' is no header field.")
    return name.lower(), value.strip()


def _part(item: Item, outcome: Outcome) -> bytes:
    reply = outcome.reply
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if item.id is not None:
        lines.append(f"Content-ID: {item.id}")
    lines += ["", f"HTTP/1.1 {reply.status} {_PHRASES.get(reply.status, '')}"]
    lines += [f"{name}: {value}" for name, value in outcome.headers.items()]
    if reply.body:
        lines.append(f"Content-Length: {len(reply.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + reply.body


def _joined(parts: Sequence[bytes], name: str) -> tuple[bytes, bytes]:
    """The Content-Type of a multipart document with these parts, and the document."""
    boundary = f"{name}_{uuid.uuid4()}".encode()
    body = b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts)
    return b"multipart/mixed;boundary=%b" % boundary, b"%b--%b--\r\n" % (body, boundary)


def _refused(reason: str) -> ODataError:
    return ODataError(BATCH_MALFORMED, reason=reason)
