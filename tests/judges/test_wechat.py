"""The articles for WeChat in an independent checker, and the preview page in a browser."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from publisher.channel import Context, Entry
from publisher.channels.wechat import WeChat
from publisher.channels.wechat.themes import THEMES
from publisher.newsletter import Newsletter
from publisher.reader import decode, parse_issue
from publisher.theme import Theme
from publisher.transforms import make_publishable, make_urls_absolute

HERE = Path(__file__).parent
BAD = """<section style="line-height:1.5;font-family:Georgia">
<p style="text-align:start">一 <strong>二</strong> 三 **四**</p></section>"""


@pytest.fixture(scope="session", params=["sample", "real"])
def folders(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    write_letter: Callable[[Path, list[Path]], Path],
    publish: Callable[..., str],
) -> list[Path]:
    """What the real command makes for WeChat: of made-up issues, and of real ones where they are at hand."""
    issues = HERE / "issues" if request.param == "sample" else request.getfixturevalue("corpus") / "issues"
    files = sorted(issues.glob("*.md"))
    letter = write_letter(tmp_path_factory.mktemp(request.param) / "letter", files)
    with (letter / "publisher.toml").open("a", encoding="utf-8") as settings:
        settings.write("[channels.wechat]\n")
    for file in files:
        publish("--channel", "wechat", "--issue", file.stem, "--force", folder=letter)
    made = sorted((letter / "outbox").glob("*/wechat"))
    assert len(made) == len(files)
    return made


# ------------------------------------------- wechat-article-checker, from PyPI


@pytest.fixture(scope="session")
def structure_findings(chromium: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What wechat-article-checker says of an article: rule to count, and the fragments it names."""
    folder = tmp_path_factory.mktemp("probe")

    def check(article: Path) -> dict[str, int]:
        probe = folder / "probe.html"
        subprocess.run([sys.executable, "-m", "probe", article, "-o", probe], check=True, capture_output=True)
        report = json.loads(chromium("probe.cjs", probe.as_uri()))
        counts = {"shown": report["preview"]["count"], "raw": report["payloadRaw"]}
        counts |= {width: seen["count"] for width, seen in report["payload"].items()}
        return {
            f"{where} {rule}": number
            for where, rules in counts.items()
            for rule, number in rules.items()
            if rule not in ("len", "head", "orphansWidows") and number
        }

    return check


@pytest.mark.parametrize("theme", THEMES)
def test_the_structure_is_in_order(folders: list[Path], structure_findings: Any, tmp_path: Path, theme: str) -> None:
    """All articles in one page: a browser starts slowly."""
    articles = [(folder / "article.html").read_text("utf-8") for folder in folders]
    if theme != "plain":
        letter = folders[0].parents[2]
        articles = [render_article(path, theme) for path in sorted((letter / "issues").glob("*.md"))]
    (tmp_path / "all.html").write_text("\n".join(articles), "utf-8")
    assert structure_findings(tmp_path / "all.html") == {}
    # What it counts together with `text-indent`, which bullets need: properties that browsers add to a copy.
    assert not re.search("orphans|widows|word-spacing|text-stroke", "".join(articles))


def render_article(path: Path, theme: str) -> str:
    """The article of an issue with all that an article may have."""
    base, at = "https://example.org/", dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    newsletter = Newsletter("灯塔周报", base + "{date}/", base, "tag:example.org,2020:l")
    issue = make_urls_absolute(make_publishable(parse_issue(decode(path.read_bytes(), path.name), path.name)), base)
    entry = Entry(issue.id, at.date(), "灯塔周报", "", f"{base}2026-03-01/", at, at)
    earlier = {f"{base}2017-0{n}-01/": f"https://mp.weixin.qq.com/s/{n:022}" for n in (1, 2, 3)}
    context = Context(newsletter, Theme.load(), entry, article_urls=earlier)
    return WeChat(theme=theme, qr="qr.png").render(issue, context).previews[0].body.decode()


def test_the_checker_notices(structure_findings: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text(BAD, "utf-8")
    found = structure_findings(tmp_path / "bad.html")
    for rule in ("lineHeight", "fontFamily", "textAlign", "bareEmphasis"):
        assert found[f"w375 {rule}"] >= 1
    assert found["raw unitlessLineHeight"] == 1


# ------------------------------------------------------------ the preview page


BASE = "https://example.org/"
PREVIEW = BASE + "preview.html"


def test_the_preview_works_for_everybody(folders: list[Path], chromium: Callable[..., str]) -> None:
    """Images of an issue come from their own hosts; nothing else is requested from another host."""
    images = json.loads((folders[-1] / "meta.json").read_text("utf-8"))["pictures"]
    found = chromium("browser.cjs", BASE, folders[-1], PREVIEW).splitlines()
    asked = {line.partition("outside request: ")[2] for line in found if "outside request" in line}
    assert asked <= set(images)
    assert [line for line in found if "outside request" not in line and not (asked and "console" in line)] == []


def test_the_buttons_copy_what_was_made(folders: list[Path], chromium: Callable[..., str]) -> None:
    folder = folders[-1]
    copied = json.loads(chromium("preview.cjs", BASE, folder, PREVIEW))
    meta = json.loads((folder / "meta.json").read_text("utf-8"))
    assert set(copied) == {"content", "title", "author", "digest", "content_source_url"}
    for key in set(copied) - {"content"}:
        assert copied[key] == {"text": meta[key], "html": ""}, key
    assert copied["content"]["html"] == (folder / "article.html").read_text("utf-8")
