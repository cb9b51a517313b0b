"""Cases B: the lines below the head of an item — summaries and labelled lines."""

from __future__ import annotations

import re

from publisher.derived_texts import blocks_to_plain_text
from publisher.model import Field, Item, Link, Paragraph, Text, plain
from publisher.transforms import find_urls, make_publishable
from tests.reader.cases.place import Place, case, unmarked

HEAD = "# 潮汐简报 (2021-03-14)\n\n## 论文\n\n- [浪高预报 | 海岸线](https://example.org/wave)\n"
NEXT = "\n- [盐雾试验](https://example.org/salt)\n摘要：生锈了。\n"

KINDS = {
    "标题": "title", "论文": "paper", "论文链接": "paper", "论文地址": "paper", "链接": "link",
    "文章": "article", "代码": "code", "开源代码": "code", "Github 项目链接": "code",
    "wav2letter 项目地址": "project",
    "Coral 网页": "variant", "NCNN版": "variant", "MNN版": "variant", "OpenVINO版": "variant",
}  # fmt: skip
"""The labels used in the samples below, and the kind of field of each."""


def summarised(at: Place, label: str, colon: str) -> None:
    assert at.text.startswith(label + colon)
    field = at.the(Field)
    assert (field.kind, field.label, field.pos.line) == ("summary", label, at.line)
    assert plain(field.value) == unmarked(at.text[len(label + colon) :])
    assert field in at.item.fields
    assert at.item.summary == field.value


@case("B01", HEAD + "→摘要：三天的浪高，**准**到分米。  " + NEXT)
def a_summary(at: Place) -> None:
    summarised(at, "摘要", "：")


@case("B02", HEAD + "→摘要:三天的浪高,准到分米。" + NEXT)
def a_summary_behind_a_half_width_colon(at: Place) -> None:
    summarised(at, "摘要", ":")


@case("B03", HEAD + "→摘要三天的浪高，准到分米。" + NEXT)
def a_summary_without_colon(at: Place) -> None:
    summarised(at, "摘要", "")


@case("B04", HEAD + "→简评：三天的浪高，准到分米。" + NEXT)
def a_comment_is_a_summary(at: Place) -> None:
    summarised(at, "简评", "：")


@case("B05", HEAD.replace("- [", "→- [") + "代码：https://github.com/tide/wave" + NEXT)
def an_item_without_summary(at: Place) -> None:
    item = at.the(Item)
    assert item.pos.line == at.line
    assert item.summary == ()
    assert not any(field.kind == "summary" for field in item.fields)


@case("B06", HEAD + "→摘要：" + NEXT)
def an_empty_summary(at: Place) -> None:
    field = at.the(Field)
    assert (field.kind, field.label, field.value, field.url) == ("summary", "摘要", (), None)
    assert at.item.summary == ()
    assert not any(field in item.fields for item in make_publishable(at.issue).items)


@case("B07", HEAD + "→摘要：https://example.org/w\n- [盐雾](https://example.org/salt)\n→摘要：\nhttps://example.org/s")
def a_summary_that_is_only_an_address(at: Place) -> None:
    url = re.search(r"https://\S+", at.text) or re.search(r"https://\S+", at.lines[at.line])
    field = at.the(Field)
    assert url
    assert (field.kind, field.url) == ("summary", url[0])
    assert field.value == (Link((Text(url[0]),), url[0]),)


@case("B08", HEAD + "摘要：三天的浪高。\n→摘要：盐雾的试验。" + NEXT)
def a_second_summary_is_a_paragraph(at: Place) -> None:
    item = at.item
    assert [field.kind for field in item.fields].count("summary") == 1
    block = at.the(Paragraph)
    assert block in item.body
    assert plain(block.children) == at.text
    assert all(field.pos.line < at.line for field in item.fields if field.kind == "summary")


def labelled(at: Place) -> Field:
    """The field of a labelled line, its value or the next line an address."""
    label, value = at.match(r"^(?:[-*] )?([^：]+)：\s*(.*)$")
    field = at.the(Field)
    assert field.pos.line == at.line
    assert (field.label, field.kind) == (label, KINDS[label])
    assert plain(field.value) == unmarked(value or at.lines[at.line])
    assert list(at.item.fields) == sorted(at.item.fields, key=lambda one: one.pos)
    return field


@case(
    "B09",
    HEAD + "→论文：https://example.org/p\n→代码：https://github.com/tide/wave\n→标题：Waves\n摘要：更准了。" + NEXT,
)
def labelled_lines_before_the_summary(at: Place) -> None:
    field = labelled(at)
    kinds = [one.kind for one in at.item.fields]
    assert at.item.fields.index(field) < kinds.index("summary")


@case(
    "B10", HEAD + "摘要：更准了。\n比去年准。\n→论文：https://example.org/p\n→代码：https://github.com/tide/wave" + NEXT
)
def labelled_lines_behind_the_summary(at: Place) -> None:
    field = labelled(at)
    kinds = [one.kind for one in at.item.fields]
    assert at.item.fields.index(field) > kinds.index("summary")
    assert field.url
    assert field.url in at.text


@case("B11", HEAD + "摘要：更准了。\n→论文链接：\nhttps://example.org/p" + NEXT)
def a_label_with_its_address_on_the_next_line(at: Place) -> None:
    field = labelled(at)
    assert field.url == at.lines[at.line].strip()
    assert field.pos.end_line == at.line + 1


@case(
    "B12",
    HEAD + "摘要：更准了：\n→  - 论文地址：https://example.org/p\n→  - 开源代码：https://github.com/tide/wave" + NEXT,
)
def labelled_lines_as_bullets(at: Place) -> None:
    assert at.text.startswith("- ")
    assert labelled(at).url == at.match(r"(https://\S+)$")[0]


@case("B13", HEAD + "→标题：[Waves: Three Days](https://example.org/p)\n摘要：更准了。" + NEXT)
def a_title_that_is_a_link(at: Place) -> None:
    text, url = at.match(r"\[(.+)\]\((\S+)\)$")
    field = labelled(at)
    assert field.value == (Link((Text(text),), url),)
    assert field.url == url


@case("B14", HEAD + "→论文：Waves: Three Days Ahead\n摘要：更准了。" + NEXT)
def a_paper_recognized_by_its_title(at: Place) -> None:
    field = labelled(at)
    assert field.url is None
    assert field.kind == "paper"


@case("B15", HEAD + "摘要：更准了。\n→https://example.org/data" + NEXT)
def a_line_that_is_an_address(at: Place) -> None:
    node = at.the(Paragraph, Field)
    value = node.children if isinstance(node, Paragraph) else node.value
    assert Link((Text(at.text),), at.text) in value
    assert node.pos.end_line == at.line


def addresses(text: str) -> list[str]:
    """The addresses in a line: ASCII, without brackets or punctuation at their end."""
    return re.findall(r"https?://[!#-'*-;=?-Z_a-z~]+(?<![.,;:!?'*])", text)


def bare(at: Place) -> None:
    written = addresses(at.text)
    assert written
    linked = [node for node in at.inlines if isinstance(node, Link)]
    assert [node.url for node in linked if node.children == (Text(node.url),)] == written
    assert re.sub(r"\s", "", unmarked(at.text)).endswith(re.sub(r"\s", "", at.words))


@case(
    "B16",
    HEAD
    + "→摘要：数据在 https://example.org/data （每日更新），又见https://example.org/b。好。Or see https://example.org/c."
    + NEXT,
)
def an_address_in_a_sentence(at: Place) -> None:
    bare(at)


@case(
    "B17", HEAD + "→摘要：见https://example.org/a；又见https://example.org/b（旧），https://example.org/c与图。" + NEXT
)
def an_address_ends_before_chinese(at: Place) -> None:
    bare(at)
    ends = [at.text[at.text.index(url) + len(url)] for url in addresses(at.text)]
    assert not any(char.isascii() for char in ends)


@case(
    "B42", HEAD + "→摘要：见《https://example.org/a》与“https://example.org/b”，又见：https://example.org/c 。" + NEXT
)
def an_address_ends_before_closing_marks(at: Place) -> None:
    bare(at)
    assert at.words.endswith(at.text[-2:])


@case("B18", HEAD + "→摘要：有[数据](https://example.org/data)和[图](https://example.org/map)。" + NEXT)
def links_in_a_sentence(at: Place) -> None:
    written = re.findall(r"\[([^\]]+)\]\(([^()\s]+)\)", at.text)
    assert [(plain(node.children), node.url) for node in at.inlines if isinstance(node, Link)] == written
    assert written
    assert at.text.endswith(at.words[-1])


def kept_behind_a_blank_line(at: Place) -> None:
    """Running text behind a blank line belongs to the item above; but behind the last item of a section,
    once that has its summary, to the section."""
    above = [item for item in at.section.items if item.pos.line < at.line]
    done = len(above) == len(list(at.section.items)) and any(f.kind == "summary" for f in above[-1].fields)
    block = at.the(Paragraph)
    assert block in (at.free if done else above[-1].body)
    assert unmarked(at.text).split("[")[0] in blocks_to_plain_text((block,))
    assert set(addresses(at.text)) <= set(find_urls(block.children))
    assert any(not line.strip() for line in at.lines[above[-1].pos.line : at.line - 1])


@case("B25", HEAD + "摘要：更准了。\n\n→第二段，准到分米。" + NEXT)
def text_behind_a_blank_line(at: Place) -> None:
    kept_behind_a_blank_line(at)


@case("B38", HEAD + "摘要：更准了。\n\n→编者按：下期见，[投稿](https://example.org/post)在此。\n\n## 博文\n")
def a_comment_behind_the_last_item(at: Place) -> None:
    kept_behind_a_blank_line(at)


@case("B43", HEAD + "摘要：更准了。\n\n→潮汐表怎么读\n→原创：林舟\n→https://example.org/table\n\n## 博文\n")
def a_raw_clipping(at: Place) -> None:
    block = at.the(Paragraph)
    assert at.text in plain(block.children)
    assert set(addresses(at.text)) <= set(find_urls(block.children))
    assert not any(item.url in addresses(at.text) for item in at.issue.items)
    assert block in (*at.free, *(one for item in at.section.items for one in item.body))


@case("B44", HEAD + "→代码：\n→论文：\n摘要：更准了。" + NEXT)
def a_label_without_value(at: Place) -> None:
    field = at.the(Field)
    assert (field.label, field.kind) == (at.text.rstrip("："), KINDS[at.text.rstrip("：")])
    assert (field.value, field.url) == ((), None)
    assert not any(field in item.fields for item in make_publishable(at.issue).items)
