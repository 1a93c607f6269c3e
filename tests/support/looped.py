"""One event loop for all that tests await outside of a server: connections belong to the loop that opened them."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

_RUNNER = asyncio.Runner()
atexit.register(_RUNNER.close)


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine returns."""
    return _RUNNER.run(coroutine)
