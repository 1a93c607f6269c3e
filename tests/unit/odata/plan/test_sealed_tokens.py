"""What is sealed is read for its purpose alone, and not after any change."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.odata.plan.sealed_tokens import Seal, SealError


class Held(msgspec.Struct, frozen=True, array_like=True):
    """Something to seal."""

    text: str
    numbers: tuple[int | None, ...]


class Other(msgspec.Struct, frozen=True, array_like=True):
    """Something else."""

    number: int


SEAL = Seal(b"secret")
HELD = Held("x", (1, None))
TOKEN = SEAL.write(HELD, "delta", "t")


def is_refused(token: str, *purpose: str, seal: Seal = SEAL) -> bool:
    with pytest.raises(SealError):
        seal.read(token, Held, *purpose)
    return True


@given(st.text(st.characters(exclude_categories=["Cs"])), st.lists(st.none() | st.integers(0, 1 << 62)))
def test_what_is_written_is_read(text: str, numbers: list[int | None]) -> None:
    held = Held(text, tuple(numbers))
    assert SEAL.read(SEAL.write(held, "a", text), Held, "a", text) == held


def test_purposes_do_not_run_into_each_other() -> None:
    assert SEAL.read(TOKEN, Held, "delta", "t") == HELD
    for purpose in [("delta",), ("delta", "u"), ("t", "delta"), ("deltat",), ("delta", "t", ""), ()]:
        assert is_refused(TOKEN, *purpose)
    assert is_refused(TOKEN, "delta", "t", seal=Seal(b"another"))


def test_another_type_is_refused() -> None:
    with pytest.raises(SealError):
        SEAL.read(TOKEN, Other, "delta", "t")


@pytest.mark.parametrize("token", ["", "=", "é", TOKEN[1:], TOKEN[:-3], TOKEN + "AAAA", "a b"])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert is_refused(token, "delta", "t")
