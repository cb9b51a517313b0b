"""The markup of an issue's page: lists, numbers, headings, dates and directions."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from publisher.channel import ArchiveChannel
from publisher.channels.web import Web
from publisher.model import Field, Guide, Issue, Item, Link, Paragraph, Section, Strong, Text, Title
from publisher.theme import Template, Theme
from tests.channels.web.conftest import BASE, Page, of_items, t


def headings(page) -> list[str]:
    """The headings of the issue itself."""
    return [element.tag for element in page.all("article")[0].iter() if element.tag in {f"h{n}" for n in range(1, 7)}]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((2, 2), ["h1", "h2", "h2"]),
        ((3, 3, 2), ["h1", "h2", "h2", "h2"]),
        ((1, 4, 2, 6), ["h1", "h2", "h3", "h3", "h4"]),
        ((2, 3, 4, 5, 6), ["h1", "h2", "h3", "h4", "h5", "h5"]),
    ],
)
def test_the_outline_skips_no_level(page, levels, expected) -> None:
    sections = tuple(Section(t(f"第 {n} 节"), level) for n, level in enumerate(levels))
    assert headings(page(Issue("x", sections=sections))) == expected


def test_items_stand_one_level_below_their_section(rich) -> None:
    assert headings(rich) == ["h1", "h2", "h2", "h3", "h2", "h3", "h3"]  # the first h2 is that of the briefs


def test_sections_of_mere_links_are_lists(page, read_words) -> None:
    made = page(of_items(Item(t("甲"), "a", "https://a.example/"), Item(t("乙"), "b", tags=("视频",))))
    (links,) = made.all("ul", class_="links")
    assert [(item.get("id"), read_words(item)) for item in links] == [("a", "甲a.example#"), ("b", "视频乙#")]


def test_items_of_a_digest_are_numbered_as_in_mail(rich, read_words) -> None:
    numbers = [(link.get("href"), link.text) for link in rich.all("a", class_="number")]
    assert numbers == [("#defrost", "1"), ("#wind", "2")]


def test_items_among_prose_are_not_numbered(page) -> None:
    item = Item(t("题"), "i", "https://a.example/", body=(Paragraph(t("短。")),))
    made = page(Issue("x", sections=(Section(t("信"), content=(Paragraph(t("长信一封。" * 99)), item)),)))
    assert made.all("a", class_="number") == []
    assert [link.text for link in made.all("a", class_="jump")] == ["#"]


@pytest.mark.parametrize(
    ("urls", "beside", "count"),
    [
        (("https://a.example/", "https://www.b.example/x"), ["a.example", "b.example"], "2"),
        (("https://a.example/1", "https://a.example/2", "https://a.example/3"), [], "3 · a.example"),
        (("https://a.example/1", "https://a.example/2"), ["a.example", "a.example"], "2"),
        (("https://a.example/1", "https://a.example/2", None), ["a.example", "a.example"], "3"),
        (("mailto:a@b.example", "https://bücher.example/"), ["bücher.example"], "2"),
    ],
)
def test_a_link_without_a_source_says_its_host(page, read_words, urls, beside, count) -> None:
    names = ("一个相当长的题目，写得下来的那种，不会排成一行", "又一个相当长的题目", "最后一个相当长的题目")
    made = page(
        of_items(*(Item(t(name), f"i{n}", url) for n, (name, url) in enumerate(zip(names, urls, strict=False))))
    )
    assert [read_words(span) for span in made.all("span", class_="about")] == beside
    heading = made.one("h2", id="新闻")
    assert (heading.text, heading.get("data-count")) == ("新闻", count)


def test_names_stand_in_a_row(page) -> None:
    names = [Item(t(name), name, f"https://{name}.example/") for name in ("ada", "bo", "cy", "dee", "eve")]
    assert page(of_items(*names)).one("ul", class_="row").get("class") == "links row"
    assert page(of_items(*names[:4])).all("ul", class_="row") == []
    assert page(of_items(*names[:4], replace(names[4], source="某报"))).all("ul", class_="row") == []


@pytest.mark.parametrize(
    ("guide", "prose", "look"),
    [
        (Guide((Paragraph(t("本期三条。")),), "导读"), False, "guide"),
        (Guide((Paragraph(t("本期三条。")),), "", 3), False, "guide"),
        (Guide((Paragraph(t("亲爱的读者，本期三条。")),), "", 3), True, "opening"),
        (Guide((Paragraph(t("亲爱的读者。")),)), False, "opening"),
        (Guide((Paragraph(t("写给读者。")),), "导读"), True, "guide"),
    ],
)
def test_the_opening_of_a_letter_is_not_a_guide(page, guide, prose, look) -> None:
    news = Section(
        t("新闻"),
        content=(Paragraph(t("一封长信。" * 99 if prose else "短。")), Item(t("题"), "i", "https://a.example/")),
    )
    made = page(Issue("x", guide=guide, sections=(news,)))
    assert [box.get("class") for box in made.all("div") if box.get("class") in ("guide", "opening")] == [look]


def test_the_label_of_a_summary_is_for_the_ear(rich) -> None:
    (label,) = rich.all("span", class_="hidden")
    assert label.text == "摘要："


def test_a_link_is_never_inside_a_link(page) -> None:
    title = (Text("见 "), Strong((Link(t("附录"), "https://b.example/"),)))
    made = page(of_items(Item(title, "i", "https://a.example/", body=(Paragraph(t("文")),))))
    assert {"https://a.example/", "https://b.example/"} <= made.addresses
    assert [link for link in made.all("a") if list(link.iter("a"))[1:]] == []
    assert "[link" not in made.text


def test_an_item_without_title_shows_its_address(page) -> None:
    made = page(of_items(Item((), "i", "https://a.example/x")))
    assert "https://a.example/x" in made.text


@pytest.mark.parametrize(
    ("item", "address"),
    [
        (Item(t("题"), url="https://a.example/", repo="ridge/anemo"), "https://github.com/ridge/anemo"),
        (Item(t("题"), url="https://a.example/", arxiv="2107.04321"), "https://arxiv.org/abs/2107.04321"),
    ],
)
def test_a_repository_or_paper_the_item_names_can_be_reached(page, item, address) -> None:
    assert address in page(of_items(item)).addresses


def test_but_not_twice(page, read_words) -> None:
    item = Item(t("题"), "i", "https://github.com/ridge/anemo/pull/7", repo="ridge/anemo", arxiv="2107.04321")
    paper = Field("论文", "paper", t("PDF"), "https://arxiv.org/pdf/2107.04321v2.pdf")
    made = page(of_items(replace(item, fields=(paper,))))
    assert read_words(made.one(id="i")) == "1题论文：PDF"


@pytest.mark.parametrize(
    ("value", "html"),
    [
        ((), '<a href="https://u.example/">https://u.example/</a>'),
        (t("看这里"), '<a href="https://u.example/">看这里</a>'),
        (
            (Link(t("别处"), "https://v.example/"),),
            '<a href="https://v.example/">别处</a> <a href="https://u.example/">https://u.example/</a>',
        ),
        ((Link(t("看这里"), "https://u.example/"),), '<a href="https://u.example/">看这里</a>'),
    ],
)
def test_the_address_of_a_field_is_a_link(page, value, html) -> None:
    field = Field("代码", "code", value, "https://u.example/")
    assert f"<span>{html}</span>" in page(of_items(Item(t("题"), fields=(field,)))).html


def test_tables_and_code_can_be_scrolled_from_the_keyboard(rich) -> None:
    box = rich.one("div", class_="scroll")
    assert (box.get("tabindex"), box.get("role"), box.get("aria-label")) == ("0", "group", "表格")
    assert box.find("table") is not None
    assert rich.one("pre").get("tabindex") == "0"


def test_english_on_a_chinese_page_says_so(page, rich) -> None:
    (english,) = [element for element in rich.all(lang="en") if element.tag != "html"]
    assert english.text == "Anemometers that hardly ever need a new battery"
    body = (Paragraph(t("Snow is measured every ten minutes here.")), Paragraph(t("雪。")), Paragraph(t("OK")))
    issue = of_items(Item(t("题"), body=body))
    assert [element.tag for element in page(issue).all(lang="en")] == ["p"]
    assert [element.tag for element in page(issue, lang="en").all(lang="en")] == ["html"]


def test_the_guide_breaks_where_a_sentence_ended(rich) -> None:
    assert "<p>本期三条。<br>\n<strong>【新闻】</strong>雪深计除霜；<br>\n<strong>【论文】</strong>风杯与 " in rich.html


def test_a_mark_inside_a_sentence_stays_there(page, rich_issue) -> None:
    guide = replace(rich_issue.guide, blocks=(Paragraph(t("其中【论文】一篇。")),))
    assert "<p>其中<strong>【论文】</strong>一篇。</p>" in page(replace(rich_issue, guide=guide)).html


def test_the_subject_of_a_brief_stands_out(rich) -> None:
    assert "<strong>缆车站</strong>：停运三天；" in rich.html


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (Title(t("高山气象信 (2021-07-18)：甲/乙"), "高山气象信", "2021-07-18", ("甲", "乙")), "甲/乙"),
        (Title(t("高山气象信 (2021-07-18)"), "高山气象信", "2021-07-18"), "雪线/风杯"),
        (Title(t("号外！"), "号外！", regular=False), "号外！"),
        (None, "雪线/风杯"),
    ],
)
def test_the_title_of_the_page(page, read_words, title, expected) -> None:
    made = page(Issue("x", title=title))
    assert read_words(made.one("h1")) == expected
    assert made.all("time")[0].text == "2021年7月18日"


def test_a_date_as_the_editor_wrote_it(page) -> None:
    made = page(Issue("x", title=Title(t("旧名 (2021-07-xx)"), "旧名", "2021-07-xx")))
    assert "旧名·2021-07-xx" in made.text
    assert made.all("time")[0].get("datetime") == "2021-07-18"


@pytest.mark.parametrize(
    ("lang", "facts"),
    [
        ("zh-CN", "2021年7月18日 · 3 条 · 约 9 分钟 · 山脊编辑部"),
        ("en", "July 18, 2021 · 3 links · 9 min · 山脊编辑部"),
        ("ja", "2021年7月18日 · 3件 · 約9分 · 山脊编辑部"),
        ("ar", "18 يوليو 2021 · 3 روابط · 9 دقائق · 山脊编辑部"),
        ("ru", "18 июля 2021\u202fг. · 3 ссылки · 9 мин · 山脊编辑部"),
    ],
)
def test_facts_below_the_title_are_in_the_language_of_the_page(context, see, lang, facts) -> None:
    changed = replace(context.newsletter, lang=lang)
    (part,) = (
        Web().render(Issue("x"), replace(context, newsletter=changed, entry=replace(context.entry, minutes=9))).parts
    )
    assert "".join(see(part.body).one("p", class_="kicker").itertext()) == facts


@pytest.mark.parametrize(
    ("lang", "direction"), [("ar", "rtl"), ("fa-IR", "rtl"), ("he", "rtl"), ("ur", "rtl"), ("en", None)]
)
def test_the_direction_of_a_page(page, lang, direction) -> None:
    assert page(Issue("x"), lang=lang).root.get("dir") == direction


def test_the_tagline_of_the_issue_is_on_its_page(page) -> None:
    assert page(Issue("x", tagline=t("山上的工程师每周读什么"))).text.count("山上的工程师每周读什么") == 1
    assert page(Issue("x", tagline=t("本期特刊"))).text.count("本期特刊") == 1
    assert "山上的工程师每周读什么" not in page(Issue("x")).text


def test_the_end_leads_on(context, see, read_words) -> None:
    before = replace(context.previous, highlights=("雷达站", "新塔"), summary="不说")
    (part,) = Web().render(Issue("x"), replace(context, previous=before)).parts
    end = see(part.body)
    assert [link.text for link in end.one("aside").iter("a")] == ["订阅", "RSS", "Atom", "JSON Feed"]
    assert read_words(end.one("a", rel="prev")) == "上一期·2021年7月4日雷达站搬家雷达站·新塔"
    assert read_words(end.one("a", rel="next")) == "下一期·2021年8月1日高山气象信(2021-08-01)2021-08-01的摘要。"


def test_the_foot_names_licence_and_contacts(rich, read_words) -> None:
    foot = rich.root.find("body/footer")
    assert "许可：CCBY-SA4.0" in read_words(foot)
    assert [link.get("href") for link in foot.iter("a")] == [
        "../index.html",
        "../index.html#archive",
        "../search/index.html",
        "../subscribe.html",
        BASE + "feed.xml",
        BASE + "atom.xml",
        BASE + "feed.json",
        "https://peak.example.org/about/",
        "mailto:desk@peak.example.org",
        "https://creativecommons.org/licenses/by-sa/4.0/",
    ]
    assert "公众号：高山气象信" in read_words(foot)


def test_an_empty_issue_is_a_page(page) -> None:
    made = page(Issue("x"))
    assert headings(made) == ["h1"]
    assert not [nav for nav in made.all("nav") if nav.get("aria-label") == "目录"]


def test_an_english_page_has_no_chinese_word(page) -> None:
    changes = {"name": "Peak", "tagline": "Weather, weekly", "lang": "en", "author": "", "contacts": ()}
    issue = Issue("x", title=Title(t("Peak (2021-07-18): wind"), "Peak", "2021-07-18", ("wind",)))
    news = Section(t("News"), content=(Item(t("One"), "i", "https://a.example/"),))
    made = page(replace(issue, sections=(news,)), **changes)
    neighbours = (
        "Previousissue·July4,2021高山气象信(2021-07-04)：雷达站搬家2021-07-04的摘要。"
        "Nextissue·August1,2021高山气象信(2021-08-01)2021-08-01的摘要。"
    )
    assert neighbours in made.text
    assert made.text.replace(neighbours, "").replace("·", "").isascii()
    assert made.meta("og:locale") is None


def test_the_same_issue_gives_the_same_bytes(context, rich_issue) -> None:
    first, second = (Web().render(rich_issue, context) for _ in range(2))
    assert first == second
    (part,) = first.parts
    assert (part.key, part.media_type) == ("public/2021-07-18/index.html", "text/html; charset=utf-8")
    assert first.report == {"items": 3, "bytes": len(part.body)}


def test_it_is_an_archive_channel() -> None:
    assert isinstance(Web(), ArchiveChannel)


def test_a_page_needs_an_entry(context) -> None:
    with pytest.raises(ValueError, match="entry"):
        Web().render(Issue("x"), replace(context, entry=None))


def test_a_macro_of_the_user_s_template_writes_the_items(context, rich_issue) -> None:
    files = Theme.load().files
    macro = "{% macro full(item, level) %}<p class='mine'>{{ item.name }}</p>{% endmacro %}"
    text = files["issue.html"].text.replace("{% block main %}", macro + "{% block main %}")
    theme = Theme({**files, "issue.html": Template(text, "templates/issue.html", is_builtin=False)})
    (part,) = Web().render(rich_issue, replace(context, templates=theme)).parts
    assert Page(part.body).all("p", class_="mine")
    assert not Page(part.body).all("article", class_="item")
