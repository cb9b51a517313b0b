"""The skeleton of an issue: which lines are front matter, title, preamble, sections, archive, footer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from publisher import links
from publisher.model import (
    NOWHERE,
    Archive,
    Definition,
    Diagnostic,
    Dropped,
    Issue,
    Item,
    Note,
    Section,
    Source,
    Title,
    plain,
)
from publisher.reader.blocks import BULLET, FENCE, NUMBER, RULE, BlockReader, closes_fence
from publisher.reader.fields import kind_of, only_url, split_label
from publisher.reader.front import front_span, is_title_form, issue_date, read_front, read_title, value_of
from publisher.reader.head import HeadReader
from publisher.reader.inlines import Inliner
from publisher.reader.lines import Line, span, split
from publisher.reader.preamble import Preamble, PreambleReader
from publisher.reader.sections import SectionReader

_HEADING = re.compile(r" {0,3}(#+)(?:\s+(.*?))?(?:\s+#+)?\Z")
_GLUED_HEADING = re.compile(r" {0,3}(#{2,})(?![#\s!])(.*?)(?:\s+#+)?\Z")
_ARCHIVE = re.compile(r"\[?\s*往期(?:回顾|内容|文章|精选|推荐)?\s*(?:\]\(|\Z)")
_PLAIN_SECTION = re.compile(r"(?:业界新闻|新闻|论文|开源项目|开源|博文|应用|往期回顾)\Z")
_DEFINITION = re.compile(
    r" {0,3}\[((?:[^\]\[\\]|\\.){1,200})\]:\s+<?(\S+?)>?(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^)]*\)))?\Z"
)
_HIDDEN = re.compile(r"\s*<(script|style|template)\b[^>]*>", re.IGNORECASE)
_LINKED = re.compile(r"(?:\[[^\]]*\]\s*)*(?:\*\*)?\[[^\]]*\]\s*[(\[]")


@dataclass(slots=True)
class Heading:
    """A heading line: where it is among the lines, its level (1 to 6) and its text."""

    index: int
    level: int
    text: Line


@dataclass(slots=True)
class _Parts:
    """What the first pass takes out of the text."""

    lines: list[Line] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


def read(text: str, path: str = "") -> Issue:
    """The Issue a text holds. Never raises; what had to be mended is in `diagnostics`.

    `path` is where the text came from: its stem may give the date.
    """
    lines = split(text)
    diagnostics: list[Diagnostic] = []
    front, count = read_front(lines, diagnostics)
    parts = _sift(lines[count:])
    inliner = Inliner({_key(d.label): {"url": d.url} for d in reversed(parts.definitions)})
    document = _Document(inliner, diagnostics, parts.lines)
    document.build(value_of(front, "title"))
    title = document.title
    date = issue_date(front, path, title)
    name = value_of(front, "id") or (date.isoformat() if date else "") or PurePath(path).stem or "issue"
    unpublished = (
        value_of(front, "draft").lower() in ("true", "yes") or value_of(front, "status").lower() == "draft"
    )
    return Issue(
        id=name,
        date=date,
        title=title,
        tagline=document.preamble.tagline,
        guide=document.preamble.guide,
        warmup=document.preamble.warmup,
        sections=_identified(document.sections),
        notes=tuple([*document.preamble.notes, *document.notes]),
        archive=document.archive,
        footer=document.footer,
        front=front,
        front_pos=front_span(lines, count) if count else NOWHERE,
        tagline_pos=document.preamble.tagline_pos,
        draft=unpublished,
        definitions=tuple(parts.definitions),
        dropped=tuple([*parts.dropped, *inliner.dropped]),
        diagnostics=tuple(sorted(diagnostics, key=lambda found: (found.pos, found.code))),
        source=Source(path, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()),
    )


def _key(label: str) -> str:
    from mistune.util import unikey

    return unikey(label)


def _sift(lines: Sequence[Line]) -> _Parts:
    """Mark code, and take comments, scripts and link definitions out of the text."""
    parts = _Parts()
    unclosed: set[str] = set()
    at = 0
    while at < len(lines):
        line = lines[at]
        fence = FENCE.match(line.text)
        if fence and fence[1] not in unclosed:
            end = _fence_end(lines, at, fence[1])
            if end:
                parts.lines += [replace(inside, code=True) for inside in lines[at:end]]
                at = end
                continue
            unclosed.add(fence[1])
        if end := _comment_end(lines, at):
            parts.dropped.append(_dropped("comment", lines[at:end]))
            parts.lines.append(replace(line, text=""))
            at = end
        elif (hidden := _HIDDEN.match(line.text)) and (end := _hidden_end(lines, at, hidden[1])):
            parts.dropped.append(_dropped(hidden[1].lower(), lines[at:end]))
            parts.lines.append(replace(line, text=""))
            at = end
        elif (found := _DEFINITION.match(line.text)) and not found[1].startswith("^"):
            if links.is_safe(found[2]):
                parts.definitions.append(Definition(found[1], found[2], line.pos))
            else:
                parts.dropped.append(_dropped("unsafe-url", [line]))
            parts.lines.append(replace(line, text=""))
            at += 1
        else:
            parts.lines.append(line)
            at += 1
    return parts


def _fence_end(lines: Sequence[Line], at: int, fence: str) -> int:
    """The index behind the line that closes a code fence; 0 when none does."""
    return next((end + 1 for end in range(at + 1, len(lines)) if closes_fence(lines[end].text, fence)), 0)


def _comment_end(lines: Sequence[Line], at: int) -> int:
    """The index behind a comment that fills whole lines; 0 when there is none."""
    if not lines[at].text.lstrip().startswith("<!--"):
        return 0
    for end in range(at, len(lines)):
        text = lines[end].text if end > at else lines[at].text.lstrip()[4:]
        if "-->" in text:
            return end + 1 if text.rstrip().endswith("-->") else 0
    return 0


def _hidden_end(lines: Sequence[Line], at: int, name: str) -> int:
    closing = f"</{name.lower()}>"
    for end in range(at, len(lines)):
        if closing in lines[end].text.lower():
            return end + 1 if lines[end].text.lower().rstrip().endswith(closing) else 0
    return 0


def _dropped(name: str, lines: Sequence[Line]) -> Dropped:
    return Dropped(name, "\n".join(line.text for line in lines), pos=span(lines))


class _Document:
    """Builds the parts of an Issue from sifted lines."""

    def __init__(self, inliner: Inliner, diagnostics: list[Diagnostic], lines: list[Line]) -> None:
        self._inliner = inliner
        self._blocks = BlockReader(inliner)
        self._preambles = PreambleReader(inliner, self._blocks, diagnostics)
        self._sections = SectionReader(inliner, self._blocks, HeadReader(inliner, diagnostics))
        self._lines = lines
        self.title: Title | None = None
        self.preamble = Preamble()
        self.sections: list[Section] = []
        self.notes: list[Note] = []
        self.archive: Archive | None = None
        self.footer: tuple = ()  # type: ignore[type-arg]

    def build(self, front_title: str) -> None:
        lines = self._lines
        headings = _headings(lines)
        start = 0
        if (first := _title_among(headings, lines, front_title)) is not None:
            headings = [heading for heading in headings if heading.index != first.index]
            self.title = read_title(first.text.text, first.text.pos, self._inliner)
            start = first.index + 1
            if first.index and any(line.text for line in lines[: first.index]):
                start = 0
                lines = [
                    *lines[: first.index],
                    replace(lines[first.index], text=""),
                    *lines[first.index + 1 :],
                ]
        elif front_title:
            self.title = read_title(front_title, NOWHERE, self._inliner)
        lines, tail = self._without_footer(lines, headings)
        headed = _heading_items(headings, lines)
        tops = [heading for heading in headings if lines_number(lines, heading) not in headed]
        edge = tops[0].index if tops else _first_item(lines, start) if not headings else len(lines)
        if headed and not tops:
            edge = headings[0].index
        self.preamble = self._preambles.read(lines[start:edge], titled=self.title is not None)
        if edge < len(lines) and not (tops and tops[0].index == edge):
            self._section(None, lines[edge : tops[0].index if tops else len(lines)], headed)
        for heading, following in zip(tops, [*tops[1:], None], strict=True):
            body = lines[heading.index + 1 : following.index if following else len(lines)]
            self._section(heading, body, headed)
        self._close(tail)

    def _section(self, heading: Heading | None, lines: Sequence[Line], headed: dict[int, int]) -> None:
        if heading and _ARCHIVE.match(heading.text.text.strip()):
            title = self._inliner.read(heading.text.text, heading.text.pos)
            self.archive = Archive(title, self._blocks.read(lines, prose=True), heading.text.pos)
            return
        inside = {line.number: headed[line.number] for line in lines if line.number in headed}
        content = self._sections.read(lines, inside)
        self.notes += [note for note in content.notes if note.kind in ("read_original", "history")]
        kept = tuple(note for note in content.notes if note.kind not in ("read_original", "history"))
        title = self._inliner.read(heading.text.text, heading.text.pos) if heading else ()
        pos = self._lines[heading.index].pos if heading else NOWHERE
        self.sections.append(Section(title, heading.level if heading else 2, kept, tuple(content.nodes), pos))

    def _without_footer(self, lines: list[Line], headings: list[Heading]) -> tuple[list[Line], list[Line]]:
        """Cut the footer off: from the first rule behind which no section and no linked item follows."""
        if not headings:
            return lines, []
        last = headings[-1].index
        linked = max((i for i in range(last, len(lines)) if _opens_linked(lines[i])), default=last)
        for index in range(last + 1, len(lines)):
            if not lines[index].code and RULE.match(lines[index].text) and index > linked:
                return lines[:index], lines[index:]
        return lines, []

    def _close(self, tail: list[Line]) -> None:
        content = self._sections.read(tail, {-1: 0}) if tail else None
        if content:
            self.notes += content.notes
            self.footer = tuple(node for node in content.nodes if not isinstance(node, Item))


def lines_number(lines: Sequence[Line], heading: Heading) -> int:
    return lines[heading.index].number if heading.index < len(lines) else -1


def _headings(lines: Sequence[Line]) -> list[Heading]:
    found = []
    for index, line in enumerate(lines):
        if line.code or "#" not in line.text[:4]:
            continue
        match = _HEADING.match(line.text) or _GLUED_HEADING.match(line.text)
        if not match:
            continue
        level = len(match[1])
        text = match[2] or ""
        if level > 6 and not is_title_form(text):
            continue
        start = match.start(2) if match[2] else len(line.text)
        found.append(Heading(index, 1 if level > 6 else level, Line(line.number, text, line.column + start)))
    if not found:
        for index, line in enumerate(lines):
            if _PLAIN_SECTION.match(line.text) and index + 1 < len(lines):
                found.append(Heading(index, 2, line))
    return found


def _title_among(headings: list[Heading], lines: Sequence[Line], front_title: str) -> Heading | None:
    """The heading that is the issue's title: the first H1, unless the front matter has another title."""
    if not headings or headings[0].level != 1:
        return None
    first = headings[0]
    if front_title and not is_title_form(first.text.text) and first.text.text.strip() != front_title.strip():
        return None
    return first


def _opens_linked(line: Line) -> bool:
    if line.code:
        return False
    marker = BULLET.match(line.text) or NUMBER.match(line.text)
    return marker is not None and _LINKED.match(line.text, marker.end()) is not None


def _heading_items(headings: list[Heading], lines: Sequence[Line]) -> dict[int, int]:
    """Headings of level 3 and deeper that are items: line number to the length of the marker.

    A heading is an item when it is linked or numbered, or an address stands alone below it, and no list
    of linked items follows it.
    """
    found = {}
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if heading.level < 3:
            continue
        body = lines[heading.index + 1 : following.index if following else len(lines)]
        text = heading.text.text
        number = NUMBER.match(text)
        linked = _LINKED.match(text, number.end() if number else 0) is not None
        if any(_opens_linked(line) for line in body):
            continue
        if linked or number or any(_is_address(line) for line in body if line.text):
            found[heading.text.number] = heading.text.column - 1 + (number.end() if number else 0)
    return found


def _is_address(line: Line) -> bool:
    labelled = split_label(line.text.lstrip())
    rest = line.text.lstrip()[labelled[1] :] if labelled else line.text
    url = only_url(rest)
    return bool(url) and (labelled is None or kind_of(labelled[0], url) is not None)


def _first_item(lines: Sequence[Line], start: int) -> int:
    """Where the items of an issue without any heading start; the end when it has none."""
    for index in range(start, len(lines)):
        if "热身" in lines[index].text or "开胃" in lines[index].text:
            return len(lines)
        if _opens_linked(lines[index]):
            return index
    return len(lines)


def _identified(sections: Sequence[Section]) -> tuple[Section, ...]:
    """The sections with an id for every item: a hash of its address, else of its title, numbered when
    the same one comes again."""
    seen: dict[str, int] = {}

    def identified(item: Item) -> Item:
        urls = [item.url, *(found.url for found in item.fields), *(extra.url for extra in item.extras)]
        address = next((url for url in urls if url), None)
        key = links.canonical(address) if address else " ".join(plain(item.title).split())
        digest = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        again = f"-{seen[digest]}" if seen[digest] > 1 else ""
        return replace(item, id=f"i-{digest}{again}")

    return tuple(
        replace(section, content=tuple(identified(n) if isinstance(n, Item) else n for n in section.content))
        for section in sections
    )
