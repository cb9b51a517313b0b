"""Parses inline Markdown into nodes, from the tokens of mistune.

Differences from CommonMark, mostly for Chinese text: bold and emphasis work next to full-width punctuation,
a bare URL is a link and ends before Chinese text, raw HTML becomes nodes, and formulas between dollar signs
are kept as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from itertools import groupby
from urllib.parse import unquote

from mistune.core import InlineState
from mistune.inline_parser import InlineParser
from mistune.util import unikey

from publisher import model as m
from publisher.links import is_safe_image_url, is_safe_url
from publisher.patterns import lazy_pattern
from publisher.reader import html
from publisher.reader.emphasis import Token, build_delimiter, pair_delimiters

_OpenElements = list[tuple[str, dict[str, str], list[m.Inline]]]
"""Name, attributes and content so far of each HTML element that is open, the outermost first."""

_SPECIAL = lazy_pattern(r"[\\`*_<\[&\n$\u00a0\u2002]|https?://")
_ENTITY = lazy_pattern(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# the characters of RFC 3986 without brackets; like bars, braces and backslashes, those end a bare URL
URL = r"https?://[A-Za-z0-9%][!#-;=?-Z^_a-z~]*"
# mistune percent-encodes the whole URL, which changes the meaning of a host
_HOST = lazy_pattern(r"\Ahttps?://[^/?#]*%[^/?#]*")
_FORMULA = r"\$(?=[^$\n]*[\\^_{])[^\s$\d](?:[^$\n]{0,300}[^\s$])?\$(?!\d)"
# more special characters in one run come from a pasting accident, which must not take minutes to parse
_LONG_TEXT = 20_000
_MAX_MARKS = 5_000
_SPACES = lazy_pattern("[\u00a0\u2002\u2003]")


def bare_url(text: str) -> str:
    """Return the URL at the start of `text`, without punctuation and brackets that follow it in prose."""
    match = re.match(URL, text)
    if not match:
        return ""
    url = match.group()
    end = len(url)
    unopened = url.count(")") - url.count("(")
    while end:
        if url[end - 1] == ")" and unopened > 0:
            unopened -= 1
        elif url[end - 1] not in ".,:;!?'\"*~":
            break
        end -= 1
    return url[:end] if len(url[:end].split("://")[-1]) else ""


class _MistuneParser(InlineParser):
    """The inline parser of mistune, with rules for URLs and formulas, and our pairing of asterisks."""

    def __init__(self) -> None:
        super().__init__()
        self.register("bare_url", URL, _parse_url, before="escape", start_chars="h")
        self.register("formula", _FORMULA, _parse_formula, before="escape", start_chars="$")

    def parse_emphasis(self, match: re.Match[str], state: InlineState) -> int:
        """Append a delimiter token for a run of asterisks or underscores, to be paired later."""
        before = state.src[match.start() - 1] if match.start() else ""
        state.append_token(build_delimiter(match.group(), before, state.src[match.end() : match.end() + 1]))
        return match.end()

    def finalize_tokens(self, tokens: list[Token], depth: int) -> list[Token]:
        """Pair the delimiters of one level."""
        return pair_delimiters(tokens, self.max_nested_level - depth)


def _parse_url(inline: InlineParser, match: re.Match[str], state: InlineState) -> int | None:
    url = bare_url(match.group())
    if not url:
        return None
    if state.in_link:
        inline.process_text(url, state, parse_emphasis=False)
    else:
        token = {"type": "link", "children": [{"type": "text", "raw": url}], "attrs": {"url": url}}
        state.append_token(token | {"_autolink": url})
    return match.start() + len(url)


def _parse_formula(inline: InlineParser, match: re.Match[str], state: InlineState) -> int:
    inline.process_text(match.group(), state, parse_emphasis=False)
    return match.end()


class InlineReader:
    """Parses the inline text of one issue. `dropped` collects what subscribers must not see."""

    def __init__(self, definitions: Mapping[str, str]) -> None:
        """`definitions` maps labels of link reference definitions to URLs."""
        self._parser = _MistuneParser()
        self._env = {"ref_links": {unikey(label): {"url": url} for label, url in definitions.items()}}
        self.dropped: list[m.Dropped] = []

    def read(self, text: str, pos: m.Pos = m.NO_POSITION, *, in_link: bool = False) -> m.Inlines:
        """Parse a text at position `pos`, which may contain newlines.

        With `in_link`, it is the text of a link, and URLs in it stay text.
        """
        if not _SPECIAL.search(text):
            return (m.Text(text),) if text else ()
        if len(text) > _LONG_TEXT and sum(1 for _ in _SPECIAL.finditer(text)) > _MAX_MARKS:
            return _read_unmarked(text)
        state = self._parser.state_cls(self._env)
        state.src = text
        state.in_link = in_link
        return self._build_nodes(self._parser.render(state), pos)

    def record_dropped(self, name: str, text: str, pos: m.Pos) -> None:
        """Record something inside a line that subscribers must not see."""
        self.dropped.append(m.Dropped(name, text, inline=True, pos=pos))

    def find_definition(self, label: str) -> str | None:
        """Return the URL of the link reference definition for a label; None if there is none."""
        definition = self._env["ref_links"].get(unikey(label))
        return definition["url"] if definition else None

    def _build_nodes(self, tokens: list[Token], pos: m.Pos) -> m.Inlines:
        """Convert the tokens of one level to nodes; HTML elements open and close further levels."""
        if not any(token["type"] == "inline_html" for token in tokens):
            return merge_texts([node for token in tokens for node in self._build_node(token, pos)])
        stack: _OpenElements = [("", {}, [])]
        verdicts = iter(html.classify_tags([token["raw"] for token in tokens if token["type"] == "inline_html"]))
        for token in tokens:
            if token["type"] == "inline_html":
                self._handle_html(token["raw"], stack, pos, is_tag=next(verdicts))
            elif not any(name in html.HIDDEN for name, _, _ in stack):
                stack[-1][2].extend(self._build_node(token, pos))
        while len(stack) > 1:
            self._close_element(stack, pos)
        return merge_texts(stack[0][2])

    def _build_node(self, token: Token, pos: m.Pos) -> m.Inlines:
        kind = token["type"]
        if kind == "text":
            return (m.Text(_resolve_entities(token["raw"])),)
        if kind == "codespan":
            return (m.Code(token["raw"]),)
        if kind == "linebreak":
            return (m.Break(),)
        if kind == "softbreak":
            return (m.Text(" "),)
        children = self._build_nodes(token.get("children", []), pos)
        if kind == "link":
            return self._build_link(children, token["attrs"]["url"], pos)
        if kind == "image":
            return self._build_image(token["attrs"]["url"], m.plain(children), pos)
        return (m.Strong(children),) if kind == "strong" else (m.Em(children),)

    def _handle_html(self, raw: str, stack: _OpenElements, pos: m.Pos, *, is_tag: bool) -> None:
        name, closes, attributes = html.parse_tag(raw)
        out = stack[-1][2]
        hidden = next((n for n, _, _ in stack if n in html.HIDDEN), "")
        if hidden and not (closes and name == hidden):
            return
        if name and (name == "comment" or name in html.HIDDEN):
            if not closes:
                self.record_dropped(name, raw, pos)
        elif not is_tag:
            out.append(m.Text(_resolve_entities(raw)))
            return
        if name == "img":
            out.extend(self._build_image(attributes.get("src", ""), attributes.get("alt", ""), pos))
        elif name in html.BREAKS:
            out.append(m.Break())
        elif name in html.EMBEDS and (url := attributes.get("src") or attributes.get("data")):
            out.extend(self._build_link((m.Text(url),), url, pos))
        elif closes:
            if any(opened == name for opened, _, _ in stack):
                while stack[-1][0] != name:
                    self._close_element(stack, pos)
                self._close_element(stack, pos)
        elif name in html.BLOCK_ELEMENTS:
            if out and not isinstance(out[-1], m.Break):
                out.append(m.Break())
        elif name == "a" or name in html.STRONG | html.EM | html.CODE | html.HIDDEN:
            if len(stack) < 20:
                stack.append((name, attributes, []))
        elif name != "comment":
            self.record_dropped(name, raw, pos)

    def _close_element(self, stack: _OpenElements, pos: m.Pos) -> None:
        name, attributes, content = stack.pop()
        children = merge_texts(content)
        out = stack[-1][2]
        if name == "a" and attributes.get("href"):
            out.extend(self._build_link(children, attributes["href"], pos))
        elif name in html.STRONG:
            out.append(m.Strong(children))
        elif name in html.EM:
            out.append(m.Em(children))
        elif name in html.CODE:
            out.append(m.Code(m.plain(children)))
        elif name not in html.HIDDEN:
            out.extend(children)

    def _build_link(self, children: m.Inlines, url: str, pos: m.Pos) -> m.Inlines:
        url = _HOST.sub(lambda match: unquote(match.group()), url.strip())
        if not url:
            return children
        if not is_safe_url(url):
            self.record_dropped("unsafe-url", url, pos)
            return children
        return (m.Link(children or (m.Text(url),), url),)

    def _build_image(self, url: str, alt: str, pos: m.Pos) -> m.Inlines:
        url = url.strip()
        if url and is_safe_image_url(url):
            return (m.Image(url, alt),)
        if url:
            self.record_dropped("unsafe-url", url, pos)
        return (m.Text(alt),) if alt else ()


def _resolve_entities(text: str) -> str:
    """Resolve character references, and replace no-break and other wide spaces by plain ones."""
    if "&" in text:
        text = _ENTITY.sub(lambda match: unescape(match.group()), text)
    return _SPACES.sub(" ", text)


def _read_unmarked(text: str) -> m.Inlines:
    """Return the text with bare URLs as links, and no other markup parsed."""
    nodes: list[m.Inline] = []
    at = 0
    for match in re.finditer(r"https?://", text):
        start = match.start()
        if start >= at and (url := bare_url(text[start : start + _LONG_TEXT])):
            nodes += [m.Text(_resolve_entities(text[at:start])), m.Link((m.Text(url),), url)]
            at = start + len(url)
    return merge_texts([*nodes, m.Text(_resolve_entities(text[at:]))])


def merge_texts(nodes: list[m.Inline]) -> m.Inlines:
    """Join adjacent texts, and remove empty ones."""
    out: list[m.Inline] = []
    for are_texts, run in groupby(nodes, lambda node: isinstance(node, m.Text)):
        if not are_texts:
            out += run
        elif text := m.plain(tuple(run)):
            out.append(m.Text(text))
    return tuple(out)
