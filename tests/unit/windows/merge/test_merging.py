"""Merging by small cases: what is taken up, what is kept, what is left out, and what is listed as a disagreement."""

from __future__ import annotations

import random
from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osimages.windows.builds import Build
from osimages.windows.facts import Kind, Release, Update, bundled, digest
from osimages.windows.merge.claims import (
    ENTERPRISE_AND_EDUCATION,
    HOME_AND_PRO,
    BulletinClaim,
    Claim,
    EndClaim,
    Origin,
    ReleaseClaim,
    Statement,
    Title,
    UpdateClaim,
    Weight,
)
from osimages.windows.merge.merging import Merged, merge
from osimages.windows.merge.overrides import parse_overrides

DECEMBER = date(2026, 12, 8)
TODAY = date(2026, 12, 9)


def said(name: str, weight: Weight, *claims: Claim, complete: bool = False) -> Statement:
    """What a source says, on the day after the Patch Tuesday of December 2026."""
    until = (("Windows 10", TODAY), ("Windows 11", TODAY)) if complete else ()
    return Statement(Origin(name, f"The source {name}", "MIT", TODAY, weight, until), claims)


def titled(
    build: str, kb: str | None, day: date = DECEMBER, title: Title = Title.PLAIN, under: str = ""
) -> UpdateClaim:
    """A claim that was read from a title."""
    return UpdateClaim(Build.parse(build), kb, day, title=title, listed_under=under)


def labelled(build: str, kb: str | None, label: str, day: date = DECEMBER) -> UpdateClaim:
    """A claim of Microsoft's table."""
    return UpdateClaim(Build.parse(build), kb, day, label=label, is_in_table=True)


def release(merged: Merged, name: str) -> Release:
    """A release by its id."""
    return next(each for each in merged.catalogue.releases if each.id == name)


def update(merged: Merged, build: str) -> Update:
    """The one update of a build."""
    found = [u for r in merged.catalogue.releases for u in r.updates if u.build == Build.parse(build)]
    assert len(found) == 1, found
    return found[0]


def source_names(merged: Merged, update: Update) -> list[str]:
    """Who has an update."""
    return [merged.catalogue.sources[number].name for number in update.sources]


def test_a_new_patch_tuesday() -> None:
    title = titled("26200.9999", "KB5990001")
    merged = merge(bundled(), [said("index", Weight.TITLE, title, complete=True)])
    new = update(merged, "26200.9999")
    assert (new.kind, new.is_canonical_b, (new.year, new.month)) == (Kind.B, True, (2026, 12))
    assert (new.kb, new.release_date, new.scope) == ("KB5990001", DECEMBER, "GA")
    assert source_names(merged, new) == ["index"]
    assert merged.catalogue.as_of == TODAY
    assert merged.catalogue.complete_until == TODAY
    assert merged.catalogue.sources[-1].what == "The source index"
    kept = [each for each in release(merged, "Windows 11 25H2").updates if each is not new]
    assert kept == list(next(each for each in bundled().releases if each.id == "Windows 11 25H2").updates)


def test_a_kb_that_was_not_known_completes_a_build() -> None:
    """The builds of October 2026 came from CVE records, which name no KB."""
    before = next(u for r in bundled().releases for u in r.updates if str(u.build) == "10.0.26200.9711")
    assert before.kb is None
    merged = merge(bundled(), [said("index", Weight.TITLE, titled("26200.9711", "KB5130000", date(2026, 10, 13)))])
    after = update(merged, "26200.9711")
    assert (after.kb, after.is_canonical_b) == ("KB5130000", True)
    assert source_names(merged, after) == ["cve5-2026-11", "index"]


def test_a_label_goes_before_a_title_before_the_calendar() -> None:
    by_calendar = said("cve", Weight.SECURITY, UpdateClaim(Build.parse("26200.9999"), None, DECEMBER))
    by_title = said("index", Weight.TITLE, titled("26200.9999", "KB5990001", title=Title.OUT_OF_BAND))
    by_label = said("table", Weight.TABLE, labelled("26200.9999", "KB5990001", "2026-12 D"))
    assert update(merge(bundled(), [by_calendar]), "26200.9999").kind is Kind.B
    assert update(merge(bundled(), [by_calendar, by_title]), "26200.9999").kind is Kind.OUT_OF_BAND
    assert update(merge(bundled(), [by_calendar, by_title, by_label]), "26200.9999").kind is Kind.PREVIEW


def test_a_label_replaces_what_the_calendar_gave_to_the_shipped_facts() -> None:
    october = date(2026, 10, 13)
    merged = merge(bundled(), [said("table", Weight.TABLE, labelled("26200.9711", "KB5130000", "2026-10 B", october))])
    assert update(merged, "26200.9711").label == "2026-10 B"
    assert update(merged, "26200.9711").basis == "ms-label"


@pytest.mark.parametrize("build", ["20348.5000", "26400.1", "6001.18000", "15254.603"])
def test_a_build_of_no_client_release_is_rejected(build: str) -> None:
    merged = merge(bundled(), [said("index", Weight.TITLE, titled(build, "KB5990001"))])
    assert merged.catalogue.releases == bundled().releases
    assert [each.source for each in merged.rejected] == ["index"]


def test_revisions_of_windows_server_are_kept_out_of_24h2() -> None:
    merged = merge(bundled(), [said("index", Weight.TITLE, titled("26100.34001", "KB5990007"))])
    assert merged.catalogue.releases == bundled().releases
    assert "Windows Server" in merged.rejected[0].why


def test_facts_without_claims_are_kept() -> None:
    """Servers, HoloLens, support beyond Graph's editions, ESU, hotpatch months and updates without a build."""
    merged = merge(
        bundled(), [said("index", Weight.TITLE, titled("26100.10201", "KB5990001"), complete=True)]
    ).catalogue
    assert merged.servers == bundled().servers
    assert merged.others == bundled().others
    assert merged.servers_complete_until == bundled().servers_complete_until
    for after, before in zip(merged.releases, bundled().releases, strict=True):
        for name in ("groups", "esu", "packages", "hotpatch_months", "hotpatch_until", "note"):
            assert getattr(after, name) == getattr(before, name), (after.id, name)
    names = [each.name for each in merged.sources]
    assert names[: len(bundled().sources)] == [each.name for each in bundled().sources], "positions stay what they were"


def test_a_known_build_replaces_the_update_without_a_build() -> None:
    title = titled("26100.9460", "KB5129241", date(2026, 9, 14), Title.HOTPATCH_OUT_OF_BAND)
    merged = merge(bundled(), [said("index", Weight.TITLE, title)])
    assert release(merged, "Windows 11 24H2").packages == ()
    assert [each.kb for each in release(merged, "Windows 11 25H2").packages] == ["KB5129241"]
    assert update(merged, "26100.9460").kind is Kind.HOTPATCH_OUT_OF_BAND


def test_server_builds_are_kept_out_of_24h2() -> None:
    """A list that mixed both had 26100.3781 (KB5059087) under Windows 11 24H2."""
    claim = titled("26100.3781", "KB5059087", date(2025, 4, 16), Title.OUT_OF_BAND, "Windows 11 24H2")
    merged = merge(bundled(), [said("index", Weight.THIRD_PARTY, claim)])
    assert merged.catalogue.releases == bundled().releases
    assert "Windows Server" in merged.rejected[0].why


def test_an_amended_kind_outlives_the_label_that_it_amends() -> None:
    """Microsoft's table calls the image of general availability of 22H2 a preview."""
    claim = labelled("19045.2130", None, "2022-10 C", date(2022, 10, 18))
    merged = merge(bundled(), [said("table", Weight.TABLE, claim)])
    assert update(merged, "19045.2130").kind is Kind.GENERAL_AVAILABILITY


def test_a_hotpatch_is_no_second_b_of_its_month() -> None:
    hotpatch = UpdateClaim(Build.parse("26100.9990"), "KB5990005", DECEMBER, label="2026-12 B", is_hotpatch=True)
    b = labelled("26100.9999", "KB5990001", "2026-12 B")
    merged = merge(bundled(), [said("table", Weight.TABLE, hotpatch, b)])
    assert update(merged, "26100.9990").kind is Kind.HOTPATCH
    assert update(merged, "26100.9999").is_canonical_b
    assert not [each for each in merged.disagreements if each.subject == "Windows 11 24H2 2026-12"]


def test_a_build_of_another_release_in_the_list_of_one_is_a_misprint() -> None:
    """CVE records of October 2026 had 22H2 fixed in a build of 21H2."""
    wrong = UpdateClaim(Build.parse("19044.8001"), None, DECEMBER, listed_under="Windows 10 22H2")
    merged = merge(bundled(), [said("cve", Weight.SECURITY, wrong)])
    assert merged.catalogue.releases == bundled().releases
    listed = next(each for each in merged.disagreements if each.subject == "19044.8001")
    assert (listed.field, listed.chosen) == ("build typo on a Microsoft page (row dropped)", "dropped")


def test_a_wrong_month_in_a_security_record_moves_no_build() -> None:
    """A CVE record of May 2026 had 22H2 fixed in the build of June."""
    known = next(u for r in bundled().releases for u in r.updates if str(u.build) == "10.0.19045.7417")
    claim = UpdateClaim(known.build, None, date(2026, 5, 12), listed_under="Windows 10 22H2")
    merged = merge(bundled(), [said("cve", Weight.SECURITY, claim)])
    assert update(merged, "19045.7417").release_date == known.release_date
    listed = next(each for each in merged.disagreements if (each.subject, each.field) == ("19045.7417", "date"))
    assert listed.values["2026-05-12"] == ("cve",)


@pytest.mark.parametrize(
    ("build", "kb", "why"),
    [
        ("19045.7417", "KB5087544", "the build of KB5087544 is 19045.7291 by all others"),
        ("19045.7290", "KB5087544", "the build of KB5087544 is 19045.7291 by all others"),
        ("19045.7291", "KB5990001", "that build is of KB5087544 by all others"),
    ],
)
def test_the_security_guide_is_not_believed_about_builds_that_others_know(build: str, kb: str, why: str) -> None:
    claim = UpdateClaim(Build.parse(build), kb, date(2026, 5, 12), is_in_msrc=True, listed_under="Windows 10 22H2")
    merged = merge(bundled(), [said("msrc", Weight.SECURITY, claim)])
    assert [(each.what, each.why) for each in merged.rejected] == [(f"{build} {kb} of 2026-05-12", why)]
    assert release(merged, "Windows 10 22H2") == release(merge(bundled(), []), "Windows 10 22H2")


def test_the_security_guide_is_believed_about_builds_that_nobody_else_knows() -> None:
    claim = UpdateClaim(
        Build.parse("19045.8001"), "KB5990010", DECEMBER, is_in_msrc=True, listed_under="Windows 10 22H2"
    )
    merged = merge(bundled(), [said("msrc", Weight.SECURITY, claim)])
    assert update(merged, "19045.8001").is_canonical_b


def test_an_end_of_support_is_not_forgotten_when_the_page_does_not_name_it_any_more() -> None:
    page = said("table", Weight.TABLE, ReleaseClaim("Windows 11", "24H2", 26100, date(2024, 10, 1)))
    ends = {
        each.edition_type: str(each.support_end_date)
        for each in release(merge(bundled(), [page]), "Windows 11 24H2").editions
    }
    assert (ends["professional"], ends["enterprise"]) == ("2026-10-13", "2027-10-12")


def test_microsofts_new_end_of_support_counts_and_a_third_partys_is_listed() -> None:
    day = date(2029, 3, 13)
    claim = EndClaim("Windows 11 25H2", ENTERPRISE_AND_EDUCATION, day)
    theirs = merge(bundled(), [said("eol", Weight.THIRD_PARTY, claim)])
    assert release(theirs, "Windows 11 25H2").editions == release(merge(bundled(), []), "Windows 11 25H2").editions
    listed = next(each for each in theirs.disagreements if each.field == "support end date")
    assert (listed.subject, listed.chosen) == ("Windows 11 25H2 Enterprise/Education", "2028-10-10")
    assert listed.values["2029-03-13"] == ("eol",)
    microsofts = merge(bundled(), [said("table", Weight.TITLE, claim)])
    ends = {each.servicing: each.support_end_date for each in release(microsofts, "Windows 11 25H2").editions}
    assert ends == {HOME_AND_PRO: date(2027, 10, 12), ENTERPRISE_AND_EDUCATION: day}


def test_an_end_of_support_on_another_day_than_a_tuesday_is_rejected() -> None:
    claim = EndClaim("Windows 11 25H2", HOME_AND_PRO, date(2027, 10, 13))
    merged = merge(bundled(), [said("table", Weight.TITLE, claim)])
    assert merged.rejected[0].why == "that day is no Tuesday"
    assert merged.catalogue.releases == bundled().releases


def new_release() -> tuple[Claim, ...]:
    """A release that the shipped facts do not have."""
    return (
        ReleaseClaim("Windows 11", "27H1", 29000, date(2027, 2, 9)),
        EndClaim("Windows 11 27H1", HOME_AND_PRO, date(2029, 3, 13)),
        EndClaim("Windows 11 27H1", ENTERPRISE_AND_EDUCATION, date(2030, 3, 12)),
        titled("29000.1000", "KB5990020", date(2027, 3, 9)),
    )


def test_a_new_release_with_its_editions_and_architectures() -> None:
    new = release(merge(bundled(), [said("eol", Weight.THIRD_PARTY, *new_release())]), "Windows 11 27H1")
    assert (new.os_build, new.general_availability, new.architectures) == (29000, date(2027, 2, 9), ("x64", "arM64"))
    assert {(each.edition_type, str(each.support_end_date)) for each in new.editions} >= {
        ("proWorkstationN", "2029-03-13"),
        ("educationN", "2030-03-12"),
    }
    assert len(new.editions) == 10
    assert [each.build.short for each in new.updates if each.is_canonical_b] == ["29000.1000"]


@pytest.mark.parametrize("missing", [0, 1])
def test_a_release_of_which_too_little_is_known_is_rejected(missing: int) -> None:
    whole = ReleaseClaim("Windows 11", "27H1", 29000, date(2027, 2, 9))
    part = [
        ReleaseClaim("Windows 11", "27H1", None, whole.general_availability),
        ReleaseClaim("Windows 11", "27H1", 29000),
    ]
    merged = merge(bundled(), [said("eol", Weight.THIRD_PARTY, part[missing], *new_release()[1:])])
    assert merged.catalogue.releases == bundled().releases
    assert {each.what for each in merged.rejected} >= {"Windows 11 27H1", "end of support of Windows 11 27H1"}


def test_a_bulletin_marks_the_updates_of_its_release_alone() -> None:
    claims = [titled("26200.9999", "KB5990001"), titled("26100.9999", "KB5990001")]
    bulletin = BulletinClaim("KB5990001", "Windows 11 25H2", DECEMBER)
    merged = merge(bundled(), [said("index", Weight.TITLE, *claims), said("msrc", Weight.SECURITY, bulletin)])
    assert update(merged, "26200.9999").is_in_msrc
    assert source_names(merged, update(merged, "26200.9999")) == ["index", "msrc"]
    assert not update(merged, "26100.9999").is_in_msrc


def test_another_servers_images_add_a_build_that_nobody_else_has() -> None:
    claim = UpdateClaim(Build.parse("26200.9999"), month=(2026, 12), listed_under="Windows 11 25H2")
    merged = merge(bundled(), [said("mirror", Weight.COPY, claim)])
    new = update(merged, "26200.9999")
    assert (new.kind, new.year, new.month, new.release_date) == (Kind.B, 2026, 12, None)
    assert new.is_canonical_b


def test_one_canonical_b_of_several() -> None:
    labelled_one = said("table", Weight.TABLE, labelled("26200.9998", "KB5990001", "2026-12 B"))
    others = said("index", Weight.TITLE, titled("26200.9999", "KB5990001"), titled("26200.9998", "KB5990001"))
    merged = merge(bundled(), [others, labelled_one])
    assert [update(merged, f"26200.{each}").is_canonical_b for each in (9998, 9999)] == [True, False]
    listed = next(each for each in merged.disagreements if each.subject == "Windows 11 25H2 2026-12")
    assert listed.chosen == "26200.9998"


def test_a_revision_that_is_listed_twice_is_one_build_of_its_month() -> None:
    """Graph's windowsUpdates catalogue has had 10.0.22631.6495 in two entries (msgraph-metadata issue 1078)."""
    two = [labelled("22631.7999", kb, "2026-12 B") for kb in ("KB5990001", "KB5990002")]
    merged = merge(bundled(), [said("graph", Weight.TABLE, *two)])
    found = [u for u in release(merged, "Windows 11 23H2").updates if u.build == Build.parse("22631.7999")]
    assert sorted((each.kb, each.is_canonical_b) for each in found) == [("KB5990001", False), ("KB5990002", True)]
    assert ("22631.7999", "one build, two KBs") in {(each.subject, each.field) for each in merged.disagreements}


PINS = """
[[pin]]
build = "26200.9999"
field = "kind"
value = "out-of-band"
reason = "It came out on a Tuesday by chance."

[[pin]]
build = "26200.9998"
field = "release date"
value = 2026-12-08
reason = "The page is wrong."

[[pin]]
build = "26100.9999"
field = "dropped"
reason = "There is no such build."

[[pin]]
release = "Windows 11 25H2"
group = "Home/Pro"
field = "support end date"
value = 2028-01-11
reason = "Our contract."
"""


def test_pins_go_before_everything_and_are_marked() -> None:
    claims = [
        titled("26200.9999", "KB5990001"),
        titled("26100.9999", "KB5990001"),
        titled("26200.9998", "KB5990002", date(2026, 12, 7)),
    ]
    overrides = parse_overrides(PINS.encode(), "catalogue.toml")
    merged = merge(bundled(), [said("index", Weight.TITLE, *claims)], overrides)
    assert update(merged, "26200.9999").kind is Kind.OUT_OF_BAND
    assert (update(merged, "26200.9998").release_date, update(merged, "26200.9998").kind) == (DECEMBER, Kind.B)
    assert not [u for r in merged.catalogue.releases for u in r.updates if str(u.build) == "10.0.26100.9999"]
    ends = {
        each.support_end_date for each in release(merged, "Windows 11 25H2").editions if each.servicing == HOME_AND_PRO
    }
    assert ends == {date(2028, 1, 11)}
    assert {each.subject for each in merged.disagreements if each.is_pinned} == {
        "26200.9999",
        "26200.9998",
        "Windows 11 25H2 Home/Pro",
    }


def test_the_same_claims_give_the_same_facts_in_any_order() -> None:
    statements = [
        said("index", Weight.TITLE, titled("26200.9999", "KB5990001"), titled("26200.9998", "KB5990002")),
        said("table", Weight.TABLE, labelled("26200.9998", "KB5990002", "2026-12 B", date(2026, 12, 9))),
        said("eol", Weight.THIRD_PARTY, *new_release()),
        said("cve", Weight.SECURITY, UpdateClaim(Build.parse("26200.9999"), None, DECEMBER)),
    ]
    expected = merge(bundled(), statements)
    for seed in range(5):
        shuffled = [
            Statement(each.origin, tuple(random.Random(seed).sample(each.claims, len(each.claims))))
            for each in statements
        ]
        assert merge(bundled(), random.Random(seed).sample(shuffled, 4)) == expected


def test_merging_again_changes_nothing() -> None:
    statements = [said("index", Weight.TITLE, titled("26200.9999", "KB5990001"))]
    assert digest(merge(bundled(), statements).catalogue) == digest(merge(bundled(), statements).catalogue)


BUILDS = st.builds(
    Build, st.just(10), st.just(0), st.sampled_from([19045, 22631, 26100, 26200, 29000, 20348]), st.integers(1, 40000)
)
CLAIMS = st.one_of(
    st.builds(
        UpdateClaim,
        BUILDS,
        st.none() | st.sampled_from(["KB5990001", "KB5990002", "KB5087544"]),
        st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31)),
        label=st.sampled_from(["", "2026-12 B", "2026-12 D", "2026-12 A", "nonsense"]),
        title=st.sampled_from(list(Title)),
        is_hotpatch=st.booleans(),
        is_in_table=st.booleans(),
        is_in_msrc=st.booleans(),
        month=st.none() | st.just((2026, 12)),
        listed_under=st.sampled_from(["", "Windows 11 25H2", "Windows 10 22H2", "Windows 11 99H9"]),
        position=st.integers(0, 2),
    ),
    st.builds(
        ReleaseClaim,
        st.sampled_from(["Windows 10", "Windows 11", "Windows 12"]),
        st.sampled_from(["25H2", "27H1", "2004", "Server"]),
        st.none() | st.sampled_from([26200, 29000]),
        st.none() | st.dates(date(2025, 1, 1), date(2028, 1, 1)),
    ),
    st.builds(
        EndClaim,
        st.sampled_from(["Windows 11 25H2", "Windows 11 27H1", "Windows 7"]),
        st.sampled_from([HOME_AND_PRO, ENTERPRISE_AND_EDUCATION]),
        st.dates(date(2026, 1, 1), date(2030, 1, 1)),
    ),
    st.builds(BulletinClaim, st.just("KB5990001"), st.sampled_from(["Windows 11 25H2", "Windows 7"])),
)


# Three releases, so that each of many mergings is quick.
SOME = msgspec.structs.replace(bundled(), releases=bundled().releases[13:14] + bundled().releases[17:19])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(Weight)), st.lists(CLAIMS, max_size=6)), max_size=4))
def test_whatever_sources_say_the_facts_stay_sound(given: list[tuple[Weight, list[Claim]]]) -> None:
    statements = [said(f"source {number}", weight, *claims) for number, (weight, claims) in enumerate(given)]
    merged = merge(SOME, statements)
    assert merge(SOME, statements[::-1]) == merged
    for each in merged.catalogue.releases:
        assert all(update.build.build == each.os_build for update in each.updates)
        months = [(update.year, update.month) for update in each.updates if update.is_canonical_b]
        assert len(months) == len(set(months)), "one canonical B in a month"
        assert {(update.year, update.month) for update in each.updates if update.kind is Kind.B} == set(months)
        assert all(update.kind is Kind.B for update in each.updates if update.is_canonical_b)
        assert all(update.sources for update in each.updates)
    known = {(u.build, u.kb) for r in SOME.releases for u in r.updates if u.kb is not None}
    assert known <= {(u.build, u.kb) for r in merged.catalogue.releases for u in r.updates}, "nothing is lost"
