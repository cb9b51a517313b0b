"""A newsletter of any shape is published with two commands, and no text is touched.

The fixtures are in the shapes of newsletters and site generators that people use; the texts are our own.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from publisher.cli.main import main
from tests.scaffold.conftest import Commit, Write, load

NOW = dt.datetime(2024, 7, 19, 12, 0, tzinfo=dt.UTC)

BOATS = "Welcome to the harbour, where the boats are counted and the tides are told on time.\n"
EN = f"{BOATS}\n## News\n\n- [Boats for rent](https://e.org/{{n}}) from the office, and it is cheap\n- A buoy is back\n"
ZH = "潮水准时，船也准时。\n\n## 新闻\n\n- [租船处开门](https://e.org/{n})\n\n这一次是真的，我们去看过了。\n"
JA = "港のお知らせです。潮は時間どおりに来ます。\n\n## ニュース\n\n- [船を借りる](https://e.org/{n})\n"
KO = "항구 소식입니다. 밀물은 제시간에 옵니다.\n\n## 뉴스\n\n- [배를 빌려 드립니다](https://e.org/{n})\n"
AR = "هذه أخبار الميناء والمراكب والمد في كل أسبوع.\n\n## أخبار\n\n- [قوارب للإيجار](https://e.org/{n})\n"
RU = "Новости гавани: приливы, лодки и причалы.\n\n## Новости\n\n- [Лодки напрокат](https://e.org/{n})\n"


class Shape(NamedTuple):
    """Files by path, and what `init` must make of them: name, language, globs, the days of the issues by path."""

    files: dict[str, str]
    name: str
    lang: str
    patterns: tuple[str, ...]
    days: dict[str, str]
    commits: dict[str, str] = {}  # noqa: RUF012 - day by path, for those that git dates


def numbered(path: str, text: str, *numbers: int) -> dict[str, str]:
    """The same file for each number: `{n}` in its path and text."""
    return {path.replace("{n}", str(n)): text.replace("{n}", str(n)) for n in numbers}


SHAPES = {
    "dates in names, titles with numbers (Pelican)": Shape(
        numbered(
            "2024-06-0{n}-harbour-notes.md",
            f"Title: Harbour Notes 52{{n}}\nNumber: {{n}}\nDate: 2024-06-0{{n}}\n\n{EN}", 1, 8,
        ),
        "Harbour Notes", "en", ("*.md",),
        {"2024-06-01-harbour-notes.md": "2024-06-01", "2024-06-08-harbour-notes.md": "2024-06-08"},
    ),
    "numbers in names and titles, Chinese, in git": Shape(
        numbered("issue-{n}.md", f"# 港口周刊（第 {{n}} 期）：租船\n\n{ZH}", 9, 10) | {"README.md": "# 港口周刊\n"},
        "港口周刊", "zh-CN", ("*.md",),
        {"issue-9.md": "2024-06-07", "issue-10.md": "2024-06-14"},
        {"issue-9.md": "2024-06-07", "issue-10.md": "2024-06-14"},
    ),
    "a word and a number, in git, beside another language": Shape(
        numbered("content/HarbourHub{n}.md", f"# 《HarbourHub》第 {{n}} 期\n> 开源！\n\n{ZH}", 58, 59, 60)
        | numbered("content/en/HarbourHub{n}.md", f"# HarbourHub Vol. {{n}}\n\n{EN}", 60)
        | {"content/README.md": "# Hub\n"},
        "HarbourHub", "zh-CN", ("content/*.md",),
        {f"content/HarbourHub{n}.md": f"2024-0{n - 54}-28" for n in (58, 59, 60)},
        {f"content/HarbourHub{n}.md": f"2024-0{n - 54}-28" for n in (58, 59, 60)},
    ),
    "no titles at all, .markdown, in git": Shape(
        numbered("issue-{n}.markdown", EN, 112, 113),
        "harbour", "en", ("*.markdown",),
        {"issue-112.markdown": "2024-06-21", "issue-113.markdown": "2024-06-28"},
        {"issue-112.markdown": "2024-06-21", "issue-113.markdown": "2024-06-28"},
    ),
    "only numbers, a title of its own below the front matter": Shape(
        numbered(
            "posts/0{n}.md", f"---\nlayout: post\ntitle:  第{{n}}期\n---\n\n#  C++ 港口周刊 第{{n}}期\n\n{ZH}", 30, 31
        ),
        "C++ 港口周刊", "zh-CN", ("posts/*.md",),
        {"posts/030.md": "2024-06-05", "posts/031.md": "2024-06-12"},
        {"posts/030.md": "2024-06-05", "posts/031.md": "2024-06-12"},
    ),
    "Jekyll _posts": Shape(
        numbered(
            "_posts/2023-01-0{n}-update.md",
            "---\nlayout: post\ntitle: Week Ending January {n}, 2023\ndate: 2023-01-0{n} 22:00:00 -0000\n---\n" + EN,
            1, 8,
        ) | {"_config.yml": 'title: "Last Week in the Harbour"\n', "about.md": "---\ntitle: About\n---\n\nUs.\n"},
        "Last Week in the Harbour", "en", ("_posts/*.md",),
        {"_posts/2023-01-01-update.md": "2023-01-01", "_posts/2023-01-08-update.md": "2023-01-08"},
    ),
    "numbers in titles, one of two languages": Shape(
        numbered(
            "_posts/en/newsletters/2021-07-0{n}-newsletter.md",
            f"---\ntitle: 'Harbour Newsletter #15{{n}}'\nlang: en\n---\n{EN}", 1, 7,
        )
        | numbered(
            "_posts/ja/newsletters/2021-07-0{n}-newsletter.md",
            f"---\ntitle: '港ニュースレター #15{{n}}'\nlang: ja\n---\n{JA}", 7,
        ),
        "Harbour Newsletter", "en", ("_posts/en/newsletters/*.md",),
        {f"_posts/en/newsletters/2021-07-0{n}-newsletter.md": f"2021-07-0{n}" for n in (1, 7)},
    ),
    "Hugo posts with bundles and section pages": Shape(
        {
            "content/_index.md": "---\ntitle: Home\n---\n",
            "content/about.md": "---\ntitle: About\n---\n\nUs.\n",
            "content/posts/_index.md": "---\ntitle: Posts\n---\n",
            "content/posts/low-tide/index.md":
                f'+++\ntitle = "Harbour Notes: Low tide"\ndate = 2023-03-01T08:00:00Z\n+++\n{EN}',
            "content/posts/high-tide/index.md":
                f'+++\ntitle = "Harbour Notes: High tide"\ndate = 2023-03-08T08:00:00Z\n+++\n{EN}',
            "content/posts/2023-03-15-storm.md": f'---\ntitle: "Harbour Notes: Storm"\n---\n{EN}',
        },
        "Harbour Notes", "en", ("content/posts/*.md", "content/posts/*/index.md"),
        {
            "content/posts/low-tide/index.md": "2023-03-01",
            "content/posts/high-tide/index.md": "2023-03-08",
            "content/posts/2023-03-15-storm.md": "2023-03-15",
        },
    ),
    "Astro, with a date in words": Shape(
        {
            "src/content/blog/first.md": f"---\ntitle: 'Low tide'\npubDate: 'Jul 08 2022'\n---\n\n{EN}",
            "src/content/blog/second.md": f"---\ntitle: 'High tide'\npubDate: 'Jul 15 2022'\n---\n\n{EN}",
        },
        "harbour", "en", ("src/content/blog/*.md",),
        {"src/content/blog/first.md": "2022-07-08", "src/content/blog/second.md": "2022-07-15"},
    ),
    "Docusaurus blog and docs": Shape(
        {
            "blog/2021-08-01-low-tide.md": f"---\nslug: low\ntitle: Low tide\n---\n\n{EN}",
            "blog/2021-08-26-high/index.md": f"---\nslug: high\ntitle: High tide\n---\n\n{EN}",
            "docs/intro.md": "---\nsidebar_position: 1\n---\n\n# Intro\n",
            "docs/basics/pages.md": "# Pages\n",
            "node_modules/x/2021-01-01.md": "# Not ours\n",
        },
        "harbour", "en", ("blog/*.md", "blog/*/index.md"),
        {"blog/2021-08-01-low-tide.md": "2021-08-01", "blog/2021-08-26-high/index.md": "2021-08-26"},
    ),
    "folders by year, compact dates": Shape(
        numbered("newsletter/2022/2022010{n}.md", f"# Harbour Notes\n\n{EN}", 3)
        | numbered("newsletter/2023/2023010{n}.md", f"# Harbour Notes\n\n{EN}", 2, 9),
        "Harbour Notes", "en", ("newsletter/*/*.md",),
        {
            "newsletter/2022/20220103.md": "2022-01-03",
            "newsletter/2023/20230102.md": "2023-01-02",
            "newsletter/2023/20230109.md": "2023-01-09",
        },
    ),
    "a flat folder of letters with other pages": Shape(
        {
            "one-letter.md": f"---\ntitle: One letter\ndate: 2023-11-20\n---\n{EN}",
            "two.md": f"---\ntitle: Two boats\ndate: 2023-11-27\n---\n{EN}",
            "about.md": "# About us\n",
            "CHANGELOG.md": "# Changes\n\n## 1.2.0 (2023-01-01)\n",
            "LICENSE.md": "MIT\n",
            "CONTRIBUTING.md": "# How to help\n",
        },
        "harbour", "en", ("*.md", "!about.md"), {"one-letter.md": "2023-11-20", "two.md": "2023-11-27"},
    ),
    "Korean, by month": Shape(
        {f"issues/2024-0{n}.md": f"# FE 항구 소식 24년 {n}월\n\n{KO}" for n in (4, 5)} | {"README.md": "# FE\n"},
        "FE 항구 소식", "ko", ("issues/*.md",), {"issues/2024-04.md": "2024-04-01", "issues/2024-05.md": "2024-05-01"},
    ),
    "Japanese, dates in titles": Shape(
        {f"archives/tide{n}.md": f"# 港だより 2024年6月{n}日\n\n{JA}" for n in (3, 10)},
        "港だより", "ja", ("archives/*.md",), {"archives/tide3.md": "2024-06-03", "archives/tide10.md": "2024-06-10"},
    ),
    "two posts on one day": Shape(
        {
            f"blog/{name}.md": f'---\ntitle: "Harbour Notes: {name}"\ndate: 2024-06-12\n---\n{EN}'
            for name in ("ebb", "flow")
        },
        "Harbour Notes", "en", ("blog/*.md",), {"blog/ebb.md": "2024-06-12", "blog/flow.md": "2024-06-12"},
    ),
    "Arabic": Shape(
        numbered("issues/{n}.md", f"---\ntitle: نشرة الميناء - العدد {{n}}\ndate: 2024-06-1{{n}}\n---\n\n{AR}", 1, 2),
        "نشرة الميناء", "ar", ("issues/*.md",), {"issues/1.md": "2024-06-11", "issues/2.md": "2024-06-12"},
    ),
    "Russian, dates in words": Shape(
        {f"posts/boats-{n}.md": f"# Вести гавани, {n} июня 2024\n\n{RU}" for n in (3, 17)},
        "Вести гавани", "ru", ("posts/*.md",), {"posts/boats-3.md": "2024-06-03", "posts/boats-17.md": "2024-06-17"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_newsletter_is_published_with_two_commands(
    shape: Shape, write: Write, commit: Commit, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write({})
    texts = {path: text.replace("{n}", path) for path, text in shape.files.items()}  # no link is in two issues
    for path in sorted(texts, key=lambda path: shape.commits.get(path, "")):
        write({path: texts[path]})
        if path in shape.commits:
            commit(shape.commits[path])
    assert main(["init", "--yes"], NOW) == 0
    said = capsys.readouterr()
    found = load(folder)
    assert (found.newsletter.name, found.newsletter.lang, found.issues) == (shape.name, shape.lang, shape.patterns)
    assert {channel.name for channel in found.channels} == (
        {"web", "rss", "telegram", "email"} | ({"wechat"} if shape.lang == "zh-CN" else set())
    )
    days = sorted(shape.days.values())
    count = f"{len(days)} issue" if len(days) == 1 else f"{len(days)} issues"
    span = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    newest = max(shape.days, key=lambda path: (shape.days[path], path))
    assert f"{count}, {span}; newest: {newest}\n" in said.err
    assert said.err.endswith("next: publish\n")
    assert main(["check"], NOW) == 0, capsys.readouterr().out
    assert main(["--yes"], NOW) == 0, capsys.readouterr().err
    assert "left out" not in capsys.readouterr().err
    published = {page.parent.name for page in (folder / "public").glob("*/index.html")} - {"search"}
    assert len(published) == len(days)
    assert {path: (folder / path).read_text("utf-8") for path in texts} == texts


@pytest.mark.parametrize(
    ("name", "title", "lang"),
    [
        ("cppweekly", "C++ 中文周刊", "zh-CN"),
        ("haskellweekly", "haskellweekly", "en"),
        ("hellogithub", "HelloGitHub", "zh-CN"),
        ("lwkd", "lwkd", "en"),
        ("optech", "Bitcoin Optech Newsletter", "en"),
        ("this-week-in-rust", "This Week in Rust", "en"),
        ("weekly", "科技爱好者周刊", "zh-CN"),
    ],
)
def test_real_newsletters(
    name: str, title: str, lang: str, folder: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder.parent / name
    shutil.copytree(corpus / "newsletters" / name, root)
    before = {path.name: path.read_bytes() for path in root.iterdir()}
    monkeypatch.chdir(root)
    assert main(["init", "--yes"], NOW) == 0
    assert (load(root).newsletter.name, load(root).newsletter.lang) == (title, lang)
    assert main(["--force", "--yes"], NOW) == 0
    assert len({page.parent.name for page in (root / "public").glob("*/index.html")} - {"search"}) == 2
    assert {path.name: path.read_bytes() for path in root.iterdir() if path.name in before} == before


def test_three_commands_from_the_clone_to_the_first_page(publish: Callable[..., str], write: Write) -> None:
    """The first installs the program, as README.md shows; the other two are these."""
    folder = write(numbered("issues/2024-06-0{n}.md", f"# Harbour Notes (2024-06-0{{n}})\n\n{EN}", 1, 8))
    publish("init", "--yes", folder=folder)
    publish(folder=folder)
    assert "Boats for rent" in (folder / "public" / "2024-06-08" / "index.html").read_text("utf-8")
