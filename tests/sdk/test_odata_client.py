"""python-odata, unchanged, against a real HTTPS server: a client that knows OData 4 and nothing of Graph."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from pathlib import Path

from tests.support.api import token
from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server, environment


def test_a_client_that_knows_odata_alone(secure: Server) -> None:
    program = Path(__file__).with_name("odata_program.py")
    done = subprocess.run(
        [sys.executable, program, secure.url, token(secure.data_dir, str(uuid.uuid4()))],
        env=environment(REQUESTS_CA_BUNDLE=str(secure.data_dir / "ca.pem")),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "Error 409" in found["taken"] or "409" in found.pop("taken")
    assert found == found | {
        "reflected": ["deviceManagement"],
        "all": ["a b", "c/d", "it's"],
        "equal": ["it's"],
        "contains": ["a b"],
        "limited": ["c/d"],
        "count": 3,
        "changed": ["arM64"],
        "left": ["a b", "c/d"],
    }
