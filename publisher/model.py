"""The document model: an Issue and its nodes.

All classes are frozen and contain only tuples, so an Issue can be shared, hashed and cached. The model is
independent of channels: the reader creates an Issue, transforms change it, writers turn its nodes into text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import field
from typing import assert_never

from publisher.dataclass import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Pos:
    """A range of the source. Lines and columns count from 1, columns in characters.

    `end_line` is inclusive and `end_column` exclusive, so a range within a line has `end_column - column`
    characters.
    """

    line: int
    column: int
    end_line: int
    end_column: int


NO_POSITION = Pos(0, 0, 0, 0)
"""The position of a node that is not in the source."""


# ------------------------------------------------------------------ inlines


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text without markup."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """Bold text."""

    children: Inlines


@dataclass(frozen=True, slots=True)
class Em:
    """Emphasised text."""

    children: Inlines


@dataclass(frozen=True, slots=True)
class Code:
    """Inline code; white space is kept."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link; the text of a bare URL is the URL itself."""

    children: Inlines
    url: str


@dataclass(frozen=True, slots=True)
class Image:
    """An inline image."""

    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class Break:
    """A line break."""


Inline = Text | Strong | Em | Code | Link | Image | Break
Inlines = tuple[Inline, ...]


# ------------------------------------------------------------------- blocks


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of inlines."""

    children: Inlines
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class List:
    """A list; each item consists of blocks. `start` is the first number of an ordered list."""

    items: tuple[Blocks, ...]
    ordered: bool = False
    start: int = 1
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Quote:
    """Quoted blocks."""

    children: Blocks
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A code block, without a final newline; `language` may be empty."""

    text: str
    language: str = ""
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Table:
    """A table; rows may differ in length. `align` is '', 'left', 'center' or 'right' per header cell."""

    header: tuple[Inlines, ...]
    rows: tuple[tuple[Inlines, ...], ...]
    align: tuple[str, ...] = ()
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Figure:
    """An image in a block of its own; `url` is the target if the image is linked."""

    image: Image
    url: str | None = None
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Rule:
    """A thematic break."""

    pos: Pos = NO_POSITION


Block = Paragraph | List | Quote | CodeBlock | Table | Figure | Rule
Blocks = tuple[Block, ...]


# ----------------------------------------------------------- the newsletter


@dataclass(frozen=True, slots=True)
class Title:
    """The H1 `NAME (DATE)：topic/topic`.

    `text` is the whole line. If it has another form, `regular` is false, `name` is the whole text, and
    `date` is empty.
    """

    text: Inlines
    name: str
    date: str = ""
    headline: tuple[str, ...] = ()
    regular: bool = True
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the guide that starts with 【新闻】 or 「论文」; `label` is the word in the brackets."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Guide:
    """The introduction before the first section: the 导读 and the paragraphs around it.

    `label` is the word it starts with ("导读"), at `label_pos`; empty for opening paragraphs without one.
    `count` is the number of items it says the issue has.
    """

    blocks: Blocks
    label: str = ""
    count: int | None = None
    segments: tuple[Segment, ...] = ()
    label_pos: Pos = NO_POSITION
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Brief:
    """A line of the warm-up; `subject` is the text before its first colon (at most 14 characters)."""

    text: Inlines
    subject: str = ""
    body: Blocks = ()
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Warmup:
    """The bullet list before the first section, with the paragraphs around it."""

    intro: Blocks
    briefs: tuple[Brief, ...]
    outro: Blocks = ()
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Note:
    """A note to subscribers; `kind` is read_original, complete_url, pc_wechat, history or other."""

    kind: str
    text: Inlines
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Field:
    """A labelled line of an item, `label：value`, in source order.

    `kind` is summary, title, paper, code, project, link, article, docs, demo, video, slides, course,
    variant, people or discussion. `url` is set if the value is a link or a bare URL.
    """

    label: str
    kind: str
    value: Inlines
    url: str | None = None
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Item:
    """One item of an issue. `pos` is its head line; fields and body have their own positions.

    `id` is stable as long as the URL of the item (or the title, without a URL) does not change. `repo` is
    "owner/name", `arxiv` an id without version. `tail` is the text after the link.
    """

    title: Inlines
    id: str = ""
    url: str | None = None
    tags: tuple[str, ...] = ()
    repo: str | None = None
    arxiv: str | None = None
    source: str | None = None
    authors: tuple[str, ...] = ()
    extras: tuple[Link, ...] = ()
    tail: Inlines = ()
    fields: tuple[Field, ...] = ()
    body: Blocks = ()
    pos: Pos = NO_POSITION

    @property
    def is_placeholder(self) -> bool:
        """True for an empty bullet: no title and no text, whether or not it has a URL."""
        return not (self.title or self.extras or self.tail or self.fields or self.body)

    @property
    def summary(self) -> Inlines:
        """The first summary that is not empty; empty if there is none."""
        return next((f.value for f in self.fields if f.kind == "summary" and f.value), ())


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the issue with a heading. `level` is 1 to 6; items and free blocks are in source order."""

    title: Inlines
    level: int = 2
    notes: tuple[Note, ...] = ()
    content: tuple[Item | Block, ...] = ()
    pos: Pos = NO_POSITION

    @property
    def items(self) -> Iterator[Item]:
        """The items among the content."""
        return (node for node in self.content if isinstance(node, Item))


@dataclass(frozen=True, slots=True)
class Archive:
    """The list of earlier issues (往期回顾) in the source. Channels show a generated list instead."""

    title: Inlines
    blocks: Blocks
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Definition:
    """A link reference definition, `[label]: url`."""

    label: str
    url: str
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something in the source that must not be published: a comment, a script, an unsafe URL.

    `name` is the kind ("comment", "script", "unsafe-url"). `inline` is true if it was inside a line that
    belongs to another node.
    """

    name: str
    text: str
    inline: bool = False
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A syntax error that the reader worked around: a stable code, a message and the position."""

    code: str
    message: str
    pos: Pos


@dataclass(frozen=True, slots=True)
class Source:
    """Where the issue was read from, and the SHA-256 (hex) of its bytes."""

    path: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue of the newsletter.

    `id` is opaque and stable: the `id` of the front matter, else the date, else the stem of the file name.
    `front` is the front matter as (key, value) pairs of strings, in source order; `front_pos` its lines.
    """

    id: str
    date: dt.date | None = None
    title: Title | None = None
    tagline: Inlines = ()
    guide: Guide | None = None
    warmup: Warmup | None = None
    sections: tuple[Section, ...] = ()
    notes: tuple[Note, ...] = ()
    archive: Archive | None = None
    footer: Blocks = ()
    front: tuple[tuple[str, str], ...] = ()
    front_pos: Pos = NO_POSITION
    tagline_pos: Pos = NO_POSITION
    draft: bool = False
    definitions: tuple[Definition, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    source: Source = field(default_factory=Source)

    @property
    def items(self) -> Iterator[Item]:
        """All items, in source order."""
        return (item for section in self.sections for item in section.items)

    @property
    def briefs(self) -> tuple[Brief, ...]:
        """The lines of the warm-up."""
        return self.warmup.briefs if self.warmup else ()


def plain(inlines: Inlines) -> str:
    """Return the visible text of inlines: for images the alt text, for breaks a space."""
    return "".join([node.text if isinstance(node, Text) else _extract_node_text(node) for node in inlines])


def _extract_node_text(node: Inline) -> str:
    match node:
        case Text(text) | Code(text):
            return text
        case Strong(children) | Em(children) | Link(children):
            return plain(children)
        case Image(alt=alt):
            return alt
        case Break():
            return " "
        case _:
            assert_never(node)
