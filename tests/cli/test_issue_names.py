"""Every command that takes an issue takes the same names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.newsletter import CommandProject, command_project

FRONT = "---\nid: harbour\nslug: boats\nnumber: 7\n---\n"
NAMES = ("2021-07-11", "harbour", "boats", "7", "2021-07-11-quays", "2021-07-11-quays.md", "issues/2021-07-11-quays.md")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandProject:
    project = command_project(tmp_path, monkeypatch, capsys)
    project.write("2021-07-11", "码头", head=FRONT, name="2021-07-11-quays")
    project.write("2021-08-08", "灯", name="2021-08-08-lights")
    return project


COMMANDS = {
    "publish": (("{}", "--dry-run"), "issues/2021-07-11-quays.md"),
    "--issue": (("--issue", "{}", "--dry-run"), "issues/2021-07-11-quays.md"),
    "--to-me": (("{}", "--to-me"), "issues/2021-07-11-quays.md"),
    "check": (("check", "{}"), "1 issue checked"),
    "status": (("status", "{}"), "harbour"),
    "diff": (("diff", "{}"), "issues/2021-07-11-quays.md · not published yet"),
    "retry": (("retry", "{}", "--dry-run"), "issues/2021-07-11-quays.md"),
    "correct": (("correct", "{}", "--dry-run"), "issues/2021-07-11-quays.md"),
    "reschedule": (("reschedule", "{}", "2021-08-11 10:30"), "harbour"),
    "hold": (("hold", "{}"), "harbour"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_takes_every_name(project: CommandProject, command: str) -> None:
    words, shown = COMMANDS[command]
    if command == "correct":
        assert project.run("boats", "--yes").code == 0
    for name in NAMES:
        said = project.run(*(word.format(name) for word in words))
        assert (said.code, shown in said.out + said.err) == (0, True), (name, said)
    unknown = project.run(*(word.format("2021-07-11-quayz.md") for word in words))
    expected = "error: there is no issue 2021-07-11-quayz.md · did you mean 2021-07-11-quays.md?\n"
    assert (unknown.code, unknown.err) == (2, expected)


def test_check_finds_a_file_by_its_date(project: CommandProject) -> None:
    assert project.run("check", "2021-08-08").out.endswith("1 issue checked, no problems found\n")
    assert "2 issues" in project.run("check", "next", "latest", "--ignore", "title-form").out


def test_next_is_the_first_after_the_latest(project: CommandProject) -> None:
    said = project.run("status", "next")
    assert "2021-08-01" in said.out
    assert "2021-08-08" not in said.out
    assert project.run("next").err.startswith("error: issues/2021-08-01.md is a draft")
    assert "issues/2021-08-01.md" in project.run("next", "--to-me").out


def test_resolve_takes_every_name(project: CommandProject) -> None:
    project.orders("unknown")
    project.run("boats", "--yes")
    for name in NAMES:
        said = project.run("resolve", name)
        assert (said.code, "there is no issue" in said.err) in ((4, False), (0, False)), said
    assert project.run("resolve", "2021-07-13").err.startswith("error: there is no issue 2021-07-13")


def test_a_word_that_is_no_issue_was_meant_as_a_command(project: CommandProject) -> None:
    assert project.run("statsu").err == "error: unknown command statsu · did you mean status?\n"
    assert project.run("boatz").err.startswith("error: unknown command boatz")
    assert project.run("boats", "--issue", "7").code == 2


def test_outside_of_a_newsletter_it_is_no_command(
    project: CommandProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert project.run("chanels").err == "error: unknown command chanels · did you mean channels?\n"


def test_two_issues_of_one_day_are_both_listed(project: CommandProject) -> None:
    project.write("2021-07-11", "船", head="---\nid: other\n---\n", name="2021-07-11-ships")
    listed = "issues/2021-07-11-quays.md, issues/2021-07-11-ships.md"
    expected = f"error: 2021-07-11 may be 2 issues: {listed} · name one by its file\n"
    for words in (("2021-07-11",), ("check", "2021-07-11"), ("hold", "2021-07-11"), ("status", "2021-07-11")):
        said = project.run(*words)
        assert (said.code, said.err) == (2, expected)
