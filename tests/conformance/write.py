"""Runs the tests of conformance and writes docs/conformance.md: `python -m tests.conformance.write`.

It fails, and leaves the page as it is, where a requirement does not hold.
"""

from __future__ import annotations

import subprocess
import sys

from tests.conformance.table import FOLDER, PAGE, marked, page, requirements

_IN_STEP = "tests/conformance/test_table.py::test_the_page_is_in_step"


def main() -> None:
    """Writes the page."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/conformance", "--deselect", _IN_STEP]
    if subprocess.run(command, cwd=FOLDER.parents[1], check=False).returncode != 0:
        sys.exit("Some requirements do not hold: the page was not written.")
    PAGE.write_text(page(requirements(), marked()), encoding="utf-8")


if __name__ == "__main__":
    main()
