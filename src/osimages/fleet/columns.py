"""Which columns of an export hold the build, the edition and the system, guessed from their names and first values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec

# The names of Intune's exports and of Graph's managedDevice, Configuration Manager's columns and views (whose names end
# with 0), Defender's inventory, Active Directory and WMI: letters and digits alone, in lower case; the best ones first.
_BUILD = (
    *("buildext", "deviceosbuild", "osversion", "osbuildversion", "operatingsystemversion", "osbuild", "osbuildnumber"),
    *("operatingsystembuild", "buildversion", "build", "build0", "buildnumber", "buildnumber0", "windowsbuild"),
    *("windowsversion", "version", "version0", "operatingsystemnameandversion", "caption", "buildlabex", "os"),
)
_EDITION = (
    *("skufamily", "edition", "osedition", "windowsedition", "editionid", "operatingsystemsku", "sku", "osskuname"),
    *("operatingsystemsku0", "editiontype", "productname", "caption", "caption0", "operatingsystemnameandversion"),
)
_SYSTEM = (
    *("operatingsystem", "os", "osplatform", "operatingsystemnameandversion", "operatingsystemnameand0", "ostype"),
    *("caption", "caption0", "platform", "productname", "osname"),
)
_NOT_NAMES = re.compile(r"[^a-z0-9]+")


class ColumnsError(Exception):
    """The columns that are needed are not there; the text says which there are."""


class Columns(msgspec.Struct, frozen=True, rename="camel"):
    """The names of the columns: of the build, of the edition, and of the operating system where there is one."""

    build: str
    edition: str | None
    system: str | None


def choose(
    names: Sequence[str],
    samples: Sequence[Sequence[str]],
    score: Callable[[str], int],
    *,
    build: str | None = None,
    edition: str | None = None,
    system: str | None = None,
) -> Columns:
    """The columns to read. Names that are given must be there; the others are guessed.

    Of the columns that are named like builds, the one whose first values score best is taken. Raises ColumnsError.
    """
    if build is None:
        candidates = _known(names, _BUILD)
        if not candidates:
            raise ColumnsError(
                f"None of the columns is named like a build: {_listed(names)}. Name it with --build-column."
            )
        scores = [sum(score(value) for value in _values(names, samples, name)) for name in candidates]
        build = candidates[scores.index(max(scores))]
    return Columns(
        _given(names, build, "--build-column"),
        _given(names, edition, "--edition-column") if edition else _first(names, _EDITION, build),
        _given(names, system, "--os-column") if system else _first(names, _SYSTEM, build),
    )


def _given(names: Sequence[str], wanted: str, option: str) -> str:
    for name in names:
        if name.strip().casefold() == wanted.strip().casefold():
            return name
    raise ColumnsError(f"There is no column '{wanted}' ({option}): there are {_listed(names)}.")


def _first(names: Sequence[str], known: Iterable[str], taken: str) -> str | None:
    return next((each for each in _known(names, known) if each != taken), None)


def _known(names: Sequence[str], known: Iterable[str]) -> list[str]:
    plain = {_NOT_NAMES.sub("", name.casefold()): name for name in reversed(names)}
    return [plain[each] for each in known if each in plain]


def _values(names: Sequence[str], samples: Sequence[Sequence[str]], name: str) -> list[str]:
    place = names.index(name)
    return [row[place] for row in samples if place < len(row)]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name[:40]}'" for name in names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown
