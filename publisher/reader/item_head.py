"""Parses the head line of an item: tags, link, source, extra links and tail, even if the syntax is wrong."""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

from publisher import links
from publisher.model import Diagnostic, Em, Inlines, Link, Pos, Strong, Text, plain
from publisher.patterns import lazy_pattern
from publisher.reader.bare_links import bare_url
from publisher.reader.inline_parser import ATTACHED_ATTRIBUTES, ATTRIBUTES, WIKILINK
from publisher.reader.inlines import InlineReader
from publisher.reader.lines import Line, is_cjk
from publisher.reader.link_syntax import (
    CODE_SPAN,
    MAX_TITLE_LENGTH,
    LinkSource,
    Target,
    find_closing_bracket,
    parse_link_at,
)
from publisher.reader.marks import TASK
from publisher.reader.references import find_page_path, resolve_references_and_escapes

_ARXIV_TAG = lazy_pattern(r"(?:arXiv:?\s*)?(\d{4}\.\d{4,5})(?:v\d+)?\Z", re.IGNORECASE)
REPO_PREFIX = lazy_pattern(r"\s*([A-Za-z0-9][A-Za-z0-9-]{0,38})/([A-Za-z0-9._-]+?)\s*(?:[:：]|\Z)")
_ACRONYMS = lazy_pattern(r"[A-Z]{1,4}/[A-Z]{1,4}\Z")
"""As in TCP/IP or CI/CD, which no repository is called."""

_SPACE = lazy_pattern(r"\s*")
_BETWEEN_LINKS = lazy_pattern(r"[\s|｜·•/、,，()（）\]]*")
_ONLY_MARKS = lazy_pattern(r"[\W_]*\Z")
_EMPHASIS = lazy_pattern(r"(\*{1,3}|_{1,3})(?=\[)")
_ATTRIBUTES = lazy_pattern(f"{ATTRIBUTES}|{ATTACHED_ATTRIBUTES}")
_WIKILINK = lazy_pattern(WIKILINK)
_START_OF_URL = lazy_pattern(r"[A-Za-z][A-Za-z0-9+.-]*:|[./#?]|[^\s]*\Z")
_SCHEME = lazy_pattern(r"https?://")
_LENTICULAR_LINK = lazy_pattern(r"[【［]([^】］]*)[】］]\s*([（(]?)\s*(?=https?://)")


class ItemHead(Struct):
    """The fields of an Item that its head line determines; filled step by step."""

    title: Inlines = ()
    url: str | None = None
    tags: tuple[str, ...] = ()
    repo: str | None = None
    arxiv: str | None = None
    source: str | None = None
    authors: tuple[str, ...] = ()
    extras: tuple[Link, ...] = ()
    tail: Inlines = ()
    link_title: str = ""


class ItemHeadReader:
    """Parses the head lines of one issue. Syntax errors are added to `diagnostics`."""

    def __init__(self, inline_reader: InlineReader, diagnostics: list[Diagnostic]) -> None:
        self._inline_reader = inline_reader
        self._diagnostics = diagnostics

    def read(self, line: Line, *, lists_repositories: bool = False) -> ItemHead:
        """Parse a head line whose bullet or number has been removed.

        `lists_repositories`: the items of its section are repositories.
        """
        head = ItemHead()
        text = line.text
        if task := TASK.match(text):
            box = "☐" if task[1] == " " else "☑"
            if text.startswith("[", task.end()):
                head.tags, line = (box,), line.cut(task.end())
            else:
                line = replace(line, text=f"{box} {text[task.end() :]}", column=line.column + task.end() - 2)
            text = line.text
        at = self._read_tags(text, head)
        if (emphasis := _EMPHASIS.match(text, at)) and (link := _find_emphasised_link(text, emphasis)):
            self._read_emphasised_link(text, emphasis[1], link, line, head)
        elif text.startswith("[", at) and not _WIKILINK.match(text, at):
            self._read_bracketed(text, at, line, head)
        elif (lenticular := _LENTICULAR_LINK.match(text, at)) and (url := bare_url(text[lenticular.end() :])):
            self._read_caption(lenticular.group(1), line, head)
            head.url = url
            rest = text[lenticular.end() + len(url) :]
            closed = bool(lenticular.group(2)) and rest.startswith((")", "）"))
            self._read_tail(rest[closed:], line, head)
            self._report("malformed-link", "the link is written as 【title】url", line, at, lenticular.end())
        elif url := bare_url(text[at:]):
            head.title, head.url = (Text(url),), url
            self._read_tail(text[at + len(url) :], line, head)
        else:
            self._read_unlinked(text[at:], line, head)
        head.repo = _choose_repository(head, lists_repositories=lists_repositories)
        tags = filter(None, map(_ARXIV_TAG.match, head.tags))
        head.arxiv = next((tag[1] for tag in tags), links.parse_arxiv_id(head.url or "") or None)
        return head

    def _report(self, code: str, message: str, line: Line, start: int, end: int) -> None:
        pos = Pos(line.number, line.column + start, line.number, line.column + max(end, start + 1))
        self._diagnostics.append(Diagnostic(code, message, pos))

    def _read_tags(self, text: str, head: ItemHead) -> int:
        """Parse tags such as `[CVPR2021][2104.11487] `. Return the index where the rest starts."""
        at = 0
        tags: list[str] = []
        while text.startswith("[", at) and not _WIKILINK.match(text, at):
            end = find_closing_bracket(text, at)
            if end < 0 or text.startswith(("(", "（"), end + 1):
                break
            rest = _SPACE.match(text, end + 1).end()  # type: ignore[union-attr]  # matches the empty string
            inside = text[at + 1 : end].strip()
            if rest == len(text) or not inside or self._inline_reader.find_definition(inside) is not None:
                break
            if text.startswith("[]", end + 1) and not text.startswith("(", end + 3):
                break
            if text.startswith("[", rest) and self._is_reference(text, rest):
                break
            if "](" in inside or (text.startswith((")", "("), rest) and not parse_link_at(text, rest)):
                break
            tags.append(inside)
            at = rest
        head.tags += tuple(tags)
        return at

    def _read_emphasised_link(
        self, text: str, marks: str, found: tuple[LinkSource, int], line: Line, head: ItemHead
    ) -> None:
        """Parse a head like `**[title](url).** text`: punctuation after the link need not be emphasised.

        A title is bold anyway, so that only italics are kept.
        """
        link, end = found
        inside = text[link.end : end]
        if _ONLY_MARKS.match(inside):
            self._read_linked(text[:end] + text[end + len(marks) :], link, line, head)
        else:
            self._read_linked(text[: link.end], link, line, head)
            head.tail = (*head.tail, Strong(self._inline_reader.read(inside, line.pos)))
            self._read_tail(text[end + len(marks) :], line, head)
        if len(marks) != 2 and head.title:
            head.title = (Em(head.title),)

    def _is_reference(self, text: str, at: int) -> bool:
        end = find_closing_bracket(text, at)
        return end > 0 and self._inline_reader.find_definition(text[at + 1 : end]) is not None

    def _read_bracketed(self, text: str, at: int, line: Line, head: ItemHead) -> None:
        if link := parse_link_at(text, at):
            self._read_linked(text, link, line, head)
            return
        close = find_closing_bracket(text, at)
        if close > 0 and (target := self._resolve_reference(text, at, close)):
            self._read_caption(text[at + 1 : close], line, head)
            if not self._inline_reader.drop_template_url(target.url, line.pos):
                head.url, head.link_title = target.url, target.title
            second = find_closing_bracket(text, close + 1) if text.startswith("[", close + 1) else close
            self._read_rest(text, second + 1, line, head)
        elif close > 0 and text.startswith("[]", close + 1):  # a reference without a definition is text
            self._read_unlinked(text[at:], line, head)
        else:
            self._read_broken_link(text, at, close, line, head)

    def _resolve_reference(self, text: str, at: int, close: int) -> Target | None:
        if text.startswith("[", close + 1) and (second := find_closing_bracket(text, close + 1)) > 0:
            return self._inline_reader.find_definition(text[close + 2 : second] or text[at + 1 : close])
        return self._inline_reader.find_definition(text[at + 1 : close])

    def _read_linked(self, text: str, link: LinkSource, line: Line, head: ItemHead) -> None:
        caption, url, end, head.link_title = link
        self._read_caption(caption, line, head)
        start = end - len(url) - 1
        url = find_page_path(url) or url
        if not url:
            self._report("empty-url", "the link has no URL", line, text.rindex("(", 0, end), end)
        elif (not _START_OF_URL.match(url) and (inner := _SCHEME.search(url))) or (
            not url.startswith("http") and (inner := _SCHEME.search(url)) and not url.isascii()
        ):
            self._report("malformed-url", "there is text before the URL", line, start, start + inner.start())
            head.tail, url = (Text(f" {url[: inner.start()].lstrip()}"),), url[inner.start() :]
        if url and not links.is_safe_url(url):
            self._inline_reader.record_dropped("unsafe-url", url, line.pos)
            url = ""
        elif self._inline_reader.drop_template_url(url, line.pos):
            url = ""
        head.url = resolve_references_and_escapes(url) or None
        if text.startswith("(", end) and (stop := find_closing_bracket(text, end, "(", ")")) > 0:
            second = text[end + 1 : stop].strip()
            if second == url:
                self._report("double-url", "the URL is written twice", line, end, stop + 1)
                end = stop + 1
            elif bare_url(second) == second and second:
                self._report("double-url", "a second URL follows the link", line, end, stop + 1)
                if not text[stop + 1 :].strip():
                    head.extras += (Link((Text(second),), second),)
                    end = stop + 1
        self._read_rest(text, end, line, head)

    def _read_rest(self, text: str, at: int, line: Line, head: ItemHead) -> None:
        """Parse what follows the link: more links if there is nothing else, otherwise the tail as written."""
        if attributes := _ATTRIBUTES.match(text, at):
            self._inline_reader.record_dropped("attributes", attributes[0], line.pos)
            at = attributes.end()
        extras = self._read_extras(text, at, line)
        head.extras += extras
        self._read_tail("" if extras else text[at:], line, head)

    def _read_extras(self, text: str, at: int, line: Line) -> tuple[Link, ...]:
        """Parse links that directly follow the first one; none if anything but separators is between or after
        them, because then they are parts of a sentence."""
        found: list[LinkSource] = []
        while at < len(text):
            start = _SPACE.match(text, at).end()  # type: ignore[union-attr]  # matches the empty string
            if text.startswith("[", start) and (extra := parse_link_at(text, start)):
                if not extra.url or "{" in extra.url or not links.is_safe_url(extra.url):
                    return ()
                found.append(extra)
                at = extra.end
            elif found and (separator := _BETWEEN_LINKS.match(text, at)) and separator.group():
                at = separator.end()
            else:
                return ()
        captions = [self._inline_reader.read(_strip_brackets(link.caption), line.pos, in_link=True) for link in found]
        return tuple([Link(text, link.url, link.title) for text, link in zip(captions, found, strict=True)])

    def _read_tail(self, text: str, line: Line, head: ItemHead) -> None:
        if text.strip():
            head.tail += self._inline_reader.read(text.rstrip(), line.pos)

    def _read_broken_link(self, text: str, at: int, close: int, line: Line, head: ItemHead) -> None:
        """Parse an incomplete link: keep its text, and its URL if there is one."""
        match = _SCHEME.search(text[at:])
        start = at + match.start() if match else -1
        if match and close < 0 and not re.search(r"[\])）(（\[【]\s*\Z", text[at + 1 : start]):
            match = None  # a URL in the middle of the text of an unclosed bracket is part of that text
        if not match:
            if close == len(text.rstrip()) - 1:
                self._report("missing-url", "the title has no URL", line, at, close + 1)
                self._read_caption(text[at + 1 : close], line, head)
            else:
                self._report("unclosed-link", "this bracket is never closed", line, at, at + 1)
                self._read_caption(text[at + 1 :], line, head)
            return
        url = bare_url(text[start:])
        before = text[at + 1 : start]
        caption = re.sub(r"(?<![\[\]()（）\s])[\[\]()（）\s]+\Z", "", before)
        label = re.match(r"(.*)[\])]\s*[(（]\s*([^()（）\[\]]+)\Z", before)
        if label and label.group(2).strip() and not close < 0:
            caption, words = label.group(1), label.group(2)
            head.tail = (Text(f" {words}"),)
            self._report("malformed-url", "there is text before the URL", line, at, start)
        elif wide := re.search(r"（\s*\Z", before):
            opened = at + 1 + wide.start()
            message = "the URL is in full-width parentheses"
            self._report("fullwidth-paren", message, line, opened, opened + 1)
        elif text.startswith("](", start - 2) and find_closing_bracket(text, start - 1, "(", ")") < 0:
            self._report("unclosed-link", "this parenthesis is never closed", line, start - 1, start)
        else:
            self._report("malformed-link", "the brackets of this link do not match", line, at, start)
        self._read_caption(caption, line, head)
        head.url = url
        rest = text[start + len(url) :]
        self._read_tail(re.sub(r"\A[\])）]+", "", rest), line, head)

    def _read_unlinked(self, text: str, line: Line, head: ItemHead) -> None:
        if not text.strip():
            return
        nodes = self._inline_reader.read(text, line.pos)
        if _contains_link(nodes):
            head.title = nodes
        else:
            self._read_caption(text, line, head, in_link=False)

    def _read_caption(self, caption: str, line: Line, head: ItemHead, *, in_link: bool = True) -> None:
        """Split `owner/name：title | source`, and parse the inline markup; with `in_link`, it is that of a link."""
        before, last = _split_source(caption)
        title = before if last is None else before.rstrip()
        if last is not None:
            if "、" in last:
                head.authors = tuple(name.strip() for name in last.split("、") if name.strip())
            elif last:
                head.source = plain(self._inline_reader.read(last, in_link=True))
            else:
                bar = max(line.text.rfind(caption), 0) + len(before)
                self._report("empty-source", "no source after the bar", line, bar, bar + 1)
        head.title = self._inline_reader.read(title.strip(), line.pos, in_link=in_link)


def _find_emphasised_link(text: str, emphasis: re.Match[str]) -> tuple[LinkSource, int] | None:
    """Return the link behind the marks of emphasis, and where the same marks close; None if it is incomplete, or if
    italics go on behind the link."""
    marks = emphasis[1]
    link = parse_link_at(text, emphasis.end())
    end = text.find(marks, link.end) if link else -1
    if link is None or end < 0 or text[end - 1].isspace():
        return None
    after = text[end + len(marks) : end + len(marks) + 1]
    if marks != "**" and (any(char.isalnum() or char in "*_" for char in text[link.end : end]) or after == marks[0]):
        return None
    return None if marks[0] == "_" and after.isalnum() else (link, end)


def _contains_link(nodes: Inlines) -> bool:
    return any(isinstance(node, Link) or _contains_link(getattr(node, "children", ())) for node in nodes)


def _choose_repository(head: ItemHead, *, lists_repositories: bool) -> str | None:
    """Return the repository that the item is about: that of its URL, or else the one that its title names.

    A title names one by `owner/name`, but only in a section of repositories, before a Chinese title, or if the
    repository of the URL has the same name and so is a fork. `core/num: …` and `TCP/IP：…` name none.
    """
    linked = links.parse_repository(head.url) if head.url else None
    title = plain(head.title)
    prefix = REPO_PREFIX.match(title)
    if not prefix or (head.url and links.is_on_other_forge(head.url)):
        return linked
    named = f"{prefix[1]}/{prefix[2]}"
    if linked:
        return named if linked.partition("/")[2].lower() == prefix[2].lower() else linked
    is_chinese = title[: prefix.end()].endswith("：") or is_cjk(title[prefix.end() :].lstrip()[:1])
    return named if lists_repositories or (is_chinese and not _ACRONYMS.match(named)) else None


def _strip_brackets(caption: str) -> str:
    """Return the text of a link like `[[slides]](url)` without brackets around it."""
    while caption.startswith("[") and find_closing_bracket(caption, 0) == len(caption) - 1:
        caption = caption[1:-1]
    return caption


def _split_source(caption: str) -> tuple[str, str | None]:
    """Return the title and the text after the last bar; None for the latter if it cannot be a source.

    A source has at most 12 CJK characters and none of ，。！？, unless it is a list of authors with 、.
    """
    if len(caption) > MAX_TITLE_LENGTH:
        return caption, None
    if "|" not in caption and "｜" not in caption:
        return caption, None
    masked = CODE_SPAN.sub(lambda match: "`" * len(match.group()), caption) if "`" in caption else caption
    for index in range(len(masked) - 1, -1, -1):
        if masked[index] not in "|｜" or (index and masked[index - 1] == "\\"):
            continue
        around = masked[max(index - 1, 0) : index] + masked[index + 1 : index + 2]
        if masked[index] == "|" and len(around) == 2 and around.isascii() and " " not in around:
            return caption, None
        last = caption[index + 1 :].strip()
        cjk = sum(map(is_cjk, last))
        if any(mark in last for mark in "，。！？") or (cjk > 12 and "、" not in last):
            return caption, None
        return caption[:index], last
    return caption, None
