"""`publish` stops before an issue with errors, and goes on when somebody insists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from publisher.cli.main import main
from publisher.ledger import Ledger

NOW = dt.datetime(2021, 7, 18, 4, 0, tzinfo=dt.UTC)
SETTINGS = """\
[newsletter]
name = "慢刊"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:slow"
"""

Said = tuple[int, str, str]


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
def publish_here(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def run(*words: str) -> Said:
        code = main([*words], NOW)
        out, err = capsys.readouterr()
        return code, out, err

    return run


STOPPED = (
    "error: issues/2021-07-18.md has 1 error: 7:8 empty-url"
    " · look: publish check issues/2021-07-18.md · go on all the same: --force\n"
)


@pytest.mark.parametrize("words", [("--channel", "rss"), ("2021-07-18",), ("--dry-run",)])
def test_errors_stop_it_before_anything_is_written(
    letter: Path, publish_here, words: tuple[str, ...]
) -> None:
    write(letter, "2021-07-18", "")
    code, _, said = publish_here(*words)
    assert code == 1
    assert said.endswith(STOPPED)
    assert not (letter / "public").exists()


def test_warnings_do_not(letter: Path, publish_here) -> None:
    (letter / "issues" / "2021-07-04.md").write_text(issue("2021-07-04", "https://e.org/1") + "摘要：\n")
    assert publish_here()[0] == 0


def test_a_copy_of_the_last_issue_is_stopped(letter: Path, publish_here) -> None:
    write(letter, "2021-07-18", "https://e.org/1", "https://e.org/2", "https://e.org/3")
    code, _, said = publish_here()
    assert code == 1
    assert "1 error: 1:3 stale-copy" in said


def test_errors_of_other_issues_do_not_stop_it(letter: Path, publish_here) -> None:
    write(letter, "2021-06-20", "")
    assert publish_here()[0] == 0


def test_force_goes_on_and_the_ledger_knows(letter: Path, publish_here) -> None:
    write(letter, "2021-07-18", "")
    code, _, said = publish_here("--force")
    assert code == 0
    assert "2021-07-18.md has 1 error: 7:8 empty-url; published all the same (--force)" in said
    assert (letter / "public" / "2021-07-18" / "index.html").exists()
    with closing(Ledger(letter / ".publisher" / "ledger.db")) as ledger, ledger.transaction() as books:
        [(name, errors, at)] = books.rows("SELECT issue, errors, at FROM insistence")
    assert (name, errors, at[:10]) == ("2021-07-18", "7:8 empty-url", "2021-07-18")


def test_who_insisted_once_is_not_stopped_again_until_the_text_changes(letter: Path, publish_here) -> None:
    write(letter, "2021-07-18", "")
    publish_here("--force")
    (letter / "publisher.toml").write_text(SETTINGS + 'tagline = "慢"\n', "utf-8")
    assert publish_here()[0] == 0
    write(letter, "2021-07-18", "", "https://e.org/9")
    assert publish_here()[0] == 1


@pytest.mark.parametrize("words", [("--dry-run",), ("--out", "elsewhere")])
def test_only_what_is_published_here_is_noted(letter: Path, publish_here, words: tuple[str, ...]) -> None:
    write(letter, "2021-07-18", "")
    assert publish_here("--force", *words)[0] == 0
    assert not (letter / ".publisher" / "ledger.db").exists()
