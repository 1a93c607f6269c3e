"""A pattern that cannot be matched is rejected with its option, its place and the reason."""

from __future__ import annotations

from osimages.odata.plan.constants import Pattern
from osimages.odata.plan.patterns import malformed, unavailable


def test_malformed() -> None:
    error = malformed(Pattern("(", "$filter", 18), "missing ): (")
    assert (error.condition.status, error.target) == (400, "$filter")
    assert error.message == "Invalid filter clause: The pattern cannot be used: missing ): (, at position 18"


def test_unavailable() -> None:
    error = unavailable(Pattern("a", "$compute", 3), "it needs something")
    assert (error.condition.status, error.target) == (501, "$compute")
    assert error.message == (
        "The query option '$compute' asks for what is not offered: it needs something, at position 3"
    )
