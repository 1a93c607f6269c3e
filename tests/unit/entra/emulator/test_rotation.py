"""Keys that are rotated: the old ones stay known until nothing that they signed can be valid, and not longer."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from osimages.entra.emulator.key_ring import KeyRing
from osimages.entra.emulator.signing_keys import FILE_NAME, RETIRED_FILE_NAME, SigningKeys, rotate

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
UNTIL = NOW.timestamp() + 3600


def test_a_new_key_signs_and_the_old_one_stays_known(tmp_path: Path) -> None:
    old = SigningKeys.load_or_create(tmp_path)
    new = rotate(tmp_path, NOW, UNTIL)
    assert new.kid != old.kid
    [own, retired] = new.public_jwks()["keys"]
    assert (own["kid"], retired["kid"]) == (new.kid, old.kid)
    assert retired == old.public_jwks()["keys"][0]
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / RETIRED_FILE_NAME).stat().st_mode) == 0o600
    # Whoever did not come to the second half of a rotation still knows the key once.
    (tmp_path / FILE_NAME).write_bytes(old.key.as_pem(private=True))
    assert [each["kid"] for each in SigningKeys.load_or_create(tmp_path).public_jwks()["keys"]] == [old.kid]


def test_keys_are_forgotten_in_time(tmp_path: Path) -> None:
    first = SigningKeys.load_or_create(tmp_path)
    second = rotate(tmp_path, NOW, UNTIL)
    third = rotate(tmp_path, NOW, UNTIL + 10)
    assert [each.kid for each in third.retired] == [second.kid, first.kid]
    assert [each.kid for each in third.without_expired(UNTIL).retired] == [second.kid]
    fourth = rotate(tmp_path, NOW + timedelta(seconds=3605), UNTIL + 9999)
    assert [each.kid for each in fourth.retired] == [third.kid, second.kid]


async def _look(keys: KeyRing, kid: str) -> bool:
    return await keys.look_for(kid)


@pytest.mark.parametrize("looks", [True, False])
def test_a_server_follows(tmp_path: Path, looks: bool) -> None:
    moment, ticks = [NOW], [0.0]
    keys = KeyRing(tmp_path, lambda: moment[0], lambda: ticks[0])
    old = SigningKeys.load_or_create(tmp_path).kid
    known = keys.key(old)
    assert known is not None
    new = rotate(tmp_path, NOW, UNTIL).kid
    if looks:
        # A token that names the key makes it look at once.
        assert keys.key(new) is None
        step = _look(keys, new)
        with pytest.raises(StopIteration) as found:
            step.send(None)
        assert found.value.value is True
    else:
        ticks[0] += 1.0
    assert keys.key(new) is not None
    # The same object, so that tokens that were checked with it need not be checked again.
    assert keys.key(old) is known
    moment[0] += timedelta(seconds=3600)
    ticks[0] += 1.0
    assert keys.key(old) is None
    assert keys.key(new) is not None


def test_files_that_become_something_else_change_nothing(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path, lambda: NOW)
    before = ring.current()
    for name in (FILE_NAME, RETIRED_FILE_NAME):
        (tmp_path / name).write_bytes(b"something else")
        assert ring.current() is before
    with pytest.raises(ValueError, match="Move it away"):
        KeyRing(tmp_path, lambda: NOW)
    (tmp_path / FILE_NAME).unlink()
    with pytest.raises(ValueError, match="holds no list of keys"):
        SigningKeys.load_or_create(tmp_path)
