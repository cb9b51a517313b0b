"""The whole article: one styled section, and in it everything a reader may see of the issue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from publisher.channel import Context
from publisher.channels.wechat import style
from publisher.channels.wechat.items import entry_html, item_html
from publisher.channels.wechat.links import Form, Links, Use, opens
from publisher.channels.wechat.writer import BULLET, TAG, Writer, element, held, paragraph, printed
from publisher.dataclass import dataclass
from publisher.links import canonical
from publisher.model import (
    Block,
    Break,
    Brief,
    Guide,
    Inline,
    Issue,
    Item,
    Note,
    Paragraph,
    Rule,
    Section,
    Segment,
    Strong,
    Text,
    Title,
    Warmup,
    plain,
)
from publisher.transforms import links, map_urls
from publisher.writers.html import words

_ENDS = "。；！？…"


@dataclass(frozen=True, slots=True)
class Setting:
    """What an article depends on besides the issue.

    `title` is what WeChat shows above it, `original` whether there is a page behind 阅读原文. `footer` takes
    the place of the issue's own when it is not empty. `earlier` are the issues to lead to at its end. `say`
    are the words of its language.
    """

    title: str
    original: bool
    say: Mapping[str, str]
    footnotes: bool = False
    footer: tuple[str, ...] = ()
    earlier: tuple[Earlier, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemSize:
    """How many characters an item takes, and how many of them are markup: tags, styles, hidden addresses."""

    title: str
    characters: int
    markup: int


@dataclass(frozen=True, slots=True)
class Article:
    """The HTML of an article; in reading order its links, its pictures' addresses, the sizes of its items."""

    html: str
    uses: tuple[Use, ...]
    pictures: tuple[str, ...]
    items: tuple[ItemSize, ...]


def article(issue: Issue, setting: Setting) -> Article:
    """The article of an issue that went through `publishable` and `absolute`.

    A note about 阅读原文 is written when it is true, and only then, whatever the issue says.
    """
    writer = Writer(Links(footnotes=setting.footnotes), setting.say)
    sizes: list[ItemSize] = []
    early, late = _notes(issue)
    opening = "".join(_opening(issue, early, setting.title, writer))
    sections = "".join([_section(section, writer, sizes) for section in issue.sections])
    archive = _archive(setting.earlier, writer)
    footer = _footer(issue, late, setting.footer, writer)
    uses = tuple(writer.links.uses)
    notice = ""
    if setting.original and not all(use.clickable for use in uses):
        notice = paragraph(_remark(words(setting.say["read_original"]), writer), style.NOTE)
    html = element(
        "section", style.ARTICLE, opening + notice + sections + archive + notice + _list(writer) + footer
    )
    return Article(html, uses, tuple(writer.pictures), tuple(sizes))


# -------------------------------------------------------------------- opening


def _opening(issue: Issue, notes: list[Note], title: str, writer: Writer) -> Iterator[str]:
    """What stands before the first section."""
    writer.links.begin(issue.title and issue.title.text, issue.tagline)
    if issue.title:
        yield _heading(issue.title, title, writer)
    yield paragraph(writer.inlines(issue.tagline), style.SMALL)
    if issue.guide:
        yield _guide(issue.guide, writer)
    if issue.warmup:
        yield _warmup(issue.warmup, writer)
    yield from (_note(note, style.NOTE, writer) for note in notes)


def _heading(title: Title, shown: str, writer: Writer) -> str:
    """What the title of the article had no room for."""
    if any(links(title.text)) or not (title.regular or plain(title.text) == shown):
        return element("h2", style.HEADLINE, held(writer.inlines(title.text)))
    if all(topic in shown for topic in title.headline):
        return ""
    return element("h2", style.HEADLINE, words("/".join(title.headline)))


def _guide(guide: Guide, writer: Writer) -> str:
    """The guide in a box, its label before its first words, what it says of each section on a new line."""
    writer.links.begin(guide.blocks)
    label = (Strong((Text(guide.label),)), Text(writer.say["colon"])) if guide.label else ()
    blocks = tuple([_on_lines(block, guide.segments) for block in guide.blocks])
    match blocks:
        case (Paragraph(children), *rest):
            blocks = (Paragraph((*label, *children)), *rest)
        case _:
            blocks = (Paragraph(label), *blocks)
    return element("section", style.GUIDE, writer.blocks(blocks))


def _on_lines(block: Block, segments: tuple[Segment, ...]) -> Block:
    """The block with a break before each mark like 【论文】 that follows the end of a sentence."""
    if not segments or not isinstance(block, Paragraph):
        return block
    labels = "|".join(re.escape(segment.label) for segment in segments)
    mark = re.compile(f"(?<=[{_ENDS}])\\s*(?=[【「](?:{labels})[】」])")
    made: list[Inline] = []
    for node in block.children:
        if isinstance(node, Text):
            first, *rest = mark.split(node.text)
            made.append(Text(first))
            for piece in rest:
                made += (Break(), Text(piece))
        else:
            made.append(node)
    return replace(block, children=tuple(made))


def _warmup(warmup: Warmup, writer: Writer) -> str:
    writer.links.begin(warmup)
    intro = writer.blocks(warmup.intro)
    briefs = "".join([_brief(brief, writer) for brief in warmup.briefs])
    return element("section", style.WARMUP, intro + briefs + writer.blocks(warmup.outro))


def _brief(brief: Brief, writer: Writer) -> str:
    """A line of the warm-up, its subject in bold."""
    text, subject = writer.inlines(brief.text), words(brief.subject)
    if subject and text.startswith(subject):
        text = element("strong", "", subject) + text.removeprefix(subject)
    return paragraph(f"{BULLET} {text}") + writer.blocks(brief.body)


# ------------------------------------------------------------------- sections


def _section(section: Section, writer: Writer, sizes: list[ItemSize]) -> str:
    """A section. Names that stand for addresses are explained above them, unless the editor did."""
    before = len(writer.links.uses)
    tag, css = ("h2", style.HEADING) if section.level <= 2 else ("h3", style.SUBHEADING)
    writer.links.begin(section.title)
    heading = element(tag, css, held(writer.inlines(section.title)))
    notes = "".join(_note(note, style.NOTE, writer) for note in section.notes if note.kind != "read_original")
    content = "".join(_content(section, writer, sizes))
    explained = any(note.kind == "complete_url" for note in section.notes)
    if not explained and any(use.form is Form.NAME for use in writer.links.uses[before:]):
        notes += paragraph(_remark(words(writer.say["complete_address"]), writer), style.NOTE)
    return heading + notes + content


def _content(section: Section, writer: Writer, sizes: list[ItemSize]) -> Iterator[str]:
    """Items and blocks. Items that have nothing but a title are a list."""
    bare = not any(item.fields or item.body for item in section.items)
    entries = ""
    for node in section.content:
        if isinstance(node, Item):
            html = entry_html(node, writer) if bare else item_html(node, writer)
            markup = sum(map(len, TAG.findall(html)))
            sizes.append(ItemSize(" ".join(plain(node.title).split()), len(html), markup))
            if bare:
                entries += html
            else:
                yield html
        else:
            yield element("section", style.PROSE, entries)
            entries = ""
            writer.links.begin(node)
            yield writer.blocks((node,), style.PROSE)
    yield element("section", style.PROSE, entries)


# ------------------------------------------------------------- notes, endings


def _notes(issue: Issue) -> tuple[list[Note], list[Note]]:
    """The notes above the sections, and those behind them; without the ones the article writes itself."""
    kept = [note for note in issue.notes if note.kind != "read_original"]
    start = issue.sections[0].pos if issue.sections else None
    late = [note for note in kept if start and note.pos > start]
    return [note for note in kept if note not in late], late


def _note(note: Note, css: str, writer: Writer) -> str:
    writer.links.begin(note.text)
    text = writer.inlines(note.text)
    return paragraph(text if note.kind == "history" else _remark(text, writer), css)


def _remark(html: str, writer: Writer) -> str:
    return f"{writer.say['note']}{writer.say['colon']}{html}"


def _list(writer: Writer) -> str:
    """The addresses that the numbers of the text lead to."""
    if not writer.links.numbered:
        return ""
    rows = [f"[{number}] {printed(url)}" for number, url in enumerate(writer.links.numbered, 1)]
    heading = element("h2", style.SUBHEADING, words(writer.say["references"]))
    return heading + paragraph("<br>".join(rows), style.SMALL)


def _archive(earlier: tuple[Earlier, ...], writer: Writer) -> str:
    """Earlier issues by their dates, those that open with a tap."""
    found = [writer.linked(words(name), url, writer.links.in_text(name, url)) for name, url in earlier]
    if not found:
        return ""
    heading = element("h2", style.SUBHEADING, words(writer.say["archive"]))
    return heading + paragraph(" · ".join(found))


def _footer(issue: Issue, notes: list[Note], instead: tuple[str, ...], writer: Writer) -> str:
    """The end of the issue in small print; the lines of `instead` take the place of its own."""
    blocks = tuple(Paragraph((Text(line),)) for line in instead) or issue.footer
    if blocks and isinstance(blocks[0], Rule):  # space sets the footer off
        blocks = blocks[1:]
    writer.links.begin(blocks)
    nodes = sorted((*blocks, *notes), key=lambda node: node.pos)
    inside = [_note(node, "", writer) if isinstance(node, Note) else writer.blocks((node,)) for node in nodes]
    return element("section", style.FOOTER, "".join(inside))


_MOST = 12
_PLACEHOLDERS = {
    "date": r"\d{4}-\d\d-\d\d",
    "year": r"\d{4}",
    "month": r"\d\d",
    "day": r"\d\d",
    "id": r"[^/]+?",
}


class Earlier(NamedTuple):
    """An earlier issue: its date, or else its id, and the address of its article."""

    name: str
    url: str


def earlier(context: Context) -> tuple[Earlier, ...]:
    """The earlier issues whose articles are known, newest first, as many as anybody looks through."""
    entry, pattern = context.entry, _pattern(context.publication.url)
    found = []
    for page, url in _known(context).items():
        if (parts := re.fullmatch(pattern, page)) and opens(url):
            values = parts.groupdict()
            date = values.get("date") or "-".join(filter(None, map(values.get, ("year", "month", "day"))))
            if not (date and entry and date >= entry.date.isoformat()[: len(date)]):
                found.append(Earlier(date or values.get("id") or page, url))
    return tuple(sorted(found, reverse=True)[:_MOST])


def with_articles(issue: Issue, context: Context) -> Issue:
    """The issue, its links to pages of earlier issues leading to their articles."""
    known = {canonical(page): url for page, url in _known(context).items()}
    return map_urls(issue, lambda url: known.get(canonical(url), url)) if known else issue


def _known(context: Context) -> dict[str, str]:
    """The articles of other issues, by the address of the page."""
    own = context.entry.url if context.entry else ""
    return {page: url for page, url in context.article_urls.items() if page != own}


def _pattern(url: str) -> str:
    """What the addresses of pages look like."""
    seen: set[str] = set()

    def group(found: re.Match[str]) -> str:
        name = found[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>{_PLACEHOLDERS[name]})"

    return re.sub(r"\\\{(\w+)\\\}", group, re.escape(url))
