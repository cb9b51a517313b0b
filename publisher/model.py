"""The document model: an Issue and its nodes.

All classes are frozen and contain only tuples, so an Issue can be shared, hashed and cached. The model is
independent of channels: the reader creates an Issue, transforms change it, writers turn its nodes into text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from msgspec import field

from publisher.inline_nodes import NO_POSITION as NO_POSITION
from publisher.inline_nodes import Break as Break
from publisher.inline_nodes import Code as Code
from publisher.inline_nodes import Em as Em
from publisher.inline_nodes import FootnoteRef as FootnoteRef
from publisher.inline_nodes import Image as Image
from publisher.inline_nodes import Inline as Inline
from publisher.inline_nodes import Inlines as Inlines
from publisher.inline_nodes import Link as Link
from publisher.inline_nodes import Mark as Mark
from publisher.inline_nodes import Node as Node
from publisher.inline_nodes import Pos as Pos
from publisher.inline_nodes import Strike as Strike
from publisher.inline_nodes import Strong as Strong
from publisher.inline_nodes import Sub as Sub
from publisher.inline_nodes import Sup as Sup
from publisher.inline_nodes import Text as Text
from publisher.inline_nodes import Underline as Underline
from publisher.inline_nodes import plain as plain

# ------------------------------------------------------------------- blocks


class Paragraph(Node, frozen=True):
    """A paragraph of inlines."""

    children: Inlines
    pos: Pos = NO_POSITION


class Heading(Node, frozen=True):
    """A heading inside a quote, list or item; `level` is 1 to 6. Other headings open sections and items."""

    level: int
    children: Inlines
    pos: Pos = NO_POSITION


class List(Node, frozen=True):
    """A list; each item consists of blocks. `start` is the first number of an ordered list.

    `tasks` has for each item of a task list whether it is done, None if it is no task; empty for other lists.
    `loose` is true if blank lines separate the items, or blocks of one. `closes` is true for numbers like 1).
    """

    items: tuple[Blocks, ...]
    ordered: bool = False
    start: int = 1
    pos: Pos = NO_POSITION
    tasks: tuple[bool | None, ...] = ()
    loose: bool = False
    closes: bool = False

    @property
    def delimiter(self) -> str:
        """What follows the number of an item in an ordered list."""
        return ")" if self.closes else "."

    @property
    def marked_items(self) -> tuple[Blocks, ...]:
        """The items as shown: those that are tasks after ☐, or ☑ if done."""
        if not self.tasks:
            return self.items
        return tuple([_mark_task(item, done) for item, done in zip(self.items, self.tasks, strict=True)])


class Quote(Node, frozen=True):
    """Quoted blocks. `kind` is note, tip, important, warning or caution for an alert, `> [!NOTE]`.

    `title` is what an alert is called: its own title, or else its kind in the language of the newsletter.
    """

    children: Blocks
    pos: Pos = NO_POSITION
    kind: str = ""
    title: Inlines = ()

    @property
    def titled_children(self) -> Blocks:
        """The blocks as shown: those of an alert after its title in bold."""
        return (Paragraph((Strong(self.title),)), *self.children) if self.title else self.children


class CodeBlock(Node, frozen=True):
    """A code block, without a final newline; `language` may be empty."""

    text: str
    language: str = ""
    pos: Pos = NO_POSITION


class Table(Node, frozen=True):
    """A table; rows may differ in length. `align` is '', 'left', 'center' or 'right' per header cell."""

    header: tuple[Inlines, ...]
    rows: tuple[tuple[Inlines, ...], ...]
    align: tuple[str, ...] = ()
    pos: Pos = NO_POSITION


class Figure(Node, frozen=True):
    """An image in a block of its own; `url` is the target if the image is linked."""

    image: Image
    url: str | None = None
    pos: Pos = NO_POSITION


class Rule(Node, frozen=True):
    """A thematic break."""

    pos: Pos = NO_POSITION


class Footnote(Node, frozen=True):
    """The text of a footnote; `label` and `number` are those of its references."""

    label: str
    number: int
    children: Blocks
    pos: Pos = NO_POSITION


class Footnotes(Node, frozen=True):
    """The footnotes of an item, a section or another part of the issue, at its end."""

    notes: tuple[Footnote, ...]
    pos: Pos = NO_POSITION


Block = Paragraph | Heading | List | Quote | CodeBlock | Table | Figure | Rule | Footnotes
Blocks = tuple[Block, ...]


# ----------------------------------------------------------- the newsletter


class Title(Node, frozen=True):
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


class Segment(Node, frozen=True):
    """A part of the guide that starts with 【新闻】 or 「论文」; `label` is the word in the brackets."""

    label: str
    text: str


class Guide(Node, frozen=True):
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


class Brief(Node, frozen=True):
    """A line of the warm-up; `subject` is the text before its first colon (at most 14 characters)."""

    text: Inlines
    subject: str = ""
    body: Blocks = ()
    pos: Pos = NO_POSITION


class Warmup(Node, frozen=True):
    """The bullet list before the first section, with the paragraphs around it."""

    intro: Blocks
    briefs: tuple[Brief, ...]
    outro: Blocks = ()
    pos: Pos = NO_POSITION


class Note(Node, frozen=True):
    """A note to subscribers; `kind` is read_original, complete_url, pc_wechat, history, audio or other."""

    kind: str
    text: Inlines
    pos: Pos = NO_POSITION


class Field(Node, frozen=True):
    """A labelled line of an item, `label：value`, in source order.

    `kind` is summary, title, paper, code, project, link, article, docs, demo, video, slides, course,
    variant, people or discussion. `url` is set if the value is a link or a bare URL.
    """

    label: str
    kind: str
    value: Inlines
    url: str | None = None
    pos: Pos = NO_POSITION


class Item(Node, frozen=True, cache_hash=True):
    """One item of an issue. `pos` is its head line; fields and body have their own positions.

    `id` is stable as long as the URL of the item (or its text, without a URL) does not change. `repo` is
    "owner/name", `arxiv` an id without version. `link_title` is the title of its link, as in `[a](url "title")`.
    `tail` is the text after the link as it is written, with the space before it or without one. `written_number`
    is a number that is part of the text, such as `1、`. Its hash is kept, as results are remembered by item.
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
    written_number: str = ""
    link_title: str = ""

    @property
    def is_placeholder(self) -> bool:
        """True for an empty bullet: no title and no text, whether or not it has a URL."""
        return not (self.title or self.extras or self.tail or self.fields or self.body)

    @property
    def summary(self) -> Inlines:
        """The first summary that is not empty; empty if there is none."""
        return next((f.value for f in self.fields if f.kind == "summary" and f.value), ())


class Section(Node, frozen=True):
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


class Archive(Node, frozen=True):
    """The list of earlier issues (往期回顾) in the source. Channels show a generated list instead."""

    title: Inlines
    blocks: Blocks
    pos: Pos = NO_POSITION


class Definition(Node, frozen=True):
    """A link reference definition, `[label]: url "title"`."""

    label: str
    url: str
    pos: Pos = NO_POSITION
    title: str = ""


class Dropped(Node, frozen=True):
    """Something in the source that must not be published: a comment, a script, an unsafe URL.

    `name` is the kind ("comment", "script", "unsafe-url"). `inline` is true if it was inside a line that
    belongs to another node.
    """

    name: str
    text: str
    inline: bool = False
    pos: Pos = NO_POSITION


class Diagnostic(Node, frozen=True):
    """A syntax error that the reader worked around: a stable code, a message and the position."""

    code: str
    message: str
    pos: Pos


class Source(Node, frozen=True):
    """Where the issue was read from, and the SHA-256 (hex) of its bytes."""

    path: str = ""
    sha256: str = ""


class Address(Node, frozen=True):
    """What the URLs of an issue's page are made of, besides its id and date; "" for what the issue does not say.

    `slug` is the `slug` of the front matter, else the file name without its date; `number` the number of the issue,
    as written. `page` is the `url` or `permalink` of the front matter, the path of the page as another site
    generator has it, and `aliases` are the paths where the page was before.
    """

    slug: str = ""
    number: str = ""
    page: str = ""
    aliases: tuple[str, ...] = ()


class Audio(Node, frozen=True):
    """A recording of the issue: its URL, media type and length in bytes, 0 if that is not known."""

    url: str | None
    media_type: str
    length: int = 0


class Issue(Node, frozen=True, cache_hash=True):
    """One issue of the newsletter.

    `id` is opaque and stable: the `id` of the front matter, else the date, else the stem of the file name.
    `feed_id` is the id of its entry in feeds if it is not made from `id`, but kept from another program, else "".
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
    address: Address = field(default_factory=Address)
    feed_id: str = ""
    audio: Audio | None = None

    @property
    def items(self) -> Iterator[Item]:
        """All items, in source order."""
        return (item for section in self.sections for item in section.items)

    @property
    def briefs(self) -> tuple[Brief, ...]:
        """The lines of the warm-up."""
        return self.warmup.briefs if self.warmup else ()


def _mark_task(item: Blocks, done: bool | None) -> Blocks:
    if done is None:
        return item
    mark = Text("☑" if done else "☐")
    match item:
        case (Paragraph(children, pos), *rest):
            return (Paragraph((mark, Text(" "), *children), pos), *rest)
    return (Paragraph((mark,)), *item)
