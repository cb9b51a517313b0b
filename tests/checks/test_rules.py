"""[checks] in publisher.toml: codes that are ignored, and codes that are errors; `check` and `publish` obey."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher import config, registry
from publisher.checks.codes import CODES
from publisher.cli.main import main
from publisher.errors import ConfigError
from tests.checks.conftest import NOW, SETTINGS

# an error, a warning and a note, and nothing else
ISSUE = """\
# 慢刊 (2021-07-18)

> 导读：本期2条。【新闻】甲、乙、丙。

## 新闻

- [甲](https://e.org/a)(https://e.org/a)
- [乙](http://e.org/b)
- [丙](https://e.org/c)
"""

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """run(rules, *words) runs a command with these rules; it returns the exit code and all that was printed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "letter"
    (root / "issues").mkdir(parents=True)
    (root / "issues/2021-07-18.md").write_text(ISSUE, "utf-8")
    os.utime(root / "issues/2021-07-18.md", ns=(1, 1_600_000_000_000_000_001))
    monkeypatch.chdir(root)

    def call(rules: str, *words: str) -> tuple[int, str]:
        (root / "publisher.toml").write_text(f"{SETTINGS}[checks]\n{rules}\n", "utf-8")
        code = main([*words], NOW)
        return code, "".join(capsys.readouterr())

    return call


def reported(run: Run, rules: str, *words: str) -> dict[str, str]:
    """The severities by code."""
    _, text = run(rules, "check", "--json", *words)
    (issue,) = json.loads(text)["issues"]
    return {problem["code"]: problem["severity"] for problem in issue["problems"]}


def test_without_rules(run: Run) -> None:
    found = reported(run, "")
    assert found["double-url"] == "error"
    assert found["guide-count"] == "warning"


def test_ignored_codes_are_not_reported(run: Run) -> None:
    all_codes = reported(run, "")
    assert reported(run, 'ignore = ["double-url"]') == {k: v for k, v in all_codes.items() if k != "double-url"}
    assert run('ignore = ["double-url"]', "check")[0] == 0
    assert run("", "check")[0] == 1


def test_the_command_line_ignores_more(run: Run) -> None:
    found = reported(run, 'ignore = ["double-url"]', "--ignore", "guide-count")
    assert not {"double-url", "guide-count"} & found.keys()


def test_a_code_that_is_selected_is_reported(run: Run) -> None:
    assert reported(run, 'ignore = ["double-url"]', "--select", "double-url") == {"double-url": "error"}


def test_a_code_may_be_an_error(run: Run) -> None:
    rules = 'ignore = ["double-url"]\nerror = ["guide-count"]'
    assert reported(run, rules)["guide-count"] == "error"
    code, text = run(rules, "check")
    assert code == 1
    assert "error[guide-count]" in text
    assert run(rules, "check", "--ignore", "guide-count")[0] == 0


def test_publish_obeys(run: Run) -> None:
    code, text = run("", "--yes")
    assert (code, "double-url at line 7" in text) == (1, True)
    code, text = run('ignore = ["double-url"]\nerror = ["guide-count"]', "--yes")
    assert (code, "has 1 error: guide-count at line 3" in text) == (1, True)
    assert run('ignore = ["double-url"]', "--yes")[0] == 0


def test_tick_obeys(run: Run) -> None:
    schedule = "[schedule]\nat = '09:45'"
    code, text = run(f'ignore = ["double-url"]\nerror = ["guide-count"]\n{schedule}', "tick")
    assert (code, "guide-count at line 3" in text) == (1, True)
    code, text = run(f'ignore = ["double-url"]\n{schedule}', "tick")
    assert code == 0, text


def test_fix_leaves_what_is_ignored(run: Run) -> None:
    run('ignore = ["double-url"]', "check", "--fix")
    assert Path("issues/2021-07-18.md").read_text("utf-8").count("https://e.org/a") == 2
    run("", "check", "--fix")
    assert Path("issues/2021-07-18.md").read_text("utf-8").count("https://e.org/a") == 1


def test_explain_says_how(run: Run) -> None:
    assert (
        'in all issues: ignore = ["guide-count"] below [checks] in publisher.toml'
        in run("", "check", "--explain", "guide-count")[1]
    )


@pytest.mark.parametrize(
    ("rules", "message", "hint"),
    [
        ('ignore = ["gide-count"]', "6:1: ignore in [checks] has the unknown code gide-count",
         "did you mean guide-count?"),
        ('error = ["guide-count", "dead_link"]', "6:1: error in [checks] has the unknown code dead_link",
         "did you mean dead-link?"),
        ('error = ["zzz"]', "6:1: error in [checks] has the unknown code zzz",
         "codes are in brackets in the output of publish check"),
        ('ignore = ["no-link"]\nerror = ["no-link"]', "7:1: no-link is in ignore, too",
         "remove it from one of the lists"),
        ('ignor = ["no-link"]', "6:1: unknown key ignor in [checks]", "did you mean ignore?"),
    ],
)  # fmt: skip
def test_a_wrong_code_is_refused(tmp_path: Path, rules: str, message: str, hint: str) -> None:
    path = tmp_path / "publisher.toml"
    path.write_text(f"{SETTINGS}[checks]\n{rules}\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load_config(path, registry.load_channel)
    assert (caught.value.message, caught.value.hint) == (f"publisher.toml:{message}", hint)


def test_every_code_can_be_ignored_or_an_error(tmp_path: Path) -> None:
    path = tmp_path / "publisher.toml"
    for key in ("ignore", "error"):
        path.write_text(f"{SETTINGS}[checks]\n{key} = {json.dumps([*CODES])}\n", "utf-8")
        rules = config.load_config(path, registry.load_channel).checks
        assert (rules.ignored if key == "ignore" else rules.errors) == CODES.keys()
