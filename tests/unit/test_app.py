"""What starts the service loads no more than a development server needs: memory and the time of a start."""

from __future__ import annotations

import json
import subprocess
import sys

_PROGRAM = "import json, sys; import osimages.app; print(json.dumps(sorted(sys.modules)))"


def test_parts_that_only_some_need_are_not_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded.isdisjoint({"httpx", "httpcore", "h2", "asyncpg", "selectolax", "click", "granian"})
