"""compose.yaml: valid for Compose, and its services are what the page about several machines says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from publisher.credentials import resolve_secret
from tests.docs.pages import PAGES


def check_schema(file: Path) -> str:
    """Return what is wrong according to the schema of Compose, "" if nothing is."""
    command = [Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", file]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout + done.stderr if done.returncode else ""


@pytest.fixture
def compose(deploy: Path) -> Path:
    return deploy / "compose.yaml"


@pytest.fixture
def services(compose: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(compose.read_text("utf-8"))["services"]
    return found


def test_it_is_valid(compose: Path) -> None:
    assert check_schema(compose) == ""


def test_a_mistake_is_noticed(compose: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(compose.read_text("utf-8").replace("service_healthy", "service_well"))
    assert "service_well" in check_schema(wrong)


def test_one_database_one_daemon_and_two_workers(services: dict[str, Any]) -> None:
    assert services.keys() == {"database", "setup", "daemon", "worker"}
    assert services["worker"]["deploy"]["replicas"] == 2
    assert "command" not in services["daemon"], "it is what the image runs"


def test_what_they_run_is_a_command(services: dict[str, Any], publish, tmp_path: Path) -> None:
    assert services["setup"]["command"] == ["worker", "--setup"]
    assert services["worker"]["command"] == ["worker"]
    assert "--setup" in publish("help", "worker", folder=tmp_path)


def test_nothing_starts_before_what_it_needs(services: dict[str, Any]) -> None:
    """The tables of the queue are made once, when the database answers, and before anything plans or sends."""
    assert services["setup"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert services["setup"]["restart"] == "no"
    for name in ("daemon", "worker"):
        assert services[name]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}


def test_a_worker_has_only_the_configuration(services: dict[str, Any]) -> None:
    for name in ("setup", "worker"):
        assert services[name]["volumes"] == ["./letter/publisher.toml:/newsletter/publisher.toml:ro"]
        assert services[name]["read_only"]
        assert services[name]["healthcheck"] == {"disable": True}, "that of the image is about the daemon"


def test_stopping_waits_for_deliveries(services: dict[str, Any], deploy: Path) -> None:
    assert "TimeoutStopSec=11min" in (deploy / "publish.service").read_text()
    assert services["daemon"]["stop_grace_period"] == services["worker"]["stop_grace_period"] == "11m"


def test_secrets_are_files(
    compose: Path, services: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compose mounts each at /run/secrets/NAME, which the image says is where credentials are."""
    declared = yaml.safe_load(compose.read_text("utf-8"))["secrets"]
    used = {name for service in services.values() for name in service["secrets"]}
    assert declared == {name: {"file": f"secrets/{name}"} for name in used}
    assert "CREDENTIALS_DIRECTORY=/run/secrets" in (compose.parent / "Containerfile").read_text()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for name in services["worker"]["secrets"]:
        (tmp_path / name).write_text("secret\n")
        assert resolve_secret(f"credential:{name}") == "secret"


def test_units_and_containers_have_the_same_secrets(services: dict[str, Any], deploy: Path) -> None:
    unit = (deploy / "publish-worker@.service").read_text()
    for name in services["worker"]["secrets"]:
        assert f"\nLoadCredential={name}:/etc/newsletter/{name}\n" in unit
    assert 'postgres = "credential:ledger"' in PAGES["deploy/WORKERS.md"].text
