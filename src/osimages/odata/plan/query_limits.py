"""The limits of one request."""

from __future__ import annotations

from dataclasses import dataclass

from osimages.odata.plan.query import USUAL_PAGE_BYTES
from osimages.odata.plan.scope import DEEPEST_LAMBDA
from osimages.odata.text.text_limits import Bounds


@dataclass(frozen=True, slots=True)
class Limits:
    """`page_size` is the most items in a page, `page_bytes` the size at which it ends early, `top` the largest $top.

    `lambda_depth` is how deep any and all may nest. `bounds` are those of reading a text.
    """

    page_size: int
    bounds: Bounds
    top: int = 2**31 - 1
    lambda_depth: int = DEEPEST_LAMBDA
    page_bytes: int = USUAL_PAGE_BYTES
