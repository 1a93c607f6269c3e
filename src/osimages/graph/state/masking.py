"""Takes secrets out of what is shown of a request."""

from __future__ import annotations

import re
from typing import Any

MASK = "***"
_NAMES = (
    "authorization|cookie|set-cookie|password|passwd|secrets?|client_?secret|client_?assertion|assertion|access_?token|"
    "refresh_?token|id_?token|device_?code|certificates?|x-identity-header|api-?key"
)
_NAME = re.compile(_NAMES, re.IGNORECASE)
# A member of JSON or a field of a form, wherever it stands in a text that cannot be read as either.
_FIELD = re.compile(rf'(?i)(\b(?:{_NAMES})(?:\\?["\'])?\s*[:=]\s*)(\\?"(?:[^"\\]|\\.)*\\?"?|[^&\s,;}}\]]+)')
# A token is one wherever it stands: header and payload of a JWT begin with an object in base64url.
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_.-]+")


def is_secret(name: str) -> bool:
    """Whether a header, a member or a field of that name holds a secret."""
    return _NAME.fullmatch(name) is not None


def masked_text(text: str) -> str:
    """A text, such as a query string or a form, without the secrets in it."""
    return _JWT.sub(MASK, _FIELD.sub(rf"\1{MASK}", text))


def masked(value: Any) -> Any:
    """Decoded JSON without the secrets in it. Raises RecursionError for what is nested too deeply."""
    if isinstance(value, dict):
        return {name: MASK if is_secret(name) else masked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    return masked_text(value) if isinstance(value, str) else value
