"""Builds nodes from text with HTML elements in it, and links and images whose URLs are safe."""

from __future__ import annotations

from urllib.parse import unquote

from publisher import model as m
from publisher.links import is_safe_image_url, is_safe_url
from publisher.patterns import lazy_pattern
from publisher.reader import html
from publisher.reader.lines import is_cjk
from publisher.reader.references import TEMPLATE_TAG, find_page_path, resolve_references

# mistune percent-encodes the whole URL, which changes the meaning of a host
_HOST = lazy_pattern(r"\Ahttps?://[^/?#]*%[^/?#]*")
_MAX_OPEN_ELEMENTS = 20
_TEMPLATE_TAG = lazy_pattern(TEMPLATE_TAG)


class TargetBuilder:
    """Builds links and images. `dropped` collects what subscribers must not see."""

    def __init__(self) -> None:
        self.dropped: list[m.Dropped] = []

    def record_dropped(self, name: str, text: str, pos: m.Pos) -> None:
        """Record something inside a line that subscribers must not see."""
        self.dropped.append(m.Dropped(name, text, inline=True, pos=pos))

    def build_link(self, children: m.Inlines, url: str, title: str, pos: m.Pos) -> m.Inlines:
        """Return a link, or only its text if the URL is empty, unsafe or has a template tag."""
        url = _HOST.sub(lambda match: unquote(match.group()), url.strip())
        url = find_page_path(unquote(url)) or url
        if not url or self.drop_template_url(url, pos):
            return children
        if not is_safe_url(url):
            self.record_dropped("unsafe-url", url, pos)
            return children
        return (m.Link(children or (m.Text(url),), url, title),)

    def drop_template_url(self, url: str, pos: m.Pos) -> bool:
        """Return whether a URL has a template tag, so that it leads nowhere; it is recorded as dropped then."""
        has_tag = ("{" in (url := unquote(url)) or "*|" in url) and _TEMPLATE_TAG.search(url) is not None
        if has_tag:
            self.record_dropped("template", url, pos)
        return has_tag

    def build_image(self, url: str, alt: str, title: str, pos: m.Pos) -> m.Inlines:
        """Return an image, or only its alt text if the URL is empty, unsafe or has a template tag."""
        url = url.strip()
        is_template = self.drop_template_url(url, pos)
        if url and is_safe_image_url(url) and not is_template:
            return (m.Image(url, alt, title),)
        if url and not is_template:
            self.record_dropped("unsafe-url", url, pos)
        return (m.Text(alt),) if alt else ()


class HtmlBuilder:
    """Builds the nodes of one run of text at `pos`: HTML elements open and close further levels.

    An element of a block begins and ends a line; a line break is written only between two contents.
    """

    def __init__(self, targets: TargetBuilder, pos: m.Pos) -> None:
        self._targets = targets
        self._pos = pos
        # name, attributes and content so far of each element that is open, the outermost first
        self._open: list[tuple[str, dict[str, str], list[m.Inline]]] = [("", {}, [])]
        self._has_content = False
        self._line_ends = False

    def add_nodes(self, nodes: m.Inlines) -> None:
        """Add nodes to the innermost element, unless it is hidden."""
        if self._find_hidden():
            return
        for node in nodes:
            if not isinstance(node, m.Text):
                self._add(node)
            elif text := node.text.lstrip(" ") if self._line_ends or self._ends_with_break() else node.text:
                self._add(m.Text(text))

    def finish(self) -> m.Inlines:
        """Close what is still open, and return the nodes."""
        while len(self._open) > 1:
            self._close()
        return merge_texts(self._open[0][2])

    def add_tag(self, raw: str, *, is_tag: bool) -> None:
        """Handle a tag, a comment, or with `is_tag` false a text that looks like one."""
        name, closes, attributes = html.parse_tag(raw)
        hidden = self._find_hidden()
        if hidden and not (closes and name == hidden):
            return
        if not is_tag:
            self._add(m.Text(resolve_references(raw)))
            return
        if name == "comment" or (name in html.HIDDEN and not closes):
            self._targets.record_dropped(name, raw, self._pos)
        if name == "img":
            image = self._targets.build_image(
                attributes.get("src", ""), attributes.get("alt", ""), attributes.get("title", ""), self._pos
            )
            self.add_nodes(image)
        elif name in html.BREAKS:
            self._line_ends, self._has_content = False, True
            _end_line(self._open[-1][2])
        elif name in html.EMBEDS and not closes:
            if url := attributes.get("src") or attributes.get("data"):
                self.add_nodes(self._targets.build_link((m.Text(url),), url, "", self._pos))
            else:
                self._targets.record_dropped(name, raw, self._pos)
            if name in html.EMBEDS_WITH_CONTENT and len(self._open) < _MAX_OPEN_ELEMENTS:
                self._open.append((name, attributes, []))
        elif name in html.BLOCK_ELEMENTS:
            self._line_ends = self._has_content
        elif closes:
            self._close_named(name)
        elif name == "a" or name in html.STYLES or name in html.CODE | html.HIDDEN | html.READINGS:
            if len(self._open) < _MAX_OPEN_ELEMENTS:
                self._open.append((name, attributes, []))
        elif name != "comment":
            self._targets.record_dropped(name, raw, self._pos)

    def _find_hidden(self) -> str:
        return next((name for name, _, _ in self._open if name in html.HIDDEN), "")

    def _ends_with_break(self) -> bool:
        content = self._open[-1][2]
        return bool(content) and isinstance(content[-1], m.Break)

    def _add(self, node: m.Inline) -> None:
        if self._line_ends and not self._ends_with_break():
            # before the elements that begin here
            _end_line(next(content for name, _, content in reversed(self._open) if content or not name))
        self._open[-1][2].append(node)
        self._line_ends, self._has_content = False, True

    def _close_named(self, name: str) -> None:
        if any(opened == name for opened, _, _ in self._open):
            while self._open[-1][0] != name:
                self._close()
            if name in html.EMBEDS_WITH_CONTENT:
                content = self._open[-1][2]  # its text is for browsers that cannot play it
                content[:] = [node if isinstance(node, m.Link | m.Image) else m.Text(" ") for node in content]
            self._close()

    def _close(self) -> None:
        name, attributes, content = self._open.pop()
        children = merge_texts(content)
        outer = self._open[-1][2]
        if not children and name != "a":
            return
        if name == "a" and attributes.get("href"):
            outer.extend(self._targets.build_link(children, attributes["href"], attributes.get("title", ""), self._pos))
        elif style := html.STYLES.get(name):
            outer.append(style(children))
        elif name in html.CODE:
            outer.append(m.Code(m.plain(children)))
        elif name == "rt":
            opening, closing = "（）" if is_cjk(m.plain(children)[:1]) else "()"
            outer += [m.Text(opening), *children, m.Text(closing)]
        elif name != "rp":
            outer.extend(children)


def _end_line(content: list[m.Inline]) -> None:
    """Append a line break, without white space before it."""
    if content and isinstance(last := content[-1], m.Text):
        content[-1] = m.Text(last.text.rstrip(" "))
    content.append(m.Break())


def merge_texts(nodes: list[m.Inline]) -> m.Inlines:
    """Join adjacent texts, and remove empty ones."""
    out: list[m.Inline] = []
    texts: list[str] = []
    for node in nodes:
        if isinstance(node, m.Text):
            texts.append(node.text)
            continue
        if texts and (text := "".join(texts)):
            out.append(m.Text(text))
        texts.clear()
        out.append(node)
    if texts and (text := "".join(texts)):
        out.append(m.Text(text))
    return tuple(out)
