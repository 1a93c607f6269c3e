"""Finds the pages of an answer that are missing from an input: links without their page, totals not reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LINKS = ("@odata.nextlink", "odata.nextlink", "nextlink", "skip_token", "$skiptoken")
_TOTALS = ("@odata.count", "odata.count", "totalrowcount", "total_records")
_LONGEST_NAMED = 300
_MOST_LISTED = 100


class Pages:
    """Follows the pages of an input in their order.

    A page follows the last open link of the same collection. Responses of one batch never follow one another: they
    answer requests that were sent together (https://learn.microsoft.com/graph/json-batching).
    """

    def __init__(self) -> None:
        self._collection = ""
        self._open: dict[str, list[str]] = {}  # links by collection
        self._of_batch: list[tuple[str, str]] | None = None
        self._failed: dict[str, str] = {}
        self._rows: dict[str, int] = {}
        self._totals: dict[str, int] = {}
        self._errors: list[str] = []

    def begin_batch(self) -> None:
        """The pages up to `end_batch` are responses of one batch."""
        self._of_batch = []

    def end_batch(self) -> None:
        """The batch is complete."""
        for collection, link in self._of_batch or ():
            self._open.setdefault(collection, []).append(link)
        self._of_batch = None

    def page(self, head: Mapping[str, Any], rows: int) -> None:
        """Take note of a page and of the number of rows in it."""
        lower = {name.lower(): value for name, value in head.items()}
        collection = str(lower.get("@odata.context") or "").partition("#")[2] or self._collection
        self._collection = collection
        if followed := self._open.get(collection):
            followed.pop()
        link = next((text for name in _LINKS if isinstance(text := lower.get(name), str) and text), None)
        if link is not None and self._of_batch is None:
            self._open.setdefault(collection, []).append(link)
        elif link is not None and self._of_batch is not None:
            self._of_batch.append((collection, link))
        if self._of_batch is None:
            self._count(lower, collection, rows)

    def failed(self, request: str, status: object, error: object) -> None:
        """A response of a batch, or a whole answer, is an error; a later response to the same request makes up."""
        code = error.get("code") if isinstance(error, Mapping) else None
        error = " ".join(str(each)[:60] for each in (status, code) if each)
        if request:
            self._failed[request] = f"response '{request[:60]}' of a batch failed: {error}"
        elif len(self._errors) < _MOST_LISTED:
            self._errors.append(f"an answer is an error instead of a page: {error}")

    def succeeded(self, request: str) -> None:
        """A response of a batch is no error."""
        self._failed.pop(request, None)

    def incomplete(self) -> list[str]:
        """Return sentences about what is missing, links first."""
        links = [link for each in self._open.values() for link in each]
        found = [f"@odata.nextLink was not followed: {link[:_LONGEST_NAMED]}" for link in links[:_MOST_LISTED]]
        found += [*self._failed.values(), *self._errors]
        if not links:
            found += [
                f"the input has {self._rows[name]:,} of {total:,} rows of {name or 'its report'}"
                for name, total in self._totals.items()
                if self._rows[name] < total
            ]
        return found[:_MOST_LISTED]

    def _count(self, lower: Mapping[str, Any], collection: str, rows: int) -> None:
        if len(self._rows) < _MOST_LISTED or collection in self._rows:
            self._rows[collection] = self._rows.get(collection, 0) + rows
            total = next((number for name in _TOTALS if (number := _number(lower.get(name))) is not None), None)
            if total is not None:
                self._totals[collection] = max(self._totals.get(collection, 0), total)


def _number(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
