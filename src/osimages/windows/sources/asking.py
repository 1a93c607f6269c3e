"""Asks the sources: each for all of its documents, so that one that is broken spoils nothing for the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from urllib.parse import urljoin

import msgspec

from osimages.graph.client import GraphClient
from osimages.graph.client_errors import GraphError
from osimages.windows.merge.claims import Claim, Origin, Parsed, Statement, UpdateClaim
from osimages.windows.sources.fetching import Document, Fetcher, FetchError, Request, is_address
from osimages.windows.sources.reading import LayoutError, joined, json_object
from osimages.windows.sources.source_list import Place, SourceDefinition

# A list that has so much less than at the last time has lost its form, and not its content.
_LEAST_SHARE = 0.8
_SMALL = 10
_MOST_CLAIMS = 100_000  # all sources together have said less than a tenth of that in ten years
READ, UNCHANGED, OLD, FAILED = "read", "unchanged", "from the cache", "failed"


class Answer(msgspec.Struct, frozen=True):
    """How asking a source went: a state in a word, a detail for people, and what it says, unless it failed."""

    source: SourceDefinition
    state: str
    detail: str
    statement: Statement | None = None
    rejected: tuple[tuple[str, str], ...] = ()


class Question(msgspec.Struct, frozen=True):
    """A source to ask, where to (its own places where nothing is given), and what it needs.

    `claims_before` is how many claims it made last; None where it never did, or where that is not to count. A source
    that needs a token has a `client` for its server.
    """

    source: SourceDefinition
    places: tuple[Place, ...]
    claims_before: int | None = None
    client: GraphClient | None = None


def ask_all(
    questions: Iterable[Question], fetcher: Fetcher, since: date, step: Callable[[str], None] = lambda name: None
) -> Iterator[Answer]:
    """An answer for each source; `since` is the day from which on the documents of an index matter.

    `step` is told what is asked for before it is.
    """
    for question in questions:
        step(question.source.name)
        try:
            answer = _ask(question, fetcher, since)
            fetcher.keep()
        except (FetchError, LayoutError, GraphError) as error:
            answer = Answer(question.source, FAILED, f"{error}{_still_kept(fetcher)}")
        except Exception as error:
            # A document that an importer did not expect is no reason to lose what the other sources say.
            what = f"{type(error).__name__}: {error}"
            told = f"a fault of osimages itself, please report it with the page ({what}){_still_kept(fetcher)}"
            answer = Answer(question.source, FAILED, told)
        yield answer


def _still_kept(fetcher: Fetcher) -> str:
    """What cannot be read does not take the place of what could; this tells so."""
    before = fetcher.drop()
    return "" if before is None else f"; what was fetched on {before:%Y-%m-%d} is kept"


def _ask(question: Question, fetcher: Fetcher, since: date) -> Answer:
    source = question.source
    if not question.places:
        raise FetchError(f"it has no address of its own: give a file or an address with --from {source.name}=...")
    documents = [each for place in question.places for each in _documents(question, place, fetcher, since)]
    parts = [_parsed(source, each) for each in documents]
    whole = joined(parts)
    if len(whole.claims) > _MOST_CLAIMS:
        raise LayoutError(f"expected at most {_MOST_CLAIMS:,} facts, found {len(whole.claims):,}")
    before = question.claims_before or 0
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
    return Answer(source, state, detail, Statement(origin, whole.claims), whole.rejected)


def _parsed(source: SourceDefinition, document: Document) -> Parsed:
    """What a document says, but for days to come: nobody knows those, and a slip of the pen would look like news."""
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
    """The day of a document's state: as it says, or when it was fetched; of a silent file, its newest update's."""
    fetched = document.fetched_at.date()
    if parsed.as_of is None and not is_address(document.location):
        days = [each.day for each in parsed.claims if isinstance(each, UpdateClaim) and each.day]
        return max(days, default=fetched)
    return min(parsed.as_of or fetched, fetched)


def _complete(
    source: SourceDefinition, parts: Sequence[Parsed], states: Sequence[date]
) -> tuple[tuple[str, date], ...]:
    """Up to which day a source lists every update of a product, for the products whose lists it has."""
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


def _documents(question: Question, place: Place, fetcher: Fetcher, since: date) -> Iterator[Document]:
    """Return the documents at a place: itself, the pages of a collection of Graph, or those that an index names."""
    source = question.source
    if question.client is not None and is_address(place.url):
        yield from _pages(question.client, place.url, source, fetcher)
        return
    first = fetcher.fetch(Request(place.url, place.accept, source.hosts))
    if source.follow is None or not _is_index(first):
        yield first
        return
    if not is_address(place.url):
        raise FetchError(f"{place.url} is an index: give the documents themselves, or the address of the index")
    # Oldest first: where a later document names a KB again it has its day from there.
    for reference in reversed(source.follow(first.content, since)):
        yield fetcher.fetch(Request(urljoin(place.url, reference), place.accept, source.hosts))


def _pages(client: GraphClient, url: str, source: SourceDefinition, fetcher: Fetcher) -> Iterator[Document]:
    """Return the pages of a collection of Graph, which are never kept on disk, as a tenant's data may be in them."""
    if fetcher.not_asked:
        raise FetchError(f"{url} needs a token, is never cached, and was not fetched: {fetcher.not_asked}")
    for page in client.pages(url, permission=source.permission):
        yield Document(page.url, page.content, fetcher.now())


def _is_index(document: Document) -> bool:
    try:
        return "value" in json_object(document.content, "a document or an index of documents, in JSON")
    except LayoutError as error:
        raise LayoutError(f"{document.location}: {error}") from None
