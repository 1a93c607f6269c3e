"""Headers of a batch request that hold for its items, too.

Source: OData Protocol 4.01, sections 8.1.1, 8.1.5, 8.2.1, 8.2.6 and 8.2.8: each says what "individual requests within
a batch" inherit. Everything else, such as `Content-Type`, `If-Match` and `OData-Isolation`, is about the batch alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from osimages.odata.wire.preferences import without_preferences

_UNCHANGED = (b"odata-version", b"odata-maxversion")
# These are about how the batch is processed (Protocol, sections 8.2.8.3 and 8.2.8.8).
_OF_THE_BATCH = frozenset(("continue-on-error", "respond-async"))


def inherited_headers(given: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the headers that items inherit from the headers of their batch, names in lower case."""
    found = {name: given[name] for name in _UNCHANGED if name in given}
    if (accept := given.get(b"accept")) is not None and (ranges := _without_multipart(accept)):
        found[b"accept"] = ranges
    if (prefer := given.get(b"prefer")) is not None:
        kept = without_preferences(prefer.decode("latin-1"), _OF_THE_BATCH)
        if kept:
            found[b"prefer"] = kept.encode("latin-1")
    return found


def with_inherited(own: Mapping[bytes, bytes], inherited: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the headers of an item with those that it inherits.

    Its own win. Of `Prefer` each preference is inherited by itself: where one comes twice, the first counts.
    """
    headers = {**inherited, **own}
    if b"prefer" in own and b"prefer" in inherited:
        headers[b"prefer"] = b"%b, %b" % (own[b"prefer"], inherited[b"prefer"])
    return headers


def _without_multipart(accept: bytes) -> bytes:
    """`multipart/mixed` is the form of the batch's response; no item has it."""
    ranges = (each.strip() for each in accept.split(b","))
    return b", ".join(each for each in ranges if not each.lower().startswith(b"multipart/"))
