"""Texts made from an issue: its title, its topics, its summary; and whether it is prose. All pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import islice
from typing import assert_never

from publisher import model as m
from publisher.labels import get_labels
from publisher.newsletter import Newsletter
from publisher.patterns import lazy_pattern
from publisher.reuse import reuse_results
from publisher.transforms import has_link

_SENTENCE_ENDS = "。！？!?"
_CLAUSE_ENDS = _SENTENCE_ENDS + "；;"
_PAUSES = "，,、：:—"
# a text starting like this continues a sentence: the 「论文」 before it is not the label of a segment
_FRAGMENT = lazy_pattern(r"[中里的则有]|方面|部分|关于|[一二三四五两几多]篇")
# columns, in which a CJK character takes two
_MAX_TITLE_WIDTH, _MAX_LINKED_TITLE_WIDTH, _MIN_SENTENCE_WIDTH = 120, 240, 60
_SENTENCE_END = lazy_pattern(r"[。！？]|[.!?](?=\s)|\w[.!?]\Z")
_MAX_HIGHLIGHTS, _MAX_HIGHLIGHT_LENGTH = 4, 60
_MAX_TOPICS_LENGTH = 48  # characters
# reading speed: characters of Chinese and Japanese, words of other scripts
_CHARACTERS_PER_MINUTE, _WORDS_PER_MINUTE = 400, 230
# by blocks of 256 characters: a space for those of Chinese and Japanese, and their full-width marks. Not a pattern: one
# of so large ranges takes a millisecond to compile
_BLOCKS = bytes(ord(" " if 0x2F <= block <= 0x9F or block in (0xF9, 0xFA, 0xFF) else "x") for block in range(256))
_URL = lazy_pattern(r"https?://[^\s)\]>]++")
_SENTENCE_GAP = lazy_pattern(r"(?<=[。！？])|(?<=[.!?])\s")
_DESCRIPTIONS = ("description", "summary", "excerpt", "custom_excerpt", "abstract")
_NO_DESCRIPTIONS = ("null", "~", "true", "false")
_MIN_ITEM_WEIGHT, _MAX_OPENING_LENGTH = 100, 600  # characters


def build_display_title(issue: m.Issue, newsletter: Newsletter) -> str:
    """Return the title shown in lists, feeds and email subjects, as one line of plain text.

    A title of the form `NAME (DATE)` without a headline is completed with the first topics of the guide or
    of the items.
    """
    title = issue.title
    if title is None:
        return f"{newsletter.name} ({issue.date.isoformat() if issue.date else issue.id})"
    if not title.regular:
        return " ".join(m.plain(title.text).split()) or newsletter.name
    headline = "/".join(title.headline or find_topics(issue))
    name = f"{title.name} ({title.date})"
    return f"{name}{get_labels(newsletter.lang)['colon']}{headline}" if headline else name


def find_topics(issue: m.Issue) -> tuple[str, ...]:
    """Return the first topics of an issue, as whole clauses, with at most 48 characters in total.

    They come from the segments of the guide, else from the titles of the first items.
    """
    segments = issue.guide.segments if issue.guide else ()
    clauses = [re.split(f"[{_CLAUSE_ENDS}，,]", segment.text)[0].strip() for segment in segments]
    candidates = [text for text in clauses if text and not _FRAGMENT.match(text)] or [
        " ".join(m.plain(item.title).split()) for item in issue.items
    ]
    topics: list[str] = []
    remaining = _MAX_TOPICS_LENGTH
    for text in candidates:
        if text and len(text) <= remaining:
            topics.append(text)
            remaining -= len(text) + 1
        elif topics:
            break
    return tuple(topics)


def find_highlights(issue: m.Issue, title: str) -> tuple[str, ...]:
    """Return the titles of the first items, for a line below `title`, which they do not repeat."""
    names = (" ".join(m.plain(item.title).split()) for item in issue.items if not is_running_text(item))
    unsaid = (name for name in names if name and name not in title)
    return tuple([shorten(name, _MAX_HIGHLIGHT_LENGTH) for name in islice(unsaid, _MAX_HIGHLIGHTS)])


def estimate_minutes(text: str) -> int:
    """Return the time it takes to read a text, in minutes, at least 1; URLs are not read."""
    words = _URL.sub("", text).split()
    blocks = "\u3000".join(words).encode("utf-16-be", "surrogatepass")[::2].translate(_BLOCKS)
    ideographs = blocks.count(b" ") - max(len(words) - 1, 0)
    return max(1, round(ideographs / _CHARACTERS_PER_MINUTE + len(blocks.split()) / _WORDS_PER_MINUTE))


def is_running_text(item: m.Item) -> bool:
    """Return whether the head of an item is a sentence or a paragraph, and not a title."""
    title, tail = m.plain(item.title), m.plain(item.tail)
    linked = item.url is not None and not has_link(item.title)
    text = tail if linked else title + tail
    width = sum([1 + (char >= "\u2e80") for char in title + tail])
    if linked and not tail:
        return width > _MAX_LINKED_TITLE_WIDTH
    return width > _MAX_TITLE_WIDTH or (width > _MIN_SENTENCE_WIDTH and _SENTENCE_END.search(text) is not None)


def count_items(issue: m.Issue) -> int:
    """Return the number of items to show; 0 for an issue of prose, where items are a minor part."""
    return 0 if is_prose(issue) else sum(1 for _ in issue.items)


@reuse_results
def is_prose(issue: m.Issue) -> bool:
    """Return whether running text outweighs the items, each of which counts as much as a short paragraph."""
    titled = [item for item in issue.items if not _is_sentence(item)]
    prose = sum(map(len, _list_prose(issue)))
    if prose <= _MIN_ITEM_WEIGHT * len(titled):
        return False
    return prose > sum(max(len(_item_to_plain_text(item)), _MIN_ITEM_WEIGHT) for item in titled)


def _is_sentence(item: m.Item) -> bool:
    """True for an item without a link of its own that is running text, or has links inside its text."""
    return not item.url and (has_link(item.title) or is_running_text(item))


def _list_prose(issue: m.Issue) -> list[str]:
    """Return the running text outside of items with a title, in reading order."""
    opening = issue.guide.blocks if issue.guide and not is_labelled(issue.guide) else ()
    texts = [blocks_to_plain_text((block,)) for block in opening]
    for section in issue.sections:
        for node in section.content:
            if not isinstance(node, m.Item):
                texts.append(blocks_to_plain_text((node,)))
            elif _is_sentence(node):
                texts.append(_item_to_plain_text(node))
    return texts


def _item_to_plain_text(item: m.Item) -> str:
    values = (item.title, item.tail, *(field.value for field in item.fields))
    return "".join(map(m.plain, values)) + blocks_to_plain_text(item.body)


def is_labelled(guide: m.Guide) -> bool:
    """True for a guide to the issue; false for an opening such as a letter."""
    return bool(guide.label or guide.segments or guide.count is not None)


def build_summary(issue: m.Issue, limit: int = 160) -> str:
    """Return a plain text summary of at most `limit` characters, cut at the end of a clause.

    It is the guide, or the description in the front matter, or the opening; without one, the first paragraph if the
    issue is prose or begins with a long one, or else the titles of the items.
    """
    if not (issue.guide and is_labelled(issue.guide)) and (description := _find_description(issue)):
        return shorten(description, limit)
    guide = issue.guide if issue.guide and not _is_empty_guide(issue.guide) else None
    text = " ".join(blocks_to_plain_text(guide.blocks).split()) if guide else ""
    if not text:
        first = next((node for section in issue.sections for node in section.content), None)
        paragraphs = (" ".join(paragraph.split()) for paragraph in _list_prose(issue))
        paragraph = next(filter(None, paragraphs), "")
        begins = isinstance(first, m.Paragraph) and len(paragraph) > _MIN_SENTENCE_WIDTH
        text = paragraph if begins or is_prose(issue) else ""
    return shorten(text, limit) if text else join_titles(issue, limit)


def _find_description(issue: m.Issue) -> str:
    """Return what the front matter says of the issue, as Jekyll, Hugo, Astro and Ghost call it."""
    values = (" ".join(value.split()) for key, value in issue.front if key.lower() in _DESCRIPTIONS)
    return next((value for value in values if value and value not in _NO_DESCRIPTIONS and value[0] not in "[{"), "")


def join_titles(issue: m.Issue, limit: int = 160) -> str:
    """Return the titles of the first items, as many as `limit` characters have room for; empty without items."""
    text = "；".join(" ".join(m.plain(item.title).split()) for item in issue.items if item.title)
    return shorten(text if re.search("[\u2e80-\uffef]", text.replace("；", "")) else text.replace("；", "; "), limit)


def list_opening_sentences(issue: m.Issue) -> tuple[str, ...]:
    """Return the first sentences of a description or an opening, which may be the same in every issue; none of a
    guide to the issue."""
    if issue.guide and is_labelled(issue.guide):
        return ()
    description = _find_description(issue)
    prose = [description] if description else _list_prose(issue) if issue.guide or is_prose(issue) else []
    text = " ".join(" ".join(prose).split())
    sentences = [sentence.strip() for sentence in _SENTENCE_GAP.split(text[:_MAX_OPENING_LENGTH]) if sentence.strip()]
    is_cut = len(text) > _MAX_OPENING_LENGTH and len(sentences) > 1
    return tuple(sentences[:-1] if is_cut else sentences)


def find_fresh_sentences(sentences: Iterable[str], others: Collection[str]) -> list[str]:
    """Return the sentences that are not among `others`, whatever numbers and dates they have.

    `others` are results of `simplify_sentence`, as is what is compared with them.
    """
    return [text for text in sentences if (key := simplify_sentence(text)) and key not in others]


def simplify_sentence(text: str) -> str:
    """Return the letters of a sentence in lower case: the same for issue 12 as for issue 13."""
    return re.sub(r"[\W\d_]+", "", text.casefold())


def _is_empty_guide(guide: m.Guide) -> bool:
    """True for a guide whose segments have a label and no text, like 【新闻】；【论文】。"""
    return bool(guide.segments) and not any(re.search(r"\w", segment.text) for segment in guide.segments)


def shorten(text: str, limit: int) -> str:
    """Cut a text to `limit` characters: at the end of a sentence, else of a clause or word with "…"."""
    text = text.strip()
    if len(text) <= limit:
        return text
    head = text[:limit]
    for ends in (_SENTENCE_ENDS, _CLAUSE_ENDS):
        cut = max(head.rfind(end) for end in ends)
        if cut >= limit // 3:
            return head[: cut + 1] if head[cut] in _SENTENCE_ENDS else f"{head[:cut]}…"
    head = text[: limit - 1]
    cut = max(head.rfind(pause) for pause in _PAUSES)
    if cut < limit // 3:
        cut = len(head)
        while cut and re.match(r"[A-Za-z0-9]{2}", text[cut - 1 : cut + 1]):
            cut -= 1
        cut = cut or len(head)
    return head[:cut].rstrip() + "…"


def blocks_to_plain_text(nodes: m.Blocks) -> str:
    """Return the text of blocks without markup, one line per block."""
    return "\n".join(_block_to_plain_text(node) for node in nodes)


def _block_to_plain_text(node: m.Block) -> str:
    match node:
        case m.Paragraph(children):
            return m.plain(children)
        case m.Heading(_, children):
            return m.plain(children)
        case m.List():
            return "\n".join(blocks_to_plain_text(item) for item in node.marked_items)
        case m.Quote():
            return blocks_to_plain_text(node.titled_children)
        case m.CodeBlock(text):
            return text
        case m.Table(header, rows):
            return "\n".join(" ".join(m.plain(cell) for cell in row) for row in (header, *rows))
        case m.Figure(image):
            return image.alt
        case m.Rule() | m.Footnotes():
            return ""
        case _:
            assert_never(node)
