"""Logging, for people or for machines, never with a token, a secret or a body in it; and the registry of metrics."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import sys
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO, cast

import structlog
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.utils import floatToGoString

# By the names of prometheus-client; a series of the mapped histogram takes 5 kB, and there are some dozens.
_FILE_BYTES = {
    **dict.fromkeys(("counter", "histogram", "gauge_livesum", "gauge_livemax"), 64 * 1024),
    "histogram_requests": 2 * 1024 * 1024,
}


def configure_logging(log_format: str) -> None:
    """Write log lines to stderr: `json` writes one object a line, anything else is for people."""
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
        """Write a line, or lose it."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        """Write out what is buffered, or lose it."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def _as_it_is(_logger: Any, _name: str, event: Any) -> Any:
    return event


class MetricsRegistry:
    """The metrics of this worker, in a folder that all workers of a server share; without one, in memory alone.

    Each worker writes its numbers into files that are mapped into memory; a scrape adds up those of all workers.
    Source: https://prometheus.github.io/client_python/multiprocess/.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.own = CollectorRegistry()
        self._folder = folder
        if folder is not None:
            _forget_dead_workers(folder)
            _allocate_files(folder)

    def histogram(
        self, name: str, text: str, labels: Sequence[str], buckets: Sequence[float]
    ) -> Callable[..., Callable[[float], None]]:
        """Register the histogram that every request observes; return a function from label values to `observe`."""
        if self._folder is None:
            histogram = Histogram(name, text, labels, buckets=buckets, registry=self.own)
            return lambda *values: histogram.labels(*values).observe
        file = MmapedDict(str(self._folder / f"histogram_requests_{os.getpid()}.db"))  # type: ignore[no-untyped-call]
        return lambda *values: (
            _MappedHistogram(file, name, text, dict(zip(labels, values, strict=True)), buckets).observe
        )

    def shared(self) -> CollectorRegistry:
        """Return the metrics of all workers."""
        if self._folder is None:
            return self.own
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]
        return registry


class _MappedHistogram:
    """A series of a histogram, in a file as prometheus-client maps it, and in a quarter of its time.

    Every request is observed once: with the library's own histogram, a read by key took a tenth longer.
    """

    def __init__(
        self, file: MmapedDict, name: str, text: str, labels: Mapping[str, str], buckets: Sequence[float]
    ) -> None:
        def key(ending: str, *bound: str) -> str:
            names = [*labels, *(["le"] if bound else [])]
            return mmap_key(name, f"{name}{ending}", names, [*labels.values(), *bound], text)

        # Key, value, and a time that only gauges have.
        self._write = cast(Callable[[str, float, float], None], file.write_value)
        self._buckets = buckets
        self._sum, self._sum_key = 0.0, key("_sum")
        self._counts = [0.0] * (len(buckets) + 1)
        written: Callable[[float], str] = floatToGoString
        self._keys = [key("_bucket", written(bound)) for bound in (*buckets, math.inf)]
        for each in self._keys:
            self._write(each, 0.0, 0.0)

    def observe(self, seconds: float) -> None:
        """Count a request that took so long."""
        place = bisect_left(self._buckets, seconds)
        self._counts[place] += 1.0
        self._sum += seconds
        self._write(self._keys[place], self._counts[place], 0.0)
        self._write(self._sum_key, self._sum, 0.0)


def _forget_dead_workers(folder: Path) -> None:
    """Remove the gauges of workers that are gone; what they counted stays."""
    for file in folder.glob("gauge_live*.db"):
        process = int(file.stem.rpartition("_")[2])
        if process != os.getpid() and not _is_alive(process):
            file.unlink(missing_ok=True)


def _allocate_files(folder: Path) -> None:
    """Give the files of this worker real space on the disk before they are mapped.

    A page of a mapped file for which a full disk has no room ends the process (SIGBUS). Raises OSError.
    """
    for name, size in _FILE_BYTES.items():
        (folder / f"{name}_{os.getpid()}.db").write_bytes(bytes(size))


def _is_alive(process: int) -> bool:
    if os.name != "posix":  # where a server has one worker, which is this one
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
