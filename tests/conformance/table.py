"""The requirements, and which tests stand for each of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[1] / "docs" / "conformance.md"
_MARK = re.compile(r"^@pytest\.mark\.requirement\(([^)]*)\)", re.MULTILINE)
_TEST = re.compile(r"^def (test_\w+)", re.MULTILINE)
_HEAD = """\
# Conformance

What OData 4.0 and 4.01 and Microsoft's guidelines for Graph APIs require, and what holds here. Every line that holds
is tested against a real server (`tests/conformance`); `python -m tests.conformance.write` runs these tests and writes
this page.

{summary}

*Differs* is on purpose, with the reason; *does not apply* is what this model or Graph itself gives no place to.
"""


@dataclass(frozen=True)
class Requirement:
    """One row of the table. `verdict` is empty where it holds, and else starts with `n/a`, `differs` or `not built`."""

    id: str
    level: str
    need: str
    text: str
    verdict: str

    @property
    def status(self) -> str:
        """How it stands, in words."""
        kind = self.verdict.partition(":")[0]
        return {"": "holds", "n/a": "does not apply", "differs": "differs", "not built": "not built"}[kind]

    @property
    def reason(self) -> str:
        """Why it does not hold."""
        return self.verdict.partition(":")[2].strip()


def requirements() -> list[Requirement]:
    """All rows, in order."""
    lines = (FOLDER / "requirements.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [Requirement(*line.split("\t")) for line in lines]


def marked() -> dict[str, list[str]]:
    """The tests that stand for each requirement, as `file::test`."""
    found: dict[str, list[str]] = {}
    for file in sorted(FOLDER.glob("test_*.py")):
        text = file.read_text(encoding="utf-8")
        for mark in _MARK.finditer(text):
            test = _TEST.search(text, mark.end())
            assert test is not None, f"{file.name}: a mark without a test"
            for name in re.findall(r'"([^"]+)"', mark[1]):
                found.setdefault(name, []).append(test[1])
    return found


def page(rows: Sequence[Requirement], tests: Mapping[str, Sequence[str]]) -> str:
    """The text of docs/conformance.md."""
    words = {"holds": "hold", "differs": "differ", "does not apply": "do not apply", "not built": "are not built"}
    counts = {word: sum(row.status == status for row in rows) for status, word in words.items()}
    summary = ", ".join(f"{number} {word}" for word, number in counts.items())
    parts = [_HEAD.format(summary=f"Of {len(rows)} requirements: {summary}.")]
    for level in dict.fromkeys(row.level for row in rows):
        parts.append(f"\n## {level}\n\n| id | | requirement | | |\n| --- | --- | --- | --- | --- |\n")
        for row in rows:
            if row.level == level:
                told = row.reason or ", ".join(f"`{each}`" for each in dict.fromkeys(tests.get(row.id, ())))
                parts.append(f"| {row.id} | {row.need} | {row.text} | {row.status} | {told} |\n")
    return "".join(parts)
