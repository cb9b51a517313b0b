"""Every visible word of an issue, and the address of every item, reaches every channel.

The source is taken apart here by plain regular expressions, so that a mistake of the reader shows.
"""

from __future__ import annotations

import datetime as dt
import html
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher import registry
from publisher.channel import Context, Entry, Part
from publisher.derived_texts import build_display_title, build_summary
from publisher.newsletter import Newsletter
from publisher.reader import decode, parse_issue
from publisher.testing import extract_text
from publisher.theme import Theme
from publisher.transforms import make_publishable, make_urls_absolute

DIGESTS = {"telegram"}
"""Channels that carry titles and addresses, not the whole text."""

PUBLICATION = Newsletter("试刊", "https://e.org/t/{date}/", "https://e.org/t/", "tag:e.org,2021:t", author="甲")
NOON = dt.datetime(2021, 7, 18, 4, tzinfo=dt.UTC)


def visible_words(text: str) -> set[str]:
    """The words of a source that readers should see, whatever channel they read."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    text = re.sub(r"\A(?:[A-Z]\w+: .*\n)+", "", text)
    text = re.sub(r"<!--.*?-->", " ", text, flags=re.DOTALL)
    text = re.sub(r"^#+ *\[往期回顾\].*", "", text, flags=re.DOTALL | re.MULTILINE)  # printed from what is published
    text = re.sub(r"^.*注[:：].*(?:阅读原文|PC端|补全).*$", "", text, flags=re.MULTILINE)  # each channel has its own
    text = re.sub(r"^> *导读[:：] *$|^## .*\n\s*\Z", "", text, flags=re.MULTILINE)  # left unfilled
    text = re.sub(r"^摘要", "摘要 ", text, flags=re.MULTILINE)
    text = re.sub(r"^\[[^\]]+\]: .*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\s*(?:```|~~~).*$|^[|:\s-]+$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\]\([^()\s]*(?:\([^()]*\)[^()]*)*\s*[)\]]?", "] ", text)
    text = re.sub(r"\]\[[^\]]*\]", "] ", text)
    text = re.sub(r"https?://[!-~]+", " ", text)
    text = re.sub(r"</?(?:font|a|img|br)\b[^>]*>", " ", text)
    text = re.sub(r"(?m)^\s*(?:\d+[.、)]|[-*+]\s)", " ", html.unescape(text))
    return {word.strip("_") for word in re.findall(r"\w+", text) if word.strip("_")}


def squeezed(text: str) -> str:
    return "".join(char for char in text if not char.isspace() and unicodedata.category(char) != "Cf")


def without_tags(part: Part) -> str:
    """What a part says, its tags taken away before its escapes are resolved."""
    if "html" not in part.media_type and "json" not in part.media_type:
        return extract_text(part)
    text = part.body.decode("utf-8")
    text = re.sub(r"<(style|script)\b.*?</\1>", "", text, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^<>]*>", "", text).replace('\\"', '"'))


def rendered(name: str, text: str, path: Path, say: Callable[[Part], str] = extract_text) -> str:
    """All that a channel says of an issue."""
    channel = registry.load_channel(name)()
    issue = make_publishable(parse_issue(text, path.name))
    date = issue.date or dt.date(2021, 7, 18)
    url = PUBLICATION.issue_url(issue.id, date)
    entry = Entry(
        f"{PUBLICATION.id}/{issue.id}",
        date,
        build_display_title(issue, PUBLICATION),
        build_summary(issue),
        url,
        NOON,
        NOON,
    )
    context = Context(PUBLICATION, Theme.load(None), entry=entry)
    made = channel.render(make_urls_absolute(issue, url), context)
    # the facts beside an article have its addresses as the issue writes them
    said = made.parts if name in DIGESTS else (*made.parts, *made.previews)
    return "\n".join(say(part) for part in said)


def issues(corpus: Path) -> list[Path]:
    return sorted([*corpus.glob("issues/*.md"), *corpus.glob("other/*.md")])


@pytest.mark.parametrize("name", [name for name in registry.channel_names() if name not in DIGESTS])
def test_every_word_is_in_every_full_text_channel(corpus: Path, name: str) -> None:
    for path in issues(corpus):
        text = decode(path.read_bytes(), path.name)
        shown = squeezed(rendered(name, text, path, without_tags))
        lost = {word for word in visible_words(text) if word not in shown}
        assert lost == set(), f"{path.name} in {name}"


@pytest.mark.parametrize("name", registry.channel_names())
def test_every_title_and_address_is_in_every_channel(corpus: Path, name: str) -> None:
    for path in issues(corpus):
        text = decode(path.read_bytes(), path.name)
        shown = rendered(name, text, path)
        tight = squeezed(shown + re.sub(r"</?code>", "", shown))  # a title may be wrapped, and half of a word code
        links = re.findall(r"^[-*] (?:\[[^\]]*\] ?)*\[([^\]\n]+)\]\((https?://[^\s()]+)\)", text, re.MULTILINE)
        items = text[text.index("\n## ") :] if name in DIGESTS else text
        items = re.sub(r"<!--.*?-->", "", items.split("## [往期回顾]")[0], flags=re.DOTALL)
        for caption, url in links:
            if f"]({url})" in items:
                title = re.sub(r"\s*[|｜][^|｜]*$|[*`]", "", caption)
                assert url in shown, f"{path.name} in {name}: {url}"
                words = re.findall(r"\w+", html.unescape(title))
                assert all(word in tight for word in words), f"{path.name} in {name}: {title}"
