"""The text of an issue reads the same in every channel, gaps between words included.

The source is parsed by markdown-it, and each of its blocks must be found in what a channel says. What a channel
may say in another way is a rule of `Judge`, and never a word:

- addresses that a channel prints after a link, or instead of a bare address
- tags before the title, its source and further links behind it, and the number before it, which have a form of
  their own in each channel
- the label of a field and its colon
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from publisher.channel import Channel, Rendering
from publisher.channels.email import Email
from publisher.channels.rss import Rss
from publisher.channels.telegram import Telegram
from publisher.channels.web import Web
from publisher.channels.wechat import WeChat
from publisher.labels import get_labels
from publisher.reader import decode, parse_issue
from publisher.transforms import make_publishable, make_urls_absolute
from tests.promises.test_every_link import CONTEXT, PAGE

COMMONMARK = MarkdownIt("commonmark").enable(["table", "strikethrough"])
CHANNELS: dict[str, Channel] = {
    "web": Web(),
    "rss": Rss(),
    "rss-items": Rss(items=True),
    "wechat": WeChat(),
    "wechat-footnote": WeChat(links="footnote"),
    "telegram": Telegram(detail="full"),
    "email": Email(wrap="none"),
}
PRINTED = {
    "wechat": r"(?: ?[（(][^()（）\s]+[)）])?",
    "wechat-footnote": r"(?:\[\d+\])?",
    "telegram": r"(?: \(\S+?\)|（\S+?）)?",
    "email": r"(?:\[\d+\])?",
}
"""What a channel may print after a link."""

BLOCK_TAGS = (
    "article|br|div|dd|dt|figure|figcaption|h[1-6]|header|hr|li|nav|ol|p|pre|section|table|t[dhr]|ul|blockquote"
)
INVISIBLE = dict.fromkeys(
    map(ord, "\u200b\u2060\ufeff*")
)  # `*`: bold next to Chinese, which CommonMark leaves as it is


def text_of_html(markup: str) -> str:
    markup = re.sub(r"<(style|script)\b.*?</\1>", "", markup, flags=re.DOTALL)
    markup = re.sub(rf"</?(?:{BLOCK_TAGS})\b[^<>]*>", "\n", markup)
    return html.unescape(re.sub(r"<[^<>]*>", "", markup))


def said(name: str, made: Rendering) -> str:
    """The text of a channel, with single spaces."""
    parts = [*made.parts, *made.previews]
    match name:
        case "web":
            text = text_of_html(parts[0].body.decode())
        case "rss" | "rss-items":
            lines = [line for part in made.parts for line in part.body.decode().splitlines()]
            text = "\n".join(text_of_html(json.loads(line)["content_html"]) for line in lines)
        case "telegram":
            text = "\n".join(json.loads(part.body)["text"] for part in made.parts)
        case "email":
            text = next(part for part in parts if part.key.endswith(".txt")).body.decode()
        case _:
            text = text_of_html(next(part for part in parts if part.key.endswith("article.html")).body.decode())
    return " ".join(text.translate(INVISIBLE).split())


ABOVE = re.escape(get_labels(CONTEXT.newsletter.lang)["above"])
LABEL = re.compile(
    r"(?:摘要(?=\S)|[^\s:：，。()（）\[\]]{1,24}(?: [^\s:：，。()（）\[\]]{1,24}){0,2}(?=[:：]))[:：]?\s*"
)
OWN_LINE = re.compile(rf"{LABEL.pattern}|\d+[.)、]|[；;，,。、）)】」』”》！!？?]")
"""A line that is a field, an item of a list, or the rest of the sentence above it, without a space before it."""
ADDRESS = re.compile(r"https?://[!-~]*[\w/]")
FIELD = re.compile(rf"{LABEL.pattern}{ADDRESS.pattern}\Z")
NUMBER = re.compile(r"[–—•-]\s*|\d+[.)、]\s*")
GUIDE = re.compile(r"(?:导读[:：])?.*[【「][^【「】」]{2,4}[】」].*[。；！]", re.DOTALL)
"""A guide, in which each part may be on a line of its own."""
TAG = re.compile(r"\[([^\[\]]+)\]\s*")
SOURCE = re.compile(r"(.*?)\s*[|｜]\s*([^|｜]*)\Z", re.DOTALL)
UNFINISHED = re.compile(r'\]\(|\)\[|\]（|\[\(|\[\]|【[^】]*】\s*http|\A注[:：]|阅读原文|<[a-z]|\[\^|="http')
"""Text that CommonMark leaves as it is, but is a link that lacks a bracket; notes, which channels choose; footnotes."""


def plain(tokens: list[Token]) -> str:
    return "".join(" " if "break" in token.type else token.content for token in tokens)


def running(text: str) -> str:
    """The pattern of a text, in which any white space is one space."""
    return " ".join(map(re.escape, re.split(r"\s+", text.translate(INVISIBLE))))


class Judge:
    """Makes a pattern of each block of a source, for what a channel says."""

    def __init__(self, channel: str) -> None:
        self.printed = PRINTED.get(channel, "")

    def patterns(self, source: str) -> Iterator[str]:
        source = re.sub(r"\A---\n(?s:.*?)\n---\n|\A(?:[A-Z]\w+: .*\n)+", "", source)
        source = re.sub(r"^\[\^\w+\]:.*\n(?: {4}.*\n|\n)*", "", source, flags=re.MULTILINE)
        source = re.sub(r"\{% comment %\}(?s:.*?)\{% endcomment %\}", "", source)  # of Jekyll
        source = re.sub(r"\{%[^{}]*%\}|\{\{[^{}\n]*\}\}|\{:[^{}\n]*\}", "", source)
        source = re.sub(r"^#+ *\[往期回顾\].*", "", source, flags=re.DOTALL | re.MULTILINE)
        tokens = COMMONMARK.parse(source)
        for at, (before, token) in enumerate(pairwise(tokens)):
            body = "heading" not in "".join(token.type for token in tokens[at + 3 : at + 4]) and tokens[at + 3 :]
            children = token.children or []
            if token.type != "inline" or (before.type == "heading_open" and before.tag == "h1"):
                continue
            text = plain(children)
            if UNFINISHED.search(text) or text.count("[") != text.count("]"):
                continue
            pairs = pairwise(children)
            if any(end.type == "link_close" and after.content.startswith("(http") for end, after in pairs):
                continue
            if any(child.type == "image" for child in children) or (before.type == "heading_open" and not body):
                continue
            yield from self.block(children)

    def block(self, tokens: list[Token]) -> Iterator[str]:
        """The patterns of a block: of each field, and of the lines between them."""
        lines: list[list[Token]] = [[]]
        depth = 0
        for token in tokens:
            depth += token.nesting
            if "break" in token.type and not depth:
                lines.append([])
            else:
                lines[-1].append(token)
        texts = [plain(line) for line in lines]
        # below a head that is only a link, or a field, a channel may print addresses
        ends = [
            bool(FIELD.match(text)) or [token.type for token in line[-1:]] == ["link_close"]
            for text, line in zip(texts, lines, strict=True)
        ]
        starts = [at for at in range(len(lines)) if at == 0 or ends[at - 1] or OWN_LINE.match(texts[at])]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            first, *others = lines[start:end]
            pattern, rest = self.head(first)
            pattern = " ".join([pattern, *(self.line(line) for line in others)])
            yield re.sub("(?=[【「])", r"\\s?", pattern) if GUIDE.match(plain(tokens)) else pattern
            yield from rest

    def line(self, tokens: list[Token]) -> str:
        return "".join(map(self.token, tokens))

    def token(self, token: Token) -> str:
        match token.type:
            case "link_close":
                return self.printed
            case "s_open" | "s_close":
                return "(?:~~)?"
            case "html_inline":
                return rf"\s?(?:{re.escape(token.content)})?\s?"  # a channel shows what is no tag of HTML
            case "code_inline":
                return running(token.content)
            case "softbreak":
                return " "
            case "text":
                pieces = [running(text) for text in ADDRESS.split(token.content)]
                addresses = [rf"(?:{re.escape(text)}|{ABOVE}|\[\d+\])" for text in ADDRESS.findall(token.content)]
                return "".join(f"{text}{address}" for text, address in zip(pieces, [*addresses, ""], strict=True))
        return ""

    def head(self, tokens: list[Token]) -> tuple[str, list[str]]:
        """The pattern of the first line of a block, which may be the head of an item; and those of what the
        channel may put elsewhere."""
        first = next((at for at, token in enumerate(tokens) if token.type == "text" and token.content), len(tokens))
        text = tokens[first].content if first < len(tokens) else ""
        start = ""
        if first == 0:
            if number := NUMBER.match(text):
                text = text[number.end() :]  # a channel has its own numbers
            while tag := TAG.match(text):
                start, text = rf"{start}\[?{running(tag[1])}\]?\s?", text[tag.end() :]
            if (label := LABEL.match(text)) and label.end() == len(text) and len(tokens) == 1:
                return "", []
            if label:
                return start + rf"{running(label[0].rstrip(' :：'))}\s?[:：]?\s?" + self.line(
                    [Token("text", "", 0, content=text[label.end() :]), *tokens[1:]]
                ), []
            tokens = [Token("text", "", 0, content=text), *tokens[1:]]
        link = next((at for at, token in enumerate(tokens) if token.type == "link_open"), None)
        if link is None or plain(tokens[:link]).strip():
            source = SOURCE.match(plain(tokens)) if not start.endswith(" ") and link is None else None
            return start + (running(source[1]) if source else self.line(tokens)), []
        end = next(at for at, token in enumerate(tokens) if token.type == "link_close")
        source = SOURCE.match(plain(tokens[link:end]))
        title = running(source[1]) if source else self.line(tokens[link:end]).rstrip()
        by = "[、,，]\\s?".join(map(running, source[2].split("、"))) if source else ""
        head = start + title + self.printed + (rf"(?: [|·] {by})?{self.printed}" if by else "")
        rest, others = tokens[end + 1 :], re.split(r"\x00", self.outside(tokens[end + 1 :]))
        if others[0].strip() or not any(token.type == "link_open" for token in rest):
            return head + self.line(rest), [by] if by else []
        captions = [plain(inner).strip("[]") for inner in self.inside(rest)]
        return head, [*map(running, captions), *([by] if by else [])]

    def outside(self, tokens: list[Token]) -> str:
        """What is not the text of a link: empty if it only separates links."""
        depth, text = 0, ""
        for token in tokens:
            depth += token.nesting if token.type.startswith("link") else 0
            text += "" if depth else token.content
        first = next((token.content for token in tokens if token.content or token.type == "link_open"), "")
        return "" if re.fullmatch(r"[\s|｜·•/、,，()（）\[\]]*", text) and not first.strip(" []") else text

    def inside(self, tokens: list[Token]) -> Iterator[list[Token]]:
        starts = [at for at, token in enumerate(tokens) if token.type == "link_open"]
        ends = [at for at, token in enumerate(tokens) if token.type == "link_close"]
        return (tokens[start + 1 : end] for start, end in zip(starts, ends, strict=True))


def missing(name: str, source: str, path: str = "2021-07-18.md") -> list[str]:
    """The patterns that a channel does not match."""
    issue = make_urls_absolute(make_publishable(parse_issue(source, path)), PAGE)
    text = said(name, CHANNELS[name].render(issue, CONTEXT))
    return [pattern for pattern in Judge(name).patterns(source) if pattern.strip() and not re.search(pattern, text)]


@pytest.mark.parametrize("name", [name for name in CHANNELS if name != "rss-items"])
def test_real_issues_read_as_they_are_written(corpus: Path, name: str) -> None:
    for path in sorted([*corpus.glob("issues/*.md"), *corpus.glob("other/*.md"), *corpus.glob("newsletters/*/*")]):
        assert missing(name, decode(path.read_bytes(), path.name), path.name) == [], path.name


SHAPES = [
    "[Foo](u) added",
    "[Bar](u). A",
    "[A](u)'s",
    "[x](u)-compatible",
    "[标题](u)：说明文字",
    "[标题](u)说明文字",
    "[标题](u)，还有[数据](v)。",
    "[标题](u) （英文）",
    "[Tool](u)/[Mirror](v)（[English](w)）",
    "[Tool](u) / [Mirror](v)",
    "[One](u) by Someone",
    "[One](u) by [Someone](v)",
    "[One](u), by Someone",
    "[One | Harbour](u) by Someone",
    "[一 | 港口](u)：说明",
    "[One](u) – a dash",
    "[One](u)… and more",
    "[One](u) (new!)",
    "[One](u)(new)",
    "[One](u) *by* **Someone**",
    "[One](u)**bold**",
    "[One](u) `code`",
    "[etcd](u) [releases v3.6.0](v) bringing bugfixes",
    "[Talk](u) [video](v) and [slides](w)",
    "[K22](u) [K23](v)은 기존",
    "[Talk](u) [video](v) [slides](w)",
    "[Talk](u) [video](v) | [slides](w)",
    "[Talk](u) [video](v)、[slides](w)",
    "[One](u) words\n  wrapped by hand",
    "[One](u)\n  wrapped by hand",
    "[One\n  Two](u) by hand",
    "[One](u)\nat the margin",
    "**[One](u)** by Someone",
    "**[One](u).** By Someone",
    "**[One](u):** by Someone",
    "**[One](u) by Someone** today",
    "*[One](u)* by Someone",
    "_[One](u)_, by Someone",
    "__[One](u)__'s text",
    "***[One](u)***: by Someone",
    "*[One](u) in italics* and not",
    "*[One](u)* and *more*",
    "~~[One](u)~~ is gone",
    "(new) **[One](u)** today",
    "**New: [One](u)** today",
    "**A [One](u) B [Two](v) C**",
    "<b>[One](u)</b> today",
    "**[One][ref]** by reference",
    "“*[One](u)*” by Someone",
    "Words before [One](u) and after",
    "Words before [One](u), [Two](v)'s and [Three](w)-like",
    "**Batched payments** spread the overhead, see [One](u).",
    "[One][ref] by reference",
    "[ref]'s own",
    "[One][undefined] and [Two](u) of it",
    "[LND #1][] lets plugins use [BOLT1](u) of it",
    "[One](u)'s *emphasis*, and [Two](v)'s too",
    "A headline without a link",
    "A headline. With a sentence behind it, which is as long as a paragraph, and not a title: it goes on.",
    "[One](u) reads like a sentence. It goes on for long, with [another](v)'s link, and does not end before here.",
]


@pytest.mark.parametrize(
    "below", ["", "\n\n  Text below.", "\n- [Other](https://ex.org/o)：别的"], ids=["list", "item", "mixed"]
)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", CHANNELS)
def test_what_follows_a_link_reads_as_it_is_written(name: str, shape: str, below: str) -> None:
    shape = re.sub(r"\]\(([uvw])\)", r"](https://ex.org/\1)", shape)
    source = f"# Notes (2021-07-18): Boats\n\n> 导读：甲。\n\n## News\n\n- {shape}{below}\n\n[ref]: https://ex.org/r\n"
    assert Judge(name).patterns(source)
    others = {r"导读\s?[:：]?\s?甲。", "News"} if name == "rss-items" else set()
    assert [pattern for pattern in missing(name, source) if pattern not in others] == []


@pytest.mark.parametrize("width", range(40, 77))
def test_no_line_of_a_mail_begins_with_a_closing_mark(width: int) -> None:
    titles = ["一个很长的标题，说的是排版里面标点应该站在哪里的问题", "Unbreakable" * 5, "短", "A title of some words"]
    tails = [
        "，后面还有说明文字，也很长很长很长",
        "、[镜像](https://ex.org/2)）。",
        "\n  ，下一行",
        "\n；下一行",
        ": more",
        ")",
    ]
    heads = [f"- [{title}](https://ex.org/{at}){tail}" for at, title in enumerate(titles) for tail in tails]
    heads += [head.replace("](", " | 港口](") for head in heads]
    source = (
        "# Notes (2021-07-18): Boats\n\n> 导读：甲。\n\n## News\n\n" + "\n".join(heads) + "\n\n一句话\n，又一句。\n"
    )
    made = Email(width=width).render(make_publishable(parse_issue(source)), CONTEXT)
    text = next(part for part in (*made.parts, *made.previews) if part.key.endswith(".txt")).body.decode()
    assert [line for line in text.splitlines() if line.strip()[:1] in {*"，。、；：！？）】」』”》,;:!?)]}"}] == []


@pytest.mark.parametrize(
    ("source", "shown", "found"),
    [
        ("- [Foo](https://ex.org/u) added", "Foo added", True),
        ("- [Foo](https://ex.org/u) added", "Fooadded", False),
        ("- [A](https://ex.org/u)'s", "A 's", False),
        ("- [标题](https://ex.org/u)：说明", "标题 ：说明", False),
        ("- [Talk](https://ex.org/u) [video](https://ex.org/v) and slides", "Talk and slides video", False),
        ("- [Talk](https://ex.org/u) [video](https://ex.org/v)", "Talk … video", True),
        ("Words\nwrapped by hand", "Words wrapped by hand", True),
        ("Words\nwrapped by hand", "Wordswrapped by hand", False),
        ("摘要：甲。", "摘要: 甲。", True),
        ("摘要：甲。", "摘要: 乙。", False),
    ],
)
def test_the_judge_sees_gaps(source: str, shown: str, found: bool) -> None:
    assert all(re.search(pattern, shown) for pattern in Judge("web").patterns(source)) is found
