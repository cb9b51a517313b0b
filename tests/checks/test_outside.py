"""What is outside of the package: the output on the page, the pre-commit hook, the GitHub workflow."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from publisher.cli.excerpt import measure_columns
from publisher.cli.parser import parse_arguments

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


def test_the_page_shows_the_real_output(publish: Callable[..., str], letter: Path, root: Path) -> None:
    page = (root / "publisher" / "README.md").read_text("utf-8")
    shown = page.split("$ publish check 2021-08-01\n")[1].split("```")[0]
    begin, end = shown.split("…\n\n")
    printed = publish("check", "2021-08-01", folder=letter, code=1)
    assert printed.startswith(begin)
    assert printed.endswith(f"\n{end}")


def on_a_terminal(folder: Path, *words: str) -> str:
    """What `publish check` shows on a terminal of 60 columns, without colour."""
    screen, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    run = [sys.executable, "-m", "publisher", "check", *words]
    with subprocess.Popen(run, cwd=folder, stdout=end, env={**os.environ, "NO_COLOR": "1"}):
        os.close(end)
        said = b""
        while part := _more(screen):
            said += part
    os.close(screen)
    return said.decode()


def _more(screen: int) -> bytes:
    try:
        return os.read(screen, 4096)
    except OSError:  # how Linux says that nobody writes any more
        return b""


def test_excerpts_fit_the_terminal(letter: Path) -> None:
    said = on_a_terminal(letter, "2021-08-01", "--select", "double-url,wechat-temp-url").splitlines()
    shown = [line for line in said if line[:4] in ("7 | ", "9 | ")]
    assert len(shown) == 2
    assert all(50 < measure_columns(line) <= 60 and line.count("…") for line in shown)


def test_control_characters_in_a_diff_are_escaped(letter: Path) -> None:
    (letter / "issues" / "2021-08-01.md").write_bytes("# 刊 (2021-08-01)\r\n\r\n好\x1b[2J，，\r\n".encode())
    said = on_a_terminal(letter, "2021-08-01", "--diff")
    assert "\n-好\ufffd[2J，，\r\n+好[2J，\r\n" in said
    assert "\x1b" not in said


def test_pre_commit_hooks_are_valid_commands(root: Path) -> None:
    hooks = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert [hook["id"] for hook in hooks] == ["publish-check", "publish-check-fix"]
    for hook in hooks:
        _, arguments = parse_arguments([*hook["entry"].split()[1:], "issues/2021-08-01.md"])
        assert arguments.files == ["issues/2021-08-01.md"]
        assert arguments.fix is hook["id"].endswith("fix")


@dataclass
class GitHub:
    """GitHub's comments on one pull request, as its API gives and takes them, ten a page.

    https://docs.github.com/rest/issues/comments
    """

    comments: list[dict[str, Any]]
    port: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, method: str, url: str, body: dict[str, str]) -> tuple[int, object]:
        parts = urlsplit(url)
        match method, parts.path.removeprefix("/repos/tide/weekly/issues/").split("/"):
            case "GET", ["7", "comments"]:
                start = (int(parse_qs(parts.query)["page"][0]) - 1) * 10
                return 200, self.comments[start : start + 10]
            case "POST", ["7", "comments"]:
                self.comments.append({"id": len(self.comments) + 1, **body})
                return 201, self.comments[-1]
            case "PATCH", ["comments", number]:
                self.comments[int(number) - 1] |= body
                return 200, self.comments[int(number) - 1]
        return 404, {}


@pytest.fixture
def github() -> Iterator[GitHub]:
    """It has a dozen comments of others already."""
    state = GitHub([{"id": n, "body": f"`publish check` says {n}"} for n in range(1, 13)])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            state.asked.append(f"{self.command} {self.headers['Authorization']}")
            status, answer = state.answer(self.command, self.path, json.loads(body or "{}"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_POST = do_PATCH = do_GET  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_port
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        server.shutdown()
        thread.join()


class PullRequest(NamedTuple):
    """What a step of the workflow says, and its exit code; `temp` is the runner's folder."""

    run: Callable[[str], tuple[int, str]]
    temp: Path


@pytest.fixture
def pull_request(
    letter: Path, root: Path, tmp_path_factory: pytest.TempPathFactory, need: Callable[[str], str], github: GitHub
) -> PullRequest:
    """run("check") runs that step as a runner would, for a pull request that adds an issue."""
    workflow = yaml.safe_load((root / "deploy" / "github-check.yml").read_text("utf-8"))
    steps = {one["name"]: one for one in workflow["jobs"]["check"]["steps"] if "name" in one}
    shells = {None: ["bash", "-e"], "python": [sys.executable]}
    temp = tmp_path_factory.mktemp("runner")
    command = temp / "publish"
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
    env = {
        "BASE": base,
        "GITHUB_API_URL": github.url,
        "GITHUB_REPOSITORY": "tide/weekly",
        "NUMBER": "7",
        "PATH": f"{temp}:{os.environ['PATH']}",
        "RUNNER_TEMP": str(temp),
        "TOKEN": "t0ken",
    }

    def run(name: str) -> tuple[int, str]:
        step = steps[name]
        script = temp / "script"
        script.write_text(step["run"], "utf-8")
        command = [*shells[step.get("shell")], script]
        done = subprocess.run(command, cwd=letter, env=os.environ | env, capture_output=True)
        return done.returncode, (done.stdout + done.stderr).decode()

    return PullRequest(run, temp)


def test_workflow_checks_the_issues_changed_by_a_pull_request(pull_request: PullRequest) -> None:
    code, said = pull_request.run("check")
    assert code != 0
    assert "::error file=issues/2021-08-01.md,line=16," in said
    assert "2021-07-18.md," not in said
    assert "error[unclosed-link]" in (pull_request.temp / "report.txt").read_text("utf-8")


def test_workflow_updates_its_one_comment(pull_request: PullRequest, github: GitHub, letter: Path) -> None:
    others = [dict(comment) for comment in github.comments]
    pull_request.run("check")
    assert pull_request.run("comment") == (0, "")
    assert github.asked == ["GET Bearer t0ken"] * 3 + ["POST Bearer t0ken"]
    assert github.comments[:-1] == others
    assert github.comments[-1]["body"].startswith("<!-- publish check -->\n`publish check` says:\n\n````text\n")
    assert "\nerror[unclosed-link]: this bracket is never closed\n" in github.comments[-1]["body"]
    (letter / "issues" / "2021-08-01.md").write_text(EARLIER.replace("2021-07-18", "2021-08-01"), "utf-8")
    pull_request.run("check")
    assert pull_request.run("comment") == (0, "")
    assert github.comments[:-1] == others
    assert "unclosed-link" not in github.comments[-1]["body"]
    assert len(github.comments[-1]["body"]) < 65_536


def test_workflow_does_not_comment_on_correct_issues(pull_request: PullRequest, github: GitHub, letter: Path) -> None:
    sound = EARLIER.replace("2021-07-18", "2021-08-01").replace("tide/gauge", "tide/buoy")
    (letter / "issues" / "2021-08-01.md").write_text(sound, "utf-8")
    assert pull_request.run("check")[0] == 0
    assert pull_request.run("comment") == (0, "")
    assert len(github.comments) == 12


def test_workflow_reports_nothing_if_no_issue_changed(pull_request: PullRequest, github: GitHub) -> None:
    assert pull_request.run("comment") == (0, "")
    assert github.asked == []
