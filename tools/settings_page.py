"""Writes docs/settings.md from settings.py: `python tools/settings_page.py`; a test compares the page with it."""

from __future__ import annotations

from dataclasses import Field, fields
from datetime import date
from pathlib import Path
from typing import Any, get_type_hints

import click

from osimages.cli.serve import serve
from osimages.settings import ENVIRONMENT_PREFIX, FILE_NAME, Settings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
_TYPES = {str: "text", int: "integer", float: "number", bool: "`true` or `false`", date | None: "day, `YYYY-MM-DD`"}
_INTRODUCTION = f"""# Settings

<!-- Written by tools/settings_page.py from src/osimages/settings.py: change those and run it. -->

A setting has its value from the first of these places that names it:

1. a flag of `osimages serve`, for the settings that have one;
2. an environment variable: `{ENVIRONMENT_PREFIX}` and the name in capitals (`{ENVIRONMENT_PREFIX}LOG_FORMAT=json`);
   an empty one counts as not set;
3. the file `{FILE_NAME}` in the data directory;
4. its default.

`osimages config show` prints every setting, its value and where that came from:

```bash
OSIMAGES_LOG_FORMAT=json .venv/bin/osimages config show --json | grep -A 2 '"log_format"'
```

The data directory is `--data-dir`, else `{ENVIRONMENT_PREFIX}DATA_DIR`, else the user data folder:
`~/.local/share/osimages` on Linux (or below `$XDG_DATA_HOME`), `~/Library/Application Support/osimages` on macOS,
`%LOCALAPPDATA%\\osimages` on Windows. The file is TOML, one line for a setting:

    log_format = "json"
    access_log = true
    drain_seconds = 30

If the file has an unknown name, or a value is not valid, the server does not start, and the message names it.
A misspelt variable causes a warning.

Times are in seconds and sizes in bytes, unless a name says otherwise.
"""
_END = """
## Other variables

| variable | meaning |
| --- | --- |
| `OSIMAGES_URL`, `OSIMAGES_TOKEN` | printed by `osimages env`, for your own scripts |
| `OSIMAGES_GRAPH_TOKEN`, `OSIMAGES_GRAPH_URL` | token and URL of Graph for `osimages check --graph` |
| `OSIMAGES_SOURCE_TOKEN` | token for sources that need one: `osimages catalogue update` |
| `OSIMAGES_FROM_TOKEN`, `OSIMAGES_TO_TOKEN` | tokens for the two servers of `osimages catalogue mirror` |
| `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET` | a service principal of azure-identity, without a token |
| `HTTPS_PROXY`, `NO_PROXY` | proxy of the commands that read sources or Graph |
"""


def page() -> str:
    """Return the whole page."""
    hints = get_type_hints(Settings)
    flags = {option.name: option.opts[0] for option in serve.params if isinstance(option, click.Option)}
    rows = [_row(each, hints[each.name], flags.get(each.name, "")) for each in fields(Settings)]
    head = "| setting | variable | value | default | flag | meaning |\n| --- | --- | --- | --- | --- | --- |\n"
    return f"{_INTRODUCTION}\n{head}{''.join(rows)}{_END}"


def _row(setting: Field[Any], hint: Any, flag: str) -> str:
    default = setting.default
    written = "" if default in ("", None) else f"`{str(default).lower() if isinstance(default, bool) else default}`"
    variable = f"`{ENVIRONMENT_PREFIX}{setting.name.upper()}`"
    shown_flag = f"`{flag}`" if flag else ""
    cells = (f"`{setting.name}`", variable, _value(setting, hint), written, shown_flag, setting.metadata["help"])
    return f"| {' | '.join(cells)} |\n"


def _value(setting: Field[Any], hint: Any) -> str:
    """Return the values that a setting may have."""
    if setting.metadata["choices"]:
        return ", ".join(f"`{each}`" for each in setting.metadata["choices"])
    least, most = setting.metadata["least"], setting.metadata["most"]
    bounds = [] if least is None else [f"at least {least}"]
    bounds += [] if most is None else [f"at most {most}"]
    return ", ".join([_TYPES[hint], *bounds])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
