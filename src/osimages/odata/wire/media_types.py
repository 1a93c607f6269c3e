"""What form of JSON a client asks for: Accept headers and `$format`, by content negotiation.

Sources: RFC 9110, section 12.5.1; OData JSON format, section 3
https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html#sec_RequestingtheJSONFormat
"""

from __future__ import annotations

from enum import Enum

import msgspec

from osimages.odata.errors import FORMAT_NOT_ACCEPTABLE, NOT_ACCEPTABLE, ODataError


class Metadata(Enum):
    """How much a JSON answer tells beside the data."""

    NONE = "none"
    MINIMAL = "minimal"
    FULL = "full"


class JsonForm(msgspec.Struct, frozen=True):
    """A form of JSON: its metadata level, whether 64-bit numbers are strings, and the Content-Type that says so.

    `annotation` is what the names of annotations start with: `@odata.`, in OData 4.01 `@` alone. `is_stored` is true of
    the form in which documents are stored.
    """

    metadata: Metadata = Metadata.MINIMAL
    numbers_as_strings: bool = False
    annotation: str = "@odata."
    content_type: bytes = (
        b"application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
    )
    is_stored: bool = False


class MediaRange(msgspec.Struct, frozen=True):
    """One range of an Accept header."""

    type: str
    subtype: str
    parameters: dict[str, str]
    quality: float

    def covers(self, type_: str, subtype: str) -> bool:
        """Whether a media type lies in the range."""
        return self.type in ("*", type_) and self.subtype in ("*", subtype)

    @property
    def breadth(self) -> int:
        """0 for one media type, 1 for `application/*`, 2 for `*/*`: the narrower range says more."""
        return (self.type == "*") + (self.subtype == "*")


_LEVELS = frozenset(each.value for each in Metadata)
STORED_FORM = JsonForm(is_stored=True)
# Clients that name a version (OData-MaxVersion) get `#` before all types, and the spelling of 4.01 if they allow that.
_OF_VERSION = {None: STORED_FORM, "4.0": JsonForm(), "4.01": JsonForm(annotation="@")}
_LONGEST_SHOWN = 128
_SHORT_FORMATS = {"json": "application/json", "xml": "application/xml", "atom": "application/atom+xml"}


def json_form(accept: str | None, asked: str | None, version: str | None = None) -> JsonForm:
    """The form for an Accept header and a `$format` option, which takes precedence, of a version of OData: 4.0 or 4.01.

    Without a version it is the form that documents are stored in.
    Raises ODataError where JSON is not among what the client takes: FORMAT_NOT_ACCEPTABLE for a `$format`, otherwise
    NOT_ACCEPTABLE.
    """
    if asked is None and accept in (None, "*/*", "application/json"):
        return _OF_VERSION[version]
    for media_range in _wanted(_ranges(accept, asked), "json"):
        if (form := _form(media_range.parameters, version)) is not None:
            return form
    raise _not_acceptable(accept, asked)


def metadata_as_json(accept: str | None, asked: str | None, version: str) -> bool:
    """Return whether `$metadata` is sent as JSON. Raises ODataError where neither may be sent.

    `$format` decides. Without it a client gets XML if it accepts that, whatever it prefers: clients that prefer JSON
    (axios, Power Query) say so of data, and read no other $metadata than XML. From clients of OData 4.01, which has
    CSDL JSON, the preference counts.
    """
    found = _ranges(accept, asked)
    xml, json = _wanted(found, "xml"), _wanted(found, "json")
    if not xml and not json:
        raise _not_acceptable(accept, asked)
    if not xml or not json:
        return not xml
    if asked is None and version != "4.01":
        return False
    return found.index(json[0]) < found.index(xml[0])


def _ranges(accept: str | None, asked: str | None) -> list[MediaRange]:
    return ranges((accept or "*/*") if asked is None else expanded(asked))


def _not_acceptable(accept: str | None, asked: str | None) -> ODataError:
    if asked is not None:
        return ODataError(FORMAT_NOT_ACCEPTABLE, target="$format", format=asked[:_LONGEST_SHOWN])
    return ODataError(NOT_ACCEPTABLE, accept=(accept or "")[:_LONGEST_SHOWN])


def expanded(asked: str) -> str:
    """The media type that a `$format` option means: it may be one of a few short names."""
    return _SHORT_FORMATS.get(asked.strip().lower(), asked)


def ranges(accept: str) -> list[MediaRange]:
    """The ranges of an Accept header, the most wanted first; what cannot be read is passed over."""
    found = []
    for text in accept.split(","):
        media_type, *rest = (part.strip() for part in text.split(";"))
        type_, slash, subtype = media_type.lower().partition("/")
        if slash and type_ and subtype:
            pairs = (part.partition("=") for part in rest)
            parameters = {name.strip().lower(): value.strip().strip('"').lower() for name, _, value in pairs}
            found.append(MediaRange(type_, subtype, parameters, _quality(parameters.pop("q", "1"))))
    # Sorting keeps the order of equals, so that of two equally wanted ones the first counts.
    return sorted(found, key=lambda each: -each.quality)


def _wanted(found: list[MediaRange], subtype: str) -> list[MediaRange]:
    """The ranges that let a media type of `application/` in, the most wanted first.

    A range that refuses it (`q=0`) outweighs the broader ones (RFC 9110, section 12.5.1).
    """
    covering = [each for each in found if each.covers("application", subtype)]
    refusing = [each.breadth for each in covering if each.quality == 0 and not _is_form(each)]
    narrowest = min(refusing, default=3)
    return [each for each in covering if each.quality > 0 and (each.breadth < narrowest or _is_form(each))]


def _is_form(media_range: MediaRange) -> bool:
    """Whether a range is about one form of JSON only."""
    return bool(media_range.parameters)


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def _form(parameters: dict[str, str], version: str | None) -> JsonForm | None:
    """The form that parameters of `application/json` name; None for one that is not served."""
    # The parameter had the prefix in OData 4.0, and may go without since 4.01.
    level = parameters.get("odata.metadata", parameters.get("metadata", "minimal"))
    if level not in _LEVELS or parameters.get("charset", "utf-8") not in ("utf-8", "utf8"):
        return None
    metadata = Metadata(level)
    as_strings = parameters.get("ieee754compatible", "false") == "true"
    if metadata is Metadata.MINIMAL and not as_strings:
        return _OF_VERSION[version]
    content_type = (
        f"application/json;odata.metadata={metadata.value};odata.streaming=true;"
        f"IEEE754Compatible={'true' if as_strings else 'false'};charset=utf-8"
    )
    return JsonForm(metadata, as_strings, "@" if version == "4.01" else "@odata.", content_type.encode())
