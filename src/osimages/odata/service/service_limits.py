"""The limits of requests and replies, in values: how much one request may ask for, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass, field

from osimages.odata.plan.pagination import LONGEST_TOKEN
from osimages.odata.plan.query_limits import Limits
from osimages.odata.text.text_limits import Bounds

_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class TransportLimits:
    """The limits of reading bodies and of sending replies. Sizes are in bytes."""

    max_body_seconds: float = 30.0
    max_discarded_bytes: int = 64 * _MEGABYTE
    max_unsent_bytes: int = 48 * _MEGABYTE
    max_unsent_connection_bytes: int = 8 * _MEGABYTE
    write_timeout_seconds: float = 30.0
    gzip_minimum_bytes: int = 1024


@dataclass(frozen=True)
class ServiceLimits:
    """The limits of one request. Sizes are in bytes; error messages name the limits as they are named here."""

    max_url_bytes: int = 16 * 1024
    max_header_bytes: int = 32 * 1024
    max_query_bytes: int = 64 * 1024
    max_body_bytes: int = 4 * _MEGABYTE
    max_batch_items: int = 20
    max_batch_answer_bytes: int = 8 * _MEGABYTE
    delta_days: float = 30.0
    query: Limits = field(default_factory=lambda: Limits(1000, Bounds()))

    @property
    def longest_link(self) -> int:
        """The longest URL with a token: it repeats a query, which may have been longer in a body than in a URL."""
        return max(self.max_url_bytes, self.max_query_bytes) + LONGEST_TOKEN
