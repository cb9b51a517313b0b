"""The workflow: its steps run like on a runner, each time on a fresh checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.servers.telegram_api import Fault, TelegramServer
from tests.support.servers.telegram_rules import TOKEN, BotApi

SETTINGS = """\
[newsletter]
name = "潮汐"
url = "https://example.org/{{date}}/"
id = "tag:example.org,2024:tide"

[channels.telegram]
token = "env:TELEGRAM_TOKEN"
chat = "@tide"
api = "{api}"
"""
ISSUE = "# 潮汐 ({date})：涨潮\n\n## 新闻\n\n- [第{n}条 | 来源](https://news.example.com/{n})\n摘要：水来了。\n"


@pytest.fixture(scope="session")
def workflow(deploy: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((deploy / "github-publish.yml").read_text("utf-8"))
    return found


@pytest.fixture
def telegram() -> Iterator[TelegramServer]:
    with TelegramServer(BotApi()) as running:
        yield running


@dataclass
class Job:
    """The exit codes of the steps of a job by name; steps that did not run are missing."""

    ended: dict[str, int] = field(default_factory=dict)
    said: str = ""

    @property
    def is_good(self) -> bool:
        return not any(self.ended.values())


Runner = Callable[..., Job]


def git(*arguments: str | Path, folder: Path) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def origin(tmp_path: Path, telegram: TelegramServer, need: Callable[[str], str]) -> Path:
    """The repository at GitHub: a newsletter with one issue."""
    need("git")
    git("init", "--quiet", "--bare", "--initial-branch=main", "origin", folder=tmp_path)
    git("clone", "--quiet", "origin", "editor", folder=tmp_path)
    (tmp_path / "editor" / "issues").mkdir()
    (tmp_path / "editor" / "publisher.toml").write_text(SETTINGS.format(api=telegram.url), "utf-8")
    write(tmp_path, "2024-02-15", 1)
    return tmp_path / "origin"


def write(place: Path, date: str, number: int) -> None:
    """Add an issue, like the editor."""
    editor = place / "editor"
    (editor / "issues" / f"{date}.md").write_text(ISSUE.format(date=date, n=number), "utf-8")
    git("add", ".", folder=editor)
    author = ["-c", "user.name=Editor", "-c", "user.email=editor@example.org"]
    git(*author, "commit", "--quiet", "--message", date, folder=editor)
    git("push", "--quiet", "origin", "HEAD:main", folder=editor)


@pytest.fixture
def run(origin: Path, tmp_path: Path, workflow: dict[str, Any]) -> Runner:
    """run("publish", until="NAME") runs a job on a new runner, which dies after that step."""
    count = 0

    def job(name: str, until: str = "") -> Job:
        nonlocal count
        count += 1
        home = tmp_path / f"runner-{count}"
        home.mkdir()
        git("clone", "--quiet", origin, home / "work", folder=tmp_path)
        done = Job()
        for step in workflow["jobs"][name]["steps"]:
            if "run" not in step or step["name"] == "Install":
                continue
            if done.is_good or _always(step, done):
                env = {key: _filled(value) for key, value in step.get("env", {}).items()}
                _step(step, home, env, done)
            if step["name"] == until:
                break
        return done

    return job


def _always(step: dict[str, Any], job: Job) -> bool:
    condition = step.get("if", "success()")
    assert condition in ("success()", "always() && steps.ledger.outcome == 'success'")
    return condition != "success()" and job.ended["Check out the ledger"] == 0


def _filled(value: str) -> str:
    assert value == "${{ secrets.TELEGRAM_TOKEN }}"
    return TOKEN


def _step(step: dict[str, Any], home: Path, env: dict[str, str], job: Job) -> None:
    """Run a step: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#defaultsrunshell"""
    assert "${{" not in step["run"]
    world = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "NO_PROXY": "*",
        "RUNNER_TEMP": str(home),
        "GITHUB_WORKSPACE": str(home / "work"),
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "tide/letter",
        "GITHUB_RUN_ID": "4711",
    }
    command = ["bash", "-e", "-c", step["run"]]
    done = subprocess.run(command, cwd=home / "work", env=world | env, capture_output=True, text=True)
    job.ended[step["name"]] = done.returncode
    job.said += done.stdout + done.stderr


def in_branch(origin: Path) -> set[str]:
    return set(git("ls-tree", "--name-only", "ledger", folder=origin).split())


def test_the_triggers(workflow: dict[str, Any]) -> None:
    started = workflow[True]  # what YAML 1.1 makes of `on`
    assert set(started) == {"pull_request", "schedule", "workflow_dispatch"}
    assert [entry["cron"] for entry in started["schedule"]] == ["50 1 * * *", "20 4 * * *"]
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["jobs"]["publish"]["concurrency"] == {"group": "publish", "cancel-in-progress": False}


def test_the_page_is_deployed_before_messages_are_sent(workflow: dict[str, Any]) -> None:
    steps = [step.get("name") or step["uses"] for step in workflow["jobs"]["publish"]["steps"]]
    order = ["Check out the ledger", "Build the site", "actions/deploy-pages", "Publish due issues"]
    places = [next(n for n, name in enumerate(steps) if name.startswith(one)) for one in order]
    assert places == sorted(places)


def test_a_pull_request_is_checked(run: Runner) -> None:
    assert run("check").ended == {"Check all issues": 0}


def test_each_issue_is_sent_once(run: Runner, origin: Path, tmp_path: Path, telegram: TelegramServer, publish) -> None:
    first = run("publish")
    assert first.is_good, first.said
    assert (tmp_path / "runner-1" / "site" / "public" / "2024-02-15" / "index.html").exists()
    assert len(telegram.messages) == 1
    assert in_branch(origin) == {"ledger.db", "revisions.json"}

    again = run("publish")
    assert again.is_good, again.said
    assert len(telegram.messages) == 1

    write(tmp_path, "2024-02-29", 2)
    assert run("publish").is_good
    assert [re.findall(r"第.条", message["text"]) for message in telegram.messages] == [["第1条"], ["第2条"]]
    assert "handed-out" not in in_branch(origin)


def test_a_runner_that_dies_with_the_ledger_stops_the_next(run: Runner, origin: Path, telegram: TelegramServer) -> None:
    run("publish", until="Publish due issues")
    assert len(telegram.messages) == 1
    assert "handed-out" in in_branch(origin)
    stopped = run("publish")
    assert stopped.ended == {"Check out the ledger": 1}
    assert "https://github.com/tide/letter/actions/runs/4711 did not return the ledger" in stopped.said
    assert len(telegram.messages) == 1


def test_a_failure_is_reported_and_recorded_in_the_ledger(run: Runner, origin: Path, telegram: TelegramServer) -> None:
    telegram.script(Fault("bad_request", text="chat not found"))
    failed = run("publish")
    assert failed.ended == {
        "Check out the ledger": 0,
        "Build the site": 0,
        "Publish due issues": 3,
        "Return the ledger": 0,
    }
    assert in_branch(origin) == {"ledger.db", "revisions.json"}
