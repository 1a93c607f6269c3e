"""Reads the texts about one device: its build, version, product and edition, in every spelling in use.

Admins copy builds from winver (`Version 24H2 (OS Build 26100.9445)`), `ver` (`[Version 10.0.26100.9445]`), Intune
(`10.0.26100.9445`), Active Directory (`10.0 (26100)`), Microsoft's pages (`26100.9445`, `Windows 11, version 24H2`),
the registry's BuildLabEx (`26100.1.amd64fre.ge_release.240331-1435`) and Get-HotFix (`KB5124008`).
"""

from __future__ import annotations

import re

import msgspec

from osimages.windows.checks.answers import Family
from osimages.windows.checks.editions import NamedEdition, named_edition
from osimages.windows.checks.evidence import Evidence
from osimages.windows.checks.products import NamedProduct, Product, named_product, other_system

LONGEST_TEXT = 512
# A build that a spreadsheet shows as a number, with its thousands apart: 26,100.9445 or 26.100,9445.
GROUPED = re.compile(r"\s*(\d{2})[,.\u00a0\u202f' ](\d{3})[.,](\d{1,5})\s*$")
# A revision has 32 bits (UBR in the registry).
_HIGHEST_REVISION = 2**32 - 1
_LAB = re.compile(r"(?<![\d.])(?:10\.0\.)?(\d{4,5})\.\d{1,6}\.(?:amd64|x86|arm64|arm|woa)[\w.-]*", re.IGNORECASE)
# BuildLab has no revision: 19041.vb_release.191206-1406.
_LAB_WITHOUT_REVISION = re.compile(r"(?<![\d.])(\d{5})\.[a-z]\w*\.\d{6}-\d{4}", re.IGNORECASE)
_FULL = re.compile(r"(?<![\d.])(\d{1,3})([.,]) ?(\d{1,3})\2 ?(\d{1,10})(?:\2 ?(\d{1,10})|(,)(\d{1,10}))?(?![\d.]*\d)")
_SHORT = re.compile(r"(?<![\w.])(\d{4,5})(?:([.,])(\d{1,10}))?(?![\d.]*\d)")
_VERSION = re.compile(r"(?<![\w.])(\d\dH[12]|1[5-9]\d\d|200[49])(?![\w.]|-\d)", re.IGNORECASE)
_KB = re.compile(r"\bKB ?(\d{6,8})\b", re.IGNORECASE)
_LONG_TERM_YEAR = re.compile(r"\b(20[12]\d)\b")
_LAST_NUMBER = re.compile(r"(?:^|\.)\s*(\d{1,10})(?:\.0+)?\s*$")
_FIRST_LONG_BUILD, _FIRST_SHORT_BUILD, _WINDOWS_8_1 = 10_000, 6_000, 9_600
_CLIENT_TYPES = ("1", "workstation", "winnt", "client")
_SERVER_TYPES = (
    "2",
    "3",
    "server",
    "servernt",
    "lanmannt",
    "domain controller",
    "domaincontroller",
    "domain_controller",
)


class Numbers(msgspec.Struct, frozen=True):
    """A build as it is written. `revision` is None where none is stated; `has_comma` where a comma separates it."""

    major: int
    minor: int
    build: int
    revision: int | None
    has_comma: bool = False


class Stated(msgspec.Struct, frozen=True):
    """The values that the texts about one device state; None or empty where they state none.

    `base` is the build of BuildLabEx, which is that of the release its version was made from. `is_rounded`:
    the build was a number, and zeros at its end may be lost. `is_of_file`: it is the version of a system file, which is
    made from the base, too. `other_system` names a system that is not Windows.
    `problem` says why nothing can be read.
    """

    numbers: Numbers | None = None
    is_rounded: bool = False
    is_of_file: bool = False
    base: int | None = None
    kb: str | None = None
    version: str | None = None
    product: NamedProduct | None = None
    edition: NamedEdition | None = None
    long_term_year: str | None = None
    product_type: Family | None = None
    installation_type: Family | None = None
    other_system: str | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()


def read(evidence: Evidence) -> Stated:
    """Return what the texts about a device state. Raises nothing: a text that cannot be read is a `problem`."""
    texts = (evidence.build, evidence.version, evidence.system, evidence.edition, evidence.lab)
    if any(len(each) > LONGEST_TEXT for each in texts):
        return Stated(problem=f"the text has more than {LONGEST_TEXT} characters")
    grouped = GROUPED.match(evidence.build)
    build, base = _without_lab(f"{grouped[1]}{grouped[2]}.{grouped[3]}" if grouped else evidence.build)
    if len(several := _builds(build)) > 1:
        return Stated(problem=f"it names several builds: {', '.join(several)}")
    if base is None and evidence.lab:
        base = _without_lab(evidence.lab)[1]
    numbers, notes = _with_revision(_first_numbers(build, evidence.version, evidence.system), evidence.revision)
    named = " ".join((build, evidence.system))
    product = named_product(evidence.system) or named_product(build) or named_product(evidence.edition)
    edition, edition_notes = _edition(evidence, product)
    year = _LONG_TERM_YEAR.search(named) if edition and "LTSC" in (edition.servicing or "") else None
    return Stated(
        numbers=numbers,
        is_rounded=evidence.build_is_number or grouped is not None or (numbers is not None and numbers.has_comma),
        is_of_file="winbuild" in build.lower(),
        base=base,
        kb=_kb(build),
        version=_version(evidence.version) or _version(evidence.build) or _version(evidence.system),
        product=product,
        edition=edition,
        long_term_year=year[1] if year else None,
        product_type=_product_type(evidence.product_type),
        installation_type=_installation_type(evidence.installation_type),
        other_system=other_system(evidence.system) or (other_system(build) if not evidence.system.strip() else None),
        notes=notes + edition_notes,
    )


def _edition(evidence: Evidence, product: NamedProduct | None) -> tuple[NamedEdition | None, tuple[str, ...]]:
    """Return the edition of the best column that names one, and a note where its own column does not."""
    for text in (evidence.edition, evidence.sku):
        if text.strip() and (found := named_edition(text)) is not None:
            return found, ()
    notes: tuple[str, ...] = ()
    if evidence.edition.strip() and named_product(evidence.edition) is None:
        notes = (f"'{evidence.edition.strip()[:64]}' is no edition that is known here",)
    for text in (evidence.system, evidence.build, evidence.installation_type):
        if (found := named_edition(text)) is None or text.strip().isdigit():
            continue
        # "Windows Server 2016 Enterprise" names no edition of a PC.
        is_server = product is not None and product.kind in (Product.SERVER, Product.NT_SERVER, Product.AZURE_STACK)
        if found.family is Family.CLIENT and is_server and not found.is_multi_session:
            continue
        return found, notes
    return None, notes


def _without_lab(text: str) -> tuple[str, int | None]:
    """Return a text without BuildLabEx, and the build that this names."""
    for pattern in (_LAB, _LAB_WITHOUT_REVISION):
        if (found := pattern.search(text)) is not None:
            return pattern.sub(" ", text), int(found[1])
    return text, None


def _first_numbers(*texts: str) -> Numbers | None:
    found = (_numbers(each) for each in texts)
    return next((each for each in found if each is not None), None)


def _builds(text: str) -> list[str]:
    """Return the different builds with a revision that a text names."""
    found = [(each[4], each[5]) for each in _FULL.finditer(text)]
    found += [(each[1], each[3]) for each in _SHORT.finditer(text) if int(each[1]) >= _FIRST_LONG_BUILD]
    return list(dict.fromkeys(f"{build}.{revision}" for build, revision in found if revision))


def _numbers(text: str) -> Numbers | None:
    """Return the build that a text names. A revision of 0 is none: .NET's OSVersion and others print 10.0.26100.0."""
    if (full := _FULL.search(text)) is not None:
        return Numbers(int(full[1]), int(full[3]), int(full[4]), _revision(full[5] or full[7]), full[6] is not None)
    for short in _SHORT.finditer(text):
        build, revision = int(short[1]), _revision(short[3])
        if build >= _FIRST_LONG_BUILD:
            return Numbers(10, 0, build, revision, short[2] == ",")
        # Builds of Windows 8.1 and before have four digits, as years have: with a revision only.
        if build >= _FIRST_SHORT_BUILD and short[2] == "." and revision is not None:
            return Numbers(6, 3 if build == _WINDOWS_8_1 else 0, build, revision)
    return None


def _with_revision(numbers: Numbers | None, text: str) -> tuple[Numbers | None, tuple[str, ...]]:
    """Complete a build with the revision of a column of its own."""
    found = _LAST_NUMBER.search(text.strip())
    revision = _revision(found[1]) if found else None
    if numbers is None or revision is None:
        return numbers, ()
    if numbers.revision is not None and numbers.revision != revision:
        note = f"revision {numbers.revision} of the build contradicts revision {revision} of its own column"
        return msgspec.structs.replace(numbers, revision=None), (note,)
    return msgspec.structs.replace(numbers, revision=revision), ()


def _revision(text: str | None) -> int | None:
    revision = int(text) if text else 0
    return revision if 0 < revision <= _HIGHEST_REVISION else None


def _version(text: str) -> str | None:
    found = _VERSION.search(text)
    return None if found is None else found[1].upper()


def _kb(text: str) -> str | None:
    found = _KB.search(text)
    return None if found is None else f"KB{found[1]}"


def _product_type(text: str) -> Family | None:
    plain = text.strip().lower().removesuffix(".0")
    return Family.CLIENT if plain in _CLIENT_TYPES else Family.SERVER if plain in _SERVER_TYPES else None


def _installation_type(text: str) -> Family | None:
    plain = text.strip().lower()
    if "server" in plain:
        return Family.SERVER
    return Family.CLIENT if plain == "client" else None
