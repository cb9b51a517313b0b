"""The lines of an issue: guide, notes, heads of items and what stands below them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from publisher.channels.telegram.entities import Run, Runs, Style, clean, cut, glue, lines, stripped, text_of
from publisher.channels.telegram.writer import Writer
from publisher.links import canonical
from publisher.model import Brief, Field, Guide, Issue, Item, Link, Note, Publication, Text, plain
from publisher.patterns import lazy_pattern
from publisher.transforms import links

# remarks that are only true inside WeChat
_WECHAT_NOTES = {"read_original", "pc_wechat"}
_SENTENCE_ENDS = ("。", "；", "！", "？", "…", ".", ";", "!", "?")
_BREAK = lazy_pattern(r"\s*\n\s*")
_PUNCTUATION = set("，。；：、！？）,.;:!?)")


def tagline(issue: Issue, publication: Publication, writer: Writer) -> Runs:
    """The tagline of this issue; nothing when it is the newsletter's own."""
    own = plain(issue.tagline).strip() != publication.tagline or any(links(issue.tagline))
    return writer.inlines(issue.tagline, "italic") if own else ()


def guide(node: Guide, writer: Writer) -> Runs:
    """The guide after its label, its marks like 【论文】 in bold and each on a new line if it can be."""
    label = clean(node.label) + writer.say["colon"] if node.label else ""
    runs = lines([(Run(label, "bold"),), writer.blocks(node.blocks)], "")
    names = "|".join(re.escape(segment.label) for segment in node.segments)
    if not names:
        return runs
    text, made, done = text_of(runs), [], 0
    for mark in re.finditer(f"[【「](?:{names})[】」]", text):
        before, runs = cut(runs, mark.start() - done)
        bold, runs = cut(runs, len(mark[0]))
        new_line = text[: mark.start()].endswith(_SENTENCE_ENDS)
        made += [before, (Run("\n"),) if new_line else (), _in(bold, "bold")]
        done = mark.end()
    return glue(*made, runs)


def brief(node: Brief, writer: Writer) -> Runs:
    """A line of the warm-up, its subject in bold."""
    text = stripped(writer.inlines(node.text))
    if not node.subject or not text_of(text).startswith(node.subject):
        return text
    subject, rest = cut(text, len(node.subject))
    return glue(_in(subject, "bold"), rest)


def notes(nodes: Iterable[Note], writer: Writer) -> Iterator[Runs]:
    """The notes that mean something in Telegram."""
    for node in nodes:
        if node.kind not in _WECHAT_NOTES:
            label = "" if node.kind == "history" else writer.say["note"] + writer.say["colon"]
            yield glue((Run(label, "italic"),), writer.inlines(node.text, "italic"))


def title(item: Item, number: int, writer: Writer) -> Runs:
    """Number, tags, linked title, source or authors of an item."""
    name = one_line(writer.inlines(item.title))
    tags: list[Runs] = [(Run(f"[{clean(tag)}]"),) for tag in item.tags]
    shown = lines([*tags, writer.link(name, item.url) if item.url else name], " ")
    by = clean(item.source or writer.say["comma"].join(item.authors))
    return glue((Run(f"{number}. "),), lines([shown, (Run(by),) if by else ()], " · "))


def head(item: Item, number: int, writer: Writer, *, extras: bool) -> Runs:
    """The whole head line of an item: its title, with `extras` its further links, and what stands behind."""
    more = [one_line(writer.inlines((extra,))) for extra in item.extras] if extras else []
    tail = one_line(writer.inlines(item.tail)) if item.tail else ()
    between = "" if text_of(tail)[:1] in _PUNCTUATION else " "
    return lines([lines([title(item, number, writer), *more], " · "), tail], between)


def field(node: Field, writer: Writer) -> Runs:
    """A labelled line, its address a link."""
    value = writer.inlines(node.value)
    if node.url and node.url not in links(node.value):
        value = writer.link(value, node.url)
    return glue((Run(clean(node.label) + writer.say["colon"]),), value)


def elsewhere(item: Item, found: Sequence[Link], writer: Writer) -> Runs:
    """Links that lead elsewhere than the title, and each elsewhere than the others, on one line."""
    if not found:
        return ()
    places: dict[str, Link | None] = {canonical(item.url or ""): None}
    for one in found:
        places.setdefault(canonical(one.url), one)
    return lines([one_line(writer.inlines((one,))) for one in places.values() if one], " · ")


def field_links(item: Item) -> list[Link]:
    """The addresses of the fields, behind their labels."""
    return [Link((Text(node.label),), node.url) for node in item.fields if node.url]


def known_places(item: Item) -> list[Link]:
    """Where the repository and the paper of an item are, when nothing in it leads there."""
    if not (item.repo or item.arxiv):
        return []
    told = [item.url or "", *(extra.url for extra in item.extras)]
    told += [url for node in item.fields for url in (node.url or "", *links(node.value))]
    found = []
    if item.repo and not any(f"github.com/{item.repo}".lower() in url.lower() for url in told):
        found.append(Link((Text("GitHub"),), f"https://github.com/{item.repo}"))
    if item.arxiv and not any(item.arxiv in url for url in told):
        found.append(Link((Text("arXiv"),), f"https://arxiv.org/abs/{item.arxiv}"))
    return found


def one_line(runs: Runs) -> Runs:
    """The runs with their line breaks as spaces."""
    return stripped(
        tuple([run.saying(_BREAK.sub(" ", run.text)) if "\n" in run.text else run for run in runs])
    )


def _in(runs: Runs, style: Style) -> Runs:
    return tuple([run._replace(style=style) for run in runs])
