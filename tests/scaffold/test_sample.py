"""The sample newsletters, in English and Chinese: complete, without problems, and showing what the program can do."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from publisher import registry, scaffold
from publisher.cli.main import main
from publisher.errors import ConfigError
from publisher.model import Issue, Paragraph, Strong, plain
from publisher.reader import parse_issue
from tests.scaffold.conftest import load

TODAY = dt.date(2024, 7, 19)
NOW = dt.datetime(2024, 7, 19, 12, 0, tzinfo=dt.UTC)
DAYS = ["2024-06-20", "2024-07-04", "2024-07-18"]
SAMPLES = {
    "zh": ("慢工双周刊", "写得慢一点，用得久一点：排版、字体与顺手的工具", "zh-CN", "Asia/Shanghai", "slow-craft"),
    "en": (
        "The Slow Workshop",
        "Made slowly, kept long: type, tools and the care of both",
        "en",
        "UTC",
        "slow-workshop",
    ),
}
SECTIONS = {"zh": ["业界新闻", "论文", "开源项目", "博文"], "en": ["News", "Papers", "Open source", "Articles"]}

each_language = pytest.mark.parametrize("lang", SAMPLES)


@pytest.fixture
def letter(folder: Path, lang: str) -> Path:
    scaffold.create_sample(folder, scaffold.find_sample(lang), today=TODAY)
    return folder


def read_issues(letter: Path) -> list[Issue]:
    return [parse_issue((letter / "issues" / f"{day}.md").read_text("utf-8"), f"issues/{day}.md") for day in DAYS]


@each_language
def test_an_empty_folder_becomes_a_sample_newsletter(folder: Path, lang: str) -> None:
    made = scaffold.create_sample(folder / "slow", scaffold.find_sample(lang), today=TODAY)
    assert made[0] == folder / "slow" / "publisher.toml"
    assert sorted(path.name for path in made[1:]) == [f"{day}.md" for day in DAYS]
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(made)


@each_language
def test_the_settings_load(letter: Path, lang: str) -> None:
    name, tagline, tag, timezone, slug = SAMPLES[lang]
    found = load(letter)
    newsletter = found.newsletter
    assert (newsletter.name, newsletter.tagline, newsletter.lang, newsletter.timezone) == (name, tagline, tag, timezone)
    assert newsletter.url == f"https://example.org/{slug}/{{date}}/"
    assert newsletter.id == f"tag:example.org,2024:{slug}"
    enabled = {channel.name for channel in found.channels}
    assert enabled == set(registry.channel_names()) - ({"wechat"} if lang == "en" else set())
    assert len((letter / "publisher.toml").read_text("utf-8").splitlines()) <= 14


@each_language
def test_a_sample_issue_has_no_problems(letter: Path, lang: str) -> None:
    for day, issue in zip(DAYS, read_issues(letter), strict=True):
        assert issue.diagnostics == ()
        assert issue.dropped == ()
        assert not issue.draft
        assert issue.date == dt.date.fromisoformat(day)
        assert issue.title
        assert (issue.title.name, issue.title.date) == (SAMPLES[lang][0], day)
        assert len(issue.title.headline) == 3
        assert plain(issue.tagline) == SAMPLES[lang][1]
        assert issue.guide
        items = len(list(issue.items))
        assert f"{items} 条" in plain_guide(issue) or f"{items} items" in plain_guide(issue)
        assert len(issue.briefs) >= 3
        assert [plain(section.title) for section in issue.sections] == SECTIONS[lang]
        for item in issue.items:
            assert item.url
            assert item.url.startswith("https://")
            assert plain(item.summary), plain(item.title)


def plain_guide(issue: Issue) -> str:
    assert issue.guide
    return " ".join(plain(block.children) for block in issue.guide.blocks if isinstance(block, Paragraph))


@pytest.mark.parametrize("lang", ["zh"])
def test_the_chinese_guide_and_notes_are_understood(letter: Path) -> None:
    for issue in read_issues(letter):
        assert issue.guide
        assert issue.guide.count == len(list(issue.items))
        assert [segment.label for segment in issue.guide.segments] == ["新闻", "论文", "开源", "博文"]
        assert [note.kind for note in issue.notes] == ["read_original"]


@each_language
def test_the_samples_show_the_main_features(letter: Path, lang: str) -> None:
    issues = read_issues(letter)
    items = [item for issue in issues for item in issue.items]
    assert {"List", "Table", "CodeBlock", "Paragraph"} == {
        type(block).__name__ for item in items for block in item.body
    }
    assert all(item.repo for issue in issues for item in issue.sections[2].items)
    assert all(item.arxiv for issue in issues for item in issue.sections[1].items)
    assert any(item.authors for item in items) or lang == "en"
    assert any(item.source for item in items)
    assert {"summary", "code", "docs"} <= {field.kind for item in items for field in item.fields}


@pytest.mark.parametrize("lang", ["zh"])
def test_bold_beside_chinese_marks_is_bold(letter: Path) -> None:
    bold = set()
    for issue in read_issues(letter):
        for item in issue.items:
            lines = [item.summary, *(block.children for block in item.body if isinstance(block, Paragraph))]
            assert "**" not in "".join(plain(line) for line in lines)
            bold |= {plain((node,)) for line in lines for node in line if isinstance(node, Strong)}
    assert {"“磨损不是缺陷，是使用的记录。”", "“字该长什么样，”", "总要有人知道六号字能印到多清楚。"} <= bold


@pytest.mark.parametrize(
    ("locale", "arguments", "name"),
    [
        ({}, [], "The Slow Workshop"),
        ({"LANG": "C.UTF-8"}, [], "The Slow Workshop"),
        ({"LANG": "zh_CN.UTF-8"}, [], "慢工双周刊"),
        ({"LANG": "zh_TW.UTF-8"}, [], "慢工双周刊"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "de_DE.UTF-8"}, [], "The Slow Workshop"),
        ({"LANG": "zh_CN.UTF-8"}, ["--lang", "en"], "The Slow Workshop"),
        ({}, ["--lang", "zh-CN"], "慢工双周刊"),
    ],
)
def test_the_language_is_that_of_the_locale_or_the_option(
    folder: Path, monkeypatch: pytest.MonkeyPatch, locale: dict[str, str], arguments: list[str], name: str
) -> None:
    for key, value in locale.items():
        monkeypatch.setenv(key, value)
    assert main(["init", *arguments], NOW) == 0
    assert load(folder).newsletter.name == name


def test_there_is_no_sample_in_other_languages(folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        scaffold.find_sample("ja")
    assert (caught.value.message, caught.value.hint) == ("there is no sample in ja", "--lang en or --lang zh")


def test_a_sample_among_other_texts_has_to_be_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "thoughts.md").write_text("# Thoughts\n", "utf-8")
    assert main(["init", "--yes"], NOW) == 2
    assert [path.name for path in folder.iterdir()] == ["thoughts.md"]
    assert capsys.readouterr().err == (
        "error: no issue found: thoughts.md has no date and no number · write at its top, between two lines of ---: "
        "date: 2024-07-19 · to try a sample: publish init --sample\n"
    )
    assert main(["init", "--sample", "--yes"], NOW) == 0
    assert sorted(path.stem for path in folder.glob("issues/*.md")) == DAYS


@each_language
def test_the_sample_is_published_without_a_problem(letter: Path, lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"], NOW) == 0
    assert "no problems found" in capsys.readouterr().out
    assert main([], NOW) == 0
