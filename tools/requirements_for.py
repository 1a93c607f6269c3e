"""Prints a file of requirements without the packages that have no wheel for this Python.

    python tools/requirements_for.py requirements.txt

Environment markers cannot tell musl (Alpine) from glibc, nor a Python without a global lock from others. There is no
wheel of google-re2 for these, and to build it takes Abseil and RE2. Without it `matchesPattern` on SQLite is answered
with 501.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

_WITHOUT_WHEELS = ("google-re2==",)


def main() -> None:
    """Prints what the file named on the command line requires."""
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    print(text if has_wheels() else without(text, _WITHOUT_WHEELS), end="")


def has_wheels() -> bool:
    """Whether all packages have wheels for this Python, as far as markers leave it open."""
    is_musl = "musl" in str(sysconfig.get_config_var("SOABI"))
    return not (is_musl or sysconfig.get_config_var("Py_GIL_DISABLED"))


def without(text: str, packages: tuple[str, ...]) -> str:
    """The text without the requirements that start so, with their hashes and comments, which are indented."""
    kept, skipped = [], False
    for line in text.splitlines(keepends=True):
        skipped = skipped if line[0].isspace() else line.startswith(packages)
        if not skipped:
            kept.append(line)
    return "".join(kept)


if __name__ == "__main__":
    main()
