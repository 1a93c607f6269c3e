"""Answers of the operations that check builds: the same as `osimages check` gives, from the catalogue's facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from osimages.graph.clock import Clock
from osimages.graph.current_catalogue import CurrentCatalogue
from osimages.odata.errors import MODEL_VALIDATION, ODataError
from osimages.odata.model.body_validation import Checked
from osimages.odata.service.call import Call
from osimages.odata.service.slices import chunks
from osimages.windows.checks.checker import Checker
from osimages.windows.checks.esu import UnknownEsuError, esu_choice
from osimages.windows.checks.evidence import Evidence

# One takes up to a millisecond, if its text fits to many releases.
_BUILDS_IN_SLICE = 4
_encode = msgspec.json.Encoder().encode


class BuildChecks:
    """The handlers of the operations, on the catalogue that is in force."""

    def __init__(self, current: CurrentCatalogue, clock: Clock) -> None:
        self._current = current
        self._clock = clock

    async def check_build(self, call: Call, given: Mapping[str, object]) -> bytes:
        """One build, named in the path."""
        return _encode(self._checker(call, given).check_device(_evidence(given)))

    async def check_builds(self, call: Call, given: Mapping[str, object]) -> list[bytes]:
        """Many builds, named in the body."""
        checker, builds, usual = self._checker(call, given), given["builds"], _esu(given)
        assert isinstance(builds, list)

        def work(part: Sequence[Checked]) -> list[bytes]:
            return [_encode(checker.check_device(_evidence(each, usual))) for each in part]

        return await call.engine.slices.run(call.tenant, chunks(builds, _BUILDS_IN_SLICE), work)

    def _checker(self, call: Call, given: Mapping[str, object]) -> Checker:
        day = given.get("date")
        today = self._clock.today(call.tenant) if day is None else date.fromisoformat(str(day))
        return Checker(self._current.catalogue, today, age_days=self._current.age_days)


def _evidence(given: Mapping[str, object], esu: str = "") -> Evidence:
    return Evidence(build=str(given["buildVersion"]), edition=_text(given, "edition"), esu=_esu(given) or esu)


def _esu(given: Mapping[str, object]) -> str:
    """Return the Extended Security Updates that are named. Raises ODataError (MODEL_VALIDATION)."""
    text = _text(given, "esu")
    try:
        esu_choice(text)
    except UnknownEsuError as error:
        raise ODataError(MODEL_VALIDATION, target="esu", reason=f"{error}.") from None
    return text


def _text(given: Mapping[str, object], name: str) -> str:
    value = given.get(name)
    return "" if value is None else str(value)
