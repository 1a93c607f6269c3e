"""Collecting several sources: each by itself, lists that shrank, pages and indexes, days to come."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from osimages.graph.client import GraphClient
from osimages.graph.client_tokens import FixedToken
from osimages.graph.source_pages import source_pages
from osimages.windows.merge.claims import Parsed, UpdateClaim
from osimages.windows.sources.cache import Cache
from osimages.windows.sources.collector import FAILED, OLD, READ, UNCHANGED, SourceRequest, SourceResult, collect
from osimages.windows.sources.fetching import Fetcher
from osimages.windows.sources.source_list import BY_NAME, SOURCES, Place
from tests.support.web import Given, Reply, serving
from tests.unit.windows.sources.sampled import SAMPLES, sample

NOW = datetime(2026, 12, 9, 12, tzinfo=UTC)
SINCE = date(2026, 11, 1)


@pytest.fixture
def fetcher(tmp_path: Path) -> Iterator[Fetcher]:
    """A fetcher that never waits, on the day after the Patch Tuesday of the samples."""
    found = Fetcher(Cache(tmp_path / "cache"), now=lambda: NOW, pause=lambda seconds: None)
    yield found
    found.close()


def question(name: str, *places: str, before: int | None = None) -> SourceRequest:
    """A source, asked at places of the test's own: with a token where they are on a server."""
    source, pages = BY_NAME[name], None
    if source.permission and "://" in places[0]:
        client = GraphClient(places[0].rpartition("/")[0], FixedToken("x", "test"))
        pages = source_pages(client, source.permission)
    return SourceRequest(source, tuple(Place(each) for each in places), before, pages)


def collected(fetcher: Fetcher, *requests: SourceRequest) -> list[SourceResult]:
    """The answers."""
    return list(collect(requests, fetcher, SINCE))


def states(answers: Sequence[SourceResult]) -> dict[str, str]:
    """How it went, by source."""
    return {each.source.name: each.state for each in answers}


def file(name: str) -> str:
    """Where a sample is."""
    return str(SAMPLES / name)


def test_one_broken_source_spoils_nothing_for_the_others(fetcher: Fetcher) -> None:
    answers = collected(
        fetcher,
        question("servicing-index", file("servicing-index.json")),
        question("update-history", file("servicing-index.json")),
        question("endoflife.date", file("nothing.json")),
        question("cve", file("cve.json")),
        question("dataforgeeks"),
    )
    assert states(answers) == {
        "servicing-index": READ,
        "update-history": FAILED,
        "endoflife.date": FAILED,
        "cve": READ,
        "dataforgeeks": FAILED,
    }
    details = {each.source.name: each.detail for each in answers}
    assert "servicing-index.json: expected div.learnRenderLeftNavCategory" in details["update-history"]
    assert "cannot be read" in details["endoflife.date"]
    assert "--from dataforgeeks=" in details["dataforgeeks"]
    assert answers[1].statement is None


def test_what_a_source_is_and_how_far_it_reaches(fetcher: Fetcher) -> None:
    places = (file("release-information.md"), file("release-information.html"))
    (answer,) = collected(fetcher, question("release-information", *places))
    assert answer.statement is not None
    origin = answer.statement.origin
    assert (origin.name, origin.licence, origin.as_of) == ("release-information", "facts only", date(2026, 12, 9))
    assert origin.complete_until == (("Windows 10", date(2026, 12, 9)), ("Windows 11", date(2026, 12, 9)))


def test_a_file_reaches_as_far_as_its_newest_update(fetcher: Fetcher) -> None:
    """When it was saved nobody knows."""
    (answer,) = collected(fetcher, question("servicing-index", file("servicing-index.json")))
    assert answer.statement is not None
    assert answer.statement.origin.complete_until == (("Windows 11", date(2026, 12, 8)),)


def test_a_page_reaches_as_far_as_the_day_on_which_it_was_fetched(fetcher: Fetcher) -> None:
    with serving(lambda given: Reply(sample("servicing-index.json"))) as web:
        (answer,) = collected(fetcher, question("servicing-index", web.url))
    assert answer.statement is not None
    assert answer.statement.origin.complete_until == (("Windows 11", NOW.date()),)


def test_sources_that_list_security_updates_alone_make_nothing_complete(fetcher: Fetcher) -> None:
    for answer in collected(fetcher, question("cve", file("cve.json")), question("msrc", file("msrc-2026-Dec.json"))):
        assert answer.statement is not None
        assert answer.statement.origin.complete_until == ()


def test_what_has_not_changed_and_what_is_kept(fetcher: Fetcher) -> None:
    with serving(lambda given: Reply(sample("endoflife.date.json"))) as web:
        asked = question("endoflife.date", web.url)
        assert states(collected(fetcher, asked)) == {"endoflife.date": READ}
        assert states(collected(fetcher, asked)) == {"endoflife.date": UNCHANGED}
    (answer,) = collected(fetcher, asked)
    assert answer.state == OLD
    assert answer.detail.startswith("as of 2026-12-09: http://127.0.0.1")
    assert answer.statement is not None


@pytest.mark.parametrize("broken", [b"<html>We are sorry</html>", b"{}", b"", sample("servicing-index.json")])
def test_an_answer_of_another_layout_does_not_take_the_place_of_a_good_one(fetcher: Fetcher, broken: bytes) -> None:
    with serving(lambda given: Reply(sample("endoflife.date.json"))) as web:
        asked = question("endoflife.date", web.url)
        collected(fetcher, asked)
        web.answer = lambda given: Reply(broken)
        (answer,) = collected(fetcher, asked)
        assert (answer.state, answer.statement) == (FAILED, None)
        assert answer.detail.endswith("; what was fetched on 2026-12-09 is kept")
    (answer,) = collected(fetcher, asked)
    assert answer.state == OLD
    assert answer.statement is not None


def test_a_list_that_became_much_shorter_is_not_kept(fetcher: Fetcher) -> None:
    with serving(lambda given: Reply(sample("servicing-index.json"))) as web:
        asked = question("servicing-index", web.url, before=100)
        (answer,) = collected(fetcher, asked)
        assert answer.state == FAILED
        assert "is kept" not in answer.detail
    assert states(collected(fetcher, asked)) == {"servicing-index": FAILED}, "nothing was kept"


def test_a_list_that_became_much_shorter_is_an_error(fetcher: Fetcher) -> None:
    place = file("servicing-index.json")
    assert collected(fetcher, question("servicing-index", place, before=13))[0].state == READ
    (answer,) = collected(fetcher, question("servicing-index", place, before=100))
    assert answer.state == FAILED
    assert "expected about as many facts as the 100 at the last time, found 11" in answer.detail
    assert "--accept-fewer" in answer.detail


def test_documents_that_list_no_whole_may_be_short(fetcher: Fetcher) -> None:
    assert collected(fetcher, question("cve", file("cve.json"), before=100))[0].state == READ


def test_days_to_come_are_not_believed(fetcher: Fetcher, tmp_path: Path) -> None:
    text = sample("servicing-index.json").decode().replace("December 8, 2026", "December 8, 2062")
    (tmp_path / "toc.json").write_text(text, encoding="utf-8")
    (answer,) = collected(fetcher, question("servicing-index", str(tmp_path / "toc.json")))
    assert answer.statement is not None
    assert [what for what, why in answer.rejected if "yet to come" in why] == [
        "26200.9999 KB5990001",
        "26100.9999 KB5990001",
    ]
    assert answer.statement.origin.as_of == date(2026, 11, 24)


def guide(given: Given) -> Reply:
    """The security guide: its index, and the document of December for the others, too."""
    return Reply(sample("msrc-index.json" if given.path == "/updates" else "msrc-2026-Dec.json"))


def test_the_months_of_the_security_guide_oldest_first(fetcher: Fetcher) -> None:
    with serving(guide) as web:
        (answer,) = collected(fetcher, question("msrc", f"{web.url}/updates"))
        assert web.paths() == ["/updates", "/cvrf/2026-Nov", "/cvrf/2026-Dec"]
    assert answer.state == READ
    assert answer.statement is not None
    assert len(answer.statement.claims) == 7


def test_an_index_in_a_file_leads_nowhere(fetcher: Fetcher) -> None:
    (answer,) = collected(fetcher, question("msrc", file("msrc-index.json")))
    assert answer.state == FAILED
    assert "is an index: give the documents themselves" in answer.detail
    (answer,) = collected(fetcher, question("msrc", file("update-history.html")))
    assert "update-history.html: expected a document or an index of documents, in JSON" in answer.detail


def test_a_fault_in_an_importer_spoils_nothing_for_the_others(fetcher: Fetcher) -> None:
    def fails(content: bytes) -> Parsed:
        raise KeyError("x")

    broken = msgspec.structs.replace(BY_NAME["cve"], parse=fails)
    asked = SourceRequest(broken, (Place(file("cve.json")),))
    answers = collected(fetcher, asked, question("images", file("images.json")))
    assert [each.state for each in answers] == [FAILED, READ]
    assert "please report it" in answers[0].detail


def pages(given: Given) -> Reply:
    """Three pages of images."""
    document = json.loads(sample("images.json"))
    number = int(given.path.partition("page=")[2] or 1)
    document["value"][0]["availableUpdates"] = document["value"][0]["availableUpdates"][number - 1 : number]
    if number < 3:
        document["@odata.nextLink"] = f"http://{given.headers['host']}/images?page={number + 1}"
    return Reply(json.dumps(document).encode())


def test_pages_with_a_token(fetcher: Fetcher) -> None:
    with serving(pages) as web:
        (answer,) = collected(fetcher, question("images", f"{web.url}/images"))
        assert web.paths() == ["/images", "/images?page=2", "/images?page=3"]
        assert {each.headers["authorization"] for each in web.asked} == {"Bearer x"}
    assert answer.statement is not None
    builds = [each.build.short for each in answer.statement.claims if isinstance(each, UpdateClaim)]
    assert builds == ["26200.9801", "26200.9711"]


@pytest.mark.parametrize(
    ("link", "what"),
    [("/images", "pages without end"), ("https://example.com/images?$skiptoken=x", "no token is sent there")],
)
def test_pages_that_lead_astray(fetcher: Fetcher, link: str, what: str) -> None:
    def answer(given: Given) -> Reply:
        target = link if link.startswith("https") else f"http://{given.headers['host']}{link}"
        return Reply(json.dumps({"value": [], "@odata.nextLink": target}).encode())

    with serving(answer) as web:
        (found,) = collected(fetcher, question("graph", f"{web.url}/images"))
        assert len(web.asked) == 1
    assert (found.state, what in found.detail) == (FAILED, True)


def test_what_needs_a_token_is_not_read_offline(tmp_path: Path) -> None:
    fetcher = Fetcher(Cache(tmp_path / "cache"), not_asked="--offline was given")
    (found,) = collected(fetcher, question("images", "https://graph.example/beta/images"))
    assert (found.state, "not fetched: --offline was given" in found.detail) == (FAILED, True)


def test_who_is_asked_is_told_before(fetcher: Fetcher) -> None:
    told: list[str] = []
    list(
        collect(
            [question("cve", file("cve.json")), question("images", file("images.json"))], fetcher, SINCE, told.append
        )
    )
    assert told == ["cve", "images"]


def test_every_source_is_described() -> None:
    assert len({each.name for each in SOURCES}) == len(SOURCES) == 9
    for source in SOURCES:
        assert source.what
        assert source.licence
        assert all(each.url.startswith("https://") for each in source.places)
        assert not (source.is_asked and source.permission), "a source that needs a token is read only when it is named"
        assert source.places or not source.is_asked
