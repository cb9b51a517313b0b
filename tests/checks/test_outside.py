"""What others rely on: the output in the README, the hook for pre-commit, the workflow for GitHub."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from publisher.cli.parser import parse

SETTINGS = """\
[newsletter]
name = "慢工双周刊"
url = "https://example.org/{date}/"
id = "tag:example.org,2021:slow"
[channels.wechat]
[channels.telegram]
[channels.email]
"""
EARLIER = """\
# 慢工双周刊 (2021-07-18)：潮位计

> 导读：本期1条。【开源】潮位计的固件公开了。

## 开源项目

- [tide/gauge：潮位计固件公开 | 海岸线](https://github.com/tide/gauge)
摘要：烧录只要三分钟。
"""
ISSUE = """\
# 慢工双周刊 (2021-08-01)：浮标联网/新的浪高预报

> 导读：本期3条。【新闻】浮标联网了；【论文】浪高报得更准。

## 业界新闻

- [三号浮标联网，每分钟报一次水温 | 海岸线](https://news.example.org/buoy)(https://news.example.org/buoy)
摘要水温从此不必等船靠岸。
- [渔港试用新航标 | 量测笔记](https://mp.weixin.qq.com/s?timestamp=1627776000&signature=b*x)
摘要：夜里更亮，，白天更省电。

## 开源项目

- [tide/gauge：二版，新增盐度 | 海岸线](https://github.com/tide/gauge)
摘要：老板子也能升级。
- [浪高预报的小模型
"""


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    (tmp_path / "publisher.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "2021-07-18.md").write_text(EARLIER, "utf-8")
    (tmp_path / "issues" / "2021-08-01.md").write_text(ISSUE, "utf-8")
    return tmp_path


def test_the_readme_shows_what_is_printed(publish: Callable[..., str], letter: Path, root: Path) -> None:
    readme = (root / "README.md").read_text("utf-8")
    shown = readme.split("$ publish check 2021-08-01\n")[1].split("```")[0]
    assert publish("check", "2021-08-01", folder=letter, code=1) == shown


def test_the_hooks_are_commands(root: Path) -> None:
    hooks = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert [hook["id"] for hook in hooks] == ["publish-check", "publish-check-fix"]
    for hook in hooks:
        _, arguments = parse([*hook["entry"].split()[1:], "issues/2021-08-01.md"])
        assert arguments.files == ["issues/2021-08-01.md"]
        assert arguments.fix is hook["id"].endswith("fix")


def test_the_workflow_checks_what_a_pull_request_changes(
    letter: Path, root: Path, tmp_path_factory: pytest.TempPathFactory, need: Callable[[str], str]
) -> None:
    workflow = yaml.safe_load((root / "deploy" / "github" / "check.yml").read_text("utf-8"))
    (step,) = [one for one in workflow["jobs"]["check"]["steps"] if one.get("name") == "check"]
    runner = tmp_path_factory.mktemp("runner")
    command = runner / "publish"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m publisher "$@"\n')
    command.chmod(0o755)

    def git(*words: str) -> str:
        who = ["-c", "user.name=e", "-c", "user.email=e@e.org"]
        done = subprocess.run([need("git"), *who, *words], cwd=letter, capture_output=True, check=True)
        return done.stdout.decode().strip()

    git("init", "-q")
    git("add", "publisher.toml", "issues/2021-07-18.md")
    git("commit", "-qm", "begin")
    base = git("rev-parse", "HEAD")
    git("add", "issues/2021-08-01.md")
    git("commit", "-qm", "next")
    env = {"BASE": base, "RUNNER_TEMP": str(runner), "PATH": f"{runner}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=letter, env=os.environ | env, capture_output=True
    )
    said = done.stdout.decode()
    assert done.returncode != 0
    assert "::error file=issues/2021-08-01.md,line=16," in said
    assert "2021-07-18.md," not in said
    assert "error[unclosed-link]" in (runner / "report.txt").read_text("utf-8")
