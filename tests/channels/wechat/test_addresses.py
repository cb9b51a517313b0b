"""The URL of an article that was published by hand, and where it is used afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import feedparser
import pytest

ARTICLE = "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv"


@pytest.fixture
def letter(tmp_path: Path, publish: Any) -> Path:
    """The sample newsletter, with its files written."""
    publish("init", "--lang", "zh", "letter", folder=tmp_path)
    publish(folder=tmp_path / "letter")
    return tmp_path / "letter"


def issues(letter: Path) -> list[str]:
    return sorted(path.stem for path in (letter / "issues").glob("*.md"))


def test_later_issues_and_telegram_link_to_the_article(letter: Path, publish: Any) -> None:
    *_, earlier, newest = issues(letter)
    outbox = letter / "outbox" / newest
    assert ARTICLE not in (outbox / "wechat" / "article.html").read_text("utf-8")
    said = publish("resolve", earlier, "--url", "wechat", ARTICLE, folder=letter)
    assert said == f"{earlier}  wechat · {ARTICLE}\n"
    publish(folder=letter)
    assert ARTICLE in (outbox / "wechat" / "article.html").read_text("utf-8")
    assert ARTICLE in publish("status", earlier, folder=letter)

    own = f"{ARTICLE}2"
    publish("resolve", "latest", "--url", "wechat", own, folder=letter)
    publish(folder=letter)
    call = json.loads((outbox / "telegram" / "message-1.json").read_text("utf-8"))
    [row] = call["reply_markup"]["inline_keyboard"]
    assert [button["text"] for button in row] == ["网页版", "微信"]
    assert row[1]["url"] == own
    publish(folder=letter)
    assert "nothing to do" in publish(folder=letter)


def entries(letter: Path) -> dict[str, tuple[list[str], str]]:
    """By feed format: the additional links of the newest entry, and its content."""
    public = letter / "public"
    atom, rss = (feedparser.parse((public / name).read_bytes()).entries[0] for name in ("atom.xml", "feed.xml"))
    item = json.loads((public / "feed.json").read_bytes())["items"][0]
    return {
        "json": ([item["_wechat"]["url"]] if "_wechat" in item else [], item["content_html"]),
        **{
            form: ([link.href for link in one.links if link.rel == "related"], one.content[0].value)
            for form, one in (("atom", atom), ("rss", rss))
        },
    }


def test_feeds_link_to_the_article_without_changing_content(letter: Path, publish: Any) -> None:
    """The link is in the metadata of the entry; the content does not change, so it does not look new."""
    before = entries(letter)
    assert all(articles == [] for articles, _ in before.values())
    publish("resolve", "latest", "--url", "wechat", ARTICLE, folder=letter)
    publish("--channel", "rss", folder=letter)
    assert entries(letter) == {form: ([ARTICLE], content) for form, (_, content) in before.items()}
    assert "nothing to do" in publish("--channel", "rss", folder=letter)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://mp.weixin.qq.com/s?tempkey=MTIz", "not the permanent URL"),
        ("https://example.org/1", "not the permanent URL"),
        ("/s/AbC", "not the URL of a page"),
    ],
)
def test_a_temporary_url_is_rejected(letter: Path, publish: Any, url: str, why: str) -> None:
    said = publish("resolve", "latest", "--url", "wechat", url, "--json", folder=letter, code=2)
    assert why in json.loads(said)["error"]["message"]
