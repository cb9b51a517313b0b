"""What `init` and `new` write: a newsletter that works at once, and never over what is there."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from pathlib import Path

import pytest

from publisher import config, registry, scaffold
from publisher.config import Config
from publisher.errors import ConfigError, StorageError
from publisher.model import Issue, Paragraph, Strong, plain
from publisher.newsletter import Newsletter
from publisher.reader import parse_issue
from publisher.timetable import Schedule
from publisher.toml import list_keys

TODAY = dt.date(2024, 7, 19)
SAMPLE_DAYS = ["2024-06-20", "2024-07-04", "2024-07-18"]


def read_file(path: Path) -> Issue:
    return parse_issue(path.read_text("utf-8"), str(path))


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def load(folder: Path) -> Config:
    return config.load_config(folder / "publisher.toml", registry.load_channel)


def settings(folder: Path, issues: str = "issues/*.md", lang: str = "zh-CN", tagline: str = "") -> Config:
    newsletter = Newsletter(
        "慢工", "https://example.org/{id}/", "https://example.org/", "tag:a,2021:b", lang=lang, tagline=tagline
    )
    return Config(folder / "publisher.toml", folder, newsletter, issues)


# ------------------------------------------------------------- init, no issues


def test_an_empty_folder_becomes_a_sample_newsletter(tmp_path: Path) -> None:
    folder = tmp_path / "slow"
    made = scaffold.create_newsletter(folder, today=TODAY)
    assert made.source_issue is None
    assert made.created[0] == folder / "publisher.toml"
    assert sorted(made.created[1:]) == [folder / "issues" / f"{day}.md" for day in SAMPLE_DAYS]
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(made.created)


def test_the_sample_settings_load(tmp_path: Path) -> None:
    scaffold.create_newsletter(tmp_path, today=TODAY)
    found = load(tmp_path)
    assert found.newsletter.name == "慢工双周刊"
    assert found.newsletter.url == "https://example.org/slow-craft/{date}/"
    assert found.newsletter.id == "tag:example.org,2024:slow-craft"
    assert (found.newsletter.lang, found.newsletter.timezone) == ("zh-CN", "Asia/Shanghai")
    assert [channel.name for channel in found.channels] == [*registry.channel_names()]
    assert sorted(path.stem for path in tmp_path.glob(found.issues)) == SAMPLE_DAYS


def test_the_settings_name_every_key() -> None:
    """A key that is added to a class is to be explained here too."""
    text = (Path(scaffold.templates.__path__[0]) / "publisher.toml").read_text("utf-8")
    written = {line.lstrip("# ").partition(" = ")[0] for line in text.splitlines() if " = " in line}
    keys = {*list_keys(Newsletter), "issues", "listen", "postgres", "proxies", "enabled"} - {"base"}
    keys |= set(Schedule._fields) - {"channel_times", "is_set"}
    for name in registry.channel_names():
        keys |= set(list_keys(registry.load_channel(name)))
    assert written == keys


def test_every_commented_key_can_be_enabled(tmp_path: Path) -> None:
    scaffold.create_newsletter(tmp_path, today=TODAY)
    path = tmp_path / "publisher.toml"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(line.removeprefix("# ") if " = " in line else line for line in lines), "utf-8")
    found = load(tmp_path)
    assert found.newsletter.email == "editor@example.org"
    assert found.newsletter.license == "CC-BY-SA-4.0"


@pytest.mark.parametrize("day", SAMPLE_DAYS)
def test_a_sample_issue_has_no_problems(tmp_path: Path, day: str) -> None:
    scaffold.create_newsletter(tmp_path, today=TODAY)
    issue = read_file(tmp_path / "issues" / f"{day}.md")
    assert issue.diagnostics == ()
    assert issue.dropped == ()
    assert not issue.draft
    assert issue.date == dt.date.fromisoformat(day)
    assert issue.title
    assert (issue.title.name, issue.title.date) == ("慢工双周刊", day)
    assert len(issue.title.headline) == 3
    assert plain(issue.tagline) == "写得慢一点，用得久一点：排版、字体与顺手的工具"
    assert issue.guide
    assert issue.guide.count == len(list(issue.items))
    assert [segment.label for segment in issue.guide.segments] == ["新闻", "论文", "开源", "博文"]
    assert len(issue.briefs) >= 3
    assert [note.kind for note in issue.notes] == ["read_original"]
    assert [plain(section.title) for section in issue.sections] == ["业界新闻", "论文", "开源项目", "博文"]
    for item in issue.items:
        assert item.url
        assert item.url.startswith("https://")
        assert plain(item.summary), plain(item.title)


def test_the_samples_show_the_main_features(tmp_path: Path) -> None:
    scaffold.create_newsletter(tmp_path, today=TODAY)
    issues = [read_file(tmp_path / "issues" / f"{day}.md") for day in SAMPLE_DAYS]
    items = [item for issue in issues for item in issue.items]
    assert {"List", "Table", "CodeBlock", "Paragraph"} == {
        type(block).__name__ for item in items for block in item.body
    }
    assert all(item.repo for issue in issues for item in issue.sections[2].items)
    assert all(item.arxiv for issue in issues for item in issue.sections[1].items)
    assert any(item.authors for item in items)
    assert any(item.source for item in items)
    assert {"summary", "paper", "code", "title", "project", "docs"} <= {
        field.kind for item in items for field in item.fields
    }


def test_bold_beside_chinese_marks_is_bold(tmp_path: Path) -> None:
    scaffold.create_newsletter(tmp_path, today=TODAY)
    bold = set()
    for day in SAMPLE_DAYS:
        for item in read_file(tmp_path / "issues" / f"{day}.md").items:
            lines = [item.summary, *(block.children for block in item.body if isinstance(block, Paragraph))]
            assert "**" not in "".join(plain(line) for line in lines)
            bold |= {plain((node,)) for line in lines for node in line if isinstance(node, Strong)}
    assert {"“磨损不是缺陷，是使用的记录。”", "“字该长什么样，”", "总要有人知道六号字能印到多清楚。"} <= bold


# ------------------------------------------------------------ init, with issues


def test_a_folder_with_issues_gets_only_its_settings(tmp_path: Path) -> None:
    folder = tmp_path / "clock-letter"
    write(folder / "issues" / "2021-07-18.md", '# 钟表匠"来信" (2021-07-18)：齿轮\n\n**慢\\\\一点**\n')
    write(folder / "issues" / "2021-07-04.md", "# 旧名 (2021-07-04)\n")
    write(folder / "issues" / "2021-08-xx.md", "# 草稿 (2021-08-xx)\n")
    made = scaffold.create_newsletter(folder, today=TODAY)
    assert made.created == (folder / "publisher.toml",)
    assert made.source_issue == folder / "issues" / "2021-07-18.md"
    found = load(folder)
    assert found.newsletter.name == '钟表匠"来信"'
    assert found.newsletter.tagline == "慢\\一点"
    assert found.newsletter.url == "https://example.org/clock-letter/{date}/"
    assert found.newsletter.id == "tag:example.org,2024:clock-letter"
    assert found.issues == "issues/*.md"


def test_issues_beside_a_readme(tmp_path: Path) -> None:
    write(tmp_path / "README.md", "# About\n")
    write(tmp_path / "2021-07-18-gears.md", "# Clock Letter (2021-07-18): gears\n")
    made = scaffold.create_newsletter(tmp_path, today=TODAY)
    assert made.source_issue == tmp_path / "2021-07-18-gears.md"
    found = load(tmp_path)
    assert found.newsletter.name == "Clock Letter"
    assert found.newsletter.id == "tag:example.org,2024:clock-letter"
    assert (found.newsletter.lang, found.newsletter.timezone) == ("en", "UTC")
    assert found.issues == "[0-9]*.md"


def test_issues_are_known_by_their_title_too(tmp_path: Path) -> None:
    write(tmp_path / "issues" / "two.md", "# Clock Letter (2021-07-18)\n")
    write(tmp_path / "issues" / "zebra.md", "# Clock Letters (2021-07-04)\n")
    made = scaffold.create_newsletter(tmp_path, today=TODAY)
    assert made.source_issue == tmp_path / "issues" / "two.md"
    assert load(tmp_path).issues == "issues/*.md"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Harbour Notes #12: Tides and Sails", "Harbour Notes"),
        ("Harbour Notes, Issue 12: Tides", "Harbour Notes"),
        ("Harbour Notes (No. 3)", "Harbour Notes"),
        ("慢工 第 12 期：齿轮", "慢工"),
        ("Notes from November", "Notes from November"),
        ("#12", "#12"),
    ],
)
def test_the_name_is_the_title_before_the_number(tmp_path: Path, title: str, name: str) -> None:
    write(tmp_path / "issues" / "2021-07-18.md", f"# {title}\n")
    scaffold.create_newsletter(tmp_path, today=TODAY)
    assert load(tmp_path).newsletter.name == name


def test_a_readme_alone_is_no_issue(tmp_path: Path) -> None:
    write(tmp_path / "README.md", "# About\n")
    assert len(scaffold.create_newsletter(tmp_path, today=TODAY).created) == 4


@pytest.mark.parametrize("with_issues", [True, False])
def test_init_overwrites_nothing(tmp_path: Path, with_issues: bool) -> None:
    kept = write(tmp_path / "publisher.toml", "mine")
    if with_issues:
        issues(tmp_path, "2021-07-18")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ConfigError) as caught:
        scaffold.create_newsletter(tmp_path, today=TODAY)
    assert caught.value.message == f"{kept} already exists"
    assert caught.value.hint == "nothing was written; edit it or move it away"
    assert kept.read_text("utf-8") == "mine"
    assert sorted(tmp_path.rglob("*")) == before


def test_init_reports_permission_errors(tmp_path: Path) -> None:
    blocked = write(tmp_path / "file", "")
    with pytest.raises(StorageError, match=r"cannot write .*publisher\.toml: Not a directory"):
        scaffold.create_newsletter(blocked / "folder", today=TODAY)


def test_real_issues(tmp_path: Path, corpus: Path) -> None:
    shutil.copytree(corpus / "issues", tmp_path / "issues")
    made = scaffold.create_newsletter(tmp_path, today=TODAY)
    assert made.source_issue == tmp_path / "issues" / "2021-08-01.md"
    found = load(tmp_path)
    assert found.newsletter.name == "嵌入式AI简报"
    assert found.newsletter.tagline == "关注模型压缩、低比特量化、移动端推理加速优化、部署"
    next_one = scaffold.create_issue(found, today=TODAY)
    sections = [plain(section.title) for section in read_file(next_one.path).sections]
    assert sections == ["业界新闻", "论文", "开源项目", "博文"]


# ------------------------------------------------------------------------- new


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
