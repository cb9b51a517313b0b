"""The examples of the CommonMark specification, and how their HTML is compared with ours."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import NamedTuple

_EXAMPLE = re.compile(r"^`{32} example\n(.*?)^\.\n(.*?)^`{32}$|^#+ (.*?)$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(<pre>.*?</pre>)", re.DOTALL)

INLINE_DIFFERENCES = {  # the numbers of examples that read differently, and why
    "raw HTML becomes nodes": {21, 31, 201, 344, 475, 476, 477, 491, 494, 524, 536, 642, 643},
    "a link without a URL is text, one without a text shows its URL": {200, 484, 485, 486, 487, 567},
    "only links that browsers can follow, and cannot run": {598, 599, 601},
    "URLs and email addresses without brackets are links": {602, 606, 608, 611, 612},
    "a note that Obsidian embeds, ![[foo]], is a link": {590},
}


class Example(NamedTuple):
    """An example: its number from 1, the section it is in, its Markdown and its HTML."""

    number: int
    section: str
    text: str
    html: str


def read_examples(node_modules: Path) -> list[Example]:
    """Return all examples of the specification."""
    source = (node_modules / "commonmark-spec" / "spec.txt").read_text("utf-8").replace("→", "\t")
    found: list[Example] = []
    section = ""
    for match in _EXAMPLE.finditer(source):
        section = match[3] or section
        if match[3] is None:
            found.append(Example(len(found) + 1, section, match[1], match[2]))
    return found


def normalized(page: str) -> str:
    """HTML without differences that no one sees: white space outside code, comments, the language of code (which
    feed readers remove), figures, and how a character is written."""
    page = re.sub(r"<!--.*?-->", "", page)
    page = re.sub(r'<code class="language-[^"]*">', "<code>", page)
    page = re.sub(r"<figure>(.*?)(?:<figcaption>.*?</figcaption>)?</figure>", r"<p>\1</p>", page)
    page = re.sub(r" ?/>", ">", page.replace("%27", "'").replace("%5B", "[").replace("%5D", "]"))
    page = html.unescape(page.replace("&lt;", "\0").replace("&amp;", "\1"))
    parts = _CODE.split(page)
    parts[::2] = [re.sub(r"(?<=>) | (?=<)", "", re.sub(r"\s+", " ", part)).strip() for part in parts[::2]]
    return "".join(parts)
