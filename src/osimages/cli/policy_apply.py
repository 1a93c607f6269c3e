"""`osimages policy diff` and `policy apply`: the compliance policies of an Intune tenant, compared and kept current."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from osimages.cli.check_graph import TOKEN_VARIABLE
from osimages.cli.graph import graph_client
from osimages.cli.options import json_option, more, settings_from
from osimages.cli.output import say
from osimages.cli.policy_apply_output import notes, print_document, print_plans, print_summary, print_written, sentences
from osimages.cli.policy_options import (
    RuleOptions,
    facts_for,
    print_warnings,
    ranges_for,
    require_fresh,
    rule_options,
)
from osimages.settings import CLOUD_NAMES

if TYPE_CHECKING:
    from osimages.graph.client import GraphClient
    from osimages.graph.policies import PolicyList
    from osimages.graph.policy_apply import Written
    from osimages.graph.policy_plan import Plan
    from osimages.graph.policy_record import Record
    from osimages.windows.policy import AcceptedRanges

DIFFERENT = 1
FAILED = 3
_RECORDS = "policy-records"  # a folder in the data directory

Command = TypeVar("Command", bound=Callable[..., Any])
_TARGET_OPTIONS = (
    click.option(
        "--policy", "names", multiple=True, metavar="NAME|ID", help="A policy (all with builds); repeat it for more."
    ),
    click.option(
        "--scope",
        type=click.Choice(["auto", "rule", "policy"]),
        default="auto",
        help="Ranges for all releases of the rule, those of the policy, or by what it has (auto).",
    ),
    click.option("--cloud", type=click.Choice(CLOUD_NAMES), help="The national cloud of the tenant (global)."),
    click.option("--graph-url", envvar="OSIMAGES_GRAPH_URL", metavar="URL", help="Another server of the same API."),
    json_option,
)


class Target(msgspec.Struct, frozen=True):
    """The policies of a tenant that a command is about, and what it may do with them."""

    names: tuple[str, ...] = ()
    scope: str = "auto"
    cloud: str | None = None
    graph_url: str | None = None
    as_json: bool = False
    yes: bool = False
    dry_run: bool = False
    allow_lower: bool = False
    create: str | None = None
    record: str | None = None
    restore: str | None = None
    overwrite: bool = False


def target_options(command: Command) -> Command:
    """Add the options that choose a tenant and policies."""
    for option in reversed(_TARGET_OPTIONS):
        command = option(command)
    return command


@click.command(
    short_help="What a rule would change in the policies of a tenant.",
    epilog=more("docs/policy-apply.md", "osimages policy diff --level 1 --grace-days 7", "osimages policy diff --json"),
)
@rule_options
@target_options
def diff(**given: Any) -> None:
    """Compare the Windows compliance policies of an Intune tenant with a rule, and write nothing.

    Without --policy, these are all policies that have build ranges or a minimum version.

    Exit code: 0 if the policies are as the rule wants them, 1 if one is not, 2 for a usage error, 3 if something could
    not be read, nothing in a named policy matches the rule, or facts are stale.
    """
    options, target = msgspec.convert(given, RuleOptions), msgspec.convert(given, Target)
    with _failures():
        found = _accepted(options)
        with _connected(target) as client:
            listed = _listed(client)
            plans = _plans(listed, found, options, target)
            server, tenant = client.base_url, client.tenant()
        if target.as_json:
            print_document(plans, listed, found, server=server, tenant=tenant)
        else:
            print_plans(plans, listed, found)
        print_warnings([*sentences(plans, listed), *notes(plans, found)])
        if any(each.is_difference for each in plans):
            sys.exit(DIFFERENT)
        if _is_incomplete(plans, listed, target) or (found.is_stale and not options.allow_stale):
            sys.exit(FAILED)


@click.command(
    short_help="Write a rule's builds into the policies of a tenant.",
    epilog=more(
        "docs/policy-apply.md",
        "osimages policy apply --level 1 --grace-days 7",
        "osimages policy apply --level 1 --grace-days 7 --yes",
        "osimages policy apply --restore record.json --yes",
    ),
)
@rule_options
@target_options
@click.option("--yes", is_flag=True, help="Write. Without it, nothing is sent (a dry run).")
@click.option("--dry-run", is_flag=True, help="Send nothing, as without --yes.")
@click.option("--allow-lower", is_flag=True, help="Also admit builds that are too old for a policy now.")
@click.option("--create", metavar="NAME", help="Create a policy of this name, unassigned, if there is none.")
@click.option("--record", metavar="FILE", help="A new file for what is replaced (in the data directory).")
@click.option("--restore", metavar="FILE", help="Write back what a record holds.")
@click.option("--overwrite", is_flag=True, help="With --restore: also policies that were changed since.")
def apply(**given: Any) -> None:
    """Write the accepted builds into the Windows compliance policies of an Intune tenant: the ranges or the minimum
    version, and nothing else.

    What is replaced is written to a file first, which --restore takes.

    Exit code: 0 if everything is as wanted (in a dry run: can be), 2 for a usage error, 3 if something could not be
    read, was refused or failed, or facts are stale.
    """
    options, target = msgspec.convert(given, RuleOptions), msgspec.convert(given, Target)
    _check_call(options, target)
    with _failures():
        found = None if target.restore else _accepted(options)
        record = _record_in(target.restore) if target.restore else None
        if found is not None and target.yes:
            require_fresh(found, options)
        with _connected(target) as client:
            listed = _listed(client)
            if record is not None:
                plans = _plans_to_restore(client, listed, record, target)
            else:
                assert found is not None, "there is a rule where there is no record"
                plans = _plans(listed, found, options, target)
            is_complete = _apply(client, plans, listed, found, options, target)
        is_stale = found is not None and found.is_stale and not options.allow_stale
        if not is_complete or is_stale or _is_incomplete(plans, listed, target):
            sys.exit(FAILED)


def _apply(
    client: GraphClient,
    plans: Sequence[Plan],
    listed: PolicyList,
    found: AcceptedRanges | None,
    options: RuleOptions,
    target: Target,
) -> bool:
    """Print the plans and write them if that is wanted; return whether nothing was refused and nothing failed."""
    from osimages.graph.policy_apply import GOOD
    from osimages.graph.policy_plan import State

    if not target.as_json:
        print_plans(plans, listed, found)
    print_warnings([*sentences(plans, listed), *notes(plans, found)])
    to_write = [each for each in plans if each.state in (State.CHANGE, State.CREATE)]
    tenant = client.tenant()  # before anything is written: afterwards, nothing may keep the report back
    path, results = None, []
    if target.yes and to_write:
        path = _write_record(client, to_write, options, target)
        results = _written(client, to_write, as_json=target.as_json)
    if target.as_json:
        print_document(
            plans,
            listed,
            found,
            results,
            server=client.base_url,
            tenant=tenant,
            dryRun=not target.yes,
            record=str(path) if path else None,
        )
    else:
        print_summary(plans, results, is_dry_run=not target.yes)
    is_refused = any(each.refused for each in plans)
    return not is_refused and all(written.outcome in GOOD for _, written in results)


def _written(client: GraphClient, plans: Sequence[Plan], *, as_json: bool) -> list[tuple[Plan, Written]]:
    """Write the plans, and print each result as soon as it is known: an interrupted run has said what it did."""
    from osimages.graph.policy_apply import Outcome, Writer, Written

    results: list[tuple[Plan, Written]] = []
    writer = Writer(client)
    with _terminated_like_interrupted():
        try:
            for plan, written in zip(plans, writer.results([each.write for each in plans]), strict=True):
                results.append((plan, written))
                print_written(plan, written, err=as_json)
        except KeyboardInterrupt:
            unknown = Written(Outcome.UNKNOWN, "interrupted: the settings may have been sent")
            not_tried = Written(Outcome.NOT_TRIED, "the run was interrupted")
            for plan, written in zip(plans[len(results) :], chain([unknown], repeat(not_tried)), strict=False):
                results.append((plan, written))
                print_written(plan, written, err=as_json)
    return results


def _write_record(client: GraphClient, plans: Sequence[Plan], options: RuleOptions, target: Target) -> Path:
    """Write what is replaced into a file, before anything is sent. Raises ClickException."""
    from osimages.graph.policy_record import Record, RecordError, write_record

    now = datetime.now(UTC)
    if target.record:
        path = Path(target.record)
    else:
        folder = settings_from({"data_dir": options.data_dir}).data_path / _RECORDS
        path = folder / f"{now:%Y%m%dT%H%M%S.%fZ}.json"
    try:
        write_record(path, Record(now, client.base_url, client.tenant(), tuple(each.recorded for each in plans)))
    except RecordError as error:
        raise click.ClickException(f"{error}.") from None
    say(f"What is replaced is in {path}: osimages policy apply --restore takes it.", err=True)
    return path


def _record_in(file: str) -> Record:
    from osimages.graph.policy_record import RecordError, read_record

    try:
        return read_record(Path(file))
    except RecordError as error:
        raise click.ClickException(f"{error}.") from None


def _plans(listed: PolicyList, found: AcceptedRanges, options: RuleOptions, target: Target) -> list[Plan]:
    from osimages.graph.policy_plan import SelectionError, chosen_policies, plan_for, plan_to_create
    from osimages.windows.policy.update import Scope, families_of

    present = {(each.display_name or "").strip().casefold() for each in listed.policies}
    is_new = target.create is not None and target.create.strip().casefold() not in present
    names = target.names if is_new or target.create is None else (*target.names, target.create)
    try:
        # With --create alone, no other policy is meant.
        chosen = chosen_policies(listed, names) if names or not is_new else []
    except SelectionError as error:
        raise click.ClickException(f"{error}.") from None
    families = families_of(facts_for(options))
    plans = [
        plan_for(
            each,
            found,
            families,
            scope=Scope(target.scope),
            is_chosen=bool(target.names or target.create),
            allow_lower=target.allow_lower,
        )
        for each in chosen
    ]
    if is_new:
        plans.append(plan_to_create(target.create or "", found))
    return plans


def _plans_to_restore(client: GraphClient, listed: PolicyList, record: Record, target: Target) -> list[Plan]:
    from osimages.graph.policy_plan import plans_to_restore

    tenant = client.tenant()
    if record.tenant and tenant and record.tenant.casefold() != tenant.casefold():
        raise click.ClickException(
            f"{target.restore} is a record of the tenant {record.tenant}; the token is for {tenant}."
        )
    if record.graph_url.rstrip("/").casefold() != client.base_url.casefold():
        raise click.ClickException(
            f"{target.restore} is a record of {record.graph_url}, not of {client.base_url}: check --cloud, --graph-url."
        )
    return plans_to_restore(listed, record, overwrite=target.overwrite)


def _accepted(options: RuleOptions) -> AcceptedRanges:
    """Return the ranges of the rule. Raises ClickException if there is none: no policy may lose its last range."""
    if options.servers:
        raise click.UsageError("--servers: windows10CompliancePolicy is for PCs; Intune evaluates no servers.")
    found = ranges_for(options)
    if not found.ranges:
        raise click.ClickException(f"The rule accepts no release that is supported on {found.rule.day}.")
    return found


def _listed(client: GraphClient) -> PolicyList:
    from osimages.graph.policies import list_policies

    say(f"Reading compliance policies from {client.base_url}", err=True)
    return list_policies(client)


@contextlib.contextmanager
def _connected(target: Target) -> Iterator[GraphClient]:
    """A client of the tenant's Graph. Raises UsageError, ClickException."""
    from osimages.graph.client_errors import GraphError
    from osimages.graph.policies import is_beta

    def wait(reason: str, seconds: float) -> None:
        say(f"Graph {reason}: trying again in {seconds:.0f} s", err=True)

    with graph_client(target.graph_url, TOKEN_VARIABLE, cloud=target.cloud, on_wait=wait) as client:
        if not is_beta(client):
            raise click.UsageError("v1.0 of Graph has no build ranges: give --graph-url without /v1.0.")
        try:
            yield client
        except GraphError as error:
            raise click.ClickException(f"{error}.") from None


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    """Give failures the exit code 3: 1 is that of a difference."""
    try:
        yield
    except click.UsageError:
        raise
    except click.ClickException as error:
        error.exit_code = FAILED  # type: ignore[misc]  # click reads it from the instance
        raise


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM, which systemd and CI send, interrupt as Ctrl-C does: the run still says what it did."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _check_call(options: RuleOptions, target: Target) -> None:
    if target.yes and target.dry_run:
        raise click.UsageError("--yes writes and --dry-run does not: give one of them.")
    if target.overwrite and not target.restore:
        raise click.UsageError("--overwrite is about --restore.")
    if target.create is not None and not target.create.strip():
        raise click.UsageError("--create: a policy needs a name.")
    if not target.restore:
        return
    apart = {name: getattr(options, name) for name in ("today", "data_dir", "database")}
    if target.names or target.create or target.allow_lower or target.scope != "auto" or options != RuleOptions(**apart):
        raise click.UsageError("--restore takes policies and settings from the file: give no rule and no policy.")


def _is_incomplete(plans: Sequence[Plan], listed: PolicyList, target: Target) -> bool:
    """Return whether one of the policies could not be read, or has nothing to compare although it was named."""
    from osimages.graph.policy_plan import State

    if target.names or target.create or target.restore:
        return any(each.state is State.UNMATCHED for each in plans)
    return bool(listed.unreadable)
