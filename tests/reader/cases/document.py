"""Cases D: the parts around the sections — front matter, title, guide, warm-up, notes."""

from __future__ import annotations

import re

from publisher.derived_texts import blocks_to_plain_text, build_display_title, build_summary, find_topics
from publisher.model import NO_POSITION, Link, Note, Paragraph, Strong, Title, plain
from publisher.reader import parse_issue
from publisher.transforms import make_publishable
from tests.reader.cases.place import PUBLICATION, Place, case, strings, unmarked

TITLE = "# 潮汐简报 (2021-03-14)\n\n"


@case(
    "D01",
    """
    →---
    layout: default
    ---

    # 潮汐简报 (2021-03-14)
    """,
)
def unknown_keys_stay_and_the_title_dates_the_issue(at: Place) -> None:
    end = at.lines.index("---", at.line)
    pairs = [tuple(re.split(r":\s*", line, maxsplit=1)) for line in at.lines[at.line : end]]
    assert pairs == [("layout", "default")] == list(at.issue.front)
    assert (at.issue.front_pos.line, at.issue.front_pos.end_line) == (at.line, end + 1)
    undated = parse_issue(at.source, "draft.md")
    assert undated.title
    assert undated.date
    assert undated.title.date == undated.date.isoformat()


@case("D02", "→# 潮汐简报 (2021-03-14)\n\n## 论文\n\n- [浪高](https://example.org/1)")
def no_front_matter_is_no_mistake(at: Place) -> None:
    assert at.issue.front == ()
    assert at.issue.front_pos == NO_POSITION
    assert at.issue.diagnostics == ()
    first = next(line.strip("# ") for line in at.lines if line.strip())
    assert first in "".join(strings(at.issue))


@case("D03", "→" + TITLE + "## 论文\n\n- [浪高预报](https://example.org/1)\n- [盐雾试验](https://example.org/2)")
def a_headline_is_made_of_the_first_topics(at: Place) -> None:
    title = at.issue.title
    assert title
    assert title.regular
    assert title.headline == ()
    assert at.text == f"# {title.name} ({title.date})"
    first = find_topics(at.issue)
    assert set(first) <= {plain(item.title) for item in at.issue.items}
    assert first
    assert build_display_title(at.issue, PUBLICATION) == f"{title.name} ({title.date})：{'/'.join(first)}"


def headline(at: Place, between: str) -> None:
    name, date, topics = at.match(rf"^# (\S+) \((\d{{4}}-\d\d-\d\d)\){between}(.+)")
    title = at.the(Title)
    assert (title.name, title.date, title.regular) == (name, date, True)
    assert title.headline == tuple(topics.split("/"))
    assert len(title.headline) > 1


@case("D04", "→# 潮汐简报 (2021-03-14) 浮标联网/新潮位计/盐雾试验")
def headline_after_a_space(at: Place) -> None:
    headline(at, " ")


@case("D05", "→# 潮汐简报 (2021-03-14)：浮标联网/新潮位计")
def headline_after_a_colon(at: Place) -> None:
    headline(at, "：")


@case("D06", "→# 潮汐简报 (2021-03-14)：\n\n## 论文\n\n- [浪高预报](https://example.org/1)")
def a_colon_without_headline_can_be_reported(at: Place) -> None:
    title = at.the(Title)
    assert title.headline == ()
    assert plain(title.text).endswith("：")
    shown = build_display_title(at.issue, PUBLICATION)
    assert not shown.endswith("：")
    assert "：：" not in shown


@case("D07", "→# 潮汐简报 (2021-03-14)：甲/乙  \n\n正文")
def trailing_spaces_of_the_title_go(at: Place) -> None:
    assert at.raw.endswith("  ")
    assert plain(at.the(Title).text) == at.text.removeprefix("# ")
    assert at.the(Title).pos.end_column == len(at.text) + 1


@case("D08", "→# 潮汐简报 (2021-02-28)\n\n正文", path="2021-03-14.md")
def file_and_title_each_keep_their_date(at: Place) -> None:
    (written,) = at.match(r"\((.+)\)")
    assert at.the(Title).date == written
    assert at.issue.date
    assert at.path == f"{at.issue.date}.md"
    assert written != at.issue.date.isoformat()


@case("D09", "→# 潮汐简报 (2021-03-xx)\n\n正文", path="2021-03-xx.md")
def a_placeholder_day_is_no_date(at: Place) -> None:
    assert at.issue.date is None
    assert at.path == f"{at.issue.id}.md"
    assert at.the(Title).date == at.match(r"\((.+)\)")[0]


@case("D10", "→# 三月的潮汐\n\n正文")
def a_title_of_another_form_can_be_reported(at: Place) -> None:
    title = at.issue.title
    written = [line.lstrip("# ") for line in at.lines if line.startswith("#")][:1]
    assert [plain(title.text) if title else None] == (written or [None])
    assert title is None or not title.regular or title.pos.column > len("# ") + 1
    assert parse_issue("# 潮汐简报 (2021-03-14)").title.regular  # type: ignore[union-attr]


@case("D11", TITLE + "→**记录海边的每一次涨落**  \n\n## 论文")
def tagline(at: Place) -> None:
    assert plain(at.issue.tagline) == at.match(r"^\*\*(.+)\*\*$")[0]
    assert at.issue.tagline_pos.line == at.line
    assert not any(isinstance(node, Strong) for node in at.issue.tagline)


@case("D12", TITLE + "**口号**\n→<font color=gray>注：PC端看不了微信链接，请用手机</font>\n\n## 论文")
def a_font_element_becomes_a_note(at: Place) -> None:
    note = at.the(Note)
    assert note in at.issue.notes
    assert note.kind == "pc_wechat"
    assert plain(note.text) == at.match(r"注：(.+)</font>")[0]
    assert not any("font" in string for string in strings(at.issue.notes))


@case("D13", "→" + TITLE + "## 论文\n\n- [浪高预报](https://example.org/1)")
def without_a_guide_the_items_say_what_the_issue_is_about(at: Place) -> None:
    assert at.issue.guide is None
    first = plain(next(at.issue.items).title)
    assert build_summary(at.issue).startswith(first)


@case("D14", TITLE + "→> 导读：\n\n## 论文\n\n- [浪高](https://example.org/1)")
def an_empty_guide_is_there_and_not_published(at: Place) -> None:
    guide = at.issue.guide
    assert guide
    assert guide.label == "导读"
    assert (guide.label_pos.line, guide.blocks, guide.count) == (at.line, (), None)
    assert make_publishable(at.issue).guide is None


@case("D15", TITLE + "→> 导读：本次3条。【新闻】；【论文】；【博文】。\n\n## 论文\n\n- [浪高](https://example.org/1)")
def an_unfilled_guide_has_empty_segments(at: Place) -> None:
    guide = at.issue.guide
    labels = re.findall(r"【(.+?)】", at.text)
    assert guide
    assert [(segment.label, segment.text) for segment in guide.segments] == [(x, "") for x in labels]
    assert len(labels) > 2


@case(
    "D16",
    TITLE + "→> 导读：本次1条。\n【论文】浪高预报更准了。  \n【博文】盐雾。\n\n## 论文\n\n- [浪高](https://e.org/1)",
)
def lazy_lines_of_a_quoted_guide_are_one_paragraph(at: Place) -> None:
    blank = at.lines.index("", at.line)
    guide = at.issue.guide
    assert guide
    assert blank > at.line
    block = next(block for block in guide.blocks if block.pos.line >= at.line)
    assert isinstance(block, Paragraph)
    assert block.pos.end_line == blank
    for line in at.lines[at.line : blank]:
        assert unmarked(line) in plain(block.children)


@case("D17", TITLE + "> 导读：本次1条。\n\n→本期多为浪高预报。\n\n## 论文\n\n- [浪高](https://example.org/1)")
def paragraphs_before_the_first_section_belong_to_the_guide(at: Place) -> None:
    warmup = at.issue.warmup
    opens_list = at.text.endswith("：") and warmup is not None
    blocks = warmup.intro if opens_list and warmup else at.issue.guide and at.issue.guide.blocks
    assert blocks
    assert at.the(Paragraph) in blocks
    assert unmarked(at.text) in blocks_to_plain_text((at.the(Paragraph),))
    assert all(section.pos.line > at.line for section in at.issue.sections)


def segments(at: Place, brackets: str) -> None:
    opening, closing = brackets
    words = "新闻|业界新闻|论文|开源|开源项目|博文"
    mark = re.compile(rf"{opening}({words}){closing}")
    guide = at.issue.guide
    assert guide
    source = "\n".join(at.lines[guide.pos.line - 1 : guide.pos.end_line])
    assert [segment.label for segment in guide.segments] == mark.findall(source)
    here = mark.split(unmarked(at.text))[1:]
    for label, text in zip(here[::2], here[1::2], strict=True):
        texts = [segment.text for segment in guide.segments if segment.label == label]
        assert any(part and text.startswith(part[:8]) for part in texts)


@case("D18", TITLE + "→> 导读：本次2条。「业界新闻」浮标联网了，「论文」浪高更准了。\n→「博文」盐雾怎么防。\n\n## 论文")
def segments_in_corner_brackets(at: Place) -> None:
    segments(at, "「」")


@case("D19", TITLE + "→> 导读：本期2条。【新闻】浮标联网了；【开源】潮位计固件；\n→【博文】盐雾试验怎么做。\n\n## 论文")
def segments_in_lenticular_brackets(at: Place) -> None:
    segments(at, "【】")


@case("D20", TITLE + "→> 导读：本次内容7条。浪高预报更准了。\n\n## 论文\n\n- [浪高](https://example.org/1)")
def the_count_a_guide_claims(at: Place) -> None:
    guide = at.issue.guide
    assert guide
    assert guide.count == int(at.match(r"本[次期](?:内容)?(\d+)条")[0])
    assert guide.count != len(list(at.issue.items)) > 0


@case("D21", TITLE + "> 导读：本次1条。\n→海上多了[浮标](https://e.org/b)和[潮位计](https://e.org/t)。\n\n## 论文")
def links_in_a_guide_stay(at: Place) -> None:
    written = re.findall(r"\[([^\]]+)\]\((\S+?)\)", at.text)
    linked = [(plain(node.children), node.url) for node in at.inlines if isinstance(node, Link)]
    assert written
    assert set(written) <= set(linked)
    assert at.issue.guide
    assert at.the(Paragraph) in at.issue.guide.blocks
