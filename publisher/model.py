"""The document in the middle: an Issue and its parts.

Every class is frozen and holds tuples only, so an Issue may be shared, hashed and cached. The Issue
knows no channel; readers make it, transforms map it to another Issue, writers turn it into text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import field
from typing import assert_never

from publisher.dataclass import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Pos:
    """A stretch of the source: lines and columns count from 1, columns in characters.

    The end is inclusive for lines and exclusive for columns, so a caret line for a single-line
    stretch has `end_column - column` characters.
    """

    line: int
    column: int
    end_line: int
    end_column: int


NO_POSITION = Pos(0, 0, 0, 0)
"""The position of a node that no source line wrote."""


# ------------------------------------------------------------------ inlines


@dataclass(frozen=True, slots=True)
class Text:
    """Plain characters, markup resolved."""

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
    """Code inside a line; its white space is kept."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link; the text of a bare URL is the URL itself."""

    children: Inlines
    url: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture inside a line."""

    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class Break:
    """A line break the editor meant."""


Inline = Text | Strong | Em | Code | Link | Image | Break
Inlines = tuple[Inline, ...]


# ------------------------------------------------------------------- blocks


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    children: Inlines
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class List:
    """A list whose entries are blocks; `start` is the first number of an ordered list."""

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
    """Code on lines of its own, without a final newline; `language` may be empty."""

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
    """A picture that stands alone; `url` is where a click leads, when the picture is linked."""

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

    `text` is everything as written; `name` and `date` are empty when the line has another form
    (then `regular` is false and `name` is the whole text).
    """

    text: Inlines
    name: str
    date: str = ""
    headline: tuple[str, ...] = ()
    regular: bool = True
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the guide marked 【新闻】 or 「论文」; `label` is the word inside the brackets."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Guide:
    """What stands before the first section: the 导读, and any paragraph that goes with it.

    `label` is the word that opened it ("导读"), at `label_pos`; empty for plain opening paragraphs.
    `count` is the number of items it claims.
    """

    blocks: Blocks
    label: str = ""
    count: int | None = None
    segments: tuple[Segment, ...] = ()
    label_pos: Pos = NO_POSITION
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Brief:
    """One line of the warm-up; `subject` is the text before its first colon (at most 14 characters)."""

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
    """A remark to the reader: `kind` is read_original, complete_url, pc_wechat, history or other."""

    kind: str
    text: Inlines
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Field:
    """A labelled line of an item, `label：value`, in source order.

    `kind` is summary, title, paper, code, project, link, article, docs, demo, video, slides, variant,
    people or discussion. `url` is set when the value is a link or a bare URL.
    """

    label: str
    kind: str
    value: Inlines
    url: str | None = None
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the newsletter. `pos` is its head line; fields and body carry their own.

    `id` never changes while the item keeps its address (or, without one, its title). `repo` is
    "owner/name", `arxiv` an id without version. `tail` is text behind the head link.
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
        """True for a bullet the editor has not filled: no title and no text, whatever its address."""
        return not (self.title or self.extras or self.tail or self.fields or self.body)

    @property
    def summary(self) -> Inlines:
        """The text of the first summary line that has any, empty without one."""
        return next((f.value for f in self.fields if f.kind == "summary" and f.value), ())


@dataclass(frozen=True, slots=True)
class Section:
    """A headed part; `level` is 1 to 6. Items and free blocks stand in source order."""

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
    """往期回顾 as the editor wrote it. Channels print a generated one instead."""

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
    """Something in the source that no reader may see: a comment, a script, an unsafe address.

    `name` says what it was ("comment", "script", "unsafe-url"). `inline` is true when it stood inside
    a line that belongs to another node.
    """

    name: str
    text: str
    inline: bool = False
    pos: Pos = NO_POSITION


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What the reader had to mend to go on: a stable code, the place, one sentence."""

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

    `id` is opaque and stable: the `id` of the front matter, else the date, else the file's stem.
    `front` holds the front matter as (key, value) pairs of text, in source order; `front_pos` its lines.
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
        """All items, in order."""
        return (item for section in self.sections for item in section.items)

    @property
    def briefs(self) -> tuple[Brief, ...]:
        """The lines of the warm-up."""
        return self.warmup.briefs if self.warmup else ()


def plain(inlines: Inlines) -> str:
    """The characters a reader sees: images give their alt text, breaks a space."""
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
