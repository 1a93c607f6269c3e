"""Entities that show only some items of a collection, in another order maybe, with how many there would be.

Source: https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html#sec_ControlInformationcountodatacount
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from osimages.odata.plan.query import Encoded, ItemChoice
from osimages.odata.wire.media_types import JsonForm

_encode = msgspec.json.Encoder().encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


def with_items(
    form: JsonForm,
    documents: Iterable[bytes],
    choices: Sequence[ItemChoice],
    rows: Iterable[Sequence[Encoded]],
) -> tuple[bytes, ...]:
    """Documents with the chosen items; each row holds the ordinals of those choices that have any."""
    return tuple(_with_items(form, document, choices, iter(row)) for document, row in zip(documents, rows, strict=True))


def _with_items(form: JsonForm, document: bytes, choices: Sequence[ItemChoice], row: Iterator[Encoded]) -> bytes:
    members = _members(document)
    found = {each.name: _chosen(each, members.get(each.name), row) for each in choices}
    counted = {each.name for each in choices if each.count}
    shown: dict[str, object] = {}
    for name, value in members.items():
        if name in counted:
            number = len(found[name][0])
            shown[count_name(form, name)] = str(number) if form.numbers_as_strings else number
        shown[name] = found[name][1] if name in found else value
    return _encode(shown)


def _chosen(
    choice: ItemChoice, value: msgspec.Raw | None, row: Iterator[Encoded]
) -> tuple[Sequence[msgspec.Raw], Sequence[msgspec.Raw]]:
    """All items that are meant, and those of them that are shown."""
    stored = _items(value) if value is not None else []
    meant = stored if choice.ordinals is None else [stored[place] for place in places(next(row))]
    return meant, meant[choice.skip :][: choice.top]


def places(ordinals: Encoded) -> list[int]:
    """The numbers of the items that a store says are chosen."""
    return [int(each) for each in str(ordinals).split(",")] if ordinals else []


def count_name(form: JsonForm, name: str) -> str:
    """The annotation of a property that tells how many items are meant."""
    return f"{name}{form.annotation}count"
