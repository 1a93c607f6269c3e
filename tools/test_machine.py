"""Installs what the tests use beside Python packages, where that may be done: Debian's packages and npm's.

    python tools/test_machine.py

Without root, apt-get or npm it says what is missing; the tests that need it are skipped then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# A file that shows that a package is there, and the package.
_DEBIAN = {
    "/usr/bin/chromium": "chromium",
    "/usr/lib/postgresql": "postgresql",
    "/usr/sbin/nginx": "nginx-light",
    "/usr/bin/npm": "npm",
}
_NODE = Path(__file__).parents[1] / "tests" / "node"


def main() -> None:
    """Installs what is missing; never fails for what cannot be installed."""
    missing = [package for file, package in _DEBIAN.items() if not Path(file).exists() and not _on_path(file)]
    if missing and not _install(missing):
        print(f"Not installed, so that some tests are skipped: {', '.join(missing)}", file=sys.stderr)
    npm = shutil.which("npm")
    if npm is not None:
        done = subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--silent"], cwd=_NODE, check=False)
        if done.returncode != 0:
            print("`npm ci` failed in tests/node: the tests with JavaScript clients are skipped", file=sys.stderr)


def _on_path(file: str) -> bool:
    return shutil.which(Path(file).name) is not None


def _install(packages: list[str]) -> bool:
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        if subprocess.run([apt, *arguments], env=environment, check=False, stdout=subprocess.DEVNULL).returncode != 0:
            return False
    return True


if __name__ == "__main__":
    main()
