"""The ranges of builds that a rule accepts."""

from __future__ import annotations

from datetime import date

import pytest

from osimages.windows import bundled
from osimages.windows.policy import AcceptedRanges, Highest, PolicyRule, RuleError, accepted_ranges, rule_of

TODAY = date(2026, 11, 29)


def found(day: date = TODAY, **rule: object) -> AcceptedRanges:
    """The ranges of a rule, by the shipped facts."""
    return accepted_ranges(bundled(), PolicyRule(day=day, **rule))  # type: ignore[arg-type]


def shown(result: AcceptedRanges) -> dict[str, list[str]]:
    """The ranges of each release as texts."""
    texts: dict[str, list[str]] = {}
    for each in result.ranges:
        texts.setdefault(each.release, []).append(f"{each.lowest}-{each.highest}")
    return texts


def test_this_month_of_every_supported_release() -> None:
    assert shown(found()) == {
        "Windows 10 1809": ["10.0.17763.9487-10.0.17763.65535"],
        "Windows 10 21H2": ["10.0.19044.7846-10.0.19044.65535"],
        "Windows 11 24H2": ["10.0.26100.9974-10.0.26100.65535"],
        "Windows 11 25H2": ["10.0.26200.9974-10.0.26200.65535"],
        "Windows 11 26H1": ["10.0.28000.3501-10.0.28000.65535"],
        "Windows 11 26H2": ["10.0.26300.9974-10.0.26300.65535"],
    }


def test_a_level_counts_patch_tuesdays_back() -> None:
    result = found(level=1)
    assert result.required == date(2026, 10, 13)
    assert shown(result)["Windows 11 25H2"] == ["10.0.26200.9711-10.0.26200.65535"]
    assert found(level=2).required == date(2026, 9, 8)


def test_the_newest_known_build_can_be_the_upper_end() -> None:
    result = found(level=1, highest=Highest.KNOWN)
    assert shown(result)["Windows 11 25H2"] == ["10.0.26200.9711-10.0.26200.9974"]


@pytest.mark.parametrize(("name", "text"), [("level", "3"), ("level", "x"), ("grace-days", "-1"), ("day", "1")])
def test_a_wrong_parameter_is_named(name: str, text: str) -> None:
    with pytest.raises(RuleError) as raised:
        rule_of(bundled(), TODAY, {name: text})
    assert raised.value.parameter == name
