"""Renders the whole issue as one rich message: https://core.telegram.org/bots/api#inputrichmessage, Bot API
10.1

Headings, lists, tables and code are native, and the text of every item can be collapsed. An app that does
not support rich messages only asks for an update, so this message is written in addition to the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any, TypedDict, assert_never

from publisher.channel import Entry
from publisher.channels.telegram import phrases
from publisher.channels.telegram.entities import Span, Spans, normalize_text, strip_spans
from publisher.channels.telegram.writer import SpanWriter
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
    Quote,
    Rule,
    Section,
    Table,
    Warmup,
)
from publisher.newsletter import Newsletter

RichNode = dict[str, Any]
"""A block (https://core.telegram.org/bots/api#inputrichblock) or a piece of text."""


class RichMessage(TypedDict):
    """The content of a rich message. Only real links become links."""

    blocks: list[RichNode]
    skip_entity_detection: bool


@dataclass(frozen=True, slots=True)
class RichMessageSize:
    """The size of a rich message: characters, blocks with list items and table rows, levels, columns."""

    characters: int
    blocks: int
    levels: int
    columns: int


# tdlib/td: td/telegram/OptionManager.cpp
MAX_RICH_MESSAGE_SIZE = RichMessageSize(32_768, 500, 16, 20)


def build_rich_message(issue: Issue, entry: Entry, newsletter: Newsletter, writer: SpanWriter) -> RichMessage:
    """Return the whole issue except the notes about WeChat."""
    title = " ".join(normalize_text(entry.title).split())
    made = [_build_rich_heading((Span(title),), 1)] if title else []
    made += _build_rich_paragraph(phrases.format_tagline(issue, newsletter, writer))
    if issue.guide:
        made += _build_rich_paragraph(phrases.format_guide(issue.guide, writer))
    if issue.warmup:
        made += _build_rich_warmup(issue.warmup, writer)
    for note in phrases.format_notes(issue.notes, writer):
        made += _build_rich_paragraph(note)
    number = 1
    for section in issue.sections:
        made += _build_rich_section(section, number, writer)
        number += sum(1 for _ in section.items)
    made += _build_rich_blocks(issue.footer, writer)
    return {"blocks": made, "skip_entity_detection": True}


def list_exceeded_limits(message: RichMessage) -> list[str]:
    """Return what exceeds a limit, such as "612 of 500 blocks"."""
    taken = measure_rich_blocks(message["blocks"])
    return [
        f"{count:,} of {most:,} {field.name}"
        for field in fields(MAX_RICH_MESSAGE_SIZE)
        if (count := getattr(taken, field.name)) > (most := getattr(MAX_RICH_MESSAGE_SIZE, field.name))
    ]


# ---------------------------------------------------------------------- the issue


def _build_rich_warmup(warmup: Warmup, writer: SpanWriter) -> Iterator[RichNode]:
    yield from _build_rich_blocks(warmup.intro, writer)
    lines = ((phrases.format_brief(brief, writer), brief.body) for brief in warmup.briefs)
    yield from _build_rich_list(
        [[*_build_rich_paragraph(line), *_build_rich_blocks(body, writer)] for line, body in lines]
    )
    yield from _build_rich_blocks(warmup.outro, writer)


def _build_rich_section(section: Section, number: int, writer: SpanWriter) -> Iterator[RichNode]:
    if title := strip_spans(writer.inlines(section.title)):
        yield _build_rich_heading(title, min(max(section.level, 2), 6))
    for note in phrases.format_notes(section.notes, writer):
        yield from _build_rich_paragraph(note)
    for node in section.content:
        if isinstance(node, Item):
            yield from _build_rich_item(node, number, writer)
            number += 1
        else:
            yield from _build_rich_blocks((node,), writer)


def _build_rich_item(item: Item, number: int, writer: SpanWriter) -> Iterator[RichNode]:
    """Return the heading, a line for each field, and the text of the item, collapsed below its label."""
    yield from _build_rich_paragraph(phrases.format_item_heading(item, number, writer, extras=True))
    label, text = "", list[RichNode]()
    for field in item.fields:
        if field.kind != "summary":
            yield from _build_rich_paragraph(phrases.format_field(field, writer))
        elif label or not field.label:
            text += _build_rich_paragraph(phrases.format_field(field, writer))
        else:
            label = normalize_text(field.label)
            text += _build_rich_paragraph(writer.inlines(field.value))
    yield from _build_rich_paragraph(
        phrases.format_further_links(item, phrases.find_implied_links(item), writer)
    )
    if text := [*text, *_build_rich_blocks(item.body, writer)]:
        yield {"type": "details", "summary": label or writer.labels["unfold"], "blocks": text}


# ------------------------------------------------------------------------- blocks


def _build_rich_heading(spans: Spans, size: int) -> RichNode:
    return {"type": "heading", "text": _build_rich_text(spans), "size": size}


def _build_rich_paragraph(spans: Spans) -> list[RichNode]:
    return [{"type": "paragraph", "text": _build_rich_text(shown)}] if (shown := strip_spans(spans)) else []


def _build_rich_list(items: Iterable[list[RichNode]], start: int | None = None) -> list[RichNode]:
    """Return a list of the items that are not empty, numbered if there is a start number."""
    filled: list[RichNode] = [{"blocks": blocks} for blocks in items if blocks]
    if start is not None:
        for number, item in enumerate(filled, start):
            item |= {"value": number, "type": "1"}
    return [{"type": "list", "items": filled}] if filled else []


def _build_rich_blocks(nodes: Blocks, writer: SpanWriter) -> list[RichNode]:
    return [made for node in nodes for made in _build_rich_block(node, writer)]


def _build_rich_block(node: Block, writer: SpanWriter) -> list[RichNode]:
    match node:
        case List(items, ordered, start):
            return _build_rich_list(
                [_build_rich_blocks(item, writer) for item in items], start if ordered else None
            )
        case Quote(children):
            inside = _build_rich_blocks(children, writer)
            return [{"type": "blockquote", "blocks": inside}] if inside else []
        case CodeBlock(text, language):
            code: RichNode = {"type": "pre", "text": normalize_text(text.expandtabs(4))}
            return [code | ({"language": language} if language else {})] if text.strip() else []
        case Table(header, rows) if max(map(len, (header, *rows))) <= MAX_RICH_MESSAGE_SIZE.columns:
            cells = [
                [_build_rich_cell(cell, writer, is_header=row is header) for cell in row]
                for row in (header, *rows)
            ]
            return [{"type": "table", "cells": [row for row in cells if row], "is_bordered": True}]
        case Rule():
            return [{"type": "divider"}]
        case Paragraph() | Figure() | Table():
            return _build_rich_paragraph(writer.blocks((node,)))
        case _:
            assert_never(node)


def _build_rich_cell(nodes: Inlines, writer: SpanWriter, *, is_header: bool) -> RichNode:
    runs = strip_spans(writer.inlines(nodes))
    cell: RichNode = {"text": _build_rich_text(runs), "align": "left", "valign": "top"}
    return cell | ({"is_header": True} if is_header else {})


# --------------------------------------------------------------------------- text


def _build_rich_text(spans: Spans) -> object:
    """Return spans as https://core.telegram.org/bots/api#richtext"""
    nodes = [_build_rich_span(run) for run in spans]
    return nodes[0] if len(nodes) == 1 else nodes or ""


def _build_rich_span(span: Span) -> object:
    node: object = span.text
    if span.style == "email":
        return {"type": "email_address", "text": node, "email_address": span.text}
    if span.style:
        node = {"type": span.style, "text": node}
    return {"type": "url", "text": node, "url": span.url} if span.url else node


# ------------------------------------------------------------------------ measure


def measure_rich_blocks(blocks: list[RichNode]) -> RichMessageSize:
    """Return the size of blocks."""
    columns = [len(row) for block in _walk_blocks(blocks) for row in block.get("cells", [])]
    return RichMessageSize(
        characters=_count_node_characters(blocks),
        blocks=sum(
            1 + len(block.get("items", [])) + len(block.get("cells", [])) for block in _walk_blocks(blocks)
        ),
        levels=_count_levels(blocks),
        columns=max(columns, default=0),
    )


def _get_child_blocks(block: RichNode) -> list[RichNode]:
    """Yield the blocks directly inside a block."""
    return [*block.get("blocks", []), *(one for item in block.get("items", []) for one in item["blocks"])]


def _walk_blocks(blocks: list[RichNode]) -> Iterator[RichNode]:
    for block in blocks:
        yield block
        yield from _walk_blocks(_get_child_blocks(block))


def _count_levels(blocks: list[RichNode]) -> int:
    return max(
        (1 + ("items" in block) + _count_levels(_get_child_blocks(block)) for block in blocks), default=0
    )


def _count_node_characters(node: object) -> int:
    match node:
        case str():
            return len(node)
        case list():
            return sum(map(_count_node_characters, node))
        case dict():
            return sum(
                _count_node_characters(node.get(key, ""))
                for key in ("text", "summary", "blocks", "items", "cells")
            )
        case _:
            return 0
