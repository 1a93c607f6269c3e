"""A file of keys is read again when it changes, and a broken one changes nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from osimages.entra.tokens.key_file import KeyFile, KeyFileError

PUBLIC = RSAKey.generate_key(2048).as_dict(private=False)


def write(file: Path, *kids: str, moment: int = 0) -> None:
    file.write_text(json.dumps({"keys": [{**PUBLIC, "kid": kid} for kid in kids]}), encoding="utf-8")
    os.utime(file, ns=(moment, moment))


def test_a_change_is_seen_a_second_later(tmp_path: Path) -> None:
    file, now = tmp_path / "keys.json", [100.0]
    write(file, "one", moment=1)
    keys = KeyFile(file, lambda: now[0])
    first = keys.key("one")
    assert first is not None
    write(file, "one", "two", moment=2)
    now[0] += 0.99
    assert keys.key("two") is None
    now[0] += 0.01
    assert keys.key("two") is not None
    assert keys.key("one") is first
    write(file, "two", moment=3)
    now[0] += 1
    assert keys.key("one") is None


def test_what_cannot_be_read_any_more_changes_nothing(tmp_path: Path) -> None:
    file, now = tmp_path / "keys.json", [100.0]
    write(file, "one", moment=1)
    keys = KeyFile(file, lambda: now[0])
    file.write_text("{", encoding="utf-8")
    now[0] += 1
    assert keys.key("one") is not None
    file.unlink()
    now[0] += 1
    assert keys.key("one") is not None


@pytest.mark.parametrize("content", ["", "{", '{"keys": []}', '{"keys": [{"kid": "a", "kty": "RSA", "n": "!"}]}'])
def test_a_file_without_keys_is_refused_at_first(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(KeyFileError, match=r"keys\.json holds no"):
        KeyFile(file)
    file.unlink()
    with pytest.raises(KeyFileError, match="cannot be read"):
        KeyFile(file)
