"""What the authority remembers is the same for all processes, and each thing is worth one use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from osimages.entra.emulator.private_files import UnusableError
from osimages.entra.emulator.shared_state import FILE_NAME, EmulatorState, PendingDevice

NOW, LATER = 1000.0, 2000.0
DEVICE = PendingDevice("BCDFGHJKL", "application", "", "scope", None, "pending")


@pytest.fixture
def states(tmp_path: Path) -> Iterator[tuple[EmulatorState, EmulatorState]]:
    """Those of two processes."""
    both = EmulatorState(tmp_path), EmulatorState(tmp_path)
    yield both
    for each in both:
        each.close()


def test_a_code_is_redeemed_once(states: tuple[EmulatorState, EmulatorState]) -> None:
    one, two = states
    assert one.redeem("a", LATER, NOW)
    assert not two.redeem("a", LATER, NOW)
    assert not one.redeem("a", LATER, NOW)
    assert two.redeem("b", LATER, NOW)
    # Those that are too old anyway are forgotten.
    assert one.redeem("c", LATER + 10, LATER + 1)
    assert two.redeem("a", LATER + 10, LATER + 1)


def test_of_many_who_redeem_at_once_one_succeeds(tmp_path: Path) -> None:
    found: list[bool] = []

    def redeem() -> None:
        state = EmulatorState(tmp_path)
        found.append(state.redeem("a", LATER, NOW))
        state.close()

    threads = [threading.Thread(target=redeem) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(found) == [False] * 7 + [True]


def test_a_device_is_decided_once(states: tuple[EmulatorState, EmulatorState]) -> None:
    one, two = states
    assert one.add_device(DEVICE, LATER, NOW)
    assert not two.add_device(DEVICE, LATER, NOW)
    assert two.device(DEVICE.user_code, NOW) == DEVICE
    assert two.approve(DEVICE.user_code, "tenant", "user")
    assert not one.decide(DEVICE.user_code, "pending", "declined")
    found = one.device(DEVICE.user_code, NOW)
    assert found == PendingDevice(DEVICE.user_code, "application", "tenant", "scope", "user", "approved")
    assert one.decide(DEVICE.user_code, "approved", "redeemed")
    assert not two.decide(DEVICE.user_code, "approved", "redeemed")
    assert one.device(DEVICE.user_code, LATER + 1) is None
    assert one.device("other", NOW) is None


def test_consent_is_one_users_for_one_application(states: tuple[EmulatorState, EmulatorState]) -> None:
    one, two = states
    one.consent("t", "u", "a", "r", ["Read", "Write"])
    one.consent("t", "u", "a", "r", ["Read"])
    assert two.consented("t", "u", "a", "r") == {"Read", "Write"}
    for other in (("x", "u", "a", "r"), ("t", "x", "a", "r"), ("t", "u", "x", "r"), ("t", "u", "a", "x")):
        assert two.consented(*other) == frozenset()


def test_the_longest_token_of_a_key(states: tuple[EmulatorState, EmulatorState]) -> None:
    one, two = states
    for until in (NOW, LATER, NOW):
        one.note_long_lived("key", until)
    assert (two.long_lived("key"), two.long_lived("other")) == (LATER, 0.0)


def test_what_goes_wrong_in_a_turn_leaves_nothing(states: tuple[EmulatorState, EmulatorState]) -> None:
    one, two = states
    with pytest.raises(RuntimeError), one.transaction() as connection:
        connection.execute("INSERT INTO redeemed VALUES ('a', 1)")
        raise RuntimeError
    assert two.redeem("a", LATER, NOW)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"something else " * 100)
    state = EmulatorState(tmp_path)
    with pytest.raises(UnusableError, match=r"authority\.db cannot be used"):
        state.consented("t", "u", "a", "r")
    (tmp_path / FILE_NAME).unlink()
    assert state.redeem("a", LATER, NOW)
    state.close()
