"""The PowerShell scripts, read with a grammar of PowerShell: nothing here runs them (docs/decisions/0061)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
import tree_sitter
import tree_sitter_powershell
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows import bundled
from osimages.windows.checks.answers import Family
from osimages.windows.policy import AcceptedRanges, Highest, PolicyRule, accepted_ranges
from osimages.windows.policy.scripts import detection_script, quoted, requirement_script

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
TODAY = date(2026, 11, 29)
FOUND = accepted_ranges(bundled(), PolicyRule(day=TODAY, level=1, servers=True, include_esu=True))
SCRIPTS = pytest.mark.parametrize("script", [detection_script, requirement_script])
Script = Callable[[AcceptedRanges], str]


def nodes(text: str) -> Iterator[tree_sitter.Node]:
    """All nodes of a script; a syntax error fails."""
    root = PARSER.parse(text.encode()).root_node
    assert not root.has_error, text
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.children)


def texts(script: str, kind: str) -> list[str]:
    """The texts of all nodes of a kind, in order."""
    return [(node.text or b"").decode() for node in nodes(script) if node.type == kind]


@pytest.mark.parametrize("broken", ["if ($a { 1 }", "$x = @{ a = 'b'", "function f( { }", "'it's'"])
def test_the_grammar_finds_errors(broken: str) -> None:
    assert PARSER.parse(broken.encode()).root_node.has_error


@SCRIPTS
def test_scripts_are_ascii_and_need_no_modules(script: Script) -> None:
    text = script(FOUND)
    assert text.isascii()
    assert "\r" not in text
    assert "\t" not in text
    assert set(texts(text, "command_name")) == {"Get-WindowsVersion", "Test-AcceptedVersion", "Write-Output"}
    # Windows PowerShell 5.1 has none of these.
    assert not any(operator in text for operator in ("??", "?.", "?[", "&&", "||"))


@SCRIPTS
@pytest.mark.parametrize("highest", list(Highest))
def test_scripts_hold_the_ranges(script: Script, highest: Highest) -> None:
    found = accepted_ranges(bundled(), PolicyRule(day=date(2026, 3, 30), servers=True, highest=highest))
    entries = [each.rstrip(";").partition(" = ")[::2] for each in texts(script(found), "hash_entry")]
    rows = [dict(entries[place : place + 4]) for place in range(0, 4 * len(found.ranges), 4)]
    assert rows == [
        {
            "Name": f"'{each.description}'",
            "IsServer": "$true" if each.family is Family.SERVER else "$false",
            "Lowest": f"'{each.lowest}'",
            "Highest": f"'{each.highest}'",
        }
        for each in found.ranges
    ]


@SCRIPTS
def test_versions_are_compared_as_versions_and_ends_are_included(script: Script) -> None:
    compared = [each for each in texts(script(FOUND), "comparison_expression") if "Version" in each]
    # As texts, 26100.10000 would come before 26100.9711.
    assert "$windows.Version -ge [version]$range.Lowest" in compared
    assert "$windows.Version -le [version]$range.Highest" in compared


def test_exit_codes() -> None:
    assert [each.split() for each in texts(detection_script(FOUND), "flow_control_statement") if "exit" in each] == [
        ["exit", "1"],
        ["exit", "0"],
        ["exit", "1"],
    ]
    requirement = requirement_script(FOUND)
    assert [each.split()[1] for each in texts(requirement, "flow_control_statement") if "exit" in each] == ["1", "0"]
    printed = [each for each in texts(requirement, "command") if each.startswith("Write-Output")]
    assert printed == ["Write-Output 'Unknown'", "Write-Output 'Accepted'", "Write-Output 'NotAccepted'"]


@given(st.text(max_size=60))
def test_a_text_is_a_string_and_nothing_else(text: str) -> None:
    (value,) = texts(f"$x = {quoted(text)}", "verbatim_string_characters")
    printable = "".join(each if " " <= each <= "~" else "?" for each in text)
    assert value[1:-1].replace("''", "'") == printable
