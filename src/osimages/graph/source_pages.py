"""Collections of Microsoft Graph as a source of release facts."""

from __future__ import annotations

from collections.abc import Iterator

from osimages.graph.client import GraphClient
from osimages.graph.client_errors import GraphError
from osimages.windows.sources.collector import Pages
from osimages.windows.sources.fetching import FetchError


def source_pages(client: GraphClient, permission: str) -> Pages:
    """Return a reader of the pages of collections on the client's server; `permission` is named in its errors."""

    def pages(url: str) -> Iterator[tuple[str, bytes]]:
        try:
            for page in client.pages(url, permission=permission):
                yield page.url, page.content
        except GraphError as error:
            raise FetchError(str(error)) from None

    return pages
