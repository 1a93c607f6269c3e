"""`osimages policy`: the builds that a fleet must have, and the policies and scripts that require them."""

from __future__ import annotations

import click

from osimages.cli.policy_apply import apply, diff
from osimages.cli.policy_builds import builds
from osimages.cli.policy_compliance import compliance


@click.group(short_help="Compliance policies from the facts: builds, Graph bodies, scripts.")
def policy() -> None:
    """The builds that a fleet must have, from the facts of the catalogue, as ranges, Graph bodies and scripts, and in
    the compliance policies of an Intune tenant.
    """


policy.add_command(builds)
policy.add_command(compliance)
policy.add_command(diff)
policy.add_command(apply)
