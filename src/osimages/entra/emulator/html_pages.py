"""Pages for people: HTML from the templates beside this file, and the policy that keeps everything else out of them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from osimages.entra.emulator.redirects import LOOPBACK, source_of

_FOLDER = Path(__file__).parent / "templates"
# Sends a form that has a button for browsers without scripts.
_SEND = "document.forms[0].submit()"

# What people are told of the permissions that they know this service for; others are shown by name alone.
# https://learn.microsoft.com/graph/permissions-reference
_MEANINGS = {
    "DeviceManagementConfiguration.Read.All": "Read Microsoft Intune device configuration and policies",
    "DeviceManagementConfiguration.ReadWrite.All": "Read and write Microsoft Intune device configuration and policies",
    "User.Read": "Sign you in and read your profile",
    "openid": "Sign you in",
    "profile": "View your basic profile",
    "email": "View your email address",
    "offline_access": "Maintain access to data you have given it access to",
}


def page(name: str, values: Mapping[str, object]) -> bytes:
    """A page in UTF-8. Everything that goes into it is escaped."""
    text: str = _templates().get_template(f"{name}.html").render(values)
    return text.encode("utf-8", errors="replace")


@cache
def _templates() -> Any:
    # Loaded with the first page: a server that shows none need not know how.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    found = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"style": _style(), "send": _SEND, "meanings": _MEANINGS}
    return found


def policy(returns_to: str | None) -> str:
    """The Content-Security-Policy of a page whose form may lead on to an address.

    https://www.w3.org/TR/CSP3/#directive-form-action covers redirects, too. On loopback they may go on to any port:
    the application that the address belongs to often has its pages at another one.
    """
    targets = "'self'" if returns_to is None else f"'self' {_targets(returns_to)}"
    return (
        f"default-src 'none'; style-src '{_hash(_style())}'; script-src '{_hash(_SEND)}'; form-action {targets}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def _targets(returns_to: str) -> str:
    if urlsplit(returns_to).hostname in LOOPBACK:
        return "http://localhost:* http://127.0.0.1:* https://localhost:* https://127.0.0.1:*"
    return source_of(returns_to)


@cache
def _style() -> str:
    return (_FOLDER / "style.css").read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
