"""`osimages doctor`: looks at everything that a server needs, and says what is wrong and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable

import click
import msgspec

from osimages.cli.doctor_checks import Finding, Verdict, every_check
from osimages.cli.options import json_option, more, server_options, settings_from
from osimages.cli.table import print_table

_SHOWN = {Verdict.OK: "ok", Verdict.WARNING: "warning", Verdict.PROBLEM: "PROBLEM"}


@click.command(
    short_help="Check what a server needs.",
    epilog=more("docs/entra.md", "osimages doctor", "osimages doctor --authority entra --cloud usgov --json"),
)
@server_options
@json_option
def doctor(as_json: bool, **flags: object) -> None:
    """Check settings, data directory, database, keys, certificates, catalogue, port, authority and clock, for a server
    with the same options.

    It changes nothing. The exit code is 0 unless there is a problem; warnings are none.
    """
    try:
        settings = settings_from(flags)
    except click.ClickException as error:
        findings = [Finding("settings", Verdict.PROBLEM, error.message, "correct it, or choose another --data-dir")]
    else:
        findings = [_finding(name, check) for name, check in every_check(settings)]
    if as_json:
        click.echo(json.dumps({"healthy": _is_healthy(findings), "checks": msgspec.to_builtins(findings)}, indent=2))
    else:
        print_table(
            ("Check", "Verdict", "Found", "What to do"),
            [(each.name, _SHOWN[each.verdict], each.found, each.advice) for each in findings],
        )
    raise SystemExit(0 if _is_healthy(findings) else 1)


def _finding(name: str, check: Callable[[], Finding]) -> Finding:
    """What a check found; one that fails itself is a problem too, and keeps no other from being made."""
    try:
        return check()
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        return Finding(name, Verdict.PROBLEM, told, "this is a fault of osimages: report it")


def _is_healthy(findings: list[Finding]) -> bool:
    return all(each.verdict is not Verdict.PROBLEM for each in findings)
