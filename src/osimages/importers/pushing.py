"""Copies images from one server to another, Microsoft Graph or osimages, through their API."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from osimages.importers.collection import following
from osimages.importers.fetching import Fetcher, FetchError, Request, is_address
from osimages.importers.reading import json_object, objects, text_of

PATH = "deviceManagement/managedDeviceWindowsOSImages"
_COLLECTIONS = ("supportedArchitectures", "supportedEditions", "availableUpdates")
_DEEPEST = 4
_ATTEMPTS = 4
_MAX_WAIT_SECONDS = 60.0
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
ADDED, CHANGED, SAME, FAILED = "added", "changed", "the same", "failed"

Image = dict[str, Any]


class Pushed(msgspec.Struct, frozen=True):
    """What became of an image on the other server."""

    id: str
    outcome: str
    detail: str = ""


def collection_url(location: str) -> str:
    """The address of the images of a server, whose root or API version was given; a file stays as it is."""
    if not is_address(location):
        return location
    address = location.rstrip("/")
    if urlsplit(address).path.casefold().endswith(PATH.casefold()):
        return address
    return f"{address}/{PATH}" if urlsplit(address).path.strip("/") else f"{address}/beta/{PATH}"


def images_at(location: str, fetcher: Fetcher, headers: Mapping[str, str]) -> dict[str, Image]:
    """All images of a server, or of a file, by id, without annotations. Raises FetchError, LayoutError."""
    request = Request(collection_url(location), "application/json", headers=headers)
    found: dict[str, Image] = {}
    for page in following(fetcher.fetch(request), fetcher, request):
        if page.is_old:
            raise FetchError(page.trouble)
        expected = "a collection of images"
        for image in objects(json_object(page.content, expected).get("value"), expected):
            name = text_of(image, "id")
            if name:
                found[name] = {each: _plain(image.get(each) or [], _DEEPEST) for each in _COLLECTIONS}
    return found


def push(
    images: Mapping[str, Image],
    existing: Mapping[str, Image],
    url: str,
    headers: Mapping[str, str],
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Pushed]:
    """Adds and changes what is missing or different at `url`; an image that fails does not keep back the others."""
    with httpx.Client(timeout=_TIMEOUT, headers=dict(headers), follow_redirects=False) as client:
        for name, image in images.items():
            if existing.get(name) == image:
                yield Pushed(name, SAME)
                continue
            try:
                yield _push(client, url, name, image, name in existing, pause)
            except (FetchError, httpx.HTTPError) as error:
                yield Pushed(name, FAILED, str(error) or type(error).__name__)


def plan(images: Mapping[str, Image], existing: Mapping[str, Image]) -> Iterator[Pushed]:
    """What `push` would do."""
    for name, image in images.items():
        yield Pushed(name, SAME if existing.get(name) == image else CHANGED if name in existing else ADDED)


def _push(
    client: httpx.Client, url: str, name: str, image: Image, is_there: bool, pause: Callable[[float], None]
) -> Pushed:
    if not is_there:
        response = _sent(client, "POST", url, {"id": name, **image}, pause)
        if response.status_code != 409:  # taken: an attempt before may have got through unheard
            _check(response)
            return Pushed(name, ADDED)
    _check(_sent(client, "PATCH", f"{url}/{quote(name, safe='')}", image, pause))
    return Pushed(name, CHANGED)


def _sent(client: httpx.Client, method: str, url: str, body: Image, pause: Callable[[float], None]) -> httpx.Response:
    wait = 1.0
    for attempt in range(1, _ATTEMPTS + 1):
        response = client.request(method, url, json=body)
        if response.status_code not in (429, 503) or attempt == _ATTEMPTS:
            return response
        given = response.headers.get("retry-after", "")
        pause(min(float(given) if given.isdigit() else wait, _MAX_WAIT_SECONDS))
        wait *= 2
    raise AssertionError("the last attempt returns")


def _check(response: httpx.Response) -> None:
    if response.is_success:
        return
    try:
        error = response.json()["error"]
        said = f"{error['code']}: {error['message']}"
    except (ValueError, KeyError, TypeError):
        said = response.text[:200]
    raise FetchError(f"{response.status_code} {said}")


def _plain(value: Any, levels: int) -> Any:
    """A value without annotations, which each server writes for itself, as deep as an image goes."""
    if levels == 0:
        return None
    if isinstance(value, dict):
        return {name: _plain(each, levels - 1) for name, each in value.items() if "@" not in name}
    return [_plain(each, levels - 1) for each in value] if isinstance(value, list) else value
