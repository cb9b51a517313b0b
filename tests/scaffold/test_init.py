"""What `init` understands of a folder, asks, writes and says."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from publisher import scaffold
from publisher.cli.main import main
from publisher.errors import ConfigError, StorageError
from publisher.reader import parse_issue
from tests.scaffold.conftest import Commit, Write, load

TODAY = dt.date(2024, 7, 19)
NOW = dt.datetime(2024, 7, 19, 12, 0, tzinfo=dt.UTC)


def init(folder: Path) -> scaffold.Proposal:
    """Propose and write a newsletter in a folder that has issues."""
    proposal = scaffold.propose_newsletter(folder, today=TODAY)
    assert proposal
    scaffold.create_newsletter(proposal, today=TODAY)
    return proposal


# ------------------------------------------------------------------- which files


def test_a_folder_with_issues_gets_only_its_settings(write: Write) -> None:
    folder = write(
        {
            "issues/2021-07-18.md": '# 钟表匠"来信" (2021-07-18)：齿轮\n\n**慢\\\\一点**\n',
            "issues/2021-07-04.md": '# 钟表匠"来信" (2021-07-04)\n\n**慢\\\\一点**\n',
            "issues/2021-08-xx.md": '# 钟表匠"来信" (2021-08-xx)\n',
        }
    )
    proposal = init(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["issues", "publisher.toml"]
    assert proposal.newest.path == "issues/2021-07-18.md"
    found = load(folder)
    assert found.newsletter.name == '钟表匠"来信"'
    assert found.newsletter.tagline == "慢\\一点"
    assert found.newsletter.url == "https://example.org/harbour/{date}/"
    assert found.newsletter.id == "tag:example.org,2024:harbour"
    assert (found.newsletter.lang, found.newsletter.timezone) == ("zh-CN", "Asia/Shanghai")
    assert found.issues == ("issues/*.md",)


@pytest.mark.parametrize(
    ("files", "patterns"),
    [
        (["2021-07-18-gears.md", "README.md"], ["*.md"]),
        (["2021-07-18-gears.md", "todo.md"], ["[0-9]*.md"]),
        (["issue-1.md", "issue-2.md", "ideas.md"], ["issue-[0-9]*.md"]),
        (["letter-one.md", "letter-two.md", "ideas.md"], ["letter-*.md"]),
        (["one.md", "two.md", "ideas.md"], ["*.md", "!ideas.md"]),
        (["issues/1.md", "issues/README.zh-CN.md", "notes.md"], ["issues/*.md"]),
        (["issues/1.md", "issues/2.markdown"], ["issues/*.markdown", "issues/*.md"]),
        (["a [b]/1.md", "a [b]/2.md"], ["a [[]b]/*.md"]),
        (["2022/01.md", "2023/01.md"], ["*/*.md"]),
        (["docs/2022/issue-1.md", "docs/issue-2.md"], ["docs/**/*.md"]),
        (["docs/issue-1.md", "docs/issue-2.md", "issues/issue-3.md"], ["issues/*.md", "docs/*.md"]),
        (["issue-1/index.md", "issue-2/index.md"], ["*/index.md"]),
        (["issues/2022/issue-1/index.md", "issues/issue-2/index.md"], ["issues/**/index.md"]),
        ([".github/issue-1.md", "vendor/issue-1.md", "issues/issue-1.md"], ["issues/*.md"]),
        (["2022-01-01.md", "issues/2023-01-01.md", "issues/2023-01-08.md"], ["issues/*.md"]),
    ],
)
def test_the_globs_match_the_issues_and_nothing_else(write: Write, files: list[str], patterns: list[str]) -> None:
    """A letter, `one` or `two` has its date in the front matter; other names without a number are no issues."""
    dated = {"letter-one.md", "letter-two.md", "one.md", "two.md"}
    folder = write(
        {
            path: f"---\ndate: 2021-07-{10 + number}\n---\n" if path in dated else "# Page\n"
            for number, path in enumerate(files)
        }
    )
    assert list(init(folder).discovery.patterns) == patterns


def test_links_to_other_places_are_no_issues(write: Write) -> None:
    folder = write({"issues/2021-07-18.md": "# Notes\n"})
    (folder.parent / "secret.md").write_text("# Notes (2021-07-25)\n")
    (folder / "issues" / "2021-07-25.md").symlink_to(folder.parent / "secret.md")
    (folder / "issues" / "2021-07-26.md").symlink_to("nowhere.md")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "issues" / "2021-07-27.md")
    assert [issue.path for issue in init(folder).discovery.issues] == ["issues/2021-07-18.md"]


def test_a_copy_of_the_latest_issue_is_no_issue(write: Write) -> None:
    text = "The boats and the tide are on time.\n" * 10
    folder = write(
        {f"content/Hub{n}.md": f"# Hub, Issue {n}\n\n{text}" for n in (9, 10)}
        | {f"content/en/Hub{n}.md": f"# Hub in English, Issue {n}\n\n{text}" for n in (9, 10)}
        | {"content/last.md": f"# Hub, Issue 10\n\n{text}", "content/en/about.md": "# Us\n"}
    )
    found = init(folder).discovery
    assert [issue.path for issue in found.issues] == ["content/Hub9.md", "content/Hub10.md"]
    assert (found.patterns, found.others, found.ignored) == (("content/Hub[0-9]*.md",), (), (("content/en", 2),))
    assert found.copies == (("content/last.md", "content/Hub10.md"),)


def test_of_two_dated_issues_with_the_same_text_one_is_said_to_be_left_out(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "# Notes\n\n" + "The boats and the tide are on time.\n" * 10
    write({"2021-07-18.md": text, "2021-07-25.md": text, "2021-08-01.md": "# Notes\n"})
    assert main(["init", "--yes"], NOW) == 0
    assert "left out: 2021-07-25.md has the same text as 2021-07-18.md\n" in capsys.readouterr().err


def test_chapters_are_no_issues_but_counted_names_are(write: Write) -> None:
    folder = write({"h264.md": "# Video\n"})
    with pytest.raises(ConfigError, match=r"no issue found: h264\.md has no date and no number"):
        scaffold.propose_newsletter(folder, today=TODAY)
    write({"h265.md": "# Video\n"})
    assert len(init(folder).discovery.issues) == 2


@pytest.mark.parametrize("with_issues", [True, False])
def test_init_overwrites_nothing(write: Write, with_issues: bool, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write({"publisher.toml": "mine"} | ({"issues/2021-07-18.md": "# A\n"} if with_issues else {}))
    before = sorted(folder.rglob("*"))
    assert main(["init", "--yes"], NOW) == 2
    assert capsys.readouterr().err == (
        "error: publisher.toml already exists · nothing was written; edit it or move it away\n"
    )
    assert (folder / "publisher.toml").read_text("utf-8") == "mine"
    assert sorted(folder.rglob("*")) == before


def test_dates_toml_is_not_overwritten(write: Write) -> None:
    folder = write({"dates.toml": "mine", "issue-1.md": "# A\n"})
    with pytest.raises(ConfigError, match=r"dates\.toml already exists"):
        init(folder)
    assert not (folder / "publisher.toml").exists()


def test_init_reports_permission_errors(write: Write) -> None:
    folder = write({"file": ""})
    with pytest.raises(StorageError, match=r"cannot write .*publisher\.toml: Not a directory"):
        scaffold.create_sample(folder / "file" / "folder", scaffold.find_sample("en"), today=TODAY)


def test_real_issues(folder: Path, corpus: Path) -> None:
    shutil.copytree(corpus / "issues", folder / "issues")
    assert init(folder).newest.path == "issues/2021-08-01.md"
    found = load(folder)
    assert found.newsletter.name == "嵌入式AI简报"
    assert found.newsletter.tagline == "关注模型压缩、低比特量化、移动端推理加速优化、部署"
    assert found.newsletter.lang == "zh-CN"
    made = scaffold.create_issue(found, today=TODAY)
    sections = [section.title for section in parse_issue(made.path.read_text("utf-8"), made.path.name).sections]
    assert len(sections) == 4


# ------------------------------------------------------------- what it says and asks


NUMBERED = {f"issues/issue-{n}.md": f"# Harbour Notes #{n}\n\nThe boats and the tide are on time.\n" for n in (9, 10)}


def test_it_shows_what_it_understood(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write(NUMBERED | {"about.md": "# About\n", "old/2001-01-01.md": "# Old\n", "CNAME": "notes.e.net\n"})
    for path in NUMBERED:
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    assert main(["init"], NOW) == 0
    said = capsys.readouterr()
    assert said.out == "created publisher.toml\ncreated dates.toml\n"
    assert said.err == (
        "2 issues, 2024-07-12 to 2024-07-19; newest: issues/issue-10.md\n"
        "name Harbour Notes · language en · channels web, rss, telegram, email\n"
        "address https://notes.e.net/{id}/\n"
        "warning: issues/issue-9.md, issues/issue-10.md have no date: guessed, correct it in dates.toml, as in "
        '"issues/issue-10.md" = 2024-07-19\n'
        "left out: 1 file in old; to include them, change `issues`\n"
        "next: publish\n"
    )


def test_it_names_only_files_that_exist(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(NUMBERED | {"issues/about.md": "# About\n"})
    assert main(["init", "--json"], NOW) == 0
    said = capsys.readouterr()
    result = json.loads(said.out)
    for name in (*result["created"], *result["issues"], result["newest"], *result["not_issues"]):
        assert (folder / name).is_file()
    assert result["not_issues"] == ["issues/about.md"]
    assert (
        "warning: no issue, without a date and a number: issues/about.md · if it is one, write date: 2024-07-19 at its "
        "top, between two lines of ---, and change `issues` in publisher.toml\n"
    ) in said.err


def test_mdx_is_not_read_and_gets_no_sample(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write({"blog/2021-01-01-a.mdx": "# A\n"})
    assert main(["init", "--yes"], NOW) == 2
    assert capsys.readouterr().err == (
        "error: no issue found: blog/2021-01-01-a.mdx is MDX, which is not read · save issues as .md, or try a sample: "
        "publish init --sample\n"
    )
    write({"blog/2021-01-02-b.md": "# B\n"})
    assert main(["init", "--yes"], NOW) == 0


@pytest.mark.parametrize("tag", ["klingon_x", "english", "zh CN", "-"])
def test_a_wrong_language_is_an_error(write: Write, tag: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(NUMBERED)
    assert main(["init", "--yes", f"--lang={tag}"], NOW) == 2
    assert capsys.readouterr().err.startswith(f'error: lang must be a language tag, not "{tag}" · ')
    assert not (folder / "publisher.toml").exists()


def test_the_option_overrides_the_language(write: Write) -> None:
    folder = write(NUMBERED)
    assert main(["init", "--yes", "--lang", "zh-TW"], NOW) == 0
    found = load(folder)
    assert (found.newsletter.lang, found.newsletter.timezone) == ("zh-TW", "Asia/Taipei")
    assert "wechat" in {channel.name for channel in found.channels}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def answer(monkeypatch: pytest.MonkeyPatch, *answers: str) -> tuple[int, str]:
    """Run `init` on a terminal, and return its exit code and what it shows."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal("".join(f"{line}\n" for line in answers)))
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("NO_COLOR", "1")
    return main(["init"], NOW), screen.getvalue()


DATED = {f"issues/2024-07-0{n}.md": f"# Harbour Notes (2024-07-0{n})\n\nThe boats and the tide.\n" for n in (1, 8)}


def test_four_questions_with_the_guesses_as_answers(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(DATED)
    code, shown = answer(monkeypatch, "", "", "", "")
    assert code == 0
    assert shown.startswith(
        "Name [Harbour Notes]: Address of the site [https://example.org/harbour-notes/]: Language [en]: "
        "Channels [web, rss, telegram, email]: 2 issues"
    )
    assert load(folder).newsletter.name == "Harbour Notes"


def test_the_answers_are_written(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(DATED)
    code, shown = answer(
        monkeypatch, "Tides", "ftp://x", "tides.e.net/news", "english", "zh-CN", "web, telegraph", "web wechat"
    )
    assert code == 0
    assert "error: ftp://x is not the address of a site · like https://example.org/news/\n" in shown
    assert 'error: lang must be a language tag, not "english" · did you mean lang = "en"?\n' in shown
    assert "error: there is no channel telegraph · did you mean telegram?\n" in shown
    assert "an example" not in shown
    found = load(folder)
    assert (found.newsletter.name, found.newsletter.lang) == ("Tides", "zh-CN")
    assert found.newsletter.url == "https://tides.e.net/news/{date}/"
    assert found.newsletter.id == "tag:tides.e.net,2024:tides"
    assert {channel.name for channel in found.channels} == {"web", "wechat"}


def test_dates_are_asked_where_nothing_tells_them(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(NUMBERED)
    code, shown = answer(monkeypatch, "", "", "", "", "soon", "2024-06-28", "14")
    assert code == 0
    assert "Date of issues/issue-10.md [" in shown
    assert "error: soon is not a date · like 2021-08-01\n" in shown
    assert load(folder).dates == {"issues/issue-9.md": dt.date(2024, 6, 14), "issues/issue-10.md": dt.date(2024, 6, 28)}
    assert "guessed" not in shown


def test_without_an_answer_nothing_is_written(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(DATED)
    code, shown = answer(monkeypatch, "Tides")
    assert code == 2
    assert shown.endswith("error: no answer, nothing was written · publish init --yes takes the answers in brackets\n")
    assert not (folder / "publisher.toml").exists()


def test_the_settings_are_short(write: Write, commit: Commit) -> None:
    folder = write(NUMBERED)
    init(folder)
    lines = (folder / "publisher.toml").read_text("utf-8").splitlines()
    assert len(lines) <= 12
    assert lines[0] == "[newsletter]"
