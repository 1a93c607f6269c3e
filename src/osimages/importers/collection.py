"""Collections of Graph that come in pages: each names the next in `@odata.nextLink`."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from osimages.importers.fetching import Document, Fetcher, FetchError, Request, is_address
from osimages.importers.reading import json_object, text_of

_MOST_PAGES = 200


def following(first: Document, fetcher: Fetcher, request: Request) -> Iterator[Document]:
    """A page and those after it; a document that is no page of a collection alone. Raises FetchError, LayoutError.

    No token is sent to another host, wherever a page says that it goes on.
    """
    yield first
    page, seen = first, {request.location}
    while (link := _next_link(page)) is not None:
        if link in seen or len(seen) >= _MOST_PAGES:
            raise FetchError(f"{request.location} has pages without end")
        if urlsplit(link)[:2] != urlsplit(request.location)[:2]:
            raise FetchError(f"{request.location} continues at {link}, which is on another host")
        seen.add(link)
        page = fetcher.fetch(msgspec.structs.replace(request, location=link))
        yield page


def _next_link(page: Document) -> str | None:
    if b"@odata.nextLink" not in page.content or not is_address(page.location):
        return None
    return text_of(json_object(page.content, "a page of a collection"), "@odata.nextLink") or None
