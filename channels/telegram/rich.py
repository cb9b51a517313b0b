"""The whole issue as one rich message: https://core.telegram.org/bots/api#inputrichmessage, Bot API 10.1

Headings, lists, tables and code are what they are, and the text of every item folds. An app that does not
know rich messages shows nothing but a request to update it, so this one is made besides the messages, not
instead of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any, TypedDict, assert_never

from publisher.channel import Entry
from publisher.channels.telegram import phrases
from publisher.channels.telegram.entities import Run, Runs, clean, stripped
from publisher.channels.telegram.writer import Writer
from publisher.dataclass import dataclass
from publisher.model import (
    Block,
    Blocks,
    CodeBlock,
    Figure,
    Inlines,
    Issue,
    Item,
    List,
    Paragraph,
    Publication,
    Quote,
    Rule,
    Section,
    Table,
    Warmup,
)

Node = dict[str, Any]
"""A block, as https://core.telegram.org/bots/api#inputrichblock spells it, or a piece of text."""


class RichMessage(TypedDict):
    """The content of a rich message. Nothing in it becomes a link but what is one."""

    blocks: list[Node]
    skip_entity_detection: bool


@dataclass(frozen=True, slots=True)
class Measure:
    """What a rich message takes: characters, blocks with list items and table rows, levels, columns."""

    characters: int
    blocks: int
    levels: int
    columns: int


# tdlib/td: td/telegram/OptionManager.cpp
MOST = Measure(32_768, 500, 16, 20)


def rich_message(issue: Issue, entry: Entry, publication: Publication, writer: Writer) -> RichMessage:
    """Everything in the issue but the notes that speak of WeChat."""
    title = " ".join(clean(entry.title).split())
    made = [_heading((Run(title),), 1)] if title else []
    made += _paragraph(phrases.tagline(issue, publication, writer))
    if issue.guide:
        made += _paragraph(phrases.guide(issue.guide, writer))
    if issue.warmup:
        made += _warmup(issue.warmup, writer)
    for note in phrases.notes(issue.notes, writer):
        made += _paragraph(note)
    number = 1
    for section in issue.sections:
        made += _section(section, number, writer)
        number += sum(1 for _ in section.items)
    made += _blocks(issue.footer, writer)
    return {"blocks": made, "skip_entity_detection": True}


def excess(message: RichMessage) -> list[str]:
    """What the message has too much of, like "612 of 500 blocks"."""
    taken = measure(message["blocks"])
    return [
        f"{count:,} of {most:,} {field.name}"
        for field in fields(MOST)
        if (count := getattr(taken, field.name)) > (most := getattr(MOST, field.name))
    ]


# ---------------------------------------------------------------------- the issue


def _warmup(warmup: Warmup, writer: Writer) -> Iterator[Node]:
    yield from _blocks(warmup.intro, writer)
    lines = ((phrases.brief(brief, writer), brief.body) for brief in warmup.briefs)
    yield from _list([[*_paragraph(line), *_blocks(body, writer)] for line, body in lines])
    yield from _blocks(warmup.outro, writer)


def _section(section: Section, number: int, writer: Writer) -> Iterator[Node]:
    if title := stripped(writer.inlines(section.title)):
        yield _heading(title, min(max(section.level, 2), 6))
    for note in phrases.notes(section.notes, writer):
        yield from _paragraph(note)
    for node in section.content:
        if isinstance(node, Item):
            yield from _item(node, number, writer)
            number += 1
        else:
            yield from _blocks((node,), writer)


def _item(item: Item, number: int, writer: Writer) -> Iterator[Node]:
    """The head line, a line for each field, and what there is to read below its label, folded."""
    yield from _paragraph(phrases.head(item, number, writer, extras=True))
    label, text = "", list[Node]()
    for field in item.fields:
        if field.kind != "summary":
            yield from _paragraph(phrases.field(field, writer))
        elif label or not field.label:
            text += _paragraph(phrases.field(field, writer))
        else:
            label = clean(field.label)
            text += _paragraph(writer.inlines(field.value))
    yield from _paragraph(phrases.elsewhere(item, phrases.known_places(item), writer))
    if text := [*text, *_blocks(item.body, writer)]:
        yield {"type": "details", "summary": label or writer.say["unfold"], "blocks": text}


# ------------------------------------------------------------------------- blocks


def _heading(runs: Runs, size: int) -> Node:
    return {"type": "heading", "text": _text(runs), "size": size}


def _paragraph(runs: Runs) -> list[Node]:
    return [{"type": "paragraph", "text": _text(shown)}] if (shown := stripped(runs)) else []


def _list(items: Iterable[list[Node]], start: int | None = None) -> list[Node]:
    """A list of the items that hold something, numbered if there is a number to start with."""
    filled: list[Node] = [{"blocks": blocks} for blocks in items if blocks]
    if start is not None:
        for number, item in enumerate(filled, start):
            item |= {"value": number, "type": "1"}
    return [{"type": "list", "items": filled}] if filled else []


def _blocks(nodes: Blocks, writer: Writer) -> list[Node]:
    return [made for node in nodes for made in _block(node, writer)]


def _block(node: Block, writer: Writer) -> list[Node]:
    match node:
        case List(items, ordered, start):
            return _list([_blocks(item, writer) for item in items], start if ordered else None)
        case Quote(children):
            inside = _blocks(children, writer)
            return [{"type": "blockquote", "blocks": inside}] if inside else []
        case CodeBlock(text, language):
            code: Node = {"type": "pre", "text": clean(text.expandtabs(4))}
            return [code | ({"language": language} if language else {})] if text.strip() else []
        case Table(header, rows) if max(map(len, (header, *rows))) <= MOST.columns:
            cells = [
                [_cell(cell, writer, is_header=row is header) for cell in row] for row in (header, *rows)
            ]
            return [{"type": "table", "cells": [row for row in cells if row], "is_bordered": True}]
        case Rule():
            return [{"type": "divider"}]
        case Paragraph() | Figure() | Table():
            return _paragraph(writer.blocks((node,)))
        case _:
            assert_never(node)


def _cell(nodes: Inlines, writer: Writer, *, is_header: bool) -> Node:
    runs = stripped(writer.inlines(nodes))
    cell: Node = {"text": _text(runs), "align": "left", "valign": "top"}
    return cell | ({"is_header": True} if is_header else {})


# --------------------------------------------------------------------------- text


def _text(runs: Runs) -> object:
    """The runs as https://core.telegram.org/bots/api#richtext"""
    nodes = [_node(run) for run in runs]
    return nodes[0] if len(nodes) == 1 else nodes or ""


def _node(run: Run) -> object:
    node: object = run.text
    if run.style == "email":
        return {"type": "email_address", "text": node, "email_address": run.text}
    if run.style:
        node = {"type": run.style, "text": node}
    return {"type": "url", "text": node, "url": run.url} if run.url else node


# ------------------------------------------------------------------------ measure


def measure(blocks: list[Node]) -> Measure:
    """What blocks take of the limits."""
    columns = [len(row) for block in _all(blocks) for row in block.get("cells", [])]
    return Measure(
        characters=_characters(blocks),
        blocks=sum(1 + len(block.get("items", [])) + len(block.get("cells", [])) for block in _all(blocks)),
        levels=_levels(blocks),
        columns=max(columns, default=0),
    )


def _inside(block: Node) -> list[Node]:
    """The blocks right below a block."""
    return [*block.get("blocks", []), *(one for item in block.get("items", []) for one in item["blocks"])]


def _all(blocks: list[Node]) -> Iterator[Node]:
    for block in blocks:
        yield block
        yield from _all(_inside(block))


def _levels(blocks: list[Node]) -> int:
    return max((1 + ("items" in block) + _levels(_inside(block)) for block in blocks), default=0)


def _characters(node: object) -> int:
    match node:
        case str():
            return len(node)
        case list():
            return sum(map(_characters, node))
        case dict():
            return sum(
                _characters(node.get(key, "")) for key in ("text", "summary", "blocks", "items", "cells")
            )
        case _:
            return 0
