"""Connect commands to Microsoft Graph: the server by cloud or URL, the token from a variable or azure-identity."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from osimages.entra import Cloud
    from osimages.graph.client import GraphClient
    from osimages.graph.client_tokens import Tokens

# Any version that has disable_instance_discovery; the same as in pyproject.toml.
_REQUIREMENT = "azure-identity>=1.25"
# Far longer than a service that issues tokens takes, or a program such as az.
_TOKEN_SECONDS = 60.0


def graph_client(
    url: str | None,
    variable: str,
    *,
    cloud: str | None = None,
    token_seconds: float = _TOKEN_SECONDS,
    on_wait: Callable[[str, float], None] = lambda reason, seconds: None,
) -> GraphClient:
    """Return a client of a server, or of Graph in a cloud where no URL is given.

    The token is that of the environment variable, else azure-identity's: for the server of the URL, or for Graph in
    the cloud where one is named; azure-identity gets `token_seconds` for it. Raises UsageError, ClickException.
    """
    from osimages.entra import CLOUDS
    from osimages.graph.client import GraphClient, api_url
    from osimages.graph.client_errors import GraphError

    try:
        address = api_url(url or CLOUDS[cloud or "global"].graph_roots[0])
    except GraphError as error:
        raise click.UsageError(str(error)) from None
    try:
        return GraphClient(address, _tokens(address, variable, cloud, token_seconds), on_wait=on_wait)
    except GraphError as error:
        raise click.ClickException(str(error)) from None


def _tokens(address: str, variable: str, cloud: str | None, seconds: float) -> Tokens:
    """Return the source of tokens for a server. Raises GraphError, ClickException."""
    from osimages.entra import CLOUDS
    from osimages.graph.client_tokens import CredentialTokens, FixedToken

    if variable in os.environ:
        return FixedToken(os.environ[variable], f"The value of {variable}")
    named = CLOUDS[cloud] if cloud else _cloud_at(address)
    # As azure-identity's readers of Microsoft's SDKs do: for the host, whatever its port.
    root = named.graph_roots[0] if named else f"https://{urlsplit(address).hostname}"
    return CredentialTokens(
        _credential(named, variable),
        f"{root}/.default",
        otherwise=f"or put a token into {variable}",
        seconds=seconds,
    )


def _cloud_at(address: str) -> Cloud | None:
    from osimages.entra import CLOUDS

    root = "{0.scheme}://{0.netloc}".format(urlsplit(address)).casefold()
    return next((each for each in CLOUDS.values() if root in each.graph_roots), None)


def _credential(cloud: Cloud | None, variable: str) -> object:
    """Azure-identity's default credential: a service principal, a managed identity, az login and others."""
    try:
        from azure.identity import DefaultAzureCredential
    except ImportError:
        raise click.ClickException(
            f"azure-identity is not installed, which gets tokens for Graph. Install it: {_python()} -m pip install "
            f"'{_REQUIREMENT}' (the extra 'graph' of osimages). Or put a token into {variable}."
        ) from None
    # Its warnings say again what its error says.
    logging.getLogger("azure").addHandler(logging.NullHandler())
    own = os.environ.get("AZURE_AUTHORITY_HOST")
    options = {"authority": cloud.authorities[0]} if cloud and not own else {}
    try:
        # An authority of one's own is not one that Microsoft's list of authorities would have.
        return DefaultAzureCredential(disable_instance_discovery=bool(own), **options)
    except Exception as error:
        raise click.ClickException(f"azure-identity cannot be used: {error}") from None


def _python() -> str:
    """This Python as one would type it."""
    from pathlib import Path

    path = Path(sys.executable)
    with contextlib.suppress(ValueError):
        path = path.relative_to(Path.cwd())
    return f'"{path}"' if " " in str(path) else str(path)
