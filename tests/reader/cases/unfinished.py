"""Cases I, continued: heads that are not finished, or not as they should be."""

from __future__ import annotations

from publisher.model import Link, Text, plain
from publisher.transforms import make_publishable
from tests.reader.cases.place import Place, case, walk

SECTION = "# 潮汐简报 (2021-03-14)\n\n## 论文\n\n"


@case("I25", SECTION + "→- 三天的浪高 | 海岸线  \n摘要：更准了。")
def an_item_without_link(at: Place) -> None:
    title, source = at.match(r"^- (.+) \| (.+)$")
    item = at.head
    assert (plain(item.title), item.source, item.url) == (title, source, None)
    assert at.codes == []
    assert item.fields


@case("I26", SECTION + "→- [三天的浪高 | 海岸线\n摘要：更准了。\n→- [IROS 2021] [盐雾试验怎么做")
def a_bracket_never_closed(at: Place) -> None:
    opened = at.raw.rindex("[") + 1
    item = at.head
    assert ("unclosed-link", opened) in at.codes
    assert plain(item.title) == at.raw[opened:].split("|")[0].strip()
    assert item.url is None


@case("I27", SECTION + "→- [三天的浪高 | 海岸线](https://example.org/1]  \n→- [盐雾](https://example.org/2")
def a_parenthesis_never_closed(at: Place) -> None:
    caption, url = at.match(r"^- \[(.+?)\]\(([^\s\]]+)")
    item = at.head
    assert at.codes == [("unclosed-link", at.column("](") + 1)]
    assert (plain(item.title), item.url) == (caption.split(" | ")[0], url)


@case("I28", SECTION + "→- [浪高]()\n→- [IROS 2021] [盐雾 | 海岸线]()  ")
def a_link_without_address(at: Place) -> None:
    item = at.head
    assert ("empty-url", at.column("]()") + 1) in at.codes
    assert item.url is None
    assert plain(item.title) == at.first_link[0].split("|")[0].strip()


@case("I29", SECTION + "→- [浪高](https://example.org/1)(https://example.org/1)")
def an_address_written_twice(at: Place) -> None:
    url, again = at.match(r"\((\S+?)\)\((\S+?)\)$")
    item = at.head
    assert url == again == item.url
    assert at.codes == [("double-url", at.column(")(") + 1)]
    assert (item.extras, item.tail) == ((), ())


@case("I30", SECTION + "→- [浪高 | 海岸线]（https://example.org/1）")
def full_width_parentheses(at: Place) -> None:
    item = at.head
    assert (plain(item.title), item.source, item.url) == ("浪高", "海岸线", "https://example.org/1")
    assert at.codes == [("fullwidth-paren", at.column("（"))]


@case("I31", SECTION + "→- [浪高 | ](https://example.org/1)\n→- [盐雾 |]()")
def an_empty_source(at: Place) -> None:
    item = at.head
    assert "empty-source" in [code for code, _ in at.codes]
    assert item.source is None
    assert plain(item.title) == at.match(r"\[(.+?)\s*\|")[0]


@case("I32", SECTION + "→- [潮位计校准手册]\n摘要：更准了。")
def a_title_in_brackets_without_address(at: Place) -> None:
    item = at.head
    assert at.codes == [("missing-url", at.column("["))]
    assert plain(item.title) == at.match(r"\[(.*)\]$")[0]
    assert item.url is None


def not_published(at: Place) -> None:
    item = at.head
    assert item.title == ()
    published = list(make_publishable(at.issue).items)
    assert item not in published
    assert published


@case("I33", SECTION + "- [浪高](https://example.org/1)\n→- \n→- []\n→- []()\n→-")
def an_empty_item(at: Place) -> None:
    assert at.head.is_placeholder
    not_published(at)


@case("I33b", SECTION + "- [浪高](https://example.org/1)\n→- [](https://example.org/2)\n→- []")
def an_item_without_title(at: Place) -> None:
    assert at.head.url == (at.text[5:-1] or None)
    not_published(at)


@case("I34", SECTION + "→- [浪高预报[(https://example.org/1)\n→- [浪高预报 | 海岸线)[https://example.org/1]")
def closing_brackets_mixed_up(at: Place) -> None:
    item = at.head
    assert (plain(item.title), item.url) == ("浪高预报", "https://example.org/1")
    assert [code for code, _ in at.codes] == ["malformed-link"]
    assert item.tail == ()


@case("I35", SECTION + "→- 【浪高预报 | 海岸线】https://example.org/1")
def a_title_in_lenticular_brackets(at: Place) -> None:
    item = at.head
    assert (plain(item.title), item.source, item.url) == ("浪高预报", "海岸线", "https://example.org/1")
    assert at.codes == [("malformed-link", at.column("【"))]


@case("I36", SECTION + "→- https://github.com/tide/buoy\n→- [https://github.com/tide/tide]()")
def an_item_that_is_only_an_address(at: Place) -> None:
    (url,) = at.match(r"(https://[^\s\]]+)")
    item = at.head
    assert plain(item.title) == url
    assert item.url == (None if "]()" in at.text else url)
    assert not item.is_placeholder


@case("I37", SECTION + "→-[浪高预报 | 海岸线](https://example.org/1)\n→-[盐雾](https://example.org/2)")
def a_bullet_without_space(at: Place) -> None:
    caption, url = at.first_link
    item = at.head
    assert (plain(item.title), item.url) == (caption.split(" | ")[0], url)
    assert item.pos.column == 1


@case("I38", SECTION + "→- [三天的浪高，\n小船也看得懂](https://example.org/1)\n摘要：更准了。")
def a_head_on_two_lines(at: Place) -> None:
    one = at.text.removeprefix("- [")
    two, url = Place(at.source, at.path, at.line + 1).match(r"^(.+)\]\((\S+)\)")
    item = at.head
    assert plain(item.title) in (one + two, f"{one} {two}")
    assert item.url == url
    assert item.pos.end_line == at.line + 1
    assert "unclosed-link" not in [d.code for d in at.issue.diagnostics if d.pos.line <= at.line + 1]


@case("I39", SECTION + "→- [浪高](https://example.org/1)\n摘要：更准了。\n第二行。")
def head_and_summary_without_a_hard_break(at: Place) -> None:
    assert not at.raw.endswith(" ")
    item = at.head
    assert (item.pos.line, item.pos.end_line) == (at.line, at.line)
    field = item.fields[0]
    assert (field.kind, field.pos.line) == ("summary", at.line + 1)
    assert "摘要" not in "".join(node.text for node in walk(item.title) if isinstance(node, Text))


@case("I40", SECTION + "→- [浪高](项目地址：https://e.org/1)\n→- [浪高]（项目地址：https://e.org/1）")
def words_before_the_address(at: Place) -> None:
    item = at.head
    assert (plain(item.title), item.url) == ("浪高", "https://e.org/1")
    assert [code for code, _ in at.codes] == ["malformed-url"]
    assert "项目地址" in plain(item.tail)


@case("I41", SECTION + "→- [浪高](https://example.org/1)，附[数据](https://example.org/2)。")
def text_behind_the_link(at: Place) -> None:
    item = at.head
    assert plain(item.tail) == "，附数据。"
    assert Link((Text("数据"),), "https://example.org/2") in item.tail
    assert (plain(item.title), item.url) == ("浪高", "https://example.org/1")
