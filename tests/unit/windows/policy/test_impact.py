"""What a policy would make of a fleet, in numbers and sentences."""

from __future__ import annotations

from datetime import date

from osimages.windows import bundled
from osimages.windows.checks.checker import Checker
from osimages.windows.checks.evidence import Evidence
from osimages.windows.fleet.tally import Tally
from osimages.windows.policy import PolicyRule, accepted_ranges
from osimages.windows.policy.impact import Impact, impact
from osimages.windows.policy.judge import policy_of

TODAY = date(2026, 11, 29)


def of_fleet(counts: dict[tuple[str, str], int], level: int = 0) -> Impact:
    """The impact of a level on devices, by build and edition."""
    found = accepted_ranges(bundled(), PolicyRule(day=TODAY, level=level))
    tally = Tally(Checker(bundled(), TODAY), policy=policy_of(found, f"level {level}"))
    for (build, edition), number in counts.items():
        for _ in range(number):
            tally.add(Evidence(build=build, edition=edition))
    return impact(tally.groups, f"level {level}")


FLEET = {
    ("26200.9974", "Enterprise"): 4563,
    ("26200.9711", "Enterprise"): 400,
    ("26100.9711", "Enterprise"): 2,
    ("26100.9445", "Enterprise"): 20,
    ("26100.8037", "Enterprise"): 5,
    ("22631.7711", "Enterprise"): 10,
}


def test_the_sentence() -> None:
    result = of_fleet(FLEET)
    assert result.sentences == (
        "437 of 5,000 devices would become non-compliant; 402 of them are one month behind, 20 are two months behind, "
        "5 are three or more months behind, 10 run a release that the policy does not accept.",
    )
    assert (result.compliant, result.non_compliant, result.devices) == (4563, 437, 5000)
    assert result.behind == {1: 402, 2: 20, 8: 5}
    assert sum(each.devices for each in result.rows) == 437
    first = result.rows[0]
    assert (first.release, first.devices, first.lowest_accepted) == ("Windows 11 25H2", 400, "10.0.26200.9974")


def test_a_level_lets_more_devices_pass() -> None:
    result = of_fleet(FLEET, level=2)
    assert result.sentences == (
        "15 of 5,000 devices would become non-compliant; 5 of them are three or more months behind, "
        "10 run a release that the policy does not accept.",
    )


def test_nothing_and_one() -> None:
    assert of_fleet({("26200.9974", "Pro"): 1}).sentences == ("0 of 1 device would become non-compliant.",)
    assert of_fleet({("26200.9711", "Pro"): 1, ("26200.9974", "Pro"): 1}).sentences == (
        "1 of 2 devices would become non-compliant; 1 of them is one month behind.",
    )


def test_devices_that_are_not_judged_are_counted() -> None:
    result = of_fleet({("20348.5870", "Datacenter"): 2, ("26200", "Pro"): 1, ("26200.9974", "Pro"): 3})
    assert result.sentences == (
        "0 of 6 devices would become non-compliant.",
        "1 cannot be judged, as the build is not certain.",
        "2 are not evaluated by Intune: servers and HoloLens.",
    )
    assert (result.compliant, result.not_evaluated, result.cannot_tell) == (3, 2, 1)
    assert result.reasons == {"notEvaluatedByIntune": 2, "buildNotCertain": 1}


def test_no_device_is_lost_where_groups_are_shared() -> None:
    found = accepted_ranges(bundled(), PolicyRule(day=TODAY))
    tally = Tally(Checker(bundled(), TODAY), policy=policy_of(found, "x"))
    for number in range(30_000):
        tally.add(Evidence(build=f"10.0.26200.{number}", edition="Pro"))
    result = impact(tally.groups, "x")
    assert result.devices == 30_000
    # Builds that may have lost a zero cannot be judged; all from 26200.9974 on are accepted.
    assert result.compliant == 30_000 - 9974
    assert result.non_compliant + result.cannot_tell == 9974
