"""Cases S and A: sections, the archive by hand, the footer."""

from __future__ import annotations

import re

from publisher.derived_texts import blocks_to_plain_text
from publisher.model import Figure, Image, Item, Link, List, Note, Paragraph, Rule, Section, Table, Title, plain
from publisher.transforms import build_anchors, find_urls, make_publishable, make_urls_absolute
from tests.reader.cases.place import Place, case, strings, walk

TITLE = "# 潮汐简报 (2021-03-14)\n\n"
ITEM = "- [浪高预报](https://example.org/wave)\n"
NEWS = TITLE + "## 业界新闻\n\n" + ITEM
ARCHIVE = "\n## [往期回顾](https://github.com/tide/weekly)\n\n"


@case("S01", TITLE + "→## 业界新闻  \n\n" + ITEM)
def spaces_behind_a_heading_go(at: Place) -> None:
    assert at.raw != at.raw.rstrip()
    assert plain(at.the(Section).title) == at.text.removeprefix("## ")


def heading(at: Place) -> tuple[str, str]:
    return at.match(r"^(#+)\s*(.+)$")  # type: ignore[return-value]


@case("S02", TITLE + "→## 读者来信\n\n" + ITEM)
def any_heading_opens_a_section(at: Place) -> None:
    hashes, text = heading(at)
    node = at.the(Section, Title)
    assert at.words == text
    assert not isinstance(node, Section) or node.level == len(hashes)


def names(at: Place) -> list[str]:
    """The headings of level two as the source has them, the archive's left out."""
    found = [line.removeprefix("##").strip() for line in at.lines if re.match(r"##[^#]", line)]
    return [name for name in found if "往期回顾" not in name]


@case("S03", TITLE + "## 业界新闻\n\n" + ITEM + "\n## 博文\n\n- [盐雾试验](https://example.org/salt)")
def a_missing_section_is_no_mistake(at: Place) -> None:
    found = [plain(section.title) for section in at.issue.sections]
    assert found == names(at)
    assert set(found) < {"业界新闻", "论文", "开源项目", "博文"}
    assert at.issue.diagnostics == ()


@case("S04", NEWS + "\n→## 博文\n")
def an_empty_section_is_there_and_not_published(at: Place) -> None:
    section = at.the(Section)
    assert (section.content, section.notes) == ((), ())
    assert plain(section.title) == heading(at)[1]
    kept = make_publishable(at.issue).sections
    assert section not in kept
    assert kept


@case("S05", TITLE + "## 博文\n\n" + ITEM + "\n## 业界新闻\n\n- [新船](https://example.org/ship)")
def sections_keep_their_order(at: Place) -> None:
    assert [plain(section.title) for section in at.issue.sections] == names(at) == ["博文", "业界新闻"]


@case("S06", NEWS + "\n## 业界新闻\n\n- [新船](https://example.org/ship)")
def a_section_written_twice_stays_twice(at: Place) -> None:
    assert [plain(section.title) for section in at.issue.sections] == names(at) == ["业界新闻"] * 2
    assert [item.url for item in at.issue.items] == ["https://example.org/wave", "https://example.org/ship"]
    assert len(set(build_anchors(at.issue))) == 2


@case("S07", NEWS + "\n→## [往期回顾](https://github.com/tide/weekly)\n\n- [2021-02-28](https://example.org/b)")
def a_linked_heading_opens_the_archive(at: Place) -> None:
    archive = at.issue.archive
    assert archive
    assert archive.pos.line == at.line
    assert list(find_urls(archive.title)) == ["https://github.com/tide/weekly"]
    assert [item.url for item in at.issue.items] == ["https://example.org/wave"]
    assert make_publishable(at.issue).archive is None


@case("S08", TITLE + "→##论文\n\n" + ITEM + "\n→#### 博文\n\n- [盐雾](https://example.org/salt)\n")
def a_heading_without_space_or_too_deep(at: Place) -> None:
    hashes, text = heading(at)
    assert at.words == text
    node = at.the(Section, Title)
    if isinstance(node, Section):
        assert node.level == len(hashes)
        assert len(list(node.items)) == 1


@case("S09", TITLE + "## 博文\n\n→潮汐表怎么读？\n→海事学校\n→https://example.org/table\n\n" + ITEM)
def text_before_the_first_item_introduces_the_section(at: Place) -> None:
    block = at.the(Paragraph)
    content = at.section.content
    first = next(index for index, node in enumerate(content) if isinstance(node, Item))
    assert block in content[:first]
    assert at.text in at.words


@case("S10", NEWS + "摘要：更准了。\n→\n→\n- [新船](https://example.org/ship)\n")
def blank_lines_between_items_mean_nothing(at: Place) -> None:
    assert at.text == ""
    above = max(n for n, line in enumerate(at.lines, 1) if n < at.line and line.strip())
    below = min(n for n, line in enumerate(at.lines, 1) if n > at.line and line.strip())
    one, two = (Place(at.source, at.path, line).item for line in (above, below))
    assert two.pos.line == below
    items = list(at.section.items)
    assert items.index(one) + 1 == items.index(two)


# --------------------------------------------------------------------- the archive


def in_the_archive(at: Place) -> None:
    archive = at.issue.archive
    assert archive
    assert archive.pos.line < at.line <= max(block.pos.end_line for block in archive.blocks)
    assert all(item.pos.line < archive.pos.line for item in at.issue.items)
    assert make_publishable(at.issue).archive is None


@case("A01", NEWS + ARCHIVE + "→- [2021-02-28](https://example.org/b)\n→- [2021-02-14](https://example.org/a)\n")
def a_list_of_issues(at: Place) -> None:
    in_the_archive(at)
    entries = at.the(List).items
    assert [blocks_to_plain_text(entry) for entry in entries] == ["2021-02-28", "2021-02-14"]


@case("A02", NEWS + ARCHIVE + "→| 2 | 0 | 2 | 1 |\n|:---:|:---:|:---:|:---:|\n| - | [2021-02-28](b.md) |  \n")
def a_table_of_issues(at: Place) -> None:
    in_the_archive(at)
    table = at.the(Table)
    assert [plain(cell) for cell in table.header] == [cell.strip() for cell in at.text.strip("| ").split("|")]
    rows = list(at.lines[at.line + 1 : table.pos.end_line])
    assert len(table.rows) == len(rows) > 0
    assert all(row.startswith("|") for row in rows)


@case("A03", NEWS + ARCHIVE + "→- [2021-02-30](https://github.com/tide/weekly/blob/main/2021-02-30.md)\n")
def a_dead_link_in_the_archive(at: Place) -> None:
    in_the_archive(at)
    caption, url = at.match(r"\[(.+?)\]\((\S+?)\)")
    assert (at.words, at.urls) == (caption, [url])


@case("A04", NEWS + ARCHIVE + "→- [2021-03-14](../weekly/2021-03-14.md)\n")
def an_archive_that_lists_its_own_issue(at: Place) -> None:
    in_the_archive(at)
    captions = [plain(node.children) for node in walk(at.issue.archive) if isinstance(node, Link)]
    assert str(at.issue.date) in captions
    assert str(at.issue.date) in at.text


@case("A05", NEWS + "→")
def no_archive_is_no_mistake(at: Place) -> None:
    assert "往期回顾" not in re.sub(r"^>.*$", "", at.source, flags=re.MULTILINE)
    assert at.issue.archive is None
    assert not any(at.lines[at.line :])
    assert "archive" not in [d.code for d in at.issue.diagnostics]
    assert make_publishable(at.issue).archive is None


@case("X07", NEWS + ARCHIVE + "- [2021-02-30](2021-02-30.md)\n- [2021-02-14](2021-02-14.md)\n")
def links_of_the_archive_are_not_published(at: Place) -> None:
    (start,) = (n for n, line in enumerate(at.lines, 1) if "[往期回顾]" in line)
    written = [url for line in at.lines[start:] for url in re.findall(r"\[\d{4}-\d\d-\d\d\]\((\S+?)\)", line)]
    found = [node.url for node in walk(at.issue.archive) if isinstance(node, Link)]
    assert written
    assert set(written) <= set(found)
    seen = set(strings(make_publishable(at.issue)))
    assert not seen & set(written)


# ---------------------------------------------------------------------- the footer

FOOT = NEWS + "摘要：更准了。\n\n----\n\n"


def in_the_footer(at: Place) -> None:
    assert any(block.pos.line <= at.line <= block.pos.end_line for block in at.issue.footer)
    assert isinstance(at.issue.footer[0], Rule)
    for section in at.issue.sections:
        assert all(node.pos.end_line < at.issue.footer[0].pos.line for node in section.content)


@case("A06", FOOT + "→![扫码关注](../code.png)\n")
def an_image_in_the_footer(at: Place) -> None:
    in_the_footer(at)
    alt, url = at.match(r"!\[(.*)\]\((.+)\)")
    assert at.the(Figure).image == Image(url, alt)
    addressed = make_urls_absolute(at.issue, "https://tide.example.org/2021/03/")
    assert "https://tide.example.org/2021/code.png" in list(strings(addressed.footer))


@case("A07", FOOT + "WeChat ID: tide\n→Editor: https://github.com/linzhou  \nProject: https://github.com/tide/weekly\n")
def contacts_on_lines(at: Place) -> None:
    in_the_footer(at)
    assert at.text in blocks_to_plain_text(at.issue.footer)
    assert at.match(r"(https://\S+)")[0] in at.urls


@case("A08", FOOT + "→- WeChat: tide\n→- Editor: https://github.com/linzhou\n")
def contacts_in_a_list_are_no_items(at: Place) -> None:
    in_the_footer(at)
    assert at.words == at.text.removeprefix("- ")
    assert at.the(List) in at.issue.footer
    assert not any(item.pos.line >= at.line for item in at.issue.items)


@case("A09", NEWS + "\n→> 往期回顾：见菜单【历史消息】\n" + FOOT + "→> 往期回顾：见菜单【历史消息】\n- WeChat: tide\n")
def the_note_on_the_history(at: Place) -> None:
    note = at.the(Note)
    assert note in at.issue.notes
    assert note.kind == "history"
    assert plain(note.text) == at.text.removeprefix("> ")
    assert not any("历史消息" in string for string in strings(at.issue.footer))


@case(
    "A10",
    FOOT + '→<a rel="license" href="http://creativecommons.org/licenses/by-sa/4.0/"><img alt="许可" '
    'style="border-width:0" src="https://example.org/by-sa.png" /></a><br />采用<a rel="license" '
    'href="http://creativecommons.org/licenses/by-sa/4.0/">共享 4.0</a>许可。\n',
)
def the_licence_in_html(at: Place) -> None:
    in_the_footer(at)
    href, alt, src, name, last = at.match(r'href="(\S+?)"><img alt="(.+?)" .*src="(\S+?)".*<a [^>]*>(.+?)</a>(.+)$')
    linked = [node for node in at.inlines if isinstance(node, Link)]
    assert linked[0] == Link((Image(src, alt),), href)
    assert (linked[1].url, plain(linked[1].children)) == (href, name)
    assert at.words.endswith(name + last)
    assert "<" not in at.words


@case("A11", NEWS + "摘要：更准了。\n→")
def no_footer_is_no_mistake(at: Place) -> None:
    assert not any(re.match(r"-{3,}\s*$", line) for line in at.lines[4:])
    assert at.issue.footer == ()
    assert not any(at.lines[at.line :])


@case("A12", FOOT + "编者：林舟\n\n→----\n\n许可：共享\n\n→***\n")
def the_first_rule_behind_the_sections_opens_the_footer(at: Place) -> None:
    rules = [n for n, line in enumerate(at.lines, 1) if n > 4 and re.match(r"(-{3,}|\*{3,})\s*$", line)]
    assert len(rules) > 1
    assert at.line in rules[1:]
    assert [block.pos.line for block in at.issue.footer if isinstance(block, Rule)] == rules
    assert at.issue.footer[0].pos.line == rules[0]
