"""What is sealed can be opened by the same key, in time and as what it is; nothing else can."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.entra.emulator.encrypted_tokens import (
    FILE_NAME,
    Code,
    Device,
    FlowState,
    Party,
    Refresh,
    Sealed,
    Sealer,
    Session,
    SignIn,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PARTY = Party("a tenant", "an application", "a user")
REFRESH = Refresh(PARTY, "a scope")


@pytest.fixture(scope="module")
def sealer(tmp_path_factory: pytest.TempPathFactory) -> Sealer:
    return Sealer.load_or_create(tmp_path_factory.mktemp("sealing"))


@pytest.mark.parametrize(
    "content",
    [
        Code("1", PARTY, "scope", "https://a.example", None, "nonce", None),
        REFRESH,
        Device("BCDF", "application", "tenant", "scope", None),
        Session((SignIn("one", 1), SignIn("two", 2))),
        FlowState("common", "mark", query="a=b"),
    ],
)
def test_it_is_opened_as_what_it_is_and_nothing_else(sealer: Sealer, content: Sealed) -> None:
    text = sealer.seal(content, NOW)
    assert sealer.opened(text, type(content), NOW, 60) == (content, int(NOW.timestamp()))
    others: list[type[Sealed]] = [
        each for each in (Code, Refresh, Device, Session, FlowState) if each is not type(content)
    ]
    for kind in others:
        assert sealer.opened(text, kind, NOW, 60) is None
        assert not sealer.expired(text, kind)


def test_it_is_good_for_a_time(sealer: Sealer) -> None:
    text = sealer.seal(REFRESH, NOW)
    assert sealer.opened(text, Refresh, NOW + timedelta(seconds=60), 60) is not None
    assert sealer.opened(text, Refresh, NOW + timedelta(seconds=61), 60) is None
    assert sealer.expired(text, Refresh)
    assert sealer.opened(text, Refresh, NOW - timedelta(hours=1), 60) is None, "it is from the future"


def test_every_process_has_the_same_key_and_others_another(tmp_path: Path) -> None:
    one, two = (Sealer.load_or_create(tmp_path / "a") for _ in range(2))
    text = one.seal(REFRESH, NOW)
    assert two.opened(text, Refresh, NOW, 60) is not None
    assert Sealer.load_or_create(tmp_path / "b").opened(text, Refresh, NOW, 60) is None


def test_a_file_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("no key")
    with pytest.raises(ValueError, match=r"holds no sealing key\. Move it away"):
        Sealer.load_or_create(tmp_path)


@given(st.integers(min_value=0), st.characters(codec="utf-8"), st.text(max_size=200))
def test_no_other_text_is_opened(sealer: Sealer, place: int, character: str, other: str) -> None:
    text = sealer.seal(REFRESH, NOW)
    at = place % len(text)
    changed = f"{text[:at]}{character}{text[at + 1 :]}"
    if changed != text:
        # The last characters of base64 may differ without meaning anything else.
        opened = sealer.opened(changed, Refresh, NOW, 60)
        assert opened is None or opened[0] == REFRESH
    assert sealer.opened(other, Refresh, NOW, 60) is None
    assert not sealer.expired(other, Refresh)
