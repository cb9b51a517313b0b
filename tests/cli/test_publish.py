"""`publish`: what it prints where, to the letter."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from tests.cli.conftest import NOW, Command, Said, files, without_times


def test_publish(letter: Path, run: Command) -> None:
    said = run()
    assert said.code == 0
    assert said.err == "next: open public/2021-07-18/index.html\n"
    assert without_times(said.out).splitlines() == [
        "issue 2021-07-18 · latest due",
        "✓ web       public/index.html · 2 issues · 7 files written, 0 unchanged",
        "✓ rss       public/feed.xml, atom.xml, feed.json · 2 issues · 10 files written, 0 unchanged",
    ]
    assert {"public/2021-07-18/index.html", "public/index.html", "public/feed.xml"} <= files(letter)
    assert (letter / ".publisher" / ".gitignore").read_text() == "/cache/\n/lock\n/ledger.*\n"


def test_publish_one_channel(letter: Path, run: Command) -> None:
    said = run("--channel", "rss")
    assert said.code == 0
    assert [line[:5] for line in said.out.splitlines()] == ["issue", "✓ rss"]
    assert not (letter / "public" / "index.html").exists()


def test_nothing_to_do(letter: Path, run: Command) -> None:
    run()
    said = "nothing to do: published 2021-07-18 12:00 and unchanged since; the next issue is dated 2021-08-01"
    assert run() == Said(0, f"issue 2021-07-18 · latest due\n{said}\n", "")
    assert run("-c", "rss", now=NOW + dt.timedelta(hours=1)).out.splitlines()[1] == said


def test_one_channel_has_something_to_do(letter: Path, run: Command) -> None:
    run("--channel", "rss")
    said = run()
    assert [line[:5] for line in said.out.splitlines()] == ["issue", "✓ web", "  rss"]
    assert said.out.splitlines()[2] == "  rss       unchanged"


@pytest.mark.parametrize(
    "words",
    [
        ("2021-07-04",),
        ("issues/2021-07-04.md",),
        ("--issue", "2021-07-04"),
        ("-i", "issues/2021-07-04.md"),
        ("--channel", "web,rss", "2021-07-04"),
        ("-c", "web", "-c", "rss", "--issue=2021-07-04"),
    ],
)
def test_an_issue_by_name(letter: Path, run: Command, words: tuple[str, ...]) -> None:
    said = run(*words)
    assert said.code == 0
    assert said.out.splitlines()[0] == "issue 2021-07-04 · issues/2021-07-04.md"
    assert (letter / "public" / "2021-07-18" / "index.html").exists()


def test_from_a_folder_below(letter: Path, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(letter / "issues")
    assert run("2021-07-04.md").code == 0
    assert (letter / "public" / "index.html").exists()


def test_all_channels_by_name(letter: Path, run: Command) -> None:
    assert len(run("--channel", "all").out.splitlines()) == 3


def test_a_dry_run(letter: Path, run: Command) -> None:
    before = files(letter)
    said = run("--dry-run", "--channel", "web")
    assert without_times(said.out).splitlines() == [
        "issue 2021-07-18 · latest due · dry run: nothing is published or sent",
        "✓ web       7 files new: public/2021-07-04/index.html, public/2021-07-18/index.html, public/index.html, "
        "public/search/2021.json, index.html and 2 more",
    ]
    assert said.err == "next: look at outbox/dry-run/2021-07-18/web/index.html\n"
    assert files(letter) - before == {"outbox/dry-run/2021-07-18/web/index.html"}
    assert not (letter.parent / "cache").exists()


def test_another_folder(letter: Path, run: Command, tmp_path: Path) -> None:
    assert run("--out", "../elsewhere").code == 0
    assert (tmp_path / "elsewhere" / "public" / "feed.xml").exists()
    assert not (letter / "public").exists()


def test_json(letter: Path, run: Command) -> None:
    (letter / "issues" / "2021-07-18.md").write_text(
        "# 慢刊 (2021-07-18)：题\n\n## 新闻\n\n- [条目 | ](https://e.org/9)\n"
    )
    said = run("--json", "--channel", "web")
    result = json.loads(said.out)
    assert result["exit"] == said.code == 0
    assert result["issue"] == {
        "id": "2021-07-18",
        "date": "2021-07-18",
        "title": "慢刊 (2021-07-18)：题",
        "url": "https://e.org/2021-07-18/",
        "path": "issues/2021-07-18.md",
        "problems": ["5:7 empty-source"],
    }
    assert set(result["channels"]) == {"web"}
    assert len(result["channels"]["web"]["written"]) == 10, "seven files of pages and search, and three cards"
    assert result["channels"]["web"]["error"] is None
    assert (result["dry_run"], result["warnings"]) == (False, [])


def test_json_of_nothing_to_do(letter: Path, run: Command) -> None:
    run()
    result = json.loads(run("--json").out)
    web = result["channels"]["web"]
    assert (web["written"], web["unchanged"], web["sent"], web["error"]) == ([], 10, 0, None)


def test_json_of_an_error(letter: Path, run: Command) -> None:
    said = run("--json", "--issue", "2021-07-05")
    assert said.code == 2
    assert json.loads(said.out) == {
        "error": {"message": "there is no issue 2021-07-05", "hint": "did you mean 2021-07-04?"},
        "exit": 2,
    }


def test_problems_of_the_issue_are_reported_on_one_line(letter: Path, run: Command) -> None:
    items = "".join(f"- [条目 {number} | ](https://e.org/{number})\n" for number in range(4))
    (letter / "issues" / "2021-07-18.md").write_text(f"# 慢刊 (2021-07-18)：题\n\n## 新闻\n\n{items}")
    said = run()
    assert said.code == 0
    listed = "5:9 empty-source, 6:9 empty-source, 7:9 empty-source, …"
    assert said.err.splitlines()[0] == f"warning: 4 problems in issues/2021-07-18.md: {listed}"


def test_an_issue_without_a_date_is_one_line(letter: Path, run: Command) -> None:
    (letter / "issues" / "notes.md").write_text("# Notes\n")
    assert run().err.partition("next: ")[0] == (
        "warning: left out: issues/notes.md has no date · write date: 2021-07-18 at its top, between two lines of ---, "
        'or "issues/notes.md" = 2021-07-18 into dates.toml\n'
    )


def test_a_page_without_an_issue_is_reported(letter: Path, run: Command) -> None:
    run()
    (letter / "issues" / "2021-07-04.md").unlink()
    said = run()
    assert "note: public/2021-07-04/index.html no longer belongs to an issue; it is not deleted\n" in said.err


def test_no_issue_is_due(letter: Path, run: Command) -> None:
    said = run(now=dt.datetime(2021, 7, 1, tzinfo=dt.UTC))
    reason = "the next one, issues/2021-07-04.md, is dated 2021-07-04, in 3 days"
    assert said == Said(0, f"nothing to do: no issue is due; {reason}\n", "")
