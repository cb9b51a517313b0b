"""Inlines and blocks as HTML for a page in a browser: what `html` writes, with what only a browser can use.

The writer `html` escapes every `<` of the text, so a tag found in its output is one it wrote itself, and
a plain replacement is exact.
"""

from __future__ import annotations

from html import escape

from publisher.model import Block, Blocks, CodeBlock, Inlines, Text
from publisher.patterns import lazy_pattern
from publisher.words import get_labels
from publisher.writers import html

# no-referrer: hosts that refuse pictures to other sites go by the referrer
_IMAGE_TAG = '<img loading="lazy" decoding="async" referrerpolicy="no-referrer" '
_HAN_CHARACTER = lazy_pattern("[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_TAG = lazy_pattern(r"<\w+")
_LATIN_WORD = lazy_pattern("[A-Za-z]{2,}[,.;:]? ")


def inlines(nodes: Inlines) -> str:
    """HTML of a run of inlines."""
    return html.inlines(nodes).replace("<img ", _IMAGE_TAG)


def blocks(nodes: Blocks, lang: str) -> str:
    """HTML of blocks on a page in `lang`, one per line.

    Tables and code scroll in boxes of their own, which a keyboard can reach. A block in another language
    than the page says so: https://www.w3.org/TR/WCAG22/#language-of-parts
    """
    return "\n".join([_block_to_page_html(node, lang) for node in nodes])


def _block_to_page_html(node: Block, lang: str) -> str:
    text = html.blocks((node,))
    if not isinstance(node, CodeBlock) and (spoken := _detect_lang_attribute(text, lang)):
        text = _TAG.sub(lambda tag: tag[0] + spoken, text, count=1)
    if "<table" in text:
        box = (
            f'<div class="scroll" role="group" tabindex="0" aria-label="{escape(get_labels(lang)["table"])}">'
        )
        text = text.replace("<table", f"{box}<table").replace("</table>", "</table></div>")
    return text.replace("<img ", _IMAGE_TAG).replace("<pre", '<pre tabindex="0"')


def build_lang_attribute(nodes: Inlines, lang: str) -> str:
    """The attribute for what holds these inlines on a page in `lang`: ' lang="en"', or nothing."""
    if any(isinstance(node, Text) and _HAN_CHARACTER.search(node.text) for node in nodes):
        return ""  # which needs no HTML to be seen
    return _detect_lang_attribute(html.inlines(nodes), lang)


def _detect_lang_attribute(text: str, lang: str) -> str:
    """On a Chinese page, words without a single Han character are taken for English."""
    if not lang.startswith("zh") or _HAN_CHARACTER.search(text) or len(_LATIN_WORD.findall(text)) < 3:
        return ""
    return ' lang="en"'
