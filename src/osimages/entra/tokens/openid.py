"""Fetches an authority's key set over HTTPS: its metadata first, which say where the keys are.

Loaded only by servers that need it: an HTTP client costs a start that need not pay for it.
Source: https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc#fetch-the-openid-configuration-document
"""

from __future__ import annotations

import asyncio
import ssl

import httpx
import msgspec

from osimages.entra.tokens.errors import KeysUnavailableError

# Where an authority's metadata are, for tenants of any organisation.
METADATA = "/common/v2.0/.well-known/openid-configuration"
_TIMEOUT_SECONDS = 10.0
# For all together: who sends a byte now and then would otherwise be waited for without end.
_MOST_SECONDS = 30.0
# Entra's answers have some 20 kB.
_MOST_BYTES = 1024 * 1024


class _Metadata(msgspec.Struct, frozen=True):
    jwks_uri: str


async def fetch_jwks(authority: str, ca_file: str = "", most_seconds: float = _MOST_SECONDS) -> bytes:
    """Return the key set of the authority at this address, as it was sent. Raises KeysUnavailableError.

    `ca_file`, where it is not empty, is a PEM file of roots that are trusted beside the system's. Proxies are those
    of the environment (HTTPS_PROXY). `most_seconds` is how long all of it may take.
    """
    try:
        async with asyncio.timeout(most_seconds):
            return await _fetched(authority, ca_file)
    except TimeoutError:
        raise KeysUnavailableError(f"{authority} did not answer within {most_seconds:g} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise KeysUnavailableError(f"{authority} cannot be reached: {error or type(error).__name__}") from None


async def _fetched(authority: str, ca_file: str) -> bytes:
    async with httpx.AsyncClient(verify=_trust(ca_file), timeout=_TIMEOUT_SECONDS) as client:
        found = await _get(client, f"{authority}{METADATA}")
        try:
            metadata = msgspec.json.decode(found, type=_Metadata)
        except (ValueError, RecursionError) as error:
            raise KeysUnavailableError(f"the metadata cannot be read: {error}") from None
        if not metadata.jwks_uri.startswith("https://"):
            raise KeysUnavailableError(f"the metadata name keys that are not on HTTPS: {metadata.jwks_uri[:256]}")
        return await _get(client, metadata.jwks_uri)


async def _get(client: httpx.AsyncClient, url: str) -> bytes:
    """Return the body of a response, which must be a success; redirects are not followed, as Entra has none here.

    Nor is anything decompressed: of a few kilobytes that would make gigabytes, if somebody wants it to.
    """
    content = bytearray()
    asked_for = {"Accept": "application/json", "Accept-Encoding": "identity"}
    async with client.stream("GET", url, headers=asked_for) as response:
        if response.status_code != httpx.codes.OK:
            raise KeysUnavailableError(f"{url} answered {response.status_code}")
        if (encoding := response.headers.get("content-encoding", "identity")) != "identity":
            raise KeysUnavailableError(f"{url} answered in the encoding {encoding[:32]}, which was not asked for")
        async for part in response.aiter_raw():
            content += part
            if len(content) > _MOST_BYTES:
                raise KeysUnavailableError(f"{url} answered more than {_MOST_BYTES} bytes")
    return bytes(content)


def _trust(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
