"""Entity tags: the version of an entity or of a collection as clients see it, and the conditions they set on it.

Source: RFC 9110, sections 8.8.3 and 13.1. Tags are weak, for the same version is sent in several forms ($select, gzip);
If-Match takes weak tags all the same, as OData does (Protocol, section 8.2.4).
"""

from __future__ import annotations

import re
from hashlib import blake2b

import msgspec

from osimages.odata.errors import PRECONDITION_FAILED, ODataError

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_encode = msgspec.msgpack.Encoder().encode


class CollectionTags:
    """Creates the entity tags of collections: keyed digests of the data's revision and of all that shapes an answer.

    `secret` is shared by all workers, at most 64 bytes; `service` names what shapes every answer of this service, such
    as its release and its limits. Without the secret no tag can be made up. A request that sends a matching tag is
    therefore one that was already answered with 200, and is answered without being parsed.
    """

    def __init__(self, secret: bytes, *service: str) -> None:
        self._start = blake2b(_encode(service), digest_size=16, key=secret)

    def tag(self, revision: tuple[int, str], *shape: str | bytes | None) -> bytes:
        """Return the weak tag of a collection. It begins with a letter; the tag of an entity is a number."""
        digest = self._start.copy()
        digest.update(_encode((revision, shape)))
        return b'W/"c%b"' % digest.hexdigest().encode()


def etag(version: int) -> str:
    """The tag of a version."""
    return f'W/"{version}"'


def names_version(header: str, version: int) -> bool:
    """Whether an If-Match or If-None-Match header names that version, or any (`*`)."""
    return header.strip() == "*" or f'"{version}"' in _TAG.findall(header)


def check_if_match(header: str | None, version: int) -> None:
    """Raises ODataError(PRECONDITION_FAILED) where an If-Match header asks for another version."""
    if header is not None and not names_version(header, version):
        raise ODataError(PRECONDITION_FAILED, etag=etag(version), asked=header[:128])


def check_if_none_match(header: str | None, version: int) -> None:
    """Raises ODataError(PRECONDITION_FAILED) where an If-None-Match header of a write names the version."""
    if header is not None and names_version(header, version):
        raise ODataError(PRECONDITION_FAILED, etag=etag(version), asked=f"any but {header[:128]}")
