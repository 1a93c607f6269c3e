"""Fetches an authority's key set over HTTPS: its metadata first, which say where the keys are.

Loaded only by servers that need it: an HTTP client costs a start that need not pay for it.
Source: https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc#fetch-the-openid-configuration-document
"""

from __future__ import annotations

import ssl

import httpx
import msgspec

from osimages.auth.fetched_keys import KeysUnavailableError

# Where an authority's metadata are, for tenants of any organisation.
METADATA = "/common/v2.0/.well-known/openid-configuration"
_TIMEOUT_SECONDS = 10.0
# Entra's answers have some 20 kB.
_MOST_BYTES = 1024 * 1024


class _Metadata(msgspec.Struct, frozen=True):
    jwks_uri: str


async def fetch_jwks(authority: str, ca_file: str) -> bytes:
    """The key set of the authority at this address, as it was sent. Raises KeysUnavailableError.

    `ca_file`, where it is not empty, is a PEM file of roots that are trusted beside the system's. Proxies are those
    of the environment (HTTPS_PROXY).
    """
    try:
        async with httpx.AsyncClient(verify=_trust(ca_file), timeout=_TIMEOUT_SECONDS) as client:
            metadata = msgspec.json.decode(await _get(client, f"{authority}{METADATA}"), type=_Metadata)
            if not metadata.jwks_uri.startswith("https://"):
                raise KeysUnavailableError(f"the metadata name keys that are not on HTTPS: {metadata.jwks_uri[:256]}")
            return await _get(client, metadata.jwks_uri)
    except msgspec.MsgspecError as error:
        raise KeysUnavailableError(f"the metadata cannot be read: {error}") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise KeysUnavailableError(f"{authority} cannot be reached: {error or type(error).__name__}") from None


async def _get(client: httpx.AsyncClient, url: str) -> bytes:
    """The body of an answer, which must be a success; redirects are not followed, as Entra has none here."""
    content = bytearray()
    async with client.stream("GET", url, headers={"Accept": "application/json"}) as response:
        if response.status_code != httpx.codes.OK:
            raise KeysUnavailableError(f"{url} answered {response.status_code}")
        async for part in response.aiter_bytes():
            content += part
            if len(content) > _MOST_BYTES:
                raise KeysUnavailableError(f"{url} answered more than {_MOST_BYTES} bytes")
    return bytes(content)


def _trust(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
