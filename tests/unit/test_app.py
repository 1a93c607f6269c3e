"""The composition: it loads no more than a development server needs, and passes the settings on."""

from __future__ import annotations

import json
import subprocess
import sys

from osimages.app import limits_of
from osimages.odata.plan.query_limits import Limits
from osimages.odata.text.text_limits import Bounds
from osimages.settings import Settings

_PROGRAM = "import json, sys; import osimages.app; print(json.dumps(sorted(sys.modules)))"


def test_parts_that_only_some_need_are_not_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded.isdisjoint({"httpx", "httpcore", "h2", "asyncpg", "selectolax", "click", "granian"})


def test_limits_are_taken_from_the_settings() -> None:
    settings = Settings(
        page_size=7,
        max_top=8,
        max_filter_lambda_depth=3,
        max_filter_nodes=11,
        max_filter_depth=13,
        max_filter_in_items=17,
        max_orderby_items=2,
        max_page_bytes=19,
    )
    assert limits_of(settings) == Limits(7, Bounds(nodes=11, depth=13, list_items=17, order_items=2), 8, 3, 19)


def test_defaults_agree() -> None:
    assert limits_of(Settings()) == Limits(Settings().page_size, Bounds())
