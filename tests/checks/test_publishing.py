"""`publish` stops at an issue with errors, unless it is forced."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest
from msgspec.structs import replace

from publisher import reader
from publisher.channel import Context, Rendering
from publisher.channels.wechat import WeChat
from publisher.cli.main import main
from publisher.errors import DeliveryError
from publisher.ledger import Ledger
from publisher.ledger.calendar import load_forced_issues
from publisher.model import Issue

NOW = dt.datetime(2021, 7, 18, 4, 0, tzinfo=dt.UTC)
SETTINGS = """\
[newsletter]
name = "慢刊"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:slow"
[channels.wechat]
"""

Say = Callable[..., tuple[int, str, str]]


def issue(date: str, *urls: str) -> str:
    items = "".join(f"- [第{n}条]({url})\n" for n, url in enumerate(urls, 1))
    return f"# 慢刊 ({date})\n\n> 导读：好的。\n\n## 新闻\n\n{items}"


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newsletter of one sound issue; we stand in its folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "letter"
    (root / "issues").mkdir(parents=True)
    (root / "publisher.toml").write_text(SETTINGS, "utf-8")
    write(root, "2021-07-04", "https://e.org/1", "https://e.org/2", "https://e.org/3")
    monkeypatch.chdir(root)
    return root


def write(root: Path, date: str, *urls: str) -> None:
    (root / "issues" / f"{date}.md").write_text(issue(date, *urls), "utf-8")


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Run `publish` with these words: its exit code and what it printed."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main([*words], NOW)
        out, err = capsys.readouterr()
        return code, out, err

    return run


STOPPED = (
    "error: issues/2021-07-18.md has 1 error: empty-url at line 7"
    " · publish check issues/2021-07-18.md · or publish anyway: --force\n"
)


@pytest.mark.parametrize(
    "words",
    [
        ("--channel", "rss"),
        ("2021-07-18",),
        ("--out", "elsewhere"),
        ("correct", "2021-07-18", "--channel", "wechat"),
        ("retry", "--channel", "wechat"),
    ],
    ids=" ".join,
)
def test_errors_stop_publish_before_anything_is_written(letter: Path, say: Say, words: tuple[str, ...]) -> None:
    write(letter, "2021-07-18", "")
    assert say(*words) == (1, "", STOPPED)
    assert not {"public", "outbox", "elsewhere"} & {one.name for one in letter.iterdir()}
    assert not (letter / ".publisher" / "ledger.db").exists()


def test_errors_are_in_the_json_output(letter: Path, say: Say) -> None:
    write(letter, "2021-07-18", "")
    code, out, _ = say("--json")
    said = json.loads(out)
    assert (code, said["exit"]) == (1, 1)
    assert said["error"]["message"] == "issues/2021-07-18.md has 1 error: empty-url at line 7"


def test_many_errors_are_summarized(letter: Path, say: Say) -> None:
    write(letter, "2021-07-18", "", "", "", "")
    listed = "empty-url at line 7, empty-url at line 8, empty-url at line 9, …"
    assert f"2021-07-18.md has 4 errors: {listed} · publish check" in say()[2]


def test_warnings_do_not_stop_publish(letter: Path, say: Say) -> None:
    (letter / "issues" / "2021-07-04.md").write_text(issue("2021-07-04", "https://e.org/1") + "摘要：\n")
    assert "warning[summary-empty]" in say("check", "2021-07-04")[1]
    assert say()[0] == 0


def test_ignored_errors_do_not_stop_publish(letter: Path, say: Say) -> None:
    write(letter, "2021-07-18", "")
    file = letter / "issues" / "2021-07-18.md"
    file.write_text(file.read_text("utf-8") + "\n<!-- publish: ignore=empty-url -->\n", "utf-8")
    assert say()[0] == 0


def test_copy_of_the_last_issue_is_not_published(letter: Path, say: Say) -> None:
    assert say()[0] == 0
    write(letter, "2021-07-18", "https://e.org/1", "https://e.org/2", "https://e.org/3")
    code, _, said = say()
    assert code == 1
    assert "1 error: stale-copy at line 1" in said


def test_errors_of_other_issues_do_not_stop_publish(letter: Path, say: Say) -> None:
    write(letter, "2021-06-20", "")
    assert say()[0] == 0
    write(letter, "2021-06-06", "", "https://e.org/0")
    assert say()[0] == 0, "nor those of one that was written later"


def test_too_long_issue_is_left_out_of_the_channel_with_that_limit(letter: Path, say: Say) -> None:
    file = letter / "issues" / "2021-07-04.md"
    file.write_text(file.read_text("utf-8") + "摘要：" + "浪" * 20_000 + "\n", "utf-8")
    article = letter / "outbox" / "2021-07-04" / "wechat" / "article.html"
    code, out, said = say()
    assert code == 0
    assert "wechat: issues/2021-07-04.md is too long, so it is left out: 20," in said
    assert "✓ rss" in out
    assert "wechat" not in out
    assert (letter / "public" / "2021-07-04" / "index.html").exists()
    assert not article.exists()
    assert "is left out" in say()[2], "it is said each time"
    code, _, said = say("--channel", "wechat")
    assert code == 1, "there is nothing else to publish"
    assert "2021-07-04.md has 1 error: too-long for wechat" in said
    assert "  wechat  left out: too long\n          20," in say("status")[1]
    assert "2021-07-04.md is too long, so it is left out: 20," in say("doctor")[1]
    file.write_text(file.read_text("utf-8") + "\n<!-- publish: ignore=too-long -->\n", "utf-8")
    assert say()[0] == 0
    assert article.exists()


def test_a_retry_is_not_about_a_channel_that_was_left_out(
    letter: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WeChat, "destination", "drafts")
    file = letter / "issues" / "2021-07-04.md"
    file.write_text(file.read_text("utf-8") + "摘要：" + "浪" * 20_000 + "\n", "utf-8")
    code, *said = say()
    assert code == 3
    assert "is left out" in "".join(said)
    for options in ((), ("--channel", "wechat")):
        code, *said = say("retry", "2021-07-04", *options)
        assert (code, "left out" in "".join(said)) == (0, False)
        assert "nothing to do: nothing has failed, and nothing waits" in "".join(said)


def test_too_long_issue_is_published_with_force(letter: Path, say: Say) -> None:
    file = letter / "issues" / "2021-07-04.md"
    file.write_text(file.read_text("utf-8") + "摘要：" + "浪" * 20_000 + "\n", "utf-8")
    assert "too-long for wechat; published anyway (--force)" in say("--force")[2]
    assert (letter / "outbox" / "2021-07-04" / "wechat" / "article.html").exists()
    assert "left out" not in say()[2], "the text is the same"
    assert "left out" not in say("status")[1]


@pytest.mark.parametrize(("sends", "exit_code"), [(False, 0), (True, 3)])
def test_scheduler_leaves_a_too_long_issue_out_of_one_channel(
    letter: Path, say: Say, monkeypatch: pytest.MonkeyPatch, sends: bool, exit_code: int
) -> None:
    """It is a failure only where the issue would have been sent."""
    monkeypatch.setattr(WeChat, "destination", "drafts" if sends else "")
    (letter / "issues" / "2021-07-04.md").unlink()
    settings = SETTINGS + '[schedule]\nat = "08:00"\n'
    (letter / "publisher.toml").write_text(settings, "utf-8")
    write(letter, "2021-07-18", "https://e.org/4")
    file = letter / "issues" / "2021-07-18.md"
    file.write_text(file.read_text("utf-8") + "摘要：" + "浪" * 20_000 + "\n", "utf-8")
    code, out, said = say("tick")
    assert code == exit_code
    assert (letter / "public" / "2021-07-18" / "index.html").exists()
    assert not (letter / "outbox" / "2021-07-18" / "wechat").exists()
    assert "too-long" in out + said
    again = say("tick")
    assert again[0] == 0
    assert "too-long" not in "".join(again[1:]), "it is said once"
    assert "left out: too long" in say("status")[1]


def test_channel_that_cannot_render_does_not_stop_others(
    letter: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    def render(self: WeChat, issue: Issue, context: Context) -> NoReturn:
        raise DeliveryError("out of ink")

    monkeypatch.setattr(WeChat, "render", render)
    code, said, _ = say()
    assert code == 3
    assert "out of ink" in said
    assert (letter / "public" / "feed.xml").exists()


def test_what_is_measured_is_what_is_sent(letter: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """The article is rendered once, with all that the run knows, such as the articles of earlier issues."""
    rendered: list[Context] = []
    real = WeChat.render
    growth = 0

    def render(self: WeChat, issue: Issue, context: Context) -> Rendering:
        rendered.append(context)
        result = real(self, issue, context)
        size = result.report["characters"]
        assert isinstance(size, int)
        links = growth if context.article_urls else 0
        return replace(result, report={**result.report, "characters": size + links})

    monkeypatch.setattr(WeChat, "render", render)
    assert say()[0] == 0
    [context] = rendered
    assert context.feeds, "the same context as for the files"
    write(letter, "2021-07-18", "https://e.org/8")
    assert say("resolve", "2021-07-04", "--url", "wechat", "https://mp.weixin.qq.com/s/abc")[0] == 0
    growth = 20_000
    assert say("check", "2021-07-18")[0] == 0, "which knows the issue alone"
    rendered.clear()
    code, _, said = say("--channel", "wechat")
    assert (code, len(rendered)) == (1, 1)
    assert "2021-07-18.md has 1 error: too-long for wechat" in said


def test_publish_and_check_share_their_results(letter: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    file = letter / "issues" / "2021-07-04.md"
    os.utime(file, (1_600_000_000, 1_600_000_000))  # so old that a change would show
    first = say("check")

    def look(*_: object) -> NoReturn:
        raise AssertionError("the text is the same")

    monkeypatch.setattr("publisher.checks.check.check_single_issue", look)
    monkeypatch.setattr("publisher.checks.blocking.apply_rules", look)
    assert say()[0] == 0
    assert say("check") == first


def test_check_finds_warnings_that_publishing_does_not_look_for(letter: Path, say: Say) -> None:
    settings = letter / "publisher.toml"  # without channels that `check` measures issues for
    settings.write_text(settings.read_text("utf-8").replace("[channels.wechat]", ""), "utf-8")
    file = letter / "issues" / "2021-07-04.md"
    file.write_text(f"{file.read_text('utf-8')}\n摘要：水，，面。\n", "utf-8")
    os.utime(file, (1_600_000_000, 1_600_000_000))
    assert say()[0] == 0
    assert "[punctuation]" in say("check")[1]


def test_a_warning_that_the_newsletter_makes_an_error_of_stops_an_issue(letter: Path, say: Say) -> None:
    assert say()[0] == 0, "its neighbours are remembered, with their errors alone"
    settings = letter / "publisher.toml"
    settings.write_text(f'{settings.read_text("utf-8")}\n[checks]\nerror = ["punctuation"]\n', "utf-8")
    file = letter / "issues" / "2021-07-04.md"
    file.write_text(f"{file.read_text('utf-8')}\n摘要：水，，面。\n", "utf-8")
    code, _, said = say()
    assert (code, "punctuation" in said) == (1, True)


def test_issue_is_parsed_once(letter: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    real = reader.parse_issue

    def read(text: str, path: str = "", known_date: dt.date | None = None) -> Issue:
        opened.append(path)
        return real(text, path, known_date)

    monkeypatch.setattr(reader, "parse_issue", read)
    write(letter, "2021-07-18", "https://e.org/9")
    say()
    assert sorted(opened) == ["issues/2021-07-04.md", "issues/2021-07-18.md"]
    opened.clear()
    write(letter, "2021-07-18", "https://e.org/10")
    say("--channel", "rss")
    assert opened == ["issues/2021-07-18.md"]


# ------------------------------------------------------------------- with --force


def forced_issues(letter: Path) -> list[tuple[str, ...]]:
    with closing(Ledger(letter / ".publisher" / "ledger.db")) as ledger, ledger.transaction() as tx:
        return [tuple(row) for row in tx.fetch_all("SELECT issue, errors, forced_at FROM forced_issue ORDER BY id")]


def test_force_publishes_and_is_recorded_in_the_ledger(letter: Path, say: Say) -> None:
    write(letter, "2021-07-18", "")
    code, _, said = say("--force", "--channel", "web")
    assert code == 0
    assert "2021-07-18.md has 1 error: empty-url at line 7; published anyway (--force)" in said
    assert (letter / "public" / "2021-07-18" / "index.html").exists()
    known = ("tag:e.org,2021:slow/2021-07-18", "empty-url at line 7", "2021-07-18T04:00:00.000000Z")
    assert forced_issues(letter) == [known]
    assert "  published by --force 2021-07-18 12:00, with empty-url at line 7\n" in say("status")[1]
    rows = json.loads(say("status", "--json")[1])["rows"]
    assert {row["issue"]: row["forced"] for row in rows} == {
        "2021-07-18": {"errors": "empty-url at line 7", "at": "2021-07-18T12:00:00+08:00"},
        "2021-07-04": None,
    }
    assert say("--force", "--channel", "rss")[0] == 0
    assert forced_issues(letter) == [known], "an error was recorded twice"


def test_force_without_errors_is_not_recorded(letter: Path, say: Say) -> None:
    assert "warning" not in say("--force")[2]
    assert forced_issues(letter) == []


def test_forced_issue_is_not_stopped_again_until_its_text_changes(letter: Path, say: Say) -> None:
    write(letter, "2021-07-18", "")
    say("--force", "--channel", "rss")
    assert say("--channel", "wechat")[0] == 0
    (letter / "publisher.toml").write_text(SETTINGS.replace("[ch", 'tagline = "慢"\n[ch'), "utf-8")
    assert say()[0] == 0
    write(letter, "2021-07-18", "", "https://e.org/9")
    assert say()[0] == 1


def test_forced_issue_is_stopped_by_a_new_error(letter: Path, say: Say) -> None:
    urls = ("", "https://e.org/7", "https://e.org/8", "https://e.org/9")
    write(letter, "2021-07-18", *urls)
    assert say("--force")[0] == 0
    write(letter, "2021-07-04", *urls)  # which makes a copy of the other one
    code, _, said = say("2021-07-18")
    assert code == 1
    assert "2 errors: stale-copy at line 1, empty-url at line 7" in said


@pytest.mark.parametrize("words", [("--dry-run",), ("--out", "elsewhere")])
def test_force_is_not_recorded_without_publishing(letter: Path, say: Say, words: tuple[str, ...]) -> None:
    write(letter, "2021-07-18", "")
    assert say("--force", *words)[0] == 0
    place = letter / ".publisher" / "ledger.db"
    if place.exists():
        with closing(Ledger(place)) as ledger:
            assert load_forced_issues(ledger) == {}


def test_archive_is_adopted_in_spite_of_errors(letter: Path, say: Say) -> None:
    write(letter, "2021-06-20", "")
    (letter / "issues" / "2021-07-04.md").unlink()
    assert say("adopt")[0] == 0
    assert (letter / "public" / "2021-06-20" / "index.html").exists()
