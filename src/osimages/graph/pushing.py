"""Copies images from one server to another, Microsoft Graph or osimages, through their API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from osimages.graph.client import GraphClient
from osimages.graph.client_errors import GraphError
from osimages.windows.sources.images import PERMISSION
from osimages.windows.sources.parsing import json_object, objects, text_of

PATH = "deviceManagement/managedDeviceWindowsOSImages"
WRITE = "DeviceManagementConfiguration.ReadWrite.All"
_COLLECTIONS = ("supportedArchitectures", "supportedEditions", "availableUpdates")
_DEEPEST = 4
ADDED, CHANGED, SAME, FAILED = "added", "changed", "the same", "failed"

Image = dict[str, Any]


class Pushed(msgspec.Struct, frozen=True):
    """What became of an image on the other server."""

    id: str
    outcome: str
    detail: str = ""


def images_at(client: GraphClient) -> dict[str, Image]:
    """Return all images of a server, by id, without annotations. Raises GraphError, LayoutError."""
    return images_in(page.content for page in client.pages(PATH, permission=PERMISSION))


def images_in(pages: Iterable[bytes]) -> dict[str, Image]:
    """Return all images of pages of a collection, by id, without annotations. Raises LayoutError."""
    found: dict[str, Image] = {}
    expected = "a collection of images"
    for content in pages:
        for image in objects(json_object(content, expected).get("value"), expected):
            name = text_of(image, "id")
            if name:
                found[name] = {each: _plain(image.get(each) or [], _DEEPEST) for each in _COLLECTIONS}
    return found


def push(images: Mapping[str, Image], existing: Mapping[str, Image], client: GraphClient) -> Iterator[Pushed]:
    """Add what is missing, change what is different; an image that fails does not keep back the others."""
    for name, image in images.items():
        if existing.get(name) == image:
            yield Pushed(name, SAME)
            continue
        try:
            yield _push(client, name, image, name in existing)
        except GraphError as error:
            yield Pushed(name, FAILED, str(error))


def plan(images: Mapping[str, Image], existing: Mapping[str, Image]) -> Iterator[Pushed]:
    """What `push` would do."""
    for name, image in images.items():
        yield Pushed(name, SAME if existing.get(name) == image else CHANGED if name in existing else ADDED)


def _push(client: GraphClient, name: str, image: Image, is_there: bool) -> Pushed:
    if not is_there:
        try:
            # Repeatable: of two that arrive, the second is answered with 409, and changed to the same.
            client.send("POST", PATH, {"id": name, **image}, permission=WRITE)
            return Pushed(name, ADDED)
        except GraphError as error:
            if error.status != 409:
                raise
    client.send("PATCH", f"{PATH}/{quote(name, safe='')}", image, permission=WRITE)
    return Pushed(name, CHANGED)


def _plain(value: Any, levels: int) -> Any:
    """Return a value without annotations, which each server writes for itself, as deep as an image goes."""
    if levels == 0:
        return None
    if isinstance(value, dict):
        return {name: _plain(each, levels - 1) for name, each in value.items() if "@" not in name}
    return [_plain(each, levels - 1) for each in value] if isinstance(value, list) else value
