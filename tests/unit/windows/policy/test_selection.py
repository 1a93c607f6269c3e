"""Which releases a policy accepts."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from osimages.windows import bundled
from osimages.windows.policy import AcceptedRanges, PolicyRule, RuleError, accepted_ranges, rule_of
from osimages.windows.policy.documents import left_out_sentence

TODAY = date(2026, 11, 29)


def found(day: date = TODAY, **texts: str) -> AcceptedRanges:
    """The ranges of a rule that is given in texts."""
    given = {name.replace("_", "-"): text for name, text in texts.items()}
    return accepted_ranges(bundled(), rule_of(bundled(), day, given))


def names(result: AcceptedRanges) -> set[str]:
    return {each.release for each in result.ranges}


LTSC = {"Windows 10 1809", "Windows 10 21H2"}
CLIENTS = {"Windows 11 24H2", "Windows 11 25H2", "Windows 11 26H1", "Windows 11 26H2"}
SERVERS = {"Windows Server 2016", "Windows Server 2019", "Windows Server 2022", "Windows Server 2025"}


def test_every_supported_release_and_no_hololens() -> None:
    assert names(found()) == LTSC | CLIENTS
    assert names(found(servers="true")) == LTSC | CLIENTS | SERVERS


def test_releases_whose_editions_have_ended_are_left_out() -> None:
    assert names(found(editions="Pro")) == CLIENTS - {"Windows 11 24H2"}
    assert names(found(editions="Enterprise")) == CLIENTS
    assert names(found(editions="Pro,Enterprise")) == CLIENTS
    assert names(found(editions="EnterpriseS")) == LTSC | {"Windows 11 24H2"}
    # The end is the last day.
    assert "Windows 11 24H2" in names(found(date(2026, 10, 13), editions="Pro"))
    assert "Windows 11 24H2" not in names(found(date(2026, 10, 14), editions="Pro"))


def test_the_end_of_support_has_no_grace() -> None:
    assert "Windows 11 23H2" in names(found(date(2026, 11, 10), grace_days="7"))
    assert "Windows 11 23H2" not in names(found(date(2026, 11, 11), grace_days="7"))


def test_extended_security_updates() -> None:
    assert names(found(include_esu="true")) == LTSC | CLIENTS | {"Windows 10 22H2", "Windows 10 1607"}
    # ESU of Home and Pro, and of LTSB 2016.
    assert "Windows 10 22H2" in names(found(include_esu="true", editions="Pro"))
    assert "Windows 10 1607" not in names(found(include_esu="true", editions="Pro"))
    assert "Windows 10 22H2" not in names(found(date(2028, 10, 11), include_esu="true"))


def test_editions_that_ended_are_named_as_builds_do_not_show_them() -> None:
    (note, *_) = found(releases="24H2").notes
    assert note.startswith("Windows 11 24H2: support has ended for Home/Pro (2026-10-13).")


def test_the_newest_releases() -> None:
    # 26H1 is for new devices only: it does not count, and its devices cannot move on.
    assert names(found(releases="newest two")) == {"Windows 11 25H2", "Windows 11 26H1", "Windows 11 26H2"}
    assert names(found(releases="newest")) == {"Windows 11 26H2"}
    assert names(found(releases="newest 2", editions="EnterpriseS")) == {"Windows 10 21H2", "Windows 11 24H2"}
    assert names(found(releases="newest 50")) == LTSC | CLIENTS
    assert names(found(date(2026, 9, 20), releases="newest two")) == {
        "Windows 11 24H2",
        "Windows 11 25H2",
        "Windows 11 26H1",
    }
    assert names(found(releases="newest two", servers="1")) >= {"Windows Server 2022", "Windows Server 2025"}


def test_listed_releases() -> None:
    assert names(found(releases="windows  11")) == CLIENTS
    assert names(found(releases="Windows 10,26H2")) == LTSC | {"Windows 11 26H2"}
    assert names(found(releases="24H2, Windows 11 25H2,26300")) == CLIENTS - {"Windows 11 26H1"}
    (left,) = found(releases="23H2").left_out
    assert (left.release, left.reason) == ("Windows 11 23H2", "support ended on 2026-11-10")
    (left,) = found(date(2026, 9, 1), releases="26H2").left_out
    assert left.reason == "generally available from 2026-09-29"
    (left,) = found(releases="1607").left_out
    assert left.has_esu
    (left,) = found(releases="26H2", editions="EnterpriseS").left_out
    assert left.reason == "it has no Enterprise LTSC edition"


def test_clients_and_servers_that_share_a_build_do_not_share_a_range() -> None:
    result = found(releases="Windows 11 24H2,Windows Server 2025", servers="true")
    assert [(str(each.lowest), str(each.highest)) for each in result.ranges] == [
        ("10.0.26100.9974", "10.0.26100.29999"),
        ("10.0.26100.33822", "10.0.26100.65535"),
    ]


def test_a_release_younger_than_the_required_patch_tuesday_is_accepted_from_its_first_build_on() -> None:
    # 26H2 came on 2026-09-29, the required Patch Tuesday is that of 2026-09-08.
    (only,) = found(date(2026, 10, 20), releases="26H2", level="1").ranges
    assert (str(only.lowest), only.kind) == ("10.0.26300.9457", "general availability")


@pytest.mark.parametrize(
    ("day", "grace", "required"),
    [
        (date(2026, 11, 9), 0, date(2026, 10, 13)),
        (date(2026, 11, 10), 0, date(2026, 11, 10)),
        (date(2026, 11, 16), 7, date(2026, 10, 13)),
        (date(2026, 11, 17), 7, date(2026, 11, 10)),
        (date(2026, 11, 17), 40, date(2026, 9, 8)),
        (date(2017, 2, 20), 0, date(2017, 1, 10)),  # 2017-02 had no B release
        (date(1, 1, 1), 0, None),
    ],
)
def test_the_required_patch_tuesday(day: date, grace: int, required: date | None) -> None:
    assert PolicyRule(day=day, grace_days=grace).required == required


def test_facts_that_do_not_reach_the_day() -> None:
    result = found(date(2026, 12, 8))
    assert result.is_stale
    assert result.unknown_patch_tuesdays == (date(2026, 12, 8),)
    assert not found(date(2026, 12, 8), grace_days="1").is_stale
    assert not found(date(2026, 12, 8), level="1").is_stale
    # The newest known build is not that of a device that has the updates of December.
    assert found(date(2026, 12, 8), level="1", highest="known").is_stale


def test_an_update_without_a_known_build_is_not_known() -> None:
    # The rollups of Windows Server 2012 R2 of 2026-09 have a KB, and no source states their build.
    result = found(date(2026, 9, 20), releases="Windows Server 2012 R2", servers="true", include_esu="true")
    assert result.is_stale
    assert result.ranges[0].unknown_patch_tuesdays == (date(2026, 9, 8),)


def test_a_release_without_any_known_build_has_no_range() -> None:
    result = found(date(2015, 1, 20), releases="Windows Server 2012 R2", servers="true")
    assert result.ranges == ()
    assert [each.release for each in result.cannot_tell] == ["Windows Server 2012 R2"]
    assert result.is_stale


def test_days_before_the_first_release_and_after_the_last_end() -> None:
    assert found(date(2010, 1, 1)).ranges == ()
    assert found(date(2040, 1, 1), servers="true", include_esu="true").ranges == ()


def test_a_release_without_a_known_end_of_support_is_named() -> None:
    facts = bundled()
    new = msgspec.structs.replace(facts.releases[-1], editions=(), groups=(), esu=())
    facts = msgspec.structs.replace(facts, releases=(*facts.releases[:-1], new))
    result = accepted_ranges(facts, PolicyRule(day=TODAY))
    assert "Windows 11 26H2 (its end of support is not known)" in left_out_sentence(result)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("releases", "22H2"),
        ("releases", "newest zero"),
        ("releases", "newest 0"),
        ("releases", "newest 100"),
        ("editions", "Team"),
        ("editions", "IoT Core"),
    ],
)
def test_a_wrong_parameter_is_named(name: str, text: str) -> None:
    with pytest.raises(RuleError) as raised:
        found(TODAY, **{name: text})
    assert raised.value.parameter == name
