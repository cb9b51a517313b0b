"""HTML for pages: what it has in addition to that for feeds."""

from __future__ import annotations

import pytest

from publisher.model import CodeBlock, Image, List, Paragraph, Quote, Table, Text
from publisher.writers import page


def t(text: str) -> tuple[Text, ...]:
    return (Text(text),)


def test_images_are_lazy_and_send_no_referrer() -> None:
    assert page.inlines((Image("https://a.example/b.png", "山"),)) == (
        '<img loading="lazy" decoding="async" referrerpolicy="no-referrer" src="https://a.example/b.png" alt="山">'
    )


def test_table_in_a_list_is_scrollable() -> None:
    made = page.blocks((List(((Paragraph(t("表")), Table((t("甲"),), ((t("乙"),),))),)),), "zh-CN")
    assert made == (
        "<ul>\n<li>表\n"
        '<div class="scroll" role="group" tabindex="0" aria-label="表格"><table>\n'
        "<thead>\n<tr><th>甲</th></tr>\n</thead>\n<tbody>\n<tr><td>乙</td></tr>\n</tbody>\n"
        "</table></div></li>\n</ul>"
    )


def test_text_that_looks_like_tags_is_escaped() -> None:
    made = page.blocks((Paragraph(t("<img <table> <pre>")), CodeBlock("</table>")), "en")
    assert made == ('<p>&lt;img &lt;table&gt; &lt;pre&gt;</p>\n<pre tabindex="0"><code>&lt;/table&gt;\n</code></pre>')


@pytest.mark.parametrize(
    ("text", "lang", "attribute"),
    [
        ("Snow falls on the ridge", "zh-CN", ' lang="en"'),
        ("Snow falls on the 山脊", "zh-CN", ""),
        ("Snow falls on the ridge", "en", ""),
        ("Snow falls on the ridge", "ja", ""),
        ("Kestrel 5500", "zh", ""),
        ("https://www.example.org/snow/falls/on/the/ridge.html", "zh", ""),
        ("", "zh", ""),
    ],
)
def test_lang_attribute_marks_english_on_a_chinese_page(text: str, lang: str, attribute: str) -> None:
    assert page.build_lang_attribute(t(text), lang) == attribute
    assert page.blocks((Quote((Paragraph(t(text)),)),), lang).startswith(f"<blockquote{attribute}>")


def test_code_has_no_lang_attribute() -> None:
    made = page.blocks((CodeBlock("while true do sleep done"),), "zh")
    assert "lang" not in made
