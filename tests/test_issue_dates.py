"""dates.toml: the dates of issues that have none of their own."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from publisher.cli.main import main
from publisher.errors import ConfigError
from publisher.issue_dates import format_issue_dates, load_issue_dates

NOW = dt.datetime(2024, 7, 19, 12, 0, tzinfo=dt.UTC)
SETTINGS = '[newsletter]\nname = "N"\nurl = "https://e.org/{id}/"\nid = "tag:e.org,2021:n"\nlang = "en"\n'


@pytest.fixture
def letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newsletter with two issues without dates."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "letter"
    (root / "issues").mkdir(parents=True)
    (root / "publisher.toml").write_text(SETTINGS)
    for number in (9, 10):
        text = f"# N #{number}\n\n## News\n\n- [Boats](https://e.org/{number}/boats)\nSummary: Back.\n"
        (root / "issues" / f"issue-{number}.md").write_text(text)
    monkeypatch.chdir(root)
    return root


def test_what_is_written_is_read(tmp_path: Path) -> None:
    dates = {'a "b" \\ c.md': dt.date(2021, 7, 4), "期刊.md": dt.date(2021, 7, 18)}
    (tmp_path / "dates.toml").write_text(format_issue_dates(dates), "utf-8")
    assert load_issue_dates(tmp_path)[0] == dates


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        (
            '"issues/1.md" = "2021-07-18"',
            "dates.toml:1:1: the date of issues/1.md must be written without quotes, as year, month and day",
            'like "issues/1.md" = 2021-07-18',
        ),
        ('"issues/1.md" = 2021', "dates.toml:1:1: the date of issues/1.md must be written without quotes, as year", ""),
        ("issues/1.md = 2021-07-18", "dates.toml:1:7: expected", ""),
        ('"issues/1.md" = 2021-02-30', "dates.toml:1:27: invalid date", ""),
    ],
)
def test_a_mistake_has_a_place(letter: Path, line: str, message: str, hint: str) -> None:
    (letter / "dates.toml").write_text(f"{line}\n")
    with pytest.raises(ConfigError) as caught:
        load_issue_dates(letter)
    assert message.split(": ")[0].rpartition(":")[0] == caught.value.message.split(": ")[0].rpartition(":")[0]
    assert hint in caught.value.hint
    assert main([], NOW) == 2


def test_issues_are_published_by_the_file_and_again_after_a_change(
    letter: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (letter / "dates.toml").write_text('"issues/issue-9.md" = 2024-07-12\n')
    assert main([], NOW) == 0
    said = capsys.readouterr()
    assert "issue 2024-07-12" in said.out
    assert "left out: issues/issue-10.md has no date" in said.err
    (letter / "dates.toml").write_text('"issues/issue-9.md" = 2024-07-12\n"issues/issue-10.md" = 2024-07-19\n')
    assert main([], NOW) == 0
    said = capsys.readouterr()
    assert "issue 2024-07-19" in said.out
    assert "left out" not in said.err
    assert {page.parent.name for page in letter.glob("public/issue*/index.html")} == {"issue-9", "issue-10"}
    assert main(["check"], NOW) == 0


def test_a_corrected_date_is_no_new_issue_for_subscribers(letter: Path) -> None:
    (letter / "dates.toml").write_text('"issues/issue-9.md" = 2024-07-12\n"issues/issue-10.md" = 2024-07-19\n')
    assert main([], NOW) == 0
    before = (letter / "public" / "atom.xml").read_text("utf-8")
    (letter / "dates.toml").write_text('"issues/issue-9.md" = 2024-07-11\n"issues/issue-10.md" = 2024-07-19\n')
    assert main([], NOW) == 0
    after = (letter / "public" / "atom.xml").read_text("utf-8")
    assert before != after
    for number in (9, 10):
        assert f"<id>tag:e.org,2021:n/issue-{number}</id>" in before
        assert f"<id>tag:e.org,2021:n/issue-{number}</id>" in after
