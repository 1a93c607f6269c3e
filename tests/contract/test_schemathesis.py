"""The running server against its own OpenAPI document: requests that schemathesis makes up, answers that must fit."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx

from osimages.entra.emulator.default_directory import DEFAULT_TENANT
from tests.support.api import READ, WRITE, token
from tests.support.server import Server, environment

# What must hold for every answer. That a request which the document calls good is accepted cannot: a $filter is
# text to OpenAPI, and Graph answers a verb that a path does not have with 400.
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# Beside those of images that of the audit.
PERMISSIONS = (READ, WRITE, "DeviceManagementApps.Read.All")
MOST_SECONDS = 300


def test_every_answer_is_documented(server: Server, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{server.url}/-/openapi.json",
            f"--url={server.url}",
            f"--checks={CHECKS}",
            "--max-examples=10",
            "--phases=examples,coverage,fuzzing",
            "--seed=20261123",
            f"--header=Authorization: Bearer {token(server.data_dir, DEFAULT_TENANT, PERMISSIONS)}",
        ],
        cwd=tmp_path,
        env=environment(PYTHONIOENCODING="utf-8"),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=MOST_SECONDS,
    )
    assert done.returncode == 0, done.stdout
    described = httpx.get(f"{server.url}/-/openapi.json").json()["paths"].values()
    operations = sum(len(item.keys() - {"parameters"}) for item in described)
    # All but the one that gives the document itself, which schemathesis has asked already.
    assert f"Tested: {operations - 1}" in done.stdout
    cases = re.search(r"(\d+) generated", done.stdout)
    assert cases is not None
    assert int(cases[1]) > 2000
