"""The documents of the panes: the rendered part itself if it is a page, else the part in the smallest page around it.

They are shown in frames that run no script. A part inside a page is there as it is, byte for byte. While channels go
on rendering an issue, its panes are built several times; that of a part is remembered.
"""

from __future__ import annotations

import email
import email.policy
import json
from functools import lru_cache
from html import escape
from pathlib import Path

import nh3

from publisher.channels.wechat.themes import DARK_MODE_STYLES
from publisher.patterns import lazy_pattern
from publisher.reuse import reuse_results

PAGE_FOLDER = Path(__file__).parent / "page"
"""The files of the page: its HTML, style sheets and scripts, and the style sheets of the frames."""

_PARAGRAPH_START = lazy_pattern(r"(?<=\n\n)(?=[^\n])")

_DOCUMENT = """\
<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body{attributes}><main id="content">{content}</main></body>
</html>
"""


@reuse_results
def frame_article(article: bytes, lang: str, title: str, *, is_dark: bool) -> bytes:
    """Return the page around a WeChat article, in WeChat's light or dark mode."""
    return _frame(article.decode(), "wechat", lang, title, _write_dark_rules() if is_dark else "", is_dark=is_dark)


@reuse_results
def frame_mail(text: str, lang: str, title: str) -> bytes:
    """Return the page around the text of a mail, in which each paragraph, with the blank lines below it, is a box: a
    browser lays out again only the one that changes."""
    paragraphs = [f"<span>{escape(paragraph)}</span>" for paragraph in _PARAGRAPH_START.split(text)]
    return _frame(f"<pre>{''.join(paragraphs)}</pre>", "mail", lang, title)


@reuse_results
def frame_entry(entry: bytes, lang: str) -> tuple[bytes, str]:
    """Return the page with a feed entry as a reader shows it, after removing what it does not trust, and its title.

    `entry` is one line of JSON, an item of JSON Feed.
    """
    item = json.loads(entry)
    title = str(item["title"])
    content = f"<h1>{escape(title)}</h1>{nh3.clean(str(item['content_html']))}"
    return _frame(content, "feed", lang, title), title


def frame_text(text: str, lang: str, title: str) -> bytes:
    """Return the page around a part in plain text, or of a kind that is not known."""
    return frame_mail(text, lang, title)


@lru_cache(maxsize=1)
def read_mail(message: bytes) -> tuple[str, str]:
    """Return the text of a message as a mail program shows it, and its subject. Cached: it is shown and measured."""
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    text = str(parsed.get_content()).replace("\r\n", "\n")
    if parsed.get_param("format") == "flowed":  # RFC 3676, section 4.4: a space before it keeps a line as it is
        text = "\n".join(line.removeprefix(" ") for line in text.split("\n"))
    return text, str(parsed["Subject"] or "")


def _frame(content: str, kind: str, lang: str, title: str, rules: str = "", *, is_dark: bool = False) -> bytes:
    style = (PAGE_FOLDER / f"frame-{kind}.css").read_text("utf-8") + rules
    attributes = ' class="dark"' if is_dark else ""
    return _DOCUMENT.format(
        lang=escape(lang), title=escape(title), style=style, attributes=attributes, content=content
    ).encode("utf-8", "replace")


def _write_dark_rules() -> str:
    """Return the rules that turn the colours of an article as WeChat's dark mode does."""
    return "".join(
        f'.dark #content [style*="{light}"] {{ {turned.replace(";", " !important;")} !important; }}\n'
        for light, turned in DARK_MODE_STYLES.items()
    )
