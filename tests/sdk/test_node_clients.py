"""Microsoft's Graph client for JavaScript and @odata/client, unchanged, against a real HTTPS server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.support.api import Json, token
from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server

NODE = Path(__file__).parents[1] / "node"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (NODE / "node_modules" / "@odata").is_dir(),
    reason="node or its packages are not installed",
)


def found(server: Server, script: str) -> Json:
    """What a script prints, run for a tenant of its own; it must succeed."""
    asked = {"url": server.url, "token": token(server.data_dir, str(uuid.uuid4()))}
    done = subprocess.run(
        ["node", script, json.dumps(asked)],
        cwd=NODE,
        env=os.environ | {"NODE_EXTRA_CA_CERTS": str(server.data_dir / "ca.pem")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: Json = json.loads(done.stdout)
    return answer


def test_the_graph_client(secure: Server) -> None:
    got = found(secure, "graph_client.mjs")
    every = [f"Image/{number}" for number in range(1, 6)]
    assert got["made"] == ["x64"]
    assert [each["id"] for each in got["filtered"]["value"]] == ["Image/5", "Image/3"]
    assert got["filtered"]["@odata.count"] == 3
    assert int(got["number"]) == 5
    assert got["seen"] == every
    assert got["top"] == got["all"] == {"ids": every, "sizes": [2, 2, 1], "complete": True}
    assert (got["patched"], got["replaced"]) == (["x86"], "new")
    assert got["batch"] == [[201, "batched"], [200, "batched"], [404, "ResourceNotFound"]]
    error = got["error"]
    assert (error["isGraphError"], error["status"], error["code"]) == (True, 400, "BadRequest")
    assert uuid.UUID(error["requestId"])
    assert "nothing" in error["message"]


def test_the_odata_client(secure: Server) -> None:
    got = found(secure, "odata_client.mjs")
    assert got["one"] == ["arM64"]
    assert (got["found"], got["filtered"]) == (["Image 3"], ["Image 3", "Image 1"])
    assert got["between"] == ["Image 2", "Image 3"]
    assert (got["count"], got["updated"], got["left"]) == (3, ["x86"], 2)
    assert "Image 1" in got["error"]
    assert got["multipart"] == [[201, "Batched"], [200, 2], [409, "nameAlreadyExists"]]
    assert got["json"] == [[424, "FailedDependency"], [409, "nameAlreadyExists"], [200, 1]]
    assert got["end"] == 3, "nothing of a change set that fails is stored"
