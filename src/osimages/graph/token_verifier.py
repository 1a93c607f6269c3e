"""From settings to what checks tokens: the cloud, the source of its keys, and the verifier."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path

from osimages.entra.tokens.clouds import CLOUDS, Cloud
from osimages.entra.tokens.fetched_keys import FetchedKeys
from osimages.entra.tokens.key_file import KeyFile
from osimages.entra.tokens.keys import KeySource
from osimages.entra.tokens.verification import TokenVerifier
from osimages.graph.clock import Clock
from osimages.settings import Settings

# Where the keys that were fetched last are kept, in the data directory.
KEPT_FILE = "entra-keys.json"


def cloud_of(settings: Settings) -> Cloud:
    """The national cloud, with another authority where the settings name one."""
    cloud = CLOUDS[settings.cloud]
    return cloud.at(settings.authority_url.rstrip("/")) if settings.authority_url else cloud


def entra_keys(settings: Settings) -> KeySource:
    """The keys of Entra ID. Raises KeyFileError."""
    if settings.keys_file:
        return KeyFile(Path(settings.keys_file))
    authority = cloud_of(settings).authorities[0]
    # An HTTP client is loaded by none but those who need it.
    fetch = import_module("osimages.entra.tokens.openid").fetch_jwks
    return FetchedKeys(
        partial(fetch, authority, settings.authority_ca_file),
        authority,
        settings.data_path / KEPT_FILE,
        refresh_seconds=settings.keys_refresh_seconds,
        stale_seconds=settings.keys_stale_seconds,
        look_seconds=settings.keys_look_seconds,
    )


def verifier(settings: Settings, clock: Clock, keys: KeySource) -> TokenVerifier:
    """What checks the tokens that were signed with these keys."""
    cloud = cloud_of(settings)
    return TokenVerifier(
        keys,
        cloud.issuers,
        cloud.audiences,
        clock.seconds,
        clock=clock.id,
        skew_seconds=settings.token_skew_seconds,
        cache_size=settings.token_cache_size,
        max_bytes=settings.max_token_bytes,
        max_lifetime_seconds=settings.max_token_lifetime_seconds if settings.authority == "entra" else None,
        authorization_uri=cloud.authorization_uri,
    )
