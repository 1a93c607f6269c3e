"""Log lines, for people or for machines, never with a token, a secret or a body in them; where metrics are shared."""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import Any, TextIO, cast

import structlog

# Names the folder in which the workers of a server share their metrics; prometheus-client reads it when it is imported.
METRICS_DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def configure_logging(log_format: str) -> None:
    """Log lines go to stderr: `json` writes one object a line, anything else is for people."""
    renderer: Any
    if log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The usual one prints all local variables, and so tokens and bodies.
            exception_formatter=structlog.dev.plain_traceback,
        )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if log_format == "json" else _as_it_is,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Lenient(sys.stderr))),
        cache_logger_on_first_use=True,
    )


class _Lenient:
    """A stream that loses what it cannot write: no request fails because its log line has no place to go."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Writes a line, or loses it."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        """Writes out what is held back, or loses it."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def _as_it_is(_logger: Any, _name: str, event: Any) -> Any:
    return event
