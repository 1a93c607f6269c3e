"""What is wrong with an OData text, and where."""

from __future__ import annotations

_EXCERPT = 24


class ODataSyntaxError(Exception):
    """A text that is not OData: `position` counts characters from 0 in the decoded `text`."""

    def __init__(self, message: str, position: int, text: str) -> None:
        self.message = message
        self.position = position
        self.text = text
        super().__init__(f"{message} at position {position} in '{excerpt(text, position)}'")


class ODataLimitError(Exception):
    """A text that is OData, but more of it than this service takes; `setting` names the limit."""

    def __init__(self, what: str, limit: int, setting: str) -> None:
        self.what = what
        self.limit = limit
        self.setting = setting
        super().__init__(f"{what} exceeds the limit of {limit} (setting '{setting}')")


def excerpt(text: str, position: int) -> str:
    """The text around a position, short enough for an error message."""
    start, end = max(0, position - _EXCERPT), position + _EXCERPT
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
