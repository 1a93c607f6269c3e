"""What a person who has started a server on a terminal does next."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from osimages.settings import Settings


def next_steps(settings: Settings, url: str) -> str:
    """Return the lines that follow the ready line: how to use the server, its dashboard, and how to end it."""
    rows = [("Dashboard", f"{url}/dashboard/"), ("Stop", "Ctrl-C")]
    if settings.authority == "dev":
        images = f"{url}/beta/deviceManagement/managedDeviceWindowsOSImages"
        trusted = "" if settings.http else " -SkipCertificateCheck"
        first = (
            f'curl -sS {images} -H "Authorization: Bearer $OSIMAGES_TOKEN"'
            if os.name == "posix"
            else f'Invoke-RestMethod {images} -Headers @{{ Authorization = "Bearer $env:OSIMAGES_TOKEN" }}{trusted}'
        )
        rows = [("In another shell", _environment(settings)), ("First request", first), *rows]
    width = max(len(name) for name, _ in rows)
    return "".join(f"\n  {name:{width}}  {text}" for name, text in rows) + "\n"


def _environment(settings: Settings) -> str:
    """The line that sets up another shell for this server."""
    command = [*_command(), "env"]
    if settings.data_dir:
        command += ["--data-dir", str(settings.data_path.resolve())]
    if os.name == "posix":
        return f'eval "$({shlex.join(command)})"'
    return (
        " ".join(f"'{each}'" if " " in each else each for each in command) + " --shell powershell | Invoke-Expression"
    )


def _command() -> list[str]:
    """The words that start this program in any folder: `osimages` where the search path leads to it."""
    typed = Path(sys.argv[0]).absolute()
    found = shutil.which("osimages")
    if found is not None and Path(found).absolute() == typed:
        return ["osimages"]
    return [sys.executable, "-m", "osimages"] if typed.name == "__main__.py" else [str(typed)]
