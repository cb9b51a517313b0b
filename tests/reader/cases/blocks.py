"""Cases B, continued: lists, tables, code, images and markup below the head of an item."""

from __future__ import annotations

import re

from publisher.derived_texts import blocks_to_plain_text
from publisher.model import Code, CodeBlock, Figure, Image, List, Note, Paragraph, Strong, Table, Text, plain
from tests.reader.cases.place import Place, case, covers, unmarked, walk

HEAD = "# 潮汐简报 (2021-03-14)\n\n## 论文\n\n- [浪高预报](https://example.org/wave)\n摘要：更准了：\n"
NEXT = "\n- [盐雾试验](https://example.org/salt)\n摘要：生锈了。\n"


def entries(at: Place, *, ordered: bool) -> list[str]:
    found = at.the(List)
    assert found in at.item.body
    assert found.ordered == ordered
    return [blocks_to_plain_text(entry) for entry in found.items]


@case("B19", HEAD + "→    1. 采样\n→    2. 滤波\n→    3. 预报" + NEXT)
def a_numbered_list(at: Place) -> None:
    assert entries(at, ordered=True) == ["采样", "滤波", "预报"]


@case("B20", HEAD + "→  1. 采样\n→  2. 滤波" + NEXT + "→1. 浸泡\n→2. 烘干\n")
def a_numbered_list_indented_less(at: Place) -> None:
    found = entries(at, ordered=True)
    assert found in (["采样", "滤波"], ["浸泡", "烘干"])
    assert at.text[3:] in found


@case("B21", HEAD + "→    - 采样\n→    - 滤波" + NEXT + "→  - 浸泡\n→  - 烘干\n")
def a_bulleted_list(at: Place) -> None:
    found = entries(at, ordered=False)
    assert found in (["采样", "滤波"], ["浸泡", "烘干"])
    assert at.text[2:] in found


@case("B22", HEAD + "    1. 采样\n→        - 每秒十次\n→        - 存一天\n    2. 滤波" + NEXT)
def a_list_in_a_list(at: Place) -> None:
    inner, outer, *_ = at.all(List)
    assert (inner.ordered, outer.ordered) == (False, True)
    assert any(inner in entry for entry in outer.items)
    assert at.text.removeprefix("- ") in [blocks_to_plain_text(entry) for entry in inner.items]


@case("B23", HEAD + "  - 采样\n  - 滤波\n→算法在船上跑了一年。" + NEXT)
def text_behind_a_list_is_a_paragraph(at: Place) -> None:
    block = at.the(Paragraph)
    assert block in at.item.body
    assert plain(block.children) == at.text
    assert re.match(r"\s+(-|\d+\.) ", at.lines[at.line - 2])


@case("B24", HEAD + "→第一段说海，\n→第二段说船\n→the third one about buoys\n→and the fourth" + NEXT)
def a_line_is_a_paragraph(at: Place) -> None:
    block = at.the(Paragraph)
    assert block in at.item.body
    assert plain(block.children) == at.text
    assert (block.pos.line, block.pos.end_line) == (at.line, at.line)


@case("B26", HEAD + "→![浪](https://mmbiz.qpic.cn/mmbiz_png/wave/640?wx_fmt=png)" + NEXT)
def an_image(at: Place) -> None:
    assert at.the(Figure) in at.item.body
    assert at.the(Figure).image == Image("https://mmbiz.qpic.cn/mmbiz_png/wave/640?wx_fmt=png", "浪")


@case("B27", HEAD + "→| 海区 | 浪高 |\n→|:---|---:|\n→| 东 | 2 |\n→| 南 | 3 | 涌 |" + NEXT)
def a_table(at: Place) -> None:
    table = at.the(Table)
    assert table in at.item.body
    cells = [[plain(cell) for cell in row] for row in (table.header, *table.rows)]
    assert cells == [["海区", "浪高"], ["东", "2"], ["南", "3", "涌"]]
    assert table.align == ("left", "right")


@case("B28", HEAD + "→用`read_tide()`读，`a|b & <c>`是`2*3*4`。" + NEXT)
def code_in_a_line(at: Place) -> None:
    codes = [node.text for node in at.inlines if isinstance(node, Code)]
    assert codes == re.findall(r"`([^`]+)`", at.text)
    assert codes


@case("B29", HEAD + "→```python\n→- [not an item](x)\n→    摘要：no summary\n→```" + NEXT)
def a_code_fence(at: Place) -> None:
    block = at.the(CodeBlock)
    assert block in at.item.body
    assert (block.language, block.text) == ("python", "- [not an item](x)\n    摘要：no summary")
    assert len(list(at.issue.items)) == 2


@case("B30", HEAD + "→collects <time, height> pairs\n→and a Vec<T> of <buoy>, told as <tide>high</tide>." + NEXT)
def angle_brackets_are_text(at: Place) -> None:
    assert at.words == at.text
    assert re.search(r"<\w+(, \w+)?>", at.words)
    assert at.issue.dropped == ()


@case("B31", HEAD + '→<b>浪</b>高<font color="red">三</font>米<script>x()</script>，<u>准</u>' + NEXT)
def html_by_name(at: Place) -> None:
    assert at.words == "浪高三米，准"
    assert at.inlines[0] == Strong((Text("浪"),))
    assert {"font", "script"} <= {dropped.name for dropped in at.issue.dropped}


@case("B32", HEAD + "→$\\alpha_{i}*b*c^2$ of \\textbf{height}, 4\\~5 m, \\*wet\\*" + NEXT)
def backslashes_stay_unless_they_escape(at: Place) -> None:
    written = re.sub(r"\\([~*])", r"\1", at.text.removeprefix("摘要："))
    assert at.words == written
    assert "\\textbf{" in at.words


@case("B33", HEAD + "→浪高**准（分米）**吗？**“准”**的。" + NEXT)
def bold_beside_full_width_punctuation(at: Place) -> None:
    assert [node for node in at.inlines if isinstance(node, Strong)] == [
        Strong((Text("准（分米）"),)),
        Strong((Text("“准”"),)),
    ]
    assert at.words == unmarked(at.text)


@case("B34", HEAD + "→**浪高**准到**分米。" + NEXT)
def a_bold_never_closed(at: Place) -> None:
    assert at.inlines == (Strong((Text("浪高"),)), Text("准到**分米。"))


@case("B35", HEAD + "→**浪高**准到分米。\n→**全文加粗**" + NEXT)
def bold_at_the_start_of_a_line_is_no_bullet(at: Place) -> None:
    block = at.the(Paragraph)
    assert block in at.item.body
    assert block.children[0] == Strong((Text(at.match(r"^\*\*(.+?)\*\*")[0]),))
    assert plain(block.children) == unmarked(at.text)


@case(
    "B36",
    HEAD.replace("摘要：更准了：", "→摘要：We forecast waves, three days ahead; a buoy's 2.5 m is enough (see A.1)."),
)
def an_english_abstract(at: Place) -> None:
    assert at.words == unmarked(at.text.removeprefix("摘要："))
    assert plain(at.item.summary) == at.words
    assert not re.search(r"[\u4e00-\u9fff]", at.words)


@case("B37", "# 潮汐简报 (2021-03-14)\n\n## 论文\n\n→> 注：前缀补全为`github.com/<o>/<n>`\n" + NEXT)
def a_quoted_note_of_a_section(at: Place) -> None:
    assert at.the(Note) in at.section.notes
    assert at.words == unmarked(at.match(r"^> 注：(.+)$")[0])
    assert not any(covers(node, at.line) for item in at.issue.items for node in walk(item))


@case("B39", HEAD + "→ 一格。\n→  两格。\n→   三格。" + NEXT)
def leading_spaces_go(at: Place) -> None:
    block = at.the(Paragraph)
    assert block in at.item.body
    assert block.children == (Text(at.text),)
    assert block.pos.column == len(at.raw) - len(at.text) + 1


@case("B40", HEAD + "→浪高准了，，船也稳了；。好。，真的。" + NEXT)
def slips_of_punctuation_stay_for_the_check(at: Place) -> None:
    assert at.words == unmarked(at.text)
    assert re.search(r"，，|；。|。，", at.words)


@case("B41", HEAD + "    1. 采样\n→；\n    2. 滤波\n→。" + NEXT)
def a_closing_mark_alone_ends_the_line_above(at: Place) -> None:
    above = Place(at.source, at.path, at.line - 1)
    assert above.words == re.sub(r"^\d+\. ", "", above.text) + at.text
    assert at.the(List) == above.the(List)
    assert not any(covers(block, at.line) for block in at.item.body if block != at.the(List))
