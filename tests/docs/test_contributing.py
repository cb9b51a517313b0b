"""CONTRIBUTING.md: the rooms there are, and the way of an issue as a run really takes it."""

from __future__ import annotations

import ast
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import pytest

from publisher.cli.main import main
from tests.docs.pages import CONTRIBUTING, README, ROOT, SETTINGS
from tests.support.servers.mail_server import MailServer


def test_every_room_is_listed() -> None:
    shown = re.findall(r"`((?:publisher|channels)/\w*/?(?:\w+\.py)?)`", CONTRIBUTING.section("Rooms"))
    package = ROOT / "publisher"
    files = {path.name for path in package.glob("*.py") if not path.name.startswith("__")}
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    assert set(shown) == {"channels/"} | {f"publisher/{name}" for name in files | folders}


class Step(NamedTuple):
    """A function that the page names: its file below the root, and its name."""

    file: str
    function: str


def steps() -> list[Step]:
    """The functions of the section, in its order; each is in the file named last before it."""
    section = CONTRIBUTING.section("An issue from file to mailbox")
    found, file = [], ""
    for code in re.findall(r"`([\w/]+\.py|\w+\(\))`", section):
        if code.endswith(".py"):
            file = code
        else:
            found.append(Step(file, code.removesuffix("()")))
    return found


def test_the_way_of_an_issue_fits_on_a_page() -> None:
    assert len(CONTRIBUTING.section("An issue from file to mailbox").splitlines()) <= 50
    assert len(steps()) >= 20


@pytest.mark.parametrize("step", steps(), ids=lambda step: f"{step.file}:{step.function}")
def test_every_step_exists(step: Step) -> None:
    tree = ast.parse((ROOT / step.file).read_text("utf-8"))
    assert step.function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.fixture
def newsletter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One issue that was never published, one recipient, and a mail server."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "2021-07-18.md").write_text(README.texts("markdown")[1], "utf-8")
    (tmp_path / "readers.txt").write_text("lin@example.org\n")
    with MailServer() as server:
        settings = f'[channels.email]\nfrom = "n@example.org"\nserver = "{server.url}"\nrecipients = "readers.txt"\n'
        (tmp_path / "publisher.toml").write_text(SETTINGS + settings)
        yield tmp_path


def trace(*words: str) -> list[Step]:
    """Run a command and return the functions of this repository that it calls, in order."""
    calls: list[Step] = []
    prefix = f"{ROOT}/"

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(prefix):
            file = frame.f_code.co_filename.removeprefix(prefix)
            calls.append(Step(file.replace("publisher/channels/", "channels/"), frame.f_code.co_name))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        assert main(list(words)) == 0
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return calls


@pytest.mark.usefixtures("newsletter")
def test_a_run_takes_the_steps_in_their_order() -> None:
    calls = iter(trace("--yes", "--json"))
    for step in steps():
        assert step in calls, f"not called after the step before it: {step}"


def test_ci_installs_every_program_that_tests_need(root: Path) -> None:
    """Otherwise the tests would fail there, on a machine that is new."""
    files = [*(root / "tests").rglob("*.py")]
    needed = {name for file in files for name in re.findall(r'\bneed\("([\w.-]+)"', file.read_text("utf-8"))}
    assert {"rsync", "git", "w3m"} <= needed
    installed = set(re.findall(r"^want (?:/usr/sbin/)?([\w.-]+) ", (root / ".ci/run").read_text("utf-8"), re.MULTILINE))
    assert needed - installed == {"bash"}, "which runs the script itself"
