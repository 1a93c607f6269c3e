"""`osimages policy compliance`: Graph bodies of a compliance policy, and scripts that compare a device's build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from osimages.cli.options import more
from osimages.cli.policy_options import (
    RuleOptions,
    print_warnings,
    ranges_for,
    require_fresh,
    rule_options,
    write_output,
)

if TYPE_CHECKING:
    from osimages.windows.policy import AcceptedRanges

_SCRIPTS = ("detect", "requirement")


@click.command(
    short_help="Graph bodies of windows10CompliancePolicy, or scripts.",
    epilog=more(
        "docs/policy.md",
        "osimages policy compliance --level 1 --grace-days 7",
        "osimages policy compliance --form minimum --one-per-release",
        "osimages policy compliance --form detect -o detect.ps1",
    ),
)
@rule_options
@click.option(
    "--form",
    type=click.Choice(["ranges", "minimum", *_SCRIPTS]),
    default="ranges",
    help="validOperatingSystemBuildRanges, osMinimumVersion, or a PowerShell script (ranges).",
)
@click.option("--one-per-release", is_flag=True, help="A policy for each release: an object of bodies by release.")
@click.option("--create", is_flag=True, help="Bodies for POST, with displayName and scheduledActionsForRule.")
@click.option("--json", "as_json", is_flag=True, help="JSON, which bodies are in any case; not for scripts.")
@click.option("--output", "-o", metavar="FILE", help="Where to write it (standard output).")
def compliance(
    form: str, one_per_release: bool, create: bool, as_json: bool, output: str | None, **rest: object
) -> None:
    """Print the body of a PATCH of a windows10CompliancePolicy: its type and the one property that holds the builds.

    detect is the detection script of a remediation, requirement a requirement rule script of a Win32 app.
    """
    options = msgspec.convert(rest, RuleOptions)
    if form in _SCRIPTS and (one_per_release or create or as_json):
        raise click.UsageError("--one-per-release, --create and --json are about Graph bodies, not scripts.")
    found = ranges_for(options)
    require_fresh(found, options)
    if form in _SCRIPTS:
        text = _script(found, form)
    else:
        text = _bodies(found, form, one_per_release=one_per_release, create=create)
    print_warnings(found.notes)
    write_output(text, output)


def _script(found: AcceptedRanges, form: str) -> str:
    from osimages.windows.policy.scripts import detection_script, requirement_script

    if not found.ranges:
        raise click.ClickException(f"The rule accepts no release that is supported on {found.rule.day}.")
    return detection_script(found) if form == "detect" else requirement_script(found)


def _bodies(found: AcceptedRanges, form: str, *, one_per_release: bool, create: bool) -> str:
    from osimages.windows.policy.bodies import (
        ALL_RELEASES,
        Form,
        NoBodyError,
        compliance_bodies,
        creation_body,
        minimum_notes,
    )

    try:
        bodies = compliance_bodies(found, Form(form), one_per_release=one_per_release)
    except NoBodyError as error:
        raise click.ClickException(f"{error}.") from None
    if form == "minimum":
        print_warnings(minimum_notes(found, one_per_release=one_per_release))
    if create:
        bodies = {name: creation_body(f"{name}: minimum builds", body) for name, body in bodies.items()}
    document = bodies if one_per_release else bodies[ALL_RELEASES]
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
