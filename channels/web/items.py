"""Writes the items of a page. The template keeps the frame: its three macros for items took a third of a page's time.

A template of the user that defines a macro of the same name (`head`, `about`, `full`) has its items written by that.
"""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup, escape

from publisher import model as m
from publisher.named_tuple import NamedTuple
from publisher.outline import OutlineItem
from publisher.writers import page
from publisher.writers.html import escape_url


class ItemWriter(NamedTuple):
    """Writes items in the language `lang` with the texts `labels`. `numbered`: they have numbers to jump to."""

    lang: str
    labels: Mapping[str, str]
    numbered: bool

    def head(self, item: OutlineItem) -> Markup:
        """Return the tags, the title, linked if there is a URL, and what follows it."""
        pieces: list[str] = [escape(item.written_number)]
        pieces += [f'<span class="tag">{escape(tag)}</span> ' for tag in item.tags]
        title, attribute = page.inlines_with_lang(item.title, self.lang)
        if item.url:
            tooltip = f' title="{escape(item.link_title)}"' if item.link_title else ""
            pieces.append(f'<a href="{escape_url(item.url)}"{tooltip}{attribute}>{title}</a>')
        elif item.title:
            pieces.append(f"<span{attribute}>{title}</span>")
        if item.tail:
            tail, attribute = page.inlines_with_lang(item.tail, self.lang)
            pieces.append(f'<span class="tail"{attribute}>{tail}</span>')
        return Markup("".join(pieces))

    def about(self, item: OutlineItem) -> Markup:
        """Return the source, the authors and the further links."""
        pieces = [f"<span>{escape(item.source)}</span>"] if item.source else []
        if item.authors:
            pieces.append(f"<span>{escape(self.labels['comma'].join(item.authors))}</span>")
        pieces += [f"<span>{page.inlines((extra,))}</span>" for extra in item.extras]
        return Markup("".join(pieces))

    def full(self, item: OutlineItem, level: int) -> Markup:
        """Return the item with its text, headed by a title of that level."""
        has_head = bool(item.title or item.tags or item.tail)
        heading = f"h{level}" if has_head and not item.is_running_text else "p"
        box = "div" if heading == "p" else "article"
        item_id = f' id="{escape(item.id)}"' if item.id else ""
        has_number = self.numbered and not item.written_number
        lines = [f'<{box} class="item"{item_id}>']
        if has_head or item.written_number:
            lines.append('<div class="head">')
            if item.id and has_number:
                lines.append(self._write_permalink(item, "number", f"{item.number}"))
            lines.append(f"<{heading}>{self.head(item)}</{heading}>")
            if item.id and not has_number:
                lines.append(self._write_permalink(item, "jump", "#"))
            lines.append("</div>")
        if item.source or item.authors or item.links:
            lines.append(f'<p class="about">{self.about(item)}</p>')
        for node in [node for _, run in item.matter for node in run]:
            lines.append(self._write_field(node) if isinstance(node, m.Field) else page.blocks((node,), self.lang))
        return Markup("\n".join([*lines, f"</{box}>", ""]))

    def _write_permalink(self, item: OutlineItem, kind: str, text: str) -> str:
        number = f" {text}" if kind == "number" else ""
        label = escape(f"{self.labels['permalink']}{number}{self.labels['colon']}{item.name}")
        return f'<a class="permalink {kind}" href="#{escape(item.id)}" aria-label="{label}">{text}</a>'

    def _write_field(self, field: m.Field) -> str:
        kind, label = ("summary", "hidden") if field.kind == "summary" else ("field", "label")
        value, attribute = page.inlines_with_lang(field.value, self.lang)
        name = escape(f"{field.label}{self.labels['colon']}")
        return f'<p class="{kind}"><span class="{label}">{name}</span><span{attribute}>{value}</span></p>'
