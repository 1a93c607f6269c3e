"""`/-/metrics` of real servers: one scrape has the numbers of all workers; dashboard and alerts use what exists."""

from __future__ import annotations

import os
import re
import signal
import uuid
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import httpx
import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families

from osimages.windows.facts import bundled
from tests.support.api import IMAGES, Json, connected, token
from tests.support.patience import PATIENCE_SECONDS
from tests.support.processes import until, workers_of
from tests.support.server import Server, running

DEPLOY = Path(__file__).parents[2] / "deploy"
WORKERS = 3
TODAY = date(2027, 6, 30)
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]
# What a server of each database reports, and the labels of it.
LABELS = {
    "osimages_requests_total": {"method", "status"},
    "osimages_request_duration_seconds_bucket": {"route", "method", "status", "le"},
    "osimages_request_duration_seconds_count": {"route", "method", "status"},
    "osimages_request_duration_seconds_sum": {"route", "method", "status"},
    "osimages_rejected_tokens_total": {"reason"},
    "osimages_throttled_requests_total": set(),
    "osimages_publishing_runs_total": {"outcome"},
    "osimages_catalogue_age_days": set(),
    "osimages_catalogue_missing_patch_tuesdays": set(),
    "osimages_signing_keys_age_seconds": set(),
    "osimages_database_pool_in_use": {"pool"},
    "osimages_database_pool_limit": {"pool"},
    "osimages_database_wait_seconds_bucket": {"pool", "le"},
    "osimages_database_wait_seconds_count": {"pool"},
    "osimages_database_wait_seconds_sum": {"pool"},
    "osimages_workers": set(),
    "osimages_build_info": {"version", "python"},
}


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server with several workers on each database, which throttles after a few requests."""
    options = ["--http", "--empty", "--workers", str(WORKERS), "--today", str(TODAY), "--throttle", "intune"]
    if request.param == "postgresql":
        options += ["--database", request.getfixturevalue("postgres").new_database()]
    # Each worker has its share of the limit, and the system may give one of them all 12 requests of a test.
    limits = {"throttle_seconds": "3600", "throttle_application_requests": str(20 * WORKERS)}
    with running(tmp_path, *options, **limits, publish_check_seconds="0.2") as found:
        yield found


def scraped(server: Server) -> Series:
    """Every series by name and labels, on a connection of its own, which any of the workers may answer."""
    reply = httpx.get(f"{server.url}/-/metrics", timeout=PATIENCE_SECONDS)
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = text_string_to_metric_families(reply.text)
    return {(each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples}


def value(series: Series, name: str, **labels: str) -> float:
    """The value of one series; 0 where there is none."""
    return series.get((name, frozenset(labels.items())), 0.0)


def counted(series: Series) -> Series:
    """The series of requests, which only requests change."""
    return {key: number for key, number in series.items() if key[0].startswith("osimages_request")}


def send(server: Server, number: int) -> None:
    """As many pairs of requests, each on a connection of its own, which the system deals out to the workers."""
    tenant = str(uuid.uuid4())
    for _ in range(number):
        with connected(server.url, tenant, server.data_dir) as api:
            assert api.get(f"{IMAGES}/none").status_code == 404
            assert api.get(IMAGES, Authorization="Bearer a.b.c").status_code == 401


def test_every_scrape_has_the_requests_of_all_workers(server: Server) -> None:
    send(server, 12)
    scrapes = [counted(scraped(server)) for _ in range(20)]
    assert all(each == scrapes[0] for each in scrapes)
    assert value(scrapes[0], "osimages_requests_total", method="GET", status="404") == 12
    assert value(scrapes[0], "osimages_requests_total", method="GET", status="401") == 12
    labels = {"route": f"{IMAGES}/{{id}}", "method": "GET", "status": "404"}
    assert value(scrapes[0], "osimages_request_duration_seconds_count", **labels) == 12
    assert value(scrapes[0], "osimages_request_duration_seconds_bucket", **labels, le="+Inf") == 12
    assert value(scrapes[0], "osimages_request_duration_seconds_sum", **labels) > 0
    assert value(scraped(server), "osimages_workers") == WORKERS


def test_what_is_reported(server: Server) -> None:
    send(server, 2)
    expired = token(server.data_dir, str(uuid.uuid4()), expires_in=-3600)
    for bearer in ("", f"Bearer {expired}", "Bearer nonsense"):
        httpx.get(
            f"{server.url}{IMAGES}", headers={"Authorization": bearer} if bearer else {}, timeout=PATIENCE_SECONDS
        )
    with connected(server.url, str(uuid.uuid4()), server.data_dir) as api:
        api.create(id="a")
        while api.get(IMAGES).status_code == 200:
            pass
    until(lambda: value(scraped(server), "osimages_publishing_runs_total", outcome="nothing_due") > 0, "a look")
    series = scraped(server)
    assert {(name, frozenset(dict(labels))) for name, labels in series if not name.endswith("_created")} == {
        (name, frozenset(labels)) for name, labels in LABELS.items()
    }
    for reason, number in (("malformed", 1), ("missing", 1), ("expired", 1), ("audience", 0)):
        assert value(series, "osimages_rejected_tokens_total", reason=reason) == number
    assert value(series, "osimages_throttled_requests_total") == 1
    assert value(series, "osimages_catalogue_age_days") == (TODAY - bundled().as_of).days
    assert value(series, "osimages_catalogue_missing_patch_tuesdays") > 0
    assert 0 <= value(series, "osimages_signing_keys_age_seconds") < 3600
    pools = {dict(labels)["pool"] for name, labels in series if name == "osimages_database_pool_limit"}
    for pool in pools:
        assert value(series, "osimages_database_pool_in_use", pool=pool) <= value(
            series, "osimages_database_pool_limit", pool=pool
        )
    waited = {pool: value(series, "osimages_database_wait_seconds_count", pool=pool) for pool in pools}
    assert max(waited.values()) > 0


@pytest.mark.skipif(os.name != "posix", reason="Windows has one worker")
def test_counts_of_a_dead_worker_are_kept(tmp_path: Path) -> None:
    with running(tmp_path, "--http", "--empty", "--workers", "2") as server:
        until(lambda: value(scraped(server), "osimages_workers") == 2, "both workers")
        send(server, 6)
        before = counted(scraped(server))
        victim = workers_of(server)[0]
        os.kill(victim, signal.SIGKILL)
        until(lambda: victim not in workers_of(server) and len(workers_of(server)) == 2, "another worker")
        until(lambda: is_answering(server, before), "the numbers of both")


def is_answering(server: Server, before: Series) -> bool:
    """Return whether the metrics are served again, with all earlier counts."""
    try:
        series = scraped(server)
    except httpx.TransportError:  # a connection of the worker that died
        return False
    return counted(series) == before and value(series, "osimages_workers") == 2


def test_the_folder_of_the_workers_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    for variable in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(variable, str(folder))
    with running(tmp_path / "data", "--http", "--empty") as server:
        assert [each.name[:17] for each in folder.iterdir()] == ["osimages-metrics-"]
        assert server.stop() == 0
    assert list(folder.iterdir()) == []


def expressions(found: object) -> Iterator[str]:
    """Every PromQL expression of a dashboard or of alert rules."""
    if isinstance(found, dict):
        for name, inner in found.items():
            if name == "expr":
                yield str(inner)
            else:
                yield from expressions(inner)
    elif isinstance(found, list):
        for each in found:
            yield from expressions(each)


@pytest.mark.parametrize("name", ["grafana-dashboard.json", "prometheus-alerts.yml"])
def test_dashboard_and_alerts_use_metrics_and_labels_that_exist(name: str) -> None:
    found = list(expressions(document(name)))
    assert len(found) >= 10
    used = {metric for each in found for metric in re.findall(r"\bosimages_\w+", each)}
    assert used <= LABELS.keys()
    for each in found:
        assert [each.count(bracket) for bracket in "([{"] == [each.count(bracket) for bracket in ")]}"]
        known = {"job", "instance"}.union(*(LABELS[metric] for metric in re.findall(r"\bosimages_\w+", each)))
        grouped = {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", each) for label in group.split(",")}
        selected = set(re.findall(r"[{,]\s*(\w+)\s*=~?", each))
        assert grouped | selected <= known, each
        assert ("le" in grouped) == ("histogram_quantile" in each), each
    together = {re.sub(r"_(bucket|count|sum)$", "", metric) for metric in used}
    if name == "grafana-dashboard.json":
        assert together == {re.sub(r"_(bucket|count|sum)$", "", metric) for metric in LABELS}, "it shows everything"


def document(name: str) -> Json:
    """A file of `deploy/`; JSON is YAML, too."""
    found: Json = yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))
    return found


def test_the_files_are_what_grafana_and_prometheus_read() -> None:
    panels = document("grafana-dashboard.json")["panels"]
    assert len({each["id"] for each in panels}) == len(panels)
    assert all(each["title"] and each["targets"] for each in panels)
    assert not any(_overlap(one, other) for one in panels for other in panels if one["id"] < other["id"])
    [group] = document("prometheus-alerts.yml")["groups"]
    for rule in group["rules"]:
        assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
        assert rule["annotations"].keys() == {"summary"}
    scrape = document("prometheus.yml")
    assert [(DEPLOY / each).exists() for each in scrape["rule_files"]] == [True]
    assert scrape["scrape_configs"][0]["metrics_path"] == "/-/metrics"
    page = (DEPLOY.parent / "docs" / "operations.md").read_text(encoding="utf-8")
    for name in [*(rule["alert"] for rule in group["rules"]), *LABELS]:
        assert re.sub(r"_(bucket|count|sum)$", "", name) in page, "the documentation has all of them"


def _overlap(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    a, b = one["gridPos"], other["gridPos"]
    sizes = {"x": "w", "y": "h"}
    return all(a[side] < b[side] + b[size] and b[side] < a[side] + a[size] for side, size in sizes.items())
