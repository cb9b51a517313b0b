"""Cases I: the head line of an item."""

from __future__ import annotations

import re

from publisher import links
from publisher.model import Strong, Text, plain
from tests.reader.cases.place import Place, case, walk

SECTION = "# 潮汐简报 (2021-03-14)\n\n## 论文\n\n"
LINK = r"\[([^\[\]]*)\]\(([^()\s]*)\)"


@case("I01", SECTION + "→- [浪高预报：三天更准 | 海岸线](https://example.org/wave?a=1)  \n摘要：更准了。")
def title_source_and_address(at: Place) -> None:
    title, source, url = at.match(r"^- \[(.+) \| (.+)\]\((\S+)\)$")
    item = at.head
    assert (plain(item.title), item.source, item.url) == (title, source, url)
    assert (item.tags, item.extras, item.tail, item.authors) == ((), (), (), ())


@case("I02", SECTION + "→- [浪高预报](https://example.org/wave)\n→- [IROS 2021] [盐雾](https://example.org/salt)")
def no_source_is_none(at: Place) -> None:
    title, url = at.first_link
    item = at.head
    assert (plain(item.title), item.url) == (title, url)
    assert (item.source, item.authors) == (None, ())


def repository_and_title(at: Place, colon: str) -> None:
    caption, prefix, url = at.match(rf"^- \[((\S+?/\S+?){colon}.*?)(?: \|.*)?\]\((\S+)\)$")
    item = at.head
    assert (plain(item.title), item.repo, item.url) == (caption, prefix, url)


@case("I03", SECTION + "→- [tide/buoy: firmware of a buoy](https://github.com/tide/buoy)")
def repository_before_a_colon(at: Place) -> None:
    repository_and_title(at, ":")
    assert links.parse_repository(at.head.url or "") == at.head.repo


@case(
    "I04",
    SECTION
    + "→- [tide/buoy：浮标的固件 | 海岸线](https://mp.weixin.qq.com/s/Ab)\n→- [a/b：丙](https://github.com/a/b)",
)
def repository_before_a_full_width_colon(at: Place) -> None:
    repository_and_title(at, "：")
    source = re.search(r"\| (.+?)\]", at.text)
    assert at.head.source == (source and source[1])


@case("I05", SECTION + "→- [tide/buoy: 浮标的固件 | 海岸线](https://mp.weixin.qq.com/s/Ab)")
def a_repository_named_in_an_article(at: Place) -> None:
    repository_and_title(at, ":")
    assert links.parse_repository(at.head.url or "") is None


@case("I06", SECTION + "→- [linzhou/buoy: a fork](https://github.com/tide/buoy)")
def a_prefix_that_names_another_repository(at: Place) -> None:
    repository_and_title(at, ":")
    linked = links.parse_repository(at.head.url or "")
    assert linked == "/".join(at.match(r"github\.com/([\w-]+)/([\w-]+)"))
    assert linked != at.head.repo


@case("I07", SECTION + "→- [2103.01234] [Waves | Lin Zhou、Hai An](https://arxiv.org/abs/2103.01234)")
def an_arxiv_id_as_tag(at: Place) -> None:
    (number,) = at.match(r"^- \[(\d{4}\.\d{5})\] \[")
    item = at.head
    assert (item.tags, item.arxiv) == ((number,), number)
    assert plain(item.title) == at.first_link[0].split(" | ")[0]


@case("I08", SECTION + "→- [2103.01234v2] [Waves](https://example.org/waves)")
def an_arxiv_id_with_version(at: Place) -> None:
    number, version = at.match(r"^- \[(\d{4}\.\d{5})(v\d)\] \[")
    item = at.head
    assert (item.tags, item.arxiv) == ((number + version,), number)


@case("I09", SECTION + "→- [IROS2021] [浪](https://e.org/1)\n→- [IROS 2021] [盐](https://e.org/2)")
def a_conference_as_tag(at: Place) -> None:
    (name,) = at.match(r"^- \[([A-Za-z]+ ?\d{4})\]")
    item = at.head
    assert item.tags == (name,)
    assert item.arxiv == (links.parse_arxiv_id(item.url) if item.url else None)


@case("I10", SECTION + "→- [海工] [浪高](https://example.org/1)\n→- [IROS2021满分] [盐](https://example.org/2)")
def any_other_tag(at: Place) -> None:
    tag, title, url = at.match(rf"^- \[(.+?)\] {LINK}$")
    item = at.head
    assert (item.tags, plain(item.title), item.url) == ((tag,), title.split(" | ")[0], url)
    assert item.arxiv is None


@case("I11", SECTION + "→- [IROS2021][2103.01234] [浪高](https://example.org/1)")
def two_tags(at: Place) -> None:
    one, two = at.match(r"^- \[(\w+)\]\[([\d.]+)\] \[")
    item = at.head
    assert (item.tags, item.arxiv) == ((one, two), two)


@case("I12", SECTION + "→- [IROS 2021][浪高预报 | 海岸线](https://example.org/1)\n\n[浪高预报]: https://example.org/no")
def a_tag_right_before_the_link(at: Place) -> None:
    tag = at.match(r"^- \[(.+?)\]\[")[0]
    title, url = at.first_link
    item = at.head
    assert item.tags[0] == tag
    assert (plain(item.title), item.url) == (title.split(" | ")[0], url)


@case("I13", SECTION + "→- [浪高](https://e.org/1) [[报道]](https://e.org/2) [海岸线解读](https://e.org/3?a=*b)")
def more_links_behind_the_first(at: Place) -> None:
    head_url, rest = at.match(r"^.*?\]\((\S+?)\)\s*(\[.+)$")
    written = re.findall(r"\[+([^\[\]]+)\]+\((\S+?)\)", rest)
    item = at.head
    assert item.url == head_url
    assert [(plain(extra.children), extra.url) for extra in item.extras] == written
    assert written
    assert item.tail == ()


@case("I14", SECTION + "→- [IROS 2021 | 浪高预报 | 海岸线](https://example.org/1)")
def the_last_segment_is_the_source(at: Place) -> None:
    title, source, url = at.match(r"^- \[(.+) \| (.+?)\]\((\S+)\)$")
    item = at.head
    assert (plain(item.title), item.source, item.url) == (title, source, url)
    assert "|" in title


@case("I15", SECTION + "→- [浪高预报｜海岸线](https://example.org/1)")
def a_full_width_bar(at: Place) -> None:
    assert (plain(at.head.title), at.head.source) == ("浪高预报", "海岸线")


@case(
    "I16",
    SECTION
    + "→- [浪高更准了！| 海岸线](https://e.org/1)\n→- [盐雾 |  linzhou](https://e.org/2)\n→- [船|海](https://e.org/3)",
)
def white_space_around_the_bar_goes(at: Place) -> None:
    title, source = at.match(r"\[([^\[\]]+)\|([^\[\]]+)\]\(")
    assert (plain(at.head.title), at.head.source) == (title.strip(), source.strip())


@case(
    "I17",
    SECTION + "→- [新作 | 浮标，来了](https://e.org/1)\n→- [新作 | 让海上每只浮标都开口说出浪高](https://e.org/2)",
)
def a_last_segment_that_is_no_source(at: Place) -> None:
    assert plain(at.head.title) == at.first_link[0]
    assert at.head.source is None


@case("I18", SECTION + "→- [浪高预报 | 林舟 海岸线](https://example.org/1)")
def author_and_account_are_one_source(at: Place) -> None:
    assert (at.head.source, at.head.authors) == ("林舟 海岸线", ())


@case("I19", SECTION + "→- [浪高预报更准了 - 海岸线](https://example.org/1)")
def a_hyphen_separates_nothing(at: Place) -> None:
    caption, url = at.first_link
    assert " - " in caption
    assert (plain(at.head.title), at.head.source, at.head.url) == (caption, None, url)


@case(
    "I20",
    SECTION
    + "→- [浪高(上)](https://e.org/1)\n→- [潮位计手记（3) | 海岸线](https://e.org/2)\n→- [浪:(下 | 海](https://e.org/3)",
)
def parentheses_in_a_title(at: Place) -> None:
    caption, url = at.first_link
    title, _, source = caption.partition(" | ")
    item = at.head
    assert (plain(item.title), item.source or "", item.url) == (title, source, url)
    assert re.search(r"[()（）]", title)


@case("I21", SECTION + "→- [[译] 浪高的[三种]算法 | 海岸线](https://example.org/1)")
def brackets_in_a_title(at: Place) -> None:
    inside = at.text.removeprefix("- [").rpartition("](")[0] or at.text.removeprefix("- [")
    item = at.head
    assert plain(item.title) == inside.rpartition("|")[0].strip()
    assert (item.url is None) == ("](" not in at.text)


@case("I22", SECTION + "→- [tide/buoy: docs at https://tide.example.org/](https://github.com/tide/buoy)")
def an_address_in_a_title_is_text(at: Place) -> None:
    caption, url = at.first_link
    item = at.head
    assert item.title == (Text(caption),)
    assert "https://" in caption
    assert item.url == url


@case("I23", SECTION + "→- [https://github.com/tide/buoy](https://github.com/tide/buoy)")
def a_title_that_is_an_address(at: Place) -> None:
    caption, url = at.first_link
    item = at.head
    assert plain(item.title) == caption
    assert links.parse_repository(caption) == "/".join(caption.split("/")[3:5])
    assert item.url == (url or None)


@case("I24", SECTION + "→- [Forecasts for **small** buoys](https://example.org/1)")
def bold_in_a_title(at: Place) -> None:
    caption, url = at.first_link
    item = at.head
    bold = [plain(node.children) for node in item.title if isinstance(node, Strong)]
    assert bold == re.findall(r"\*\*(.+?)\*\*", caption) != []
    assert plain(item.title) == caption.replace("**", "")
    assert item.url == url


def head_and_summary_without_a_hard_break(at: Place) -> None:
    assert not at.raw.endswith(" ")
    item = at.head
    assert (item.pos.line, item.pos.end_line) == (at.line, at.line)
    field = item.fields[0]
    assert (field.kind, field.pos.line) == ("summary", at.line + 1)
    assert "摘要" not in "".join(node.text for node in walk(item.title) if isinstance(node, Text))


@case(
    "I42",
    SECTION + "→- [2103.01234] [Waves | Lin Zhou、Hai An](https://e.org/1)\n→- [浪高 | 海大、船院](https://e.org/2)",
)
def authors_in_the_place_of_the_source(at: Place) -> None:
    title, _, names = at.first_link[0].partition(" | ")
    item = at.head
    assert (plain(item.title), item.source) == (title, None)
    assert item.authors == tuple(names.split("、"))
    assert len(item.authors) > 1
