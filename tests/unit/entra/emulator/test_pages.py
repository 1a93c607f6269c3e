"""Pages: everything that goes into them is escaped, the policy allows what they hold and no more; they load late."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.requests import Request

from osimages.entra.emulator.emulator import EntraEmulator
from osimages.entra.emulator.pages import page, policy
from osimages.entra.emulator.request_context import Call

_BODY = {
    "error": "invalid_request",
    "error_description": "AADSTS1: <script>alert(1)</script> \"quoted\" 'too' {{7*7}} Trace ID: x",
    "error_codes": [1],
    "correlation_id": "</dd>",
    "trace_id": "&amp;",
    "timestamp": "now",
}


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """A request for a page."""
    context = EntraEmulator(tmp_path).context("https://localhost:8443")
    return Call(context, Request({"type": "http", "headers": []}), "common")


def test_everything_is_escaped(call: Call) -> None:
    text = bytes(page(call, "error", {"body": _BODY}).body).decode()
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &#34;quoted&#34; &#39;too&#39; {{7*7}}" in text
    assert "Trace ID: x" not in text
    assert text.count("</dd>") == 4


@pytest.mark.parametrize("name", ["error", "form_post"])
def test_the_policy_allows_what_the_pages_hold(call: Call, name: str) -> None:
    returned = {"redirect_uri": "https://app.example/x", "values": {"code": "<"}}
    text = bytes(page(call, name, {"body": _BODY, "returned": returned}).body).decode()
    for tag in ("style", "script"):
        for content in re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL):
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy(None)
    assert " on" not in "".join(re.findall(r"<[a-z]+ [^>]*>", text))
    assert "style=" not in text


@pytest.mark.parametrize(
    ("returns_to", "targets"),
    [
        (None, "'self'"),
        ("https://app.example:444/x", "'self' https://app.example:444"),
        ("com.example.app:/done", "'self' com.example.app:"),
        (
            "http://localhost:5000/x",
            "'self' http://localhost:* http://127.0.0.1:* https://localhost:* https://127.0.0.1:*",
        ),
    ],
)
def test_forms_lead_on_to_the_application_alone(returns_to: str | None, targets: str) -> None:
    assert f"form-action {targets};" in policy(returns_to)


def test_a_server_that_shows_no_page_loads_no_templates() -> None:
    script = "import sys, osimages.app; print(sorted({'jinja2', 'markupsafe', 'httpx'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
