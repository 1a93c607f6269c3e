"""The signing key is made once, stays, and never shows its private half."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from osimages.entra.emulator.signing_keys import FILE_NAME, SigningKeys
from osimages.entra.tokens.keys import StaticKeys


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a signing key."""
    directory = tmp_path_factory.mktemp("keys")
    SigningKeys.load_or_create(directory)
    return directory


def test_the_key_and_its_id_stay(made: Path) -> None:
    first, second = SigningKeys.load_or_create(made), SigningKeys.load_or_create(made)
    assert first.kid == second.kid == first.key.thumbprint()
    assert first.key.as_dict(private=True) == second.key.as_dict(private=True)


def test_another_directory_has_another_key(made: Path, tmp_path: Path) -> None:
    assert SigningKeys.load_or_create(tmp_path).kid != SigningKeys.load_or_create(made).kid


def test_the_file_holds_an_rsa_key_of_2048_bits_for_its_owner(made: Path) -> None:
    file = made / FILE_NAME
    assert file.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")
    key = load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_public_key_set_has_no_private_part(made: Path) -> None:
    keys = SigningKeys.load_or_create(made)
    [jwk] = keys.public_jwks()["keys"]
    assert set(jwk) == {"kty", "n", "e", "kid", "use", "alg"}
    assert (jwk["kty"], jwk["kid"], jwk["use"], jwk["alg"]) == ("RSA", keys.kid, "sig", "RS256")
    assert jwk["n"] == keys.key.as_dict(private=True)["n"]


def test_tokens_find_the_key_in_the_public_key_set(made: Path) -> None:
    keys = SigningKeys.load_or_create(made)
    public = StaticKeys.from_jwks(keys.public_jwks()).key(keys.kid)
    assert public is not None
    assert not public.rsa.is_private
    assert public.rsa.thumbprint() == keys.kid


def _public_pem() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _elliptic_pem() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("content", [b"", b"not a key", _public_pem(), _elliptic_pem()])
def test_a_file_without_a_private_rsa_key_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(ValueError, match=r"holds no (RSA|private) key\. Move it away for a new one\.") as refused:
        SigningKeys.load_or_create(tmp_path)
    assert str(refused.value).startswith(str(tmp_path / FILE_NAME))
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_a_directory_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(OSError, match=FILE_NAME):
        SigningKeys.load_or_create(tmp_path)
