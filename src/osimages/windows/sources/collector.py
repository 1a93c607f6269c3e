"""Collect the claims of every source from its documents. A source that fails does not affect the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from urllib.parse import urljoin

import msgspec

from osimages.windows.merge.claims import Claim, Origin, Parsed, Statement, UpdateClaim
from osimages.windows.sources.fetching import Document, Fetcher, FetchError, Request, is_address
from osimages.windows.sources.parsing import LayoutError, joined, json_object
from osimages.windows.sources.source_list import Place, SourceDefinition

# A list with a smaller share of its last claims has changed its layout rather than its content.
_LEAST_SHARE = 0.8
_SMALL = 10
_MOST_CLAIMS = 100_000  # ten times what all sources together have claimed in ten years
READ, UNCHANGED, OLD, FAILED = "read", "unchanged", "from the cache", "failed"
# From the URL of a collection to the URL and content of each of its pages. Raises FetchError.
Pages = Callable[[str], Iterable[tuple[str, bytes]]]


class SourceResult(msgspec.Struct, frozen=True):
    """The result of reading a source: a state, a detail for people, and its statement unless it failed."""

    source: SourceDefinition
    state: str
    detail: str
    statement: Statement | None = None
    rejected: tuple[tuple[str, str], ...] = ()


class SourceRequest(msgspec.Struct, frozen=True):
    """A source to read, and its places.

    `claims_before` is the number of its claims last time; None if there was none, or if it is not to be compared.
    `pages` reads the collections of a source that needs a token.
    """

    source: SourceDefinition
    places: tuple[Place, ...]
    claims_before: int | None = None
    pages: Pages | None = None


def collect(
    requests: Iterable[SourceRequest], fetcher: Fetcher, since: date, step: Callable[[str], None] = lambda name: None
) -> Iterator[SourceResult]:
    """Yield a result for each source. Documents of an index are read from the day `since` on.

    `step` is called with the name of each source before it is read.
    """
    for request in requests:
        step(request.source.name)
        try:
            result = _collect(request, fetcher, since)
            fetcher.keep()
        except (FetchError, LayoutError) as error:
            result = SourceResult(request.source, FAILED, f"{error}{_still_cached(fetcher)}")
        except Exception as error:
            # A document that a parser does not expect must not cost the claims of the other sources.
            what = f"{type(error).__name__}: {error}"
            detail = f"a fault of osimages itself, please report it with the page ({what}){_still_cached(fetcher)}"
            result = SourceResult(request.source, FAILED, detail)
        yield result


def _still_cached(fetcher: Fetcher) -> str:
    """Drop what was fetched and cannot be read; return a note about the older copy that stays in the cache."""
    before = fetcher.drop()
    return "" if before is None else f"; what was fetched on {before:%Y-%m-%d} is kept"


def _collect(request: SourceRequest, fetcher: Fetcher, since: date) -> SourceResult:
    source = request.source
    if not request.places:
        raise FetchError(f"it has no address of its own: give a file or an address with --from {source.name}=...")
    documents = [each for place in request.places for each in _documents(request, place, fetcher, since)]
    parts = [_parsed(source, each) for each in documents]
    whole = joined(parts)
    if len(whole.claims) > _MOST_CLAIMS:
        raise LayoutError(f"expected at most {_MOST_CLAIMS:,} facts, found {len(whole.claims):,}")
    before = request.claims_before or 0
    if source.is_list and before >= _SMALL and len(whole.claims) < _LEAST_SHARE * before:
        raise LayoutError(
            f"expected about as many facts as the {before:,} at the last time, found {len(whole.claims):,}. If it "
            f"really became so much less: osimages catalogue update --source {source.name} --accept-fewer"
        )
    states = [_state_of(document, parsed) for document, parsed in zip(documents, parts, strict=True)]
    origin = Origin(
        source.name, source.what, source.licence, max(states), source.weight, _complete(source, parts, states)
    )
    state, detail = _state(documents)
    return SourceResult(source, state, detail, Statement(origin, whole.claims), whole.rejected)


def _parsed(source: SourceDefinition, document: Document) -> Parsed:
    """Return what a document claims, without updates of days to come: a typing error would look like news."""
    try:
        parsed = source.parse(document.content)
    except LayoutError as error:
        raise LayoutError(f"{document.location}: {error}") from None
    tomorrow = document.fetched_at.date() + timedelta(days=1)  # it may be tomorrow where the document was written
    claims: list[Claim] = []
    rejected = list(parsed.rejected)
    for claim in parsed.claims:
        if isinstance(claim, UpdateClaim) and claim.day is not None and claim.day > tomorrow:
            rejected.append((f"{claim.build.short} {claim.kb or ''}".strip(), f"{claim.day} is yet to come"))
        else:
            claims.append(claim)
    return Parsed(tuple(claims), tuple(rejected), parsed.as_of)


def _state_of(document: Document, parsed: Parsed) -> date:
    """Return the day a document describes: as stated, else the day it was fetched, or of a file its newest update."""
    fetched = document.fetched_at.date()
    if parsed.as_of is None and not is_address(document.location):
        days = [each.day for each in parsed.claims if isinstance(each, UpdateClaim) and each.day]
        return max(days, default=fetched)
    return min(parsed.as_of or fetched, fetched)


def _complete(
    source: SourceDefinition, parts: Sequence[Parsed], states: Sequence[date]
) -> tuple[tuple[str, date], ...]:
    """Return, for each product that a source lists, the day up to which the list has every update."""
    found: dict[str, date] = {}
    for parsed, state in zip(parts, states, strict=True) if source.lists_updates else ():
        products = {each.listed_under.rpartition(" ")[0] for each in parsed.claims if isinstance(each, UpdateClaim)}
        found |= {each: max(state, found.get(each, date.min)) for each in products - {""}}
    return tuple(sorted(found.items()))


def _state(documents: Sequence[Document]) -> tuple[str, str]:
    old = [each for each in documents if each.is_old]
    if old:
        return OLD, f"as of {old[0].fetched_at:%Y-%m-%d}: {old[0].trouble}"
    return (UNCHANGED if all(each.is_unchanged for each in documents) else READ), ""


def _documents(request: SourceRequest, place: Place, fetcher: Fetcher, since: date) -> Iterator[Document]:
    """Yield the documents at a place: the place itself, the pages of a collection, or the documents of an index."""
    source = request.source
    if request.pages is not None and is_address(place.url):
        # Pages that need a token are never cached: a tenant's data may be in them.
        if fetcher.not_asked:
            raise FetchError(f"{place.url} needs a token, is never cached, and was not fetched: {fetcher.not_asked}")
        for url, content in request.pages(place.url):
            yield Document(url, content, fetcher.now())
        return
    first = fetcher.fetch(Request(place.url, place.accept, source.hosts))
    if source.follow is None or not _is_index(first):
        yield first
        return
    if not is_address(place.url):
        raise FetchError(f"{place.url} is an index: give the documents themselves, or the address of the index")
    # Oldest first: a KB that a later document names again keeps its first day.
    for reference in reversed(source.follow(first.content, since)):
        yield fetcher.fetch(Request(urljoin(place.url, reference), place.accept, source.hosts))


def _is_index(document: Document) -> bool:
    try:
        return "value" in json_object(document.content, "a document or an index of documents, in JSON")
    except LayoutError as error:
        raise LayoutError(f"{document.location}: {error}") from None
