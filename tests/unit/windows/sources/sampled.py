"""The samples: small documents in the form of each source, with builds and KBs that do not exist."""

from __future__ import annotations

from pathlib import Path

from osimages.windows.merge.claims import Claim, Parsed, UpdateClaim

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> bytes:
    """A sample as it is received."""
    return (SAMPLES / name).read_bytes()


def updates(parsed: Parsed) -> dict[str, UpdateClaim]:
    """The claims about updates by build."""
    return {each.build.short: each for each in parsed.claims if isinstance(each, UpdateClaim)}


def others(parsed: Parsed) -> list[Claim]:
    """The claims about all but updates."""
    return [each for each in parsed.claims if not isinstance(each, UpdateClaim)]
