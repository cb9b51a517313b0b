"""Writes inlines and blocks as HTML for a web page: the output of `html`, with attributes for browsers.

`html` escapes every `<` of the text, so all tags in its output are its own and can be replaced safely.
"""

from __future__ import annotations

from html import escape

from publisher import model as m
from publisher.labels import get_labels
from publisher.patterns import lazy_pattern
from publisher.writers import html

# no-referrer: hosts that block hotlinking check the referrer
_IMAGE_TAG = '<img loading="lazy" decoding="async" referrerpolicy="no-referrer" '
_TAG = lazy_pattern(r"<\w+")
# only from the start of a word: a search within a long one, such as an image in base64, would never end
_LATIN_WORD = lazy_pattern("(?<![A-Za-z])[A-Za-z]{2,}[,.;:]? ")


def inlines(nodes: m.Inlines) -> str:
    """Return the HTML of a run of inlines."""
    return html.inlines(nodes).replace("<img ", _IMAGE_TAG)


def inlines_with_lang(nodes: m.Inlines, lang: str) -> tuple[str, str]:
    """Return the HTML of a run of inlines, and as `build_lang_attribute` the attribute for the element around it."""
    text = html.inlines(nodes)
    return text.replace("<img ", _IMAGE_TAG), _detect_lang_attribute(text, lang)


def blocks(nodes: m.Blocks, lang: str) -> str:
    """Return the HTML of blocks on a page in the language `lang`, one per line.

    Tables and code are in boxes that can be scrolled with the keyboard. Blocks in another language than the
    page have a `lang` attribute: https://www.w3.org/TR/WCAG22/#language-of-parts
    """
    return "\n".join([_block_to_page_html(node, lang) for node in nodes])


def _block_to_page_html(node: m.Block, lang: str) -> str:
    text = html.blocks((node,))
    if not isinstance(node, m.CodeBlock) and (attribute := _detect_lang_attribute(text, lang)):
        text = _TAG.sub(lambda tag: tag[0] + attribute, text, count=1)
    if "<table" in text:
        box = f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(get_labels(lang)["table"])}">'
        text = text.replace("<table", f"{box}<table").replace("</table>", "</table></div>")
    return text.replace("<img ", _IMAGE_TAG).replace("<pre", '<pre tabindex="0"')


def build_lang_attribute(nodes: m.Inlines, lang: str) -> str:
    """Return the `lang` attribute for an element with these inlines on a page in `lang`, or empty."""
    return _detect_lang_attribute(html.inlines(nodes), lang)


def _has_han(text: str) -> bool:
    """Whether a text has a Han character. Not a pattern: one of so large ranges takes 1.5 ms to compile, and most texts
    on Chinese pages begin with one."""
    return not text.isascii() and any(
        "\u2e80" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff" or "\U00020000" <= char <= "\U0003ffff"
        for char in text
    )


def _detect_lang_attribute(text: str, lang: str) -> str:
    """On a Chinese page, text of several words without a Han character counts as English."""
    if not lang.startswith("zh") or _has_han(text) or len(_LATIN_WORD.findall(text)) < 3:
        return ""
    return ' lang="en"'
