"""A short outline of an Issue, to compare with what is expected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from textwrap import dedent, indent
from typing import assert_never

from publisher.model import (
    Block,
    Blocks,
    Break,
    Code,
    CodeBlock,
    Em,
    Figure,
    FootnoteRef,
    Footnotes,
    Heading,
    Image,
    Inlines,
    Issue,
    Item,
    Link,
    List,
    Mark,
    Paragraph,
    Quote,
    Rule,
    Strike,
    Strong,
    Sub,
    Sup,
    Table,
    Text,
    Underline,
)
from publisher.reader import parse_issue


def line(nodes: Inlines) -> str:
    """Inlines as Markdown of one line, a break as a slash."""
    out = ""
    for node in nodes:
        match node:
            case Text(text):
                out += text
            case Strong(children):
                out += f"**{line(children)}**"
            case Em(children):
                out += f"*{line(children)}*"
            case Strike(children):
                out += f"~~{line(children)}~~"
            case Underline() | Mark() | Sup() | Sub():
                out += f"<{type(node).__name__.lower()}>{line(node.children)}</>"
            case Code(text):
                out += f"`{text}`"
            case Link(children, url, title):
                target = f'{url} "{title}"' if title else url
                out += f"<{url}>" if children == (Text(url),) else f"[{line(children)}]({target})"
            case Image(url, alt):
                out += f"![{alt}]({url})"
            case Break():
                out += " / "
            case FootnoteRef(label, number):
                out += f"[^{label} {number}]"
            case _:
                assert_never(node)
    return re.sub(r" +", " ", out)


def block(node: Block) -> Iterator[str]:
    match node:
        case Paragraph(children):
            yield f"p {line(children)}".rstrip()
        case Heading(level, children):
            yield f"h{level} {line(children)}".rstrip()
        case List(items, ordered, start, _, tasks):
            for number, (item, done) in enumerate(zip_longest(items, tasks), start):
                task = {None: "", True: " [x]", False: " [ ]"}[done]
                yield (f"{number}." if ordered else "-") + task
                yield indent("\n".join(blocks(item)), "  ")
        case Quote(children, _, alert, title):
            if alert:
                yield f"> [{alert}] {line(title)}".rstrip()
            yield indent("\n".join(blocks(children)), "> ", lambda _: True)
        case CodeBlock(text, language):
            yield f"code {language} {text!r}"
        case Table(header, rows):
            yield from (" | ".join(["row", *(line(cell) for cell in row)]) for row in (header, *rows))
        case Figure(image, url):
            yield f"figure {line((image,))}" + (f" to {url}" if url else "")
        case Rule():
            yield "rule"
        case Footnotes(notes):
            for note in notes:
                yield f"note [^{note.label} {note.number}]"
                yield indent("\n".join(blocks(note.children)), "  ")
        case _:
            assert_never(node)


def blocks(nodes: Blocks) -> Iterator[str]:
    for node in nodes:
        yield from block(node)


def item(node: Item) -> Iterator[str]:
    head = [
        "item",
        node.written_number.rstrip(),
        *(f"[{tag}]" for tag in node.tags),
        line(node.title),
        f"<{node.url}>" if node.url else "",
    ]
    rest = [f"| {node.source}" if node.source else "", f"+{line(node.tail)}" if node.tail else ""]
    extras = [f"& {line((extra,))}" for extra in node.extras]
    yield " ".join(part for part in (*head, *rest, *extras) if part)
    for field in node.fields:
        yield f"  {field.label} = {line(field.value)}"
    yield from (indent(text, "  ") for text in blocks(node.body))


def outline(issue: Issue) -> Iterator[str]:
    if issue.title:
        yield f"title {line(issue.title.text)}"
    if issue.tagline:
        yield f"tagline {line(issue.tagline)}"
    if issue.guide:
        yield f"guide {issue.guide.label}".rstrip()
        yield from (indent(text, "  ") for text in blocks(issue.guide.blocks))
    if issue.warmup:
        yield from (f"intro {text}" for text in blocks(issue.warmup.intro))
        for brief in issue.warmup.briefs:
            yield f"brief {line(brief.text)}"
            yield from (indent(text, "  ") for text in blocks(brief.body))
    yield from (f"note {note.kind} {line(note.text)}" for note in issue.notes)
    for section in issue.sections:
        yield f"{'#' * section.level} {line(section.title)}".rstrip()
        yield from (f"note {note.kind} {line(note.text)}" for note in section.notes)
        for node in section.content:
            yield from item(node) if isinstance(node, Item) else block(node)
    if issue.footer:
        yield "footer"
        yield from (indent(text, "  ") for text in blocks(issue.footer))


def reads(source: str, expected: str) -> Issue:
    """The Issue of a text, which must be made of these parts and hold every word and address."""
    source = dedent(source).strip("\n") + "\n"
    issue = parse_issue(source)
    found = "\n".join(outline(issue))
    assert found == dedent(expected).strip("\n")
    held = found + " ".join(text for pair in issue.front for text in pair)
    held += " ".join(f"{one.label} {one.url}" for one in issue.definitions)
    markup = r"<!--.*?-->|</?[a-z]+\b[^>]*>|https?://\S+|^(#+ )?\d+[、.]"
    words = re.sub(markup, " ", source, flags=re.DOTALL | re.MULTILINE)
    assert {word for word in re.findall(r"\w+", words) if word not in held} == set()
    assert {url for url in re.findall(r"https?://[\w./=-]+\w", source) if url not in held} == set()
    return issue
