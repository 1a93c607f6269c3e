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

# What shows that a package is there (a program, or a pattern of files), and the package. The directory of PostgreSQL is
# there with its client alone, too.
_DEBIAN = {
    "chromium": "chromium",
    "/usr/share/fonts/truetype/dejavu/*.ttf": "fonts-dejavu-core",
    "/usr/lib/postgresql/*/bin/initdb": "postgresql",
    "/usr/sbin/nginx": "nginx-light",
    "npm": "npm",
}
_NODE = Path(__file__).parents[1] / "tests" / "node"


def main() -> None:
    """Installs what is missing; never fails for what cannot be installed."""
    missing = _install([package for sign, package in _DEBIAN.items() if not _is_there(sign)])
    if missing:
        print(f"Not installed, so that some tests are skipped: {', '.join(missing)}", file=sys.stderr)
    npm = shutil.which("npm")
    if npm is not None:
        done = subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--silent"], cwd=_NODE, check=False)
        if done.returncode != 0:
            print("`npm ci` failed in tests/node: the tests with JavaScript clients are skipped", file=sys.stderr)


def _is_there(sign: str) -> bool:
    return any(Path("/").glob(sign[1:])) if sign.startswith("/") else shutil.which(sign) is not None


def _install(packages: list[str]) -> list[str]:
    """Installs packages, each by itself, as one that there is not must not keep the others away; returns those."""
    apt = shutil.which("apt-get")
    if not packages or apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return packages
    _run(apt, "update", "-qq")
    return [each for each in packages if not _run(apt, "install", "-y", "-qq", "--no-install-recommends", each)]


def _run(*command: str) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL).returncode == 0


if __name__ == "__main__":
    main()
