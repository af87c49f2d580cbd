"""infra/: what the engines would refuse is refused here. compose_spec.json is docker-compose 1.29.2's (Apache-2.0)."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML

INFRA = Path(__file__).resolve().parents[2] / "infra"
KUBERNETES = INFRA / "kubernetes"
SCHEMA = Path(__file__).with_name("compose_spec.json")
VERSION = "1.32"


def manifests() -> list[dict[str, Any]]:
    named = YAML(typ="safe").load(KUBERNETES / "kustomization.yaml")["resources"]
    return [one for name in named for one in YAML(typ="safe").load_all(KUBERNETES / name)]


def pods() -> list[dict[str, Any]]:
    kinds = ("Deployment", "StatefulSet")
    return [one["spec"]["template"] for one in manifests() if one["kind"] in kinds]


def compose_errors(compose: dict[str, Any]) -> list[str]:
    schema = json.loads(SCHEMA.read_text())
    return [error.message for error in Draft7Validator(schema).iter_errors(compose)]


def compose_file() -> dict[str, Any]:
    return YAML(typ="safe").load(INFRA / "compose.yaml")


def test_every_manifest_is_listed_and_valid() -> None:
    listed = {*YAML(typ="safe").load(KUBERNETES / "kustomization.yaml")["resources"], "kustomization.yaml"}
    assert listed == {file.name for file in KUBERNETES.glob("*.yaml")}
    for one in manifests():
        kubernetes_validate.validate(one, VERSION, strict=True)


def test_a_misspelt_manifest_is_found() -> None:
    broken = copy.deepcopy(next(one for one in manifests() if one["kind"] == "Deployment"))
    broken["spec"]["template"]["spec"]["container"] = []
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSION, strict=True)


def test_every_pod_has_requests_limits_and_probes() -> None:
    for container in (one for pod in pods() for one in pod["spec"]["containers"]):
        assert set(container["resources"]["requests"]) >= {"cpu", "memory"}, container["name"]
        assert "memory" in container["resources"]["limits"], container["name"]
        assert {"readinessProbe", "livenessProbe"} <= set(container), container["name"]


def test_secrets_are_named_never_written() -> None:
    assert not [one for one in manifests() if one["kind"] == "Secret"]
    for container in (one for pod in pods() for one in pod["spec"]["containers"]):
        for variable in container.get("env", []):
            assert "PASSWORD" not in variable["name"] or "valueFrom" in variable


def test_every_policy_selects_a_pod_that_exists() -> None:
    labels = {pod["metadata"]["labels"]["app"] for pod in pods()}
    policies = [one["spec"]["podSelector"] for one in manifests() if one["kind"] == "NetworkPolicy"]
    assert {} in policies  # closed unless named
    for selector in policies:
        named = {*selector.get("matchLabels", {}).values()}
        for rule in selector.get("matchExpressions", []):
            named |= set(rule["values"])
        assert named <= labels


def test_dagster_settings_are_the_same_on_every_way() -> None:
    alone, shared = (YAML(typ="safe").load(INFRA / name) for name in ("dagster.yaml", "dagster-postgres.yaml"))
    cluster = next(one for one in manifests() if one["kind"] == "ConfigMap" and one["metadata"]["name"] == "dagster")
    assert YAML(typ="safe").load(cluster["data"]["dagster.yaml"]) == shared
    assert {name: value for name, value in shared.items() if name != "storage"} == alone


def test_compose_file_is_valid_and_publishes_on_loopback_only() -> None:
    compose = compose_file()
    assert compose_errors(compose) == []
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_a_misspelt_compose_file_is_found() -> None:
    compose = compose_file()
    compose["services"]["mlflow"]["comand"] = ["mlflow"]
    assert compose_errors(compose)


@pytest.mark.parametrize("script", ["backup.sh", "images/entry.sh", "mlflow.sh", "restore.sh", "ui.sh"])
def test_scripts_parse(script: str) -> None:
    assert subprocess.run(["bash", "-n", INFRA / script], check=False).returncode == 0


def test_an_empty_workspace_is_filled_once(tmp_path: Path) -> None:
    source, workspace = tmp_path / "image", tmp_path / "volume"
    (source / ".git").mkdir(parents=True)
    (source / "params.yaml").write_text("image")
    workspace.mkdir()
    where = {"MEDRWR_SOURCE": str(source), "MEDRWR_WORKSPACE": str(workspace), "PATH": "/usr/bin:/bin"}
    command = [INFRA / "images/entry.sh", "cat", "params.yaml"]
    assert subprocess.run(command, env=where, capture_output=True, text=True, check=True).stdout == "image"
    (workspace / "params.yaml").write_text("mine")
    assert subprocess.run(command, env=where, capture_output=True, text=True, check=True).stdout == "mine"
