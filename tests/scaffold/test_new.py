"""What `new` writes: the next issue, named like the newest one, and never over what is there."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from publisher import scaffold
from publisher.config import Config
from publisher.errors import ConfigError, IssueError
from publisher.model import Issue, plain
from publisher.newsletter import Newsletter
from publisher.reader import parse_issue

TODAY = dt.date(2024, 7, 19)


def read_file(path: Path) -> Issue:
    return parse_issue(path.read_text("utf-8"), str(path))


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def settings(folder: Path, issues: str = "issues/*.md", lang: str = "zh-CN", tagline: str = "") -> Config:
    newsletter = Newsletter(
        "慢工", "https://example.org/{id}/", "https://example.org/", "tag:a,2021:b", lang=lang, tagline=tagline
    )
    return Config(folder / "publisher.toml", folder, newsletter, (issues,))


def issues(folder: Path, *days: str) -> None:
    for day in days:
        write(folder / "issues" / f"{day}.md", f"# 慢工 ({day})\n\n## 论文\n\n## 博文\n")


@pytest.mark.parametrize(
    ("days", "today", "date", "interval"),
    [
        ([], "2021-08-05", "2021-08-05", 14),
        (["2021-07-18"], "2021-07-20", "2021-08-01", 14),
        (["2021-07-18", "2021-07-25"], "2021-07-26", "2021-08-01", 7),
        # gaps 13, 14, 60: the median is 14
        (["2021-04-20", "2021-05-03", "2021-07-02", "2021-07-16"], "2021-07-17", "2021-07-30", 14),
        # a future issue counts
        (["2021-07-01", "2021-07-08", "2021-07-15"], "2021-07-02", "2021-07-22", 7),
        # a date of today is allowed
        (["2021-07-01", "2021-07-08"], "2021-07-15", "2021-07-15", 7),
        # after a pause the interval continues, on the same weekday
        (["2021-07-01", "2021-07-08"], "2021-08-20", "2021-08-26", 7),
        # invalid dates are ignored
        (["2021-07-01", "2021-07-xx", "2021-13-40"], "2021-07-02", "2021-07-15", 14),
    ],
)
def test_the_next_date_follows_the_interval(
    tmp_path: Path, days: list[str], today: str, date: str, interval: int
) -> None:
    issues(tmp_path, *days)
    made = scaffold.create_issue(settings(tmp_path), today=dt.date.fromisoformat(today))
    assert made.date == dt.date.fromisoformat(date)
    assert made.interval_days == interval
    assert made.path == tmp_path / "issues" / f"{date}.md"
    assert made.path.is_file()


def test_the_new_issue_is_a_draft_with_the_sections_of_the_last(tmp_path: Path) -> None:
    write(
        tmp_path / "issues" / "2021-07-18.md",
        "---\nlayout: default\nid: seven\n---\n"
        "# 慢工 (2021-07-18)：齿轮\n\n**旧口号**\n\n> 本期导读：本期 1 条。\n\n"
        "## 业界新闻\n\n- [a](https://example.org/)\n\n### 深处\n\n## 博文\n\n## [往期回顾](https://example.org/)\n",
    )
    made = scaffold.create_issue(settings(tmp_path, tagline="写得慢一点"), today=dt.date(2021, 7, 19))
    assert made.path.read_text("utf-8") == (
        "---\ndraft: true\nlayout: default\n---\n\n"
        "# 慢工 (2021-08-01)：\n\n**写得慢一点**\n\n> 本期导读：\n\n"
        "## 业界新闻\n\n## 博文\n"
    )
    assert made.previous_date == dt.date(2021, 7, 18)
    issue = read_file(made.path)
    assert issue.draft
    assert issue.diagnostics == ()
    assert issue.id == "2021-08-01"
    assert list(issue.items) == []


def test_the_first_issue_of_all(tmp_path: Path) -> None:
    made = scaffold.create_issue(settings(tmp_path, "texts/**/[0-9]*.md", "en"), today=dt.date(2021, 7, 19))
    assert made.path == tmp_path / "texts" / "2021-07-19.md"
    assert made.previous_date is None
    assert made.path.read_text("utf-8") == ("---\ndraft: true\n---\n\n# 慢工 (2021-07-19):\n\n> In this issue:\n")
    guide = read_file(made.path).guide
    assert guide
    assert guide.label == "In this issue"


def test_a_newsletter_without_a_guide_gets_none(tmp_path: Path) -> None:
    write(tmp_path / "issues" / "2021-07-18.md", "# 慢工 (2021-07-18)\n\nIt rained.\n\n## News\n")
    made = scaffold.create_issue(settings(tmp_path), today=TODAY)
    assert made.path.read_text("utf-8").endswith("：\n\n## News\n")


def test_the_tagline_of_the_last_issue_serves_when_the_settings_have_none(tmp_path: Path) -> None:
    write(tmp_path / "issues" / "2021-07-18.md", "# 慢工 (2021-07-18)\n\n**旧口号**\n\n## 博文\n")
    made = scaffold.create_issue(settings(tmp_path), today=TODAY)
    assert "\n**旧口号**\n" in made.path.read_text("utf-8")


@pytest.mark.parametrize(
    ("pattern", "last", "new"),
    [
        ("posts/*.md", "posts/2021-07-18-letter.md", "posts/2021-08-01-letter.md"),
        ("issues/*/index.md", "issues/2021-07-18/index.md", "issues/2021-08-01/index.md"),
        ("[0-9]*.md", "2021-07-18.md", "2021-08-01.md"),
    ],
)
def test_the_new_file_is_named_like_the_last(tmp_path: Path, pattern: str, last: str, new: str) -> None:
    write(tmp_path / last, "# 慢工 (2021-07-18)\n")
    assert scaffold.create_issue(settings(tmp_path, pattern), today=dt.date(2021, 7, 19)).path == tmp_path / new


def test_new_with_a_date(tmp_path: Path) -> None:
    issues(tmp_path, "2021-07-18")
    made = scaffold.create_issue(settings(tmp_path), today=TODAY, date=dt.date(2021, 7, 20))
    assert made.path == tmp_path / "issues" / "2021-07-20.md"
    assert [plain(section.title) for section in read_file(made.path).sections] == ["论文", "博文"]


def test_new_overwrites_nothing(tmp_path: Path) -> None:
    kept = write(tmp_path / "issues" / "2021-07-18-letter.md", "# 慢工 (2021-07-18)\n")
    issues(tmp_path, "2021-08-01")
    with pytest.raises(ConfigError) as caught:
        scaffold.create_issue(settings(tmp_path), today=TODAY, date=dt.date(2021, 7, 18))
    assert caught.value.message == f"{kept} already exists"
    assert kept.read_text("utf-8") == "# 慢工 (2021-07-18)\n"


def test_the_new_issue_takes_nothing_from_outside_of_the_folder(tmp_path: Path) -> None:
    found = settings(tmp_path / "slow")
    write(tmp_path / "outside.md", "# 慢工 (2021-07-18)\n\n## 秘密\n\n- [甲](https://e.org)\n")
    write(found.root / "issues" / "2021-07-04.md", "# 慢工 (2021-07-04)\n\n## 新闻\n\n- [甲](https://e.org)\n")
    (found.root / "issues" / "2021-07-18.md").symlink_to(tmp_path / "outside.md")
    (found.root / "issues" / "2021-07-20.md").symlink_to("/dev/zero")
    os.mkfifo(found.root / "issues" / "2021-07-19.md")
    made = scaffold.create_issue(found, today=dt.date(2021, 7, 25))
    assert made.path.name == "2021-08-01.md"
    assert made.previous_date == dt.date(2021, 7, 4)
    text = made.path.read_text("utf-8")
    assert "## 新闻" in text
    assert "秘密" not in text
    with pytest.raises(ConfigError, match="already exists"):
        scaffold.create_issue(found, today=TODAY, date=dt.date(2021, 7, 19))


@pytest.mark.parametrize(
    ("last", "title", "new", "heading"),
    [
        ("issue-250.md", "科技周刊（第 250 期）：新技术", "issue-251.md", "# 科技周刊（第 251 期）："),
        ("HarbourHub09.md", "《HarbourHub》第 09 期", "HarbourHub10.md", "# 《HarbourHub》第 10 期"),
        ("099.markdown", "Harbour Notes #99: Tides", "100.markdown", "# Harbour Notes #100:"),
        ("posts/boats/index.md", "Boats", "posts/2024-07-25/index.md", "# 慢工 (2024-07-25)："),
        ("posts/boats-7/index.md", "Boats", "posts/boats-8/index.md", "# 慢工"),
        ("posts/boats.md", "Boats", "posts/2024-07-25.md", "# 慢工 (2024-07-25)："),
    ],
)
def test_numbers_are_counted_up_and_the_date_is_in_the_front_matter(
    tmp_path: Path, last: str, title: str, new: str, heading: str
) -> None:
    found = settings(tmp_path, f"**/*{Path(last).suffix}")
    write(tmp_path / last, f"---\ndate: 2024-07-11\n---\n# {title}\n\n## 新闻\n")
    made = scaffold.create_issue(found, today=TODAY)
    assert made.path == tmp_path / new
    assert made.previous_date == dt.date(2024, 7, 11)
    text = made.path.read_text("utf-8")
    assert heading in text.splitlines()
    assert parse_issue(text, new).date == made.date == dt.date(2024, 7, 25)


def test_the_dates_of_dates_toml_count(tmp_path: Path) -> None:
    for number in (9, 10):
        write(tmp_path / "issues" / f"issue-{number}.md", f"# 慢工 第 {number} 期\n")
    found = Config(
        tmp_path / "publisher.toml",
        tmp_path,
        settings(tmp_path).newsletter,
        dates={"issues/issue-9.md": dt.date(2024, 7, 7), "issues/issue-10.md": dt.date(2024, 7, 14)},
    )
    made = scaffold.create_issue(found, today=TODAY)
    assert (made.path.name, made.date, made.interval_days) == ("issue-11.md", dt.date(2024, 7, 21), 7)


def test_an_issue_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    issues(tmp_path, "2024-07-18")
    with (tmp_path / "issues" / "2024-07-18.md").open("r+b") as file:
        file.truncate(9 << 20)
    with pytest.raises(IssueError, match=r"2024-07-18\.md has more than 8 MB"):
        scaffold.create_issue(settings(tmp_path), today=TODAY)
