"""What of an issue is told, and in how much detail: its chapters, made of pieces that belong together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from publisher.channel import Entry
from publisher.channels.telegram import phrases
from publisher.channels.telegram.entities import Run, Runs, clean, glue, lines, stripped, text_of
from publisher.channels.telegram.writer import Writer
from publisher.dataclass import dataclass
from publisher.model import Blocks, Brief, Issue, Item, Paragraph, Publication, Section, Warmup
from publisher.transforms import shorten

if TYPE_CHECKING:
    from publisher.channels.telegram.settings import Detail

PARAGRAPHS = "\n\n"
"""What stands between two paragraphs."""

_LONGEST_TITLE = 256
_LONGEST_HEADING = 96


@dataclass(frozen=True, slots=True)
class Piece:
    """What stays in one message if it can; what is left over for the next one begins with `label`."""

    runs: Runs
    label: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """Pieces under a heading, which is said again, as `again`, where a message begins among them. `gap`
    stands between the pieces."""

    pieces: tuple[Piece, ...]
    heading: Runs = ()
    again: Runs = ()
    gap: str = PARAGRAPHS


@dataclass(frozen=True, slots=True)
class Digest:
    """An issue as it is told. `title` is on top of the first message, `name` on top of all others."""

    title: Runs
    name: Runs
    chapters: tuple[Chapter, ...]


def digest(issue: Issue, entry: Entry, publication: Publication, detail: Detail, writer: Writer) -> Digest:
    """The issue in a detail: `titles` has the guide and the title of every item, `summaries` the warm-up too,
    and of every item its summary and further links, `full` everything but the notes that speak of WeChat."""
    return _Teller(issue, entry, publication, detail, writer).digest()


@dataclass(frozen=True, slots=True)
class _Teller:
    issue: Issue
    entry: Entry
    publication: Publication
    detail: Detail
    writer: Writer

    def digest(self) -> Digest:
        title, name = " ".join(clean(self.entry.title).split()), self._name()
        if not any(map(str.isprintable, title.replace(" ", ""))):  # a message must have something to see
            title = name
        shown = shorten(title, _LONGEST_TITLE)
        opening = [] if shown == title else [(Run(title),)]
        chapters = [Chapter(_pieces(*opening, *self._preface()))]
        number = 1
        for section in self.issue.sections:
            chapters.append(self._chapter(section, number))
            number += sum(1 for _ in section.items)
        if self.detail == "full":
            chapters.append(Chapter(_pieces(*self._one_by_one(self.issue.footer))))
        return Digest(
            title=(Run(shown, "bold"),),
            name=(Run(shorten(name, _LONGEST_HEADING), "bold"),),
            chapters=tuple(chapter for chapter in chapters if chapter.pieces or chapter.heading),
        )

    def _name(self) -> str:
        title = self.issue.title
        if title and title.regular and title.date:
            name, date = title.name, title.date
        else:
            name, date = self.publication.name, self.entry.date.isoformat()
        return " ".join(clean(f"{name} ({date})").split())

    def _preface(self) -> Iterator[Runs]:
        issue, entry = self.issue, self.entry
        if entry.updated > entry.published:
            day = entry.updated.date().isoformat()
            yield (Run(f"{self.writer.say['updated']} {day}", "italic"),)
        yield phrases.tagline(issue, self.publication, self.writer)
        if issue.guide:
            yield phrases.guide(issue.guide, self.writer)
        if issue.warmup and self.detail != "titles":
            yield from self._warmup(issue.warmup)
        if self.detail == "full":
            yield from phrases.notes(issue.notes, self.writer)

    def _warmup(self, warmup: Warmup) -> Iterator[Runs]:
        briefs = lines(map(self._brief, warmup.briefs))
        yield lines([self.writer.blocks(warmup.intro), _quoted(briefs)])
        yield self.writer.blocks(warmup.outro)

    def _brief(self, brief: Brief) -> Runs:
        line = glue((Run("• "),), phrases.brief(brief, self.writer))
        return lines([line, self.writer.blocks(brief.body)])

    def _chapter(self, section: Section, number: int) -> Chapter:
        items = list(section.items)
        heading = stripped(self.writer.inlines(section.title, "bold"))
        pieces = [*_pieces(*phrases.notes(section.notes, self.writer))] if self.detail == "full" else []
        if len(text_of(heading)) > _LONGEST_HEADING:
            pieces = [Piece(heading), *pieces]
            heading = (Run(shorten(text_of(heading), _LONGEST_HEADING), "bold"),)
        blocks: Blocks = ()
        for node in section.content:
            if isinstance(node, Item):
                pieces += _pieces(*self._prose(blocks))
                pieces.append(Piece(self._item(node, number), f"{number}. "))
                number, blocks = number + 1, ()
            else:
                blocks = (*blocks, node)
        pieces += _pieces(*self._prose(blocks))
        say = self.writer.say
        count = f" · {len(items)} {say['item' if len(items) == 1 else 'items']}" if items else ""
        return Chapter(
            tuple(pieces),
            heading=glue(heading, (Run(count),)) if heading else (),
            again=(Run(text_of(heading), "bold"), Run(say["continued"])) if heading else (),
            gap="\n" if self.detail == "titles" else PARAGRAPHS,
        )

    def _prose(self, blocks: Blocks) -> Iterator[Runs]:
        match self.detail:
            case "full":
                yield from self._one_by_one(blocks)
            case "summaries":
                yield _quoted(self.writer.blocks(blocks))

    def _one_by_one(self, blocks: Blocks) -> Iterator[Runs]:
        return (self.writer.blocks((block,)) for block in blocks)

    def _item(self, item: Item, number: int) -> Runs:
        places = phrases.known_places(item)
        match self.detail:
            case "titles":
                return phrases.title(item, number, self.writer)
            case "summaries":
                head = phrases.head(item, number, self.writer, extras=False)
                found = [*item.extras, *phrases.field_links(item), *places]
                return lines(
                    [head, phrases.elsewhere(item, found, self.writer), _quoted(self._summary(item))]
                )
            case "full":
                head = phrases.head(item, number, self.writer, extras=True)
                fields = [phrases.field(one, self.writer) for one in item.fields if one.kind != "summary"]
                summary = [phrases.field(one, self.writer) for one in item.fields if one.kind == "summary"]
                text = lines([*summary, self.writer.blocks(item.body)])
                return lines([head, *fields, phrases.elsewhere(item, places, self.writer), _quoted(text)])

    def _summary(self, item: Item) -> Runs:
        """The summary; the first paragraph of an item that has none. What they announce is left out."""
        if item.summary:
            said, left = stripped(self.writer.inlines(item.summary)), len(item.body)
        else:
            first = tuple(block for block in item.body if isinstance(block, Paragraph))[:1]
            said, left = stripped(self.writer.blocks(first)), len(item.body) - 1
        if left > 0 and said and said[-1].text.endswith(("：", ":")):
            return (*said[:-1], said[-1].saying(f"{said[-1].text[:-1]}…"))
        return said


def _pieces(*parts: Runs) -> tuple[Piece, ...]:
    return tuple(Piece(runs) for part in parts if (runs := stripped(part)))


def _quoted(runs: Runs) -> Runs:
    return tuple([Run(run.text, run.style, run.url, True, run.language) for run in stripped(runs)])
