"""A dry run: what it lists, and what it leaves to look at, also of drafts and of issues with errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.newsletter import CommandProject, command_project, write_settled

PREVIEWS = "outbox/dry-run/"
DRAFT = "2021-08-01"
BROKEN = "# 慢刊 (2021-07-18)：题\n\n## 新闻\n\n- [条目]()\n"


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandProject:
    """A newsletter with pages, feeds, a chat that sends, and an email that is a file."""
    project = command_project(tmp_path, monkeypatch, capsys)
    settings = project.root / "publisher.toml"
    text = settings.read_text("utf-8").replace("enabled = false", "")
    settings.write_text(f'{text}\n[channels.email]\nfrom = "lin@e.org"\n[channels.telegram]\n', "utf-8")
    return project


def tree(letter: CommandProject, *, previews: bool = False) -> dict[str, bytes]:
    """The files of the newsletter, without the previews or only these."""
    files = (path for path in letter.root.rglob("*") if path.is_file())
    by_name = {path.relative_to(letter.root).as_posix(): path.read_bytes() for path in files}
    return {name: body for name, body in by_name.items() if name.startswith(PREVIEWS) is previews}


def previews(letter: CommandProject) -> list[str]:
    return sorted(name.removeprefix(PREVIEWS) for name in tree(letter, previews=True))


ALL = [
    "{}/chat/preview",
    "{}/email/message.eml",
    "{}/email/message.txt",
    "{}/telegram/message-1.html",
    "{}/telegram/preview.html",
    "{}/web/index.html",
]


def named(date: str) -> list[str]:
    return [name.format(date) for name in ALL]


# ---------------------------------------------------------------- previews


def test_a_due_issue(letter: CommandProject) -> None:
    before = tree(letter)
    said = letter.run("--dry-run")
    assert said.code == 0
    assert previews(letter) == named("2021-07-18")
    assert tree(letter) == before
    assert [*letter.world] == []
    assert said.err == f"next: look at {PREVIEWS}2021-07-18/\n"


@pytest.mark.parametrize(
    ("head", "date"),
    [("---\ndraft: true\n---\n", DRAFT), ("", "2021-09-05"), ("---\ndraft: true\n---\n", "2021-07-11")],
    ids=["draft", "future", "draft of a day that has come"],
)
def test_an_issue_that_is_not_due(letter: CommandProject, head: str, date: str) -> None:
    """It is shown as if it was, and nothing of it is published: neither now nor by the next publish."""
    letter.write(date, "秘密的题目", head=head)
    before = tree(letter)
    said = letter.run("--issue", date, "--dry-run")
    assert said.code == 0
    assert previews(letter) == named(date)
    assert "秘密的题目" in tree(letter, previews=True)[f"{PREVIEWS}{date}/email/message.txt"].decode()
    assert tree(letter) == before
    reason = "is a draft" if head else "is dated in the future"
    assert f"warning: publish would not publish it: issues/{date}.md {reason}" in said.err
    assert f"public/{date}/index.html" in said.out
    result = json.loads(letter.run("--issue", date, "--dry-run", "--json").out)
    assert (result["exit"], reason in result["refusal"]["message"]) == (0, True)
    letter.run("--yes", "--channel", "web,rss")
    assert not any("秘密的题目".encode() in body for name, body in tree(letter).items() if name.startswith("public/"))


def test_an_issue_with_errors(letter: CommandProject) -> None:
    write_settled(letter.path("2021-07-18"), BROKEN)
    before = tree(letter)
    said = letter.run("--dry-run")
    assert said.code == 1
    assert previews(letter) == named("2021-07-18")
    assert tree(letter) == before
    assert "error: issues/2021-07-18.md has 1 error: empty-url at line 5 · publish check" in said.err
    result = json.loads(letter.run("--dry-run", "--json").out)
    assert result["error"]["message"].startswith("issues/2021-07-18.md has 1 error")
    assert result["exit"] == 1
    assert sorted(name.removeprefix(PREVIEWS) for name in result["previews"]) == named("2021-07-18")


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("notes", "# Notes\n\n- [one](https://e.org/1)\n", "issues/notes.md has no date"),
        ("idea", "---\ndraft: true\n---\n# Idea\n\n- [one](https://e.org/1)\n", "issues/idea.md has no date"),
        ("2021-07-99", "# Notes (2021-07-xx)\n\n- [one](https://e.org/1)\n", "the date 2021-07-xx is incomplete"),
        ("a-copy", "---\ndate: 2021-07-18\nid: 2021-07-04\n---\n# Copy\n\nText.\n", "both have the id 2021-07-04"),
    ],
    ids=["no date", "a draft without a date", "half a date", "the same id"],
)
def test_an_issue_that_cannot_be_published(letter: CommandProject, name: str, text: str, fault: str) -> None:
    write_settled(letter.root / "issues" / f"{name}.md", text)
    before = tree(letter)
    said = letter.run(f"issues/{name}.md", "--dry-run")
    assert said.code == 1
    assert fault in said.err
    assert {path.partition("/")[2] for path in previews(letter)} >= {"email/message.txt", "web/index.html"}
    assert tree(letter) == before


def test_the_newest_issue_cannot_be_published(letter: CommandProject) -> None:
    write_settled(letter.path("2021-07-18"), "# 慢刊 (2021-07-xx)：题\n\n- [one](https://e.org/1)\n")
    said = letter.run("--dry-run")
    assert said.code == 1
    assert "the date 2021-07-xx is incomplete" in said.err
    assert any(name.endswith("email/message.txt") for name in previews(letter))


def test_a_file_that_is_no_text_leaves_nothing_to_look_at(letter: CommandProject) -> None:
    letter.path("2021-07-18").write_bytes(b"# \xff\xfe\x00")
    said = letter.run("2021-07-18", "--dry-run")
    assert said.code == 1
    assert said.err.count("error: ") == 1
    assert previews(letter) == []


def test_it_says_which_channel_cannot_render(letter: CommandProject, monkeypatch: pytest.MonkeyPatch) -> None:
    from publisher.channels.telegram import Telegram

    def fail(*_: object) -> None:
        raise ZeroDivisionError("no such thing")

    monkeypatch.setattr(Telegram, "render", fail)
    said = letter.run("--dry-run")
    assert said.code == 3
    assert "telegram cannot render issues/2021-07-18.md: ZeroDivisionError" in said.out
    assert "2021-07-18/email/message.txt" in previews(letter)


# ------------------------------------------------- apart from what was sent


def test_previews_are_apart_from_what_is_published(letter: CommandProject) -> None:
    """An edit that is only looked at leaves the files of the messages that were published as they are."""
    letter.run("--yes")
    letter.write("2021-07-18", "改", "二", "三")
    before = tree(letter)
    assert letter.run("--dry-run").code == 0
    assert tree(letter) == before
    own = tree(letter, previews=True)[f"{PREVIEWS}2021-07-18/email/message.txt"]
    assert own != before["outbox/2021-07-18/email/message.txt"]
    assert "改" in own.decode()


def test_only_the_last_previews_are_left(letter: CommandProject) -> None:
    letter.run("--dry-run")
    stale = letter.root / PREVIEWS / "2021-07-18/telegram/message-9.html"
    stale.write_text("of a longer text")
    letter.run("--dry-run")
    assert previews(letter) == named("2021-07-18")


def test_a_folder_that_cannot_be_written_is_a_warning(letter: CommandProject) -> None:
    (letter.root / "outbox").write_text("a file")
    said = letter.run("--dry-run", "--channel", "chat")
    assert said.code == 0
    assert "warning: no previews: " in said.err
    assert said.out.splitlines()[1] == "✓ chat      3 messages to @readers"


def test_previews_for_some_channels(letter: CommandProject) -> None:
    letter.run("--dry-run", "--channel", "chat,rss")
    assert previews(letter) == ["2021-07-18/chat/preview"]


# ------------------------------------------------------------- what is listed


def test_what_would_change_is_sorted_and_short(letter: CommandProject) -> None:
    letter.run("--yes")
    letter.write("2021-07-18", "改", "二", "三")
    letter.write("2021-07-11", "新")
    lines = letter.lines("--dry-run")
    assert lines[1:3] == [
        "✓ web       1 file new, 5 changed: public/2021-07-04/index.html, public/2021-07-11/index.html, "
        "public/2021-07-18/index.html, public/index.html, public/search/2021.json and 1 more",
        "✓ rss       3 files changed: public/atom.xml, feed.json, feed.xml",
    ]
    assert "✓ chat      1 message changed in @readers · https://chat.example/89" in lines


def test_of_many_files_the_first_are_named(letter: CommandProject) -> None:
    for day in range(10, 18):
        letter.write(f"2021-06-{day}", "旧")
    (web,) = [line for line in letter.lines("--dry-run", "--channel", "web") if line.startswith("✓")]
    assert web.startswith("✓ web       15 files new: public/2021-06-10/index.html, ")
    assert web.endswith(" and 10 more")
    result = json.loads(letter.run("--dry-run", "--json").out)
    assert len([key for key in result["channels"]["web"]["written"] if key.endswith(".html")]) == 13
