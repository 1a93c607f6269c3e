"""Bodies: replies are put together from stored documents as they are, requests are decoded from JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from osimages.odata.errors import BODY_ENCODING, BODY_UNREADABLE, ODataError

# Numbers keep all of their digits: what a property of type Edm.Decimal was sent is what it is sent back.
_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
Decoded = TypeVar("Decoded")


def _unknown(_: object) -> int:
    return -1


# Values in one body: several times those of a large entity. A body of 4 MB could hold millions, and decoding these
# took seconds, half of them in the garbage collector. So many take 25 ms.
MOST_VALUES = 100_000
# In the bodies of a batch together; each is decoded by itself later.
MOST_VALUES_OF_BATCH = 200_000
_BEFORE_VALUES = (b"[", b"{", b",")
# After so many bytes the count of values is compared with its bound, and what follows is left alone.
_COUNTED_BYTES = 128 * 1024

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def decoded(
    body: bytes,
    decode: Callable[[bytes], Decoded] = _decode,
    members: Callable[[Decoded], int] = _unknown,
    most_values: int = MOST_VALUES,
) -> Decoded:
    """The JSON of a request body. Raises ODataError (400) that says where it is malformed, and msgspec's
    ValidationError where a `decode` that expects a certain form finds another.

    `members` tells how many members all objects in it have at least. Each has a colon: where there are no more colons
    than members, none is given twice, which is costly to find out otherwise. `most_values` bounds what is made of the
    text; the decoders bound the depth, to the interpreter's recursion limit.
    """
    # Some .NET clients send a byte order mark, which RFC 8259, section 8.1 lets a parser ignore.
    body = body.removeprefix(_BYTE_ORDER_MARK)
    if has_more_values(body, most_values):
        raise ODataError(BODY_UNREADABLE, reason=f"It has more than {most_values} values.")
    try:
        found = decode(body)
        if body.count(b":") != members(found):
            _unique(body.decode())
        return found
    except UnicodeError:
        raise ODataError(BODY_ENCODING, reason="it is not valid UTF-8.") from None
    except RecursionError:
        raise ODataError(BODY_UNREADABLE, reason="It is nested too deeply.") from None
    except (msgspec.ValidationError, ArithmeticError):
        if decode is not _decode:
            raise
        # Where no form is expected, these can only be about numbers beyond what Python reads.
        raise ODataError(BODY_UNREADABLE, reason="A number has too many digits.") from None
    except msgspec.DecodeError as error:
        raise ODataError(BODY_UNREADABLE, reason=f"{error}.") from None


def has_more_values(body: bytes, most: int) -> bool:
    """Return whether a text may hold more than `most` values: their starts are counted, also inside of strings."""
    found = 0
    for start in range(0, len(body), _COUNTED_BYTES):
        found += sum(body.count(each, start, start + _COUNTED_BYTES) for each in _BEFORE_VALUES)
        if found > most:
            return True
    return False


def _each_once(members: list[tuple[str, object]]) -> None:
    """Of a member that is given twice, one would be lost without a word (RFC 7493, section 2.3)."""
    if len(dict(members)) == len(members):
        return
    names: set[str] = set()
    for name, _ in members:
        if name in names:
            raise ODataError(BODY_UNREADABLE, reason=f"The property '{name[:128]}' is given more than once.")
        names.add(name)


_unique = json.JSONDecoder(object_pairs_hook=_each_once, parse_int=str, parse_float=str, strict=False).decode


def entity_body(
    context: str | None, document: bytes, select: tuple[str, ...] | None, annotation: str = "@odata."
) -> bytes:
    """One entity, with its context where there is one. `annotation` is what names of annotations start with."""
    chosen = document if select is None else projected(document, select)
    return entity_head(context, annotation) + chosen[1:]


def entity_head(context: str | None, annotation: str = "@odata.") -> bytes:
    """What the body of an entity starts with, before the members that are stored."""
    return b"{" if context is None else f'{{"{annotation}context":"{context}",'.encode()


def collection_body(
    context: str | None,
    documents: Iterable[bytes],
    *,
    total: int | str | None,
    next_link: str | None,
    delta_link: str | None = None,
    annotation: str = "@odata.",
) -> bytes:
    """A page of entities; annotations come before the values, as clients that stream need it."""
    prefix = annotation.encode()
    head = b"" if context is None else b'"%bcontext":"%b",' % (prefix, context.encode())
    if total is not None:
        head += b'"%bcount":%b,' % (prefix, _encode(total))
    if next_link is not None:
        head += b'"%bnextLink":%b,' % (prefix, _encode(next_link))
    if delta_link is not None:
        head += b'"%bdeltaLink":%b,' % (prefix, _encode(delta_link))
    head = b'{%b"value":[' % head
    parts = list(documents)
    if not parts:
        return head + b"]}"
    # The page is copied once.
    parts[0] = head + parts[0]
    parts[-1] += b"]}"
    return b",".join(parts)


def value_body(context: str | None, value: bytes, annotation: str = "@odata.", total: bytes | None = None) -> bytes:
    """The value of one property, which is JSON already; of a collection maybe with the number of its items."""
    head = b"" if context is None else b'"%bcontext":"%b",' % (annotation.encode(), context.encode())
    if total is not None:
        head += b'"%bcount":%b,' % (annotation.encode(), total)
    return b'{%b"value":%b}' % (head, value)


def projected(document: bytes, select: tuple[str, ...]) -> bytes:
    """A document with the selected members, their annotations and its own; of members with parts maybe only some."""
    if any("/" in path for path in select):
        return _encode(_kept(_decode(document), select))
    members, kept = _members(document), ("", *select)
    return _encode({name: value for name, value in members.items() if name.partition("@")[0] in kept})


def _kept(value: Any, select: Iterable[str]) -> Any:
    """What the paths name of a value, or of each item of a collection."""
    if isinstance(value, list):
        return [_kept(item, select) for item in value]
    if not isinstance(value, dict):
        return value
    inner: dict[str, list[str]] = {"": []}
    for path in select:
        name, _, rest = path.partition("/")
        inner.setdefault(name, []).extend([rest] if rest else [])
    found = {}
    for name, member_value in value.items():
        paths = inner.get(name.partition("@")[0])
        if paths is not None:
            found[name] = _kept(member_value, paths) if paths and "@" not in name else member_value
    return found


def member(document: bytes, name: str) -> bytes:
    """The JSON of one member of a document."""
    return bytes(_members(document)[name])
