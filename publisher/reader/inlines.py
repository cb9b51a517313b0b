"""Parses inline Markdown into nodes, from the tokens of mistune.

Differences from CommonMark, mostly for Chinese text: bold and emphasis work next to full-width punctuation,
a bare URL is a link and ends before Chinese text, raw HTML becomes nodes, and formulas between dollar signs
are kept as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec.structs import replace

from publisher import model as m
from publisher.links import find_emails
from publisher.patterns import any_of, lazy_pattern
from publisher.reader import html
from publisher.reader.bare_links import URL, URL_BRANCHES, WWW_BRANCH, bare_url
from publisher.reader.emphasis import Token
from publisher.reader.html_nodes import HtmlBuilder, TargetBuilder, merge_texts
from publisher.reader.inline_parser import TokenParser, build_parser, parse_text
from publisher.reader.link_syntax import Target, normalize_label
from publisher.reader.references import resolve_references

_SPECIAL = lazy_pattern(
    any_of((r"\\`*_<\[&\n$~@{\^\u00a0\u2002\u2003", ""), ("=", "="), ("%", "%"), *URL_BRANCHES, WWW_BRANCH)
)
# more special characters in one run come from a pasting accident, which must not take minutes to parse
_LONG_TEXT = 20_000
_MAX_MARKS = 5_000
_SIZE_AFTER_ALT = lazy_pattern(r"\|\d{1,5}(?:x\d{1,5})?\Z")  # Obsidian
_SPACES = lazy_pattern("[\n\u00a0\u2002\u2003]")


class InlineReader:
    """Parses inline text of one issue, which `parser` is for. `dropped` collects what subscribers must not see."""

    def __init__(self, parser: TokenParser) -> None:
        self.parser = parser
        self._targets = TargetBuilder()
        self.has_footnotes = False

    @classmethod
    def for_definitions(cls, definitions: Iterable[m.Definition], footnotes: Iterable[str] = ()) -> InlineReader:
        """Return the reader for an issue. Of several `definitions` with the same label, the first one counts;
        `footnotes` has the labels of notes."""
        targets: dict[str, Target] = {}
        for one in definitions:
            targets.setdefault(normalize_label(one.label), Target(one.url, one.title, 0))
        return cls(build_parser(tuple(targets.items()), frozenset(label.casefold() for label in footnotes)))

    @property
    def dropped(self) -> list[m.Dropped]:
        """What was found inside lines and must not be published."""
        return self._targets.dropped

    def read(self, text: str, pos: m.Pos = m.NO_POSITION, *, in_link: bool = False) -> m.Inlines:
        """Parse a text at position `pos`, which may contain newlines.

        With `in_link`, it is the text of a link, and URLs in it stay text.
        """
        if not _SPECIAL.search(text):
            return (m.Text(text),) if text else ()
        if len(text) > _LONG_TEXT and sum(1 for _ in _SPECIAL.finditer(text)) > _MAX_MARKS:
            return _read_unmarked(text)
        nodes = self._build_nodes(parse_text(self.parser, text, in_link=in_link), pos)
        return nodes if in_link or "@" not in text else _link_emails(nodes)

    def record_dropped(self, name: str, text: str, pos: m.Pos) -> None:
        """Record something inside a line that subscribers must not see."""
        self._targets.record_dropped(name, text, pos)

    def drop_template_url(self, url: str, pos: m.Pos) -> bool:
        """Return whether a URL has a template tag, so that it leads nowhere; it is recorded as dropped then."""
        return self._targets.drop_template_url(url, pos)

    def find_definition(self, label: str) -> Target | None:
        """Return where the link reference definition for a label leads; None if there is none."""
        return self.parser.targets.get(normalize_label(label))

    def _build_nodes(self, tokens: list[Token], pos: m.Pos) -> m.Inlines:
        """Convert the tokens of one level to nodes."""
        tags = [token["raw"] for token in tokens if token["type"] == "inline_html"]
        if not tags:
            return merge_texts([node for token in tokens for node in self._build_node(token, pos)])
        builder = HtmlBuilder(self._targets, pos)
        verdicts = iter(html.classify_tags(tags))
        for token in tokens:
            if token["type"] == "inline_html":
                builder.add_tag(token["raw"], is_tag=next(verdicts))
            else:
                builder.add_nodes(self._build_node(token, pos))
        return builder.finish()

    def _build_node(self, token: Token, pos: m.Pos) -> m.Inlines:
        kind = token["type"]
        if kind == "text":
            text = token["raw"]
            return (m.Text(text if text.isprintable() else _SPACES.sub(" ", text)),)
        if kind == "codespan":
            return (m.Code(token["raw"]),)
        if kind == "linebreak":
            return (m.Break(),)
        if kind == "softbreak":
            return (m.Text(" "),)
        if kind in ("attributes", "template", "comment"):
            self.record_dropped(kind, token["raw"], pos)
            return ()
        children = self._build_nodes(token.get("children", []), pos)
        match kind:
            case "link":
                children, notes = _take_references(children)
                url, title = token["attrs"]["url"], token["attrs"].get("title", "")
                return (*self._targets.build_link(children, url, title, pos), *notes)
            case "footnote":
                self.has_footnotes = True
                return (m.FootnoteRef(token["raw"], text=children),)
            case "image":
                alt = _SIZE_AFTER_ALT.sub("", m.plain(children))
                return self._targets.build_image(token["attrs"]["url"], alt, token["attrs"]["title"], pos)
            case "strong":
                return (m.Strong(children),)
            case "strike":
                return (m.Strike(children),)
            case "mark":
                return (m.Mark(children),)
            case "sub":
                return (m.Sub(children),)
            case "sup":
                return (m.Sup(children),)
        return (m.Em(children),)


def _take_references(nodes: m.Inlines) -> tuple[m.Inlines, m.Inlines]:
    """Return the nodes of a link without references to footnotes, and these: a link cannot contain another."""
    notes = tuple([node for node in nodes if isinstance(node, m.FootnoteRef)])
    return tuple([node for node in nodes if not isinstance(node, m.FootnoteRef)]), notes


def _link_emails(nodes: m.Inlines) -> m.Inlines:
    """Return the nodes with email addresses in texts as links, except inside links."""
    linked: list[m.Inline] = []
    for node in nodes:
        match node:
            case m.Text(text):
                at = 0
                for start, end, url in find_emails(text):
                    linked += [m.Text(text[at:start]), m.Link((m.Text(text[start:end]),), url)]
                    at = end
                linked.append(m.Text(text[at:]) if at else node)
            case m.Code() | m.Link() | m.Image() | m.Break() | m.FootnoteRef():
                linked.append(node)
            case _:
                linked.append(replace(node, children=_link_emails(node.children)))
    return merge_texts(linked)


def _read_unmarked(text: str) -> m.Inlines:
    """Return the text with bare URLs as links, and no other markup parsed."""
    nodes: list[m.Inline] = []
    at = 0
    for match in re.finditer(URL, text):
        start = match.start()
        if start >= at and (url := bare_url(text[start : start + _LONG_TEXT])):
            nodes += [m.Text(_clean_text(text[at:start])), m.Link((m.Text(url),), url)]
            at = start + len(url)
    return merge_texts([*nodes, m.Text(_clean_text(text[at:]))])


def _clean_text(text: str) -> str:
    return _SPACES.sub(" ", resolve_references(text))
