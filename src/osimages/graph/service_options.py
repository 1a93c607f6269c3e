"""The values that the service works with, as the settings name them (docs/settings.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class ServiceOptions:
    """Values of the settings of these names. `limits` has the settings that `/-/limits` reports."""

    data_path: Path = Path()
    authority: str = "dev"
    host: str = "127.0.0.1"
    http: bool = False
    tls_certificate: str = ""
    tls_name: str = ""
    allowed_host: str = ""
    trusted_proxies: str = ""
    public_url: str = ""
    workers: int = 1
    max_body_bytes: int = 4 * 1024 * 1024
    anonymous_requests_per_minute: int = 600
    throttle: str = "auto"
    throttle_seconds: float = 20.0
    throttle_tenant_requests: int = 2000
    throttle_tenant_writes: int = 200
    throttle_application_requests: int = 1000
    throttle_application_writes: int = 100
    limits: Mapping[str, object] = field(default_factory=dict)
