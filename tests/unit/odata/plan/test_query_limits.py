"""The limits are those of the settings."""

from __future__ import annotations

from osimages.odata.plan.query_limits import Limits, limits_of
from osimages.odata.text.text_limits import Bounds
from osimages.settings import Settings


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
