"""Cases C and L: characters and URLs."""

from __future__ import annotations

import re
import unicodedata

from msgspec.structs import replace

from publisher import links
from publisher.model import Link, Paragraph, Source, plain
from publisher.reader import parse_issue
from tests.reader.cases.place import Place, case, unmarked, walk

HEAD = "# 潮汐简报 (2021-03-14)\n\n## 论文\n\n"
ITEM = HEAD + "- [浪高预报](https://example.org/wave)\n"


def ends_where_its_text_ends(at: Place) -> None:
    shown = [part for part in at.inlines if not isinstance(part, Link)]
    assert at.raw != at.text
    assert at.words == at.words.strip()
    assert shown == [] or plain((shown[-1],)).rstrip() == plain((shown[-1],))
    ends = [pos.end_column for pos in positions(at)]
    assert ends
    assert set(ends) == {len(at.raw.rstrip()) + 1}


def positions(at: Place) -> list:  # type: ignore[type-arg]
    found = [at.issue.tagline_pos, *(node.pos for node in walk(at.issue) if hasattr(node, "pos"))]
    return [pos for pos in found if pos.line == pos.end_line == at.line]


@case("C01", "# 潮汐简报 (2021-03-14)\n→**涨落**  \n\n## 论文\n→- [浪高](https://e.org/1)  \n→摘要：准。  \n→又准  \n")
def two_spaces_at_the_end_go(at: Place) -> None:
    assert at.raw.endswith("  ")
    ends_where_its_text_ends(at)


@case("C02", HEAD.replace("##", "→##").rstrip() + " \n\n→- [浪高](https://e.org/1) \n→摘要：更准了。 \n→第二行。 ")
def one_space_at_the_end_goes(at: Place) -> None:
    assert at.raw.endswith(" ")
    assert not at.raw.endswith("  ")
    ends_where_its_text_ends(at)


def kept(at: Place, characters: str) -> None:
    """Every one of some characters in the line is in the text, as often as it was written."""
    written = re.findall(characters, unmarked(at.text))
    assert written
    assert list(re.findall(characters, at.words)) == written


@case("C03", ITEM + "→摘要：\u2faf\u2f0a水位\u2fae常，\u2edb速。")
def radicals_stay_for_the_check(at: Place) -> None:
    kept(at, "[\u2e80-\u2fdf]")
    assert unicodedata.normalize("NFKC", at.words) != at.words


@case("C04", ITEM + "→摘要：An e\ufb03cient \ufb01lter, \ufb02oating.")
def ligatures_stay_for_the_check(at: Place) -> None:
    kept(at, "[\ufb00-\ufb06]")


@case("C05", ITEM + "→摘要：新的ＴideＯne引擎，３０赫兹。")
def full_width_letters_stay_for_the_check(at: Place) -> None:
    kept(at, "[\uff10-\uff19\uff21-\uff5a]")


@case("C06", ITEM + "→摘要：浮标\u00a0Tide\u2002One有\u20033种。")
def unusual_spaces_become_plain(at: Place) -> None:
    plainly = re.sub("[\u00a0\u2002\u2003]", " ", unmarked(at.text))
    assert plainly != unmarked(at.text)
    assert plainly.endswith(at.words)
    assert " " in at.words


@case("C07", HEAD + "→- [tide/buoy: \U0001f30a waves \U0001f6df\ufe0f](https://github.com/tide/buoy)")
def emoji_stay(at: Place) -> None:
    kept(at, "[\U0001f300-\U0001faff\ufe0f]")


@case("C08", ITEM + "→摘要：Tide® 浮标™在±40℃下工作，误差≤2％。")
def symbols_stay(at: Place) -> None:
    kept(at, "[®™℃±≤％]")


@case("C09", ITEM + "摘要：没有换行")
def the_end_of_the_file_needs_no_newline(at: Place) -> None:
    assert not at.source.endswith("\n")
    ended = parse_issue(at.source + "\n", at.path)
    assert replace(ended, source=Source()) == replace(at.issue, source=Source())
    assert plain(next(at.issue.items).summary) == "没有换行"


@case("C10", ITEM + "摘要：更准了。\n\n----\n\n许可：共享。\n→192.0.2.17\n")
def a_stray_line_stays_for_the_check(at: Place) -> None:
    block = at.the(Paragraph)
    assert block in at.issue.footer
    assert at.text in plain(block.children)
    assert re.fullmatch(r"[\d.]+", at.text)


@case("C11", ITEM + "→摘要:浪高,准了;船稳。")
def half_width_punctuation_stays_for_the_check(at: Place) -> None:
    assert re.search("[\u4e00-\u9fff”][,;:][\u4e00-\u9fff]", at.text)
    assert at.words == unmarked(re.sub("^摘要[:：]", "", at.text))


@case("C12", ITEM + "→摘要：网友@林舟 用 @tide_fans 的 A76@2.0GHz 浮标，另有 #3@岸 。")
def an_at_sign_is_text(at: Place) -> None:
    assert "@" in at.text
    assert at.words.count("@") == unmarked(at.text).count("@")
    assert not any("@" in plain(node.children) or "@" in node.url for node in at.inlines if isinstance(node, Link))


# ----------------------------------------------------------------------- addresses

TEMPORARY = "https://mp.weixin.qq.com/s?timestamp=1615708800&src=3&ver=1&signature=Ab*cd-Ef*" + "x" * 170 + "="
ARTICLE = "https://mp.weixin.qq.com/s?__biz=MzA5&mid=2652&idx=2&sn=f4"


def written(at: Place) -> list[str]:
    """The addresses in the line as written: between parentheses, or up to a space."""
    return re.findall(r"\]\((\S+?)\)(?=\s|\)|$|，|。)", at.text) or re.findall(r"https?://[^\s，。；（）]+", at.text)


def same(at: Place) -> list[str]:
    """The addresses of the line, which the Issue must hold as they are."""
    found = written(at)
    assert found
    assert set(found) <= set(at.urls)
    return found


@case("L01", HEAD + f"→- [浪高 | 海岸线]({TEMPORARY})  ")
def a_temporary_url_can_be_reported(at: Place) -> None:
    assert [links.classify_link(url) for url in same(at)] == [links.WECHAT_TEMPORARY]


@case("L02", HEAD + f"→- [浪高 | 海岸线]({ARTICLE}&chksm=8b85&scene=21#wechat_redirect)")
def an_address_by_account_is_permanent(at: Place) -> None:
    (url,) = same(at)
    assert links.classify_link(url) == links.WECHAT
    query = links.canonicalize_url(url).partition("?")[2]
    assert {pair.split("=")[0] for pair in query.split("&")} == {"__biz", "mid", "idx", "sn"}


@case("L03", HEAD + "→- [浪高 | 海岸线](https://mp.weixin.qq.com/s/Ab_c-D12)  ")
def a_permanent_address(at: Place) -> None:
    (url,) = same(at)
    assert links.classify_link(url) == links.WECHAT
    assert links.canonicalize_url(url) == url


@case(
    "L04",
    HEAD + f"→- [浪]({ARTICLE}&chksm=8b85)\n→- [盐](https://e.org/a?b=1&utm_source=x&from=timeline&isappinstalled=0)",
)
def tracking_parameters_go_when_compared(at: Place) -> None:
    (url,) = same(at)
    clean = re.sub(r"&(chksm|scene|utm_source|from|isappinstalled|xtrack|subscene|clicktime|enterid)=[^&#]*", "", url)
    assert clean != url
    assert links.canonicalize_url(clean) == links.canonicalize_url(url)
    assert not re.search(r"chksm|scene|utm_|isappinstalled", links.canonicalize_url(url))


@case("L05", HEAD + "→- [浪高](http://example.org/1)\n→文档：http://example.org/doc")
def plain_http_stays_as_written(at: Place) -> None:
    found = re.findall(r"http://[^\s()]+", at.text)
    assert found
    assert set(found) <= set(at.urls)
    assert all(links.canonicalize_url(url).startswith("https://") for url in found)


@case("L06", HEAD + "- [浪高](https://e.org/1)\n→- [盐雾](https://e.org/1)")
def one_address_twice(at: Place) -> None:
    twins = [item for item in at.issue.items if item.url == at.item.url]
    assert len(twins) == 2
    assert len({item.id for item in twins}) == 2
    assert at.item in twins


@case("L07", HEAD + "→- [2103.01234] [浪高](https://e.org/1)\n论文：https://arxiv.org/abs/2103.04321")
def a_tag_and_a_paper_that_disagree(at: Place) -> None:
    (tagged,) = at.match(r"\[(\d{4}\.\d{5})\]")
    linked = {links.parse_arxiv_id(field.url) for field in at.item.fields if field.url}
    assert at.item.arxiv == tagged
    assert linked - {None}
    assert tagged not in linked


@case("L08", HEAD + "→- [浪高](https://arxiv.org/pdf/2103.01234v2.pdf)\n→论文：http://arxiv.org/pdf/2103.04321v1")
def arxiv_addresses_by_abstract(at: Place) -> None:
    number = at.match(r"arxiv\.org/pdf/(\d{4}\.\d{5})")[0]
    assert f"https://arxiv.org/abs/{number}" in [links.canonicalize_url(url) for url in at.urls]
    assert any("/pdf/" in url for url in at.urls)


@case("L09", HEAD + f"→- [浪高 | 海岸线]({TEMPORARY})  \n→- [盐](https://e.org/~lin/a*b_(c)_d)\n")
def unusual_characters_in_an_address(at: Place) -> None:
    (url,) = at.match(r"\]\((\S+)\)$")
    assert re.search(r"[*~()]", url)
    assert at.item.url == url


@case("L10", HEAD + "→- [浪](https://github.com/tide/wave/releases)\n→代码：https://github.com/tide/buoy/tree/main/src")
def a_deep_address_of_a_repository(at: Place) -> None:
    owner, name, deeper = at.match(r"https://github\.com/([\w-]+)/([\w-]+)/(\S+?)\)?$")
    (url,) = [url for url in at.urls if deeper in url]
    assert links.parse_repository(url) == f"{owner}/{name}"
    if at.item.pos.line == at.line:
        assert at.item.repo == f"{owner}/{name}"


@case("L11", HEAD + f"→- [浪高 | 海岸线]({TEMPORARY})  ")
def a_very_long_address(at: Place) -> None:
    (url,) = same(at)
    assert len(url) > 200
    assert at.item.url == url
