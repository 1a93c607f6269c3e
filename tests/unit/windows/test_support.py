"""The groups of editions of a release, those of Graph's enumeration and the others, each with its ESU."""

from __future__ import annotations

from datetime import date

import msgspec

from osimages.windows.facts import Edition, Esu, EsuProgram, Release, SupportGroup
from osimages.windows.servicing import Servicing
from osimages.windows.support import support_groups

END = date(2025, 10, 14)
CONSUMER = Esu(EsuProgram.CONSUMER, (Servicing.HOME_PRO,), (date(2027, 10, 12),), False, "", (0,))
COMMERCIAL = Esu(EsuProgram.COMMERCIAL, (Servicing.HOME_PRO, Servicing.ENTERPRISE), (date(2028, 10, 10),), True, "", ())
RELEASE = Release(
    id="Windows 10 22H2",
    product="Windows 10",
    version="22H2",
    os_build=19045,
    general_availability=date(2022, 10, 18),
    architectures=("x64",),
    editions=(
        Edition("professional", END, "Home/Pro", "", (1,)),
        Edition("professionalN", END, "Home/Pro", "", (0,)),
        Edition("enterprise", END, "Enterprise/Education", "a note", (0,)),
    ),
    updates=(),
    sources=(0,),
    groups=(SupportGroup(Servicing.TEAM, "", None, END, True, "", (2,)),),
    esu=(CONSUMER, COMMERCIAL),
)


def test_every_group_has_its_end_its_sources_and_its_esu() -> None:
    found = {each.servicing: each for each in support_groups(RELEASE)}
    assert list(found) == [Servicing.HOME_PRO, Servicing.ENTERPRISE, Servicing.TEAM]
    assert {each.support_end_date for each in found.values()} == {END}
    assert found[Servicing.HOME_PRO].editions == ("professional", "professionalN")
    assert found[Servicing.HOME_PRO].sources == (0, 1)
    assert found[Servicing.HOME_PRO].esu == (CONSUMER, COMMERCIAL)
    assert found[Servicing.ENTERPRISE].esu == (COMMERCIAL,)
    assert found[Servicing.ENTERPRISE].note == "a note"
    assert found[Servicing.TEAM].esu == ()
    assert found[Servicing.TEAM].is_inferred


def test_a_release_without_editions_has_its_other_groups_alone() -> None:
    release = msgspec.structs.replace(RELEASE, editions=(), esu=())
    assert support_groups(release) == RELEASE.groups
