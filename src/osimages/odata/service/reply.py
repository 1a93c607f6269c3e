"""What is answered: status, headers and body, and the headers that every reply carries."""

from __future__ import annotations

import re
import zlib

import msgspec

from osimages.odata.errors import ISOLATION, UNSUPPORTED_VERSION, ODataError
from osimages.odata.service.request import ApiRequest
from osimages.odata.service.static_documents import Document
from osimages.odata.wire.versions import is_supported, is_supported_maximum, version_number

Header = tuple[bytes, bytes]

ODATA_JSON = b"application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
JSON = b"application/json"
XML = b"application/xml"
TEXT = b"text/plain"

_ALWAYS: tuple[Header, ...] = (
    (b"cache-control", b"no-cache"),
    (b"vary", b"Accept-Encoding, Authorization"),
)
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")
_ODATA_4 = (b"odata-version", b"4.0")
_ODATA_401 = (b"odata-version", b"4.01")

# The headers that scripts of other origins may read (CORS).
EXPOSED = (
    b"ETag, Location, Preference-Applied, request-id, client-request-id, WWW-Authenticate, Retry-After, "
    b"OData-EntityId, OData-Version"
)
EVERY_ORIGIN = b"*"
# Plain text is a count or a single value.
_COMPRESSIBLE = (b"application/", b"text/csv", b"text/calendar", b"text/html", b"text/css")
_GZIP_REFUSED = re.compile(rb"gzip\s*;\s*q=0(?:\.0*)?\s*(?:,|$)", re.IGNORECASE)


class Reply(msgspec.Struct, frozen=True, gc=False):
    """One answer. `odata` is true where the OData-Version header belongs to it: everywhere but on errors.

    `readers` is the origin whose scripts may read it in a browser; empty for none (CORS,
    https://fetch.spec.whatwg.org/#http-cors-protocol). `document` holds the body of a public one.
    """

    status: int
    body: bytes = b""
    content_type: bytes | None = None
    headers: tuple[Header, ...] = ()
    odata: bool = True
    readers: bytes = EVERY_ORIGIN
    document: Document | None = None


def headers_of(
    reply: Reply, request: ApiRequest, always: tuple[Header, ...] = (), exposed: bytes = EXPOSED
) -> list[Header]:
    """Return all headers of a reply to a request, but for its length: `always` are those of every reply of the service,
    `exposed` the names of those that scripts of other origins may read.
    """
    request_id = request.request_id.encode()
    headers = [
        *_ALWAYS,
        *always,
        (b"request-id", request_id),
        (
            b"client-request-id",
            request_id if request.client_request_id is request.request_id else request.client_request_id.encode(),
        ),
        *reply.headers,
    ]
    if reply.content_type is not None:
        headers.append((b"content-type", reply.content_type))
    # Errors carry no version, unless the client speaks of versions.
    if reply.odata or request.names_version:
        headers.append(_ODATA_401 if request.takes_401 else _ODATA_4)
    if request.origin.startswith("https:"):
        headers.append(_STRICT_TRANSPORT)
    if b"origin" in request.headers and reply.readers:
        headers.append((b"access-control-allow-origin", reply.readers))
        headers.append((b"access-control-expose-headers", exposed))
    if reply.readers != EVERY_ORIGIN:
        headers.append((b"vary", b"Origin"))
    return headers


def compressed(reply: Reply, request: ApiRequest, least: int) -> bytes | None:
    """The body in gzip format, where the client takes that and it is worth it; else None."""
    accepted = request.headers.get(b"accept-encoding")
    if accepted is None or b"gzip" not in accepted.lower() or _GZIP_REFUSED.search(accepted):
        return None
    if len(reply.body) < least or not (reply.content_type or b"").startswith(_COMPRESSIBLE):
        return None
    if reply.document is not None:
        return reply.document.zipped
    # The fastest level: it already saves nine tenths of such JSON.
    return zlib.compress(reply.body, 1, wbits=31)


def check_odata_headers(request: ApiRequest) -> None:
    """Raises ODataError for a request of, or for, a version of OData that is not spoken here (400), and for one that
    wants to see the data as it was at one moment over several requests (412).

    https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html#sec_HeaderODataMaxVersion
    """
    if b"odata-isolation" in request.headers or b"isolation" in request.headers:
        raise ODataError(ISOLATION)
    if not request.names_version:
        return
    of, most = request.header(b"odata-version"), request.header(b"odata-maxversion")
    if of is not None and not is_supported(version_number(of)):
        raise ODataError(UNSUPPORTED_VERSION, header="OData-Version", version=of[:32])
    if most is not None and not is_supported_maximum(version_number(most)):
        raise ODataError(UNSUPPORTED_VERSION, header="OData-MaxVersion", version=most[:32])


def preflight(methods: frozenset[str], request: ApiRequest) -> Reply:
    """The answer to OPTIONS: what may be sent, and that scripts of any origin may send it (they need a token)."""
    allowed = ", ".join(sorted(methods)).encode("ascii")
    headers: tuple[Header, ...] = ((b"allow", allowed),)
    if b"origin" in request.headers:
        asked = request.headers.get(b"access-control-request-headers", b"authorization, content-type")
        headers += (
            (b"access-control-allow-methods", allowed),
            (b"access-control-allow-headers", asked),
            (b"access-control-max-age", b"86400"),
        )
    return Reply(204, headers=headers, odata=False)
