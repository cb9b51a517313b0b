"""Transforms from Issue to Issue (idempotent), and ways to find and change nodes. All pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import chain, count
from typing import Any, TypeVar, get_args
from urllib.parse import unquote, urljoin, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from publisher import model as m
from publisher.labels import get_labels
from publisher.links import to_ascii_url
from publisher.reuse import reuse_results

_Node = TypeVar("_Node")
_LINKING = frozenset({m.Link, m.Item, m.Field, m.Figure, m.Audio})
_WITH_URL = _LINKING | {m.Image, m.Definition}
_OTHER_STARTS = ("https://", "http://", "#", "?", "//")
"""Of URLs that are no paths relative to a file."""


def make_publishable(issue: m.Issue) -> m.Issue:
    """Remove what should not be published: empty items, fields, sections and guides, and the list of earlier
    issues in the source (channels show a generated one)."""
    sections = _filter_sections(issue.sections)
    warmup = issue.warmup
    if warmup:
        briefs = tuple(b for b in warmup.briefs if m.plain(b.text).strip(" ：:") != b.subject or b.body)
        warmup = replace(warmup, briefs=briefs) if briefs or warmup.outro else None
    guide = issue.guide and replace(issue.guide, blocks=_filter_blocks(issue.guide.blocks))
    guide = guide if guide and guide.blocks else None
    footer = _filter_blocks(issue.footer)
    return replace(issue, sections=sections, warmup=warmup, guide=guide, archive=None, footer=footer)


def _filter_sections(sections: tuple[m.Section, ...]) -> tuple[m.Section, ...]:
    """Keep the sections that have nodes, notes, a link in the title, or such a section below them."""
    kept: list[m.Section] = []
    for section in map(_filter_section, reversed(sections)):
        if (
            section.content
            or section.notes
            or has_link(section.title)
            or (kept and kept[-1].level > section.level and section.title)
        ):
            kept.append(section)
    return tuple(reversed(kept))


def _filter_section(section: m.Section) -> m.Section:
    content = tuple([_filter_item(node) if isinstance(node, m.Item) else node for node in section.content])
    return replace(section, content=tuple([node for node in content if not _is_empty(node)]))


def _filter_item(item: m.Item) -> m.Item:
    kept = tuple([field for field in item.fields if field.value or field.url])
    body = _filter_blocks(item.body)
    unchanged = len(kept) == len(item.fields) and len(body) == len(item.body)
    return item if unchanged else replace(item, fields=kept, body=body)


def _filter_blocks(blocks: m.Blocks) -> m.Blocks:
    return tuple([block for block in blocks if not _is_empty(block)])


def _is_empty(node: m.Item | m.Block) -> bool:
    """True for an empty bullet, and for a paragraph or quote without visible content, such as a lone closing tag
    or definitions of links."""
    if isinstance(node, m.Item):
        return node.is_placeholder
    return isinstance(node, m.Paragraph | m.Quote) and not node.children


def label_alerts(issue: m.Issue, lang: str) -> m.Issue:
    """Give every alert without a title of its own the name of its kind in the language `lang`."""
    labels = get_labels(lang)

    def add_title(node: m.Node) -> m.Node:
        if isinstance(node, m.Quote) and node.kind and not node.title:
            return replace(node, title=(m.Text(labels[f"alert_{node.kind}"]),))
        return node

    return map_nodes(issue, add_title)


def announce_audio(issue: m.Issue, lang: str) -> m.Issue:
    """Add a note that links to the recording of the issue, if it has one; its text is in the language `lang`."""
    if not (issue.audio and issue.audio.url):
        return issue
    link = m.Link((m.Text(get_labels(lang)["listen"]),), issue.audio.url)
    return replace(issue, notes=(m.Note("audio", (link,)), *issue.notes))


def find_relative_links(issue: m.Issue) -> tuple[str, ...]:
    """Return the URLs of links that are paths relative to the issue's file, or lead to a Markdown file; each once."""
    linking: list[m.Link | m.Item | m.Field | m.Figure | m.Audio] = []
    _collect_nodes(_LINKING, (issue,), linking, _INNER_FIELDS)
    urls = dict.fromkeys(node.url or "" for node in linking)
    return tuple([url for url in urls if not url.startswith(_OTHER_STARTS) and _is_path_reference(url)])


def _is_path_reference(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_relative = not parts.path.startswith("/") or parts.path.endswith((".md", ".markdown"))
    return bool(parts.path) and not parts.scheme and not parts.netloc and is_relative


def find_fragments(issue: m.Issue) -> dict[str, str]:
    """Return for each link to a place of the same page, `#boats`, the fragment of that place; "" if there is none.

    The fragment may be written as another program makes it from the same heading; that of the top has no heading.
    """
    linking: list[m.Link | m.Item | m.Field | m.Figure | m.Audio] = []
    _collect_nodes(_LINKING, (issue,), linking, _INNER_FIELDS)
    urls = dict.fromkeys(node.url for node in linking if node.url and node.url.startswith("#"))
    if not urls:
        return {}
    known = {*PAGE_IDS, *build_anchors(issue), *(item.id for item in issue.items)}
    found = {}
    for url in urls:
        name = unquote(url[1:])
        names = ("main",) if name in ("", "top") else (name, _build_anchor(name))
        found[url] = next((f"#{name}" for name in names if name in known), "")
    return found


def resolve_links(issue: m.Issue, targets: Mapping[str, str]) -> m.Issue:
    """Replace the relative links of an issue by their targets; without a target, their text remains."""

    def resolve(node: m.Node) -> m.Node | m.Inlines:
        is_link = not isinstance(node, m.Image | m.Definition)
        target = targets.get(getattr(node, "url", None) or "") if is_link else None
        if target is None:
            return node
        if isinstance(node, m.Link) and not target:
            return node.children
        return replace(node, url=target or None)

    return map_nodes(issue, resolve) if targets else issue


def make_urls_absolute(issue: m.Issue, page_url: str, keep: Collection[str] = ()) -> m.Issue:
    """Make every URL absolute, relative to `page_url`, and ASCII, except those in `keep`."""

    def resolve(url: str) -> str:
        if url.startswith(("https://", "http://")):
            return to_ascii_url(url)
        if url in keep:
            return url
        try:
            return to_ascii_url(urljoin(page_url, url))
        except ValueError:  # an invalid URL is only converted to ASCII
            return to_ascii_url(url)

    return map_urls(issue, resolve)


def map_urls(node: _Node, change: Callable[[str], str]) -> _Node:
    """Return the node (an Issue, a block, a tuple of inlines …) with `change` applied to every URL in it."""
    found: list[Any] = []
    _collect_nodes(_WITH_URL, (node,), found, _INNER_FIELDS)
    changed = {url: new for url in {inner.url for inner in found} if url and (new := change(url)) != url}

    def change_url(inner: Any) -> Any:
        new = changed.get(inner.url) if type(inner) in _WITH_URL else None
        return replace(inner, url=new) if new is not None else inner

    return map_nodes(node, change_url) if changed else node  # most issues have only URLs that stay


def map_nodes(node: _Node, change: Callable[[Any], Any]) -> _Node:
    """Return the node, or a tuple of nodes, with `change` applied to every node in it but texts, outer ones
    first. In a tuple, `change` may replace a node by several."""
    if isinstance(node, tuple):
        # most nodes are texts
        mapped = [n if isinstance(n, m.Text) else map_nodes(n, change) for n in node]
        if any(isinstance(new, tuple) and not isinstance(old, tuple) for new, old in zip(mapped, node, strict=True)):
            mapped = list(chain(*(new if isinstance(new, tuple) else (new,) for new in mapped)))
        return tuple(mapped) if tuple(mapped) != node else node  # type: ignore[return-value]  # a tuple again
    changed_node: _Node = change(node)
    if isinstance(changed_node, tuple):
        return map_nodes(changed_node, change)  # spliced into the tuple around it
    inner = {}
    for name in _INNER_FIELDS[type(changed_node)]:
        if (value := getattr(changed_node, name)) and (new := map_nodes(value, change)) is not value:
            inner[name] = new
    return replace(changed_node, **inner) if inner else changed_node  # type: ignore[type-var]  # a Struct


def find_nodes(kind: type[_Node], nodes: tuple[object, ...]) -> list[_Node]:
    """Return the nodes of a type in a tuple of nodes, at any depth, in reading order."""
    collected: list[_Node] = []
    _collect_nodes(frozenset({kind}), nodes, collected, _BLOCK_FIELDS if kind in _BLOCK_TYPES else _INNER_FIELDS)
    return collected


def _collect_nodes(
    kinds: Collection[type], nodes: tuple[Any, ...], collected: list[Any], fields: Mapping[type, tuple[str, ...]]
) -> None:
    for node in nodes:
        kind = type(node)
        if kind is tuple:
            _collect_nodes(kinds, node, collected, fields)
            continue
        if kind in kinds:
            collected.append(node)
        for name in fields[kind]:
            if inner := getattr(node, name):
                _collect_nodes(kinds, inner if type(inner) is tuple else (inner,), collected, fields)


# types of fields that do not contain nodes
_LEAF_TYPES = {
    "str", "str | None", "int", "int | None", "bool", "dt.date | None", "tuple[str, ...]", "Pos", "Source",
    "tuple[tuple[str, str], ...]", "tuple[bool | None, ...]",
}  # fmt: skip


# and types of those that contain no blocks
_INLINE_TYPES = {"Inlines", "Image", "tuple[Link, ...]", "tuple[Inlines, ...]", "tuple[tuple[Inlines, ...], ...]"}


class _InnerFieldsCache(dict[type, tuple[str, ...]]):
    """The names of the fields of a node type, none for other types, but for fields of the types `left_out`."""

    def __init__(self, left_out: Collection[str]) -> None:
        super().__init__()
        self._left_out = left_out

    def __missing__(self, kind: type) -> tuple[str, ...]:
        types = kind.__annotations__ if issubclass(kind, Struct) else {}
        self[kind] = tuple(name for name in types if types[name] not in self._left_out)
        return self[kind]


_INNER_FIELDS = _InnerFieldsCache(_LEAF_TYPES)
_BLOCK_FIELDS = _InnerFieldsCache(_LEAF_TYPES | _INLINE_TYPES)
_BLOCK_TYPES = get_args(m.Block)


def compute_revision(issue: m.Issue) -> str:
    """Return the SHA-256 (hex) of the visible content: text, structure and URLs, without positions."""
    pieces: list[str] = []
    _collect_visible(issue, pieces)
    return hashlib.sha256("\0".join([*pieces, ""]).encode("utf-8", "replace")).hexdigest()


_INVISIBLE_FIELDS = {"diagnostics", "dropped", "definitions", "front", "archive"}
_INVISIBLE_TYPES = {"Pos", "Source"}


class _VisibleFieldsCache(dict[type, tuple[str, ...]]):
    """The names of the fields of a node type that a person can see: all but positions and what is not published."""

    def __missing__(self, kind: type) -> tuple[str, ...]:
        types = kind.__annotations__ if issubclass(kind, Struct) else {}
        self[kind] = tuple(
            name for name in types if name not in _INVISIBLE_FIELDS and types[name] not in _INVISIBLE_TYPES
        )
        return self[kind]


_VISIBLE_FIELDS = _VisibleFieldsCache()


def _collect_visible(node: object, pieces: list[str]) -> None:
    if isinstance(node, str):
        pieces.append(node)
    elif isinstance(node, tuple):
        pieces.append(f"({len(node)}")
        for part in node:
            if isinstance(part, m.Text):  # as most nodes
                pieces += ("Text", part.text)
            elif isinstance(part, m.Item):
                pieces.append(_join_visible(part))
            elif isinstance(part, Struct):
                _collect_visible_fields(part, pieces)
            else:
                _collect_visible(part, pieces)
    elif isinstance(node, Struct):
        _collect_visible_fields(node, pieces)
    else:
        pieces.append(str(node))


@reuse_results
def _join_visible(item: m.Item) -> str:
    pieces: list[str] = []
    _collect_visible_fields(item, pieces)
    return "\0".join(pieces)


def _collect_visible_fields(node: Struct, pieces: list[str]) -> None:
    pieces.append(type(node).__name__)
    for name in _VISIBLE_FIELDS[type(node)]:
        value = getattr(node, name)
        if isinstance(value, str):
            pieces.append(value)
        # an issue without a recording keeps the revision it had before there were any
        elif value is not None or name != "audio":
            _collect_visible(value, pieces)


PAGE_IDS = ("main", "briefs", "contents", "contents-close")
"""The ids that a page has besides those of sections and items."""


def build_anchors(issue: m.Issue) -> tuple[str, ...]:
    """Return the HTML id of each section: the words of its title joined by hyphens.

    Ids are unique among those of sections, items and other elements of the page.
    """
    taken = {"", *PAGE_IDS} | {item.id for item in issue.items}
    anchors: list[str] = []
    numbers: dict[str, Iterator[int]] = {}
    for section in issue.sections:
        anchor = name = _build_anchor(m.plain(section.title)) or "section"
        while anchor in taken:
            anchor = f"{name}-{next(numbers.setdefault(name, count(2)))}"
        anchors.append(anchor)
        taken.add(anchor)
    return tuple(anchors)


def _build_anchor(text: str) -> str:
    return "-".join(re.findall(r"\w+", text.lower()))


def find_urls(nodes: m.Inlines) -> list[str]:
    """Return every URL in a run of inlines, including those of images."""
    return [link.url for link in find_nodes(m.Link, nodes)] + [i.url for i in find_nodes(m.Image, nodes)]


def has_link(nodes: m.Inlines) -> bool:
    """Return whether the inlines contain a link, so that they cannot be inside a link."""
    return bool(find_nodes(m.Link, nodes))


def link_field_value(field: m.Field) -> m.Field:
    """Make the URL of the field part of its value, as a link."""
    if not field.url or field.url in find_urls(field.value):
        return field
    if has_link(field.value):
        return replace(field, value=(*field.value, m.Text(" "), m.Link((m.Text(field.url),), field.url)))
    return replace(field, value=(m.Link(field.value, field.url),))
