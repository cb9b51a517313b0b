"""The facts in meta.json, the settings, and the warnings for the editor."""

from __future__ import annotations

import datetime as dt
import html

import html5lib
import pytest
from msgspec.structs import replace

from publisher import config, registry
from publisher.channels.wechat import WeChat, settings
from publisher.channels.wechat.meta import fit_title
from publisher.channels.wechat.style import ArticleTheme
from publisher.errors import ConfigError
from publisher.model import Guide, Issue, Item, Paragraph, Section, Segment, Text, Title
from publisher.newsletter import Newsletter

LIGHTHOUSE = Newsletter("灯塔周报", "https://l.example/{date}/", "https://l.example/", "tag:l.example,2020:l")


def titled(*headline: str, name: str = "灯塔周报") -> Issue:
    return Issue("x", dt.date(2024, 3, 1), Title((), name, "2024-03-01", headline))


# --------------------------------------------------------------------- title


@pytest.mark.parametrize(
    ("headline", "limit", "expected"),
    [
        # "灯塔周报 (2024-03-01)" has 17 characters
        (("雾笛", "透镜"), 32, "灯塔周报 (2024-03-01)：雾笛/透镜"),
        (("雾笛改用太阳能", "老透镜重见天日"), 32, "灯塔周报 (2024-03-01)：雾笛改用太阳能"),
        (("雾笛改用太阳能", "老透镜重见天日"), 33, "灯塔周报 (2024-03-01)：雾笛改用太阳能/老透镜重见天日"),
        (("雾笛改用太阳能", "老透镜重见天日", "潮位"), 32, "灯塔周报 (2024-03-01)：雾笛改用太阳能"),
        (("从今年起雾笛全部改用太阳能供电了", "透镜"), 32, "灯塔周报 (2024-03-01)：透镜"),
        (("从今年起雾笛全部改用太阳能供电了",), 32, "灯塔周报 (2024-03-01)"),
        (("Foghorns go solar",), 32, "灯塔周报 (2024-03-01)"),
        ((), 32, "灯塔周报 (2024-03-01)"),
    ],
)
def test_a_title_keeps_its_date_and_whole_topics(headline: tuple[str, ...], limit: int, expected: str) -> None:
    made = fit_title(titled(*headline), LIGHTHOUSE, limit)
    assert made == expected
    assert len(made) <= limit


def test_a_long_name_is_cut_before_the_date() -> None:
    made = fit_title(titled("Fog", name="The Lighthouse Keeper's Weekly Gazette"), LIGHTHOUSE, 32)
    assert made == "The Lighthouse… (2024-03-01)：Fog"


def test_topics_of_the_guide_come_from_its_start() -> None:
    segments = (Segment("新闻", "雾笛从今年起全部改用太阳能供电"), Segment("论文", "听浪"))
    issue = replace(titled(), guide=Guide((Paragraph((Text("导读"),)),), segments=segments))
    assert fit_title(issue, LIGHTHOUSE, 32) == "灯塔周报 (2024-03-01)"
    assert fit_title(issue, LIGHTHOUSE, 40) == "灯塔周报 (2024-03-01)：雾笛从今年起全部改用太阳能供电/听浪"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("雾笛", "雾笛"),
        ("Notes from a small lighthouse on the coast", "Notes from a small lighthouse…"),
        ("灯塔来信，写给每一个在夜里看海的人，以及所有不睡的船只和他们的家人", "灯塔来信，写给每一个在夜里看海的人…"),
    ],
)
def test_a_title_of_another_form_is_cut_between_words(text: str, expected: str) -> None:
    issue = Issue("x", title=Title((Text(text),), text, regular=False))
    assert fit_title(issue, LIGHTHOUSE, 32) == expected


def test_an_issue_without_title(letter) -> None:
    assert letter("文。").meta["title"] == "灯塔周报 (2024-03-01)"


# ------------------------------------------------------- digest, author, page


def test_the_digest_is_of_the_guide_and_ends_with_a_clause(letter, sample: str) -> None:
    guide = "本期六条。【新闻】雾笛换了电源；【论文】用浪声估计能见度，详见综述；【开源】潮位表与测风仪。"
    assert letter(sample).meta["digest"] == guide
    long = letter(f"> 导读：{guide}{'又' * 40}，{'再' * 60}。\n\n## 新闻\n\n文。").meta["digest"]
    assert long == guide
    assert letter("## 新闻\n\n- [雾](https://a.example)\n- [风](https://b.example)").meta["digest"] == "雾；风"


@pytest.mark.parametrize(
    ("key", "author", "expected", "warned"),
    [
        ("", "", "灯塔周报", False),
        ("", "老周", "老周", False),
        ("守夜人", "老周", "守夜人", False),
        ("", "海" * 16, "海" * 16, False),
        ("", "海" * 17, "", True),
    ],
)
def test_the_author(letter, key: str, author: str, expected: str, warned: bool) -> None:
    made = letter("文。", newsletter=replace(LIGHTHOUSE, author=author), author=key)
    assert made.meta["author"] == expected
    assert any("set author" in warning for warning in made.rendering.warnings) is warned


def test_a_page_url_that_wechat_rejects_is_reported(letter) -> None:
    made = letter("文。", page="http://l.example/1/")
    assert made.meta["content_source_url"] == ""
    assert made.rendering.warnings == (
        "阅读原文 leads nowhere: WeChat wants an https address of at most 1024 characters, "
        "and the issue's page is http://l.example/1/",
    )


@pytest.mark.parametrize("lang", ["zh-CN", "zh-TW", "en"])
def test_the_preview_page_warns_in_its_language(letter, lang: str) -> None:
    made = letter("文。", newsletter=replace(LIGHTHOUSE, lang=lang, author="海" * 17), page="http://l.example/1/")
    [author, nowhere] = made.rendering.warnings
    text, is_english = html.unescape(made.preview), lang == "en"
    assert (author in text, nowhere in text) == (is_english, is_english)
    assert ("作者名超过 16 个字" in text, "“阅读原文”没有链接" in text) == (not is_english, not is_english)


def test_source_url_is_ascii(letter) -> None:
    assert letter("文。", page="https://灯塔.example/期/").meta["content_source_url"] == (
        "https://xn--3ds443g.example/%E6%9C%9F/".replace("xn--3ds443g", "灯塔".encode("idna").decode())
    )


# --------------------------------------------------------------------- facts


def test_facts_count_characters_bytes_and_links(letter) -> None:
    made = letter("## 新闻\n\n- [雾](https://mp.weixin.qq.com/s/1)\n摘要：散了😀。")
    assert made.meta["characters"] == len(made.html) + 1  # a smiley is two UTF-16 units
    assert made.meta["bytes"] == len(made.html.encode())
    assert made.meta["limit"] == 20_000
    plain = ArticleTheme()
    number, head = f'<span style="{plain.number_badge}"></span>', plain.style_item(is_first=True)
    link = f'{number}<a href="https://mp.weixin.qq.com/s/1"></a>'
    markup = f'<p style="{head}"><strong style="{plain.headline}">{link}</strong></p><p></p>'
    assert made.meta["markup_per_item"] == len(markup)
    assert made.meta["links"] == [
        {"text": "雾", "url": "https://mp.weixin.qq.com/s/1", "class": "wechat", "form": "link", "clickable": True}
    ]
    assert made.rendering.report == {
        "characters": len(made.html) + 1, "title": 17, "clickable": 1, "as_text": 0, "left_out": [],
    }  # fmt: skip


def test_an_invalid_image_url_is_kept(letter) -> None:
    assert letter("![塔](http://[half)").meta["pictures"] == ["http://%5Bhalf"]


def test_images_are_listed_and_reported(letter) -> None:
    made = letter("![塔](tower.png)\n\n文 ![灯](https://mmbiz.qpic.cn/lamp.png)。")
    tower = "https://lighthouse.example.org/letter/2024-03-01/tower.png"
    assert made.meta["pictures"] == [tower, "https://mmbiz.qpic.cn/lamp.png"]
    assert made.meta["warnings"] == [f"pictures to be uploaded to WeChat, which shows no others: 1 ({tower})"]
    assert [e.get("alt") for e in made.root.iter("img")] == ["塔", "灯"]
    assert "塔" in made.lines


@pytest.mark.parametrize("name", ["wechat_qrcode", "image-3.png", ""])
def test_a_file_name_is_not_used_as_caption(letter, name: str) -> None:
    made = letter(f"## 新闻\n\n![{name}](a.png)")
    assert made.lines == ["新闻"]
    assert [e.get("alt") for e in made.root.iter("img")] == [name]


# ------------------------------------------------------------------- too long


def long_issue(items: int, url: str = "https://mp.weixin.qq.com/s/1") -> Issue:
    made = tuple(Item((Text(f"第{n}条"),), url=url, body=(Paragraph((Text("字" * 1000),)),)) for n in range(items))
    return Issue("x", sections=(Section((Text("新闻"),), content=made),))


def test_a_long_article_is_complete_and_reported(letter) -> None:
    made = letter(long_issue(20))
    excess = len(made.html) - 19_999
    assert excess > 0
    assert made.text.count("字") == 20_000
    assert made.rendering.warnings[0].startswith(
        f"the article has {len(made.html):,} characters, {excess:,} too many for WeChat; "
        "the longest items are 第10条 (1,1"
    )


@pytest.mark.parametrize(("items", "title"), [(20, "超出上限"), (2, "")])
def test_the_preview_page_shows_that_an_article_is_too_long(letter, items: int, title: str) -> None:
    """A meter is red above `high` if its optimum is below `low`."""
    page = html5lib.parse(letter(long_issue(items)).preview, namespaceHTMLElements=False)
    (meter,) = page.iter("meter")
    value, low, high, optimum = (int(meter.get(name)) for name in ("value", "low", "high", "optimum"))
    assert optimum < low == high == 19_999
    assert (value > high) == bool(title)
    assert [e.text for e in page.iter("h2") if e.get("class") == "over"] == ([title] if title else [])
    assert len([e for e in page.iter("p") if "over" in (e.get("class") or "")]) == bool(title)


def test_length_warning_says_how_to_shorten(letter) -> None:
    biz = "https://mp.weixin.qq.com/s?__biz=MjM5&mid=2&idx=1&sn=" + "a" * 60
    (warning,) = letter(long_issue(20, biz)).rendering.warnings
    # the address has 113 characters and three "&" written as "&amp;", the short form 49
    assert len(biz) == 113
    assert "20 long WeChat addresses have short ones too, which would save 1,520; " in warning
    (warning,) = letter(long_issue(20, "https://a.example/" + "b" * 200)).rendering.warnings
    assert 'links = "footnote" would make it' in warning
    (warning,) = letter(long_issue(20, "https://a.example/" + "b" * 200), links="footnote").rendering.warnings
    assert "would make it" not in warning


def test_content_limit_is_exclusive(letter) -> None:
    assert settings.measure_content("字" * 19_999).excess == 0
    assert settings.measure_content("字" * 20_000).excess == 1
    assert settings.measure_content("😀" * 9_999).excess == 0
    assert settings.measure_content("😀" * 10_000).excess == 1


# ------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"links": "list"}, 'links must be "inline" or "footnote", not "list"'),
        ({"author": "海" * 17}, "author has 17 characters, WeChat allows 16"),
        ({"title_limit": 15}, "title_limit must be 16 to 64, not 15"),
        ({"title_limit": 65}, "title_limit must be 16 to 64, not 65"),
    ],
)
def test_an_invalid_setting_is_rejected(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        WeChat(**keys)  # type: ignore[arg-type]
    assert caught.value.message == message
    assert caught.value.hint


def test_its_table_is_read(tmp_path) -> None:
    path = tmp_path / "publisher.toml"
    head = '[newsletter]\nname = "灯"\nurl = "https://l.example/{date}/"\nid = "tag:l.example,2020:l"\n'
    path.write_text(head + '[channels.wechat]\nlinks = "footnote"\nfooter = ["甲"]\n', "utf-8")
    assert config.load_config(path, registry.load_channel).channels[2] == WeChat(
        links="footnote", footer=("甲",), _lang="zh-CN", _root=str(tmp_path)
    )


def test_files_are_in_the_folder_of_the_date(letter, sample: str) -> None:
    made = letter(sample, publish=True).rendering
    assert [(part.key, part.media_type) for part in made.parts] == [
        ("outbox/2024-03-01/wechat/draft.json", "application/json"),
        ("outbox/2024-03-01/wechat/publish.json", "application/json"),
    ]
    assert [(part.key, part.media_type) for part in made.previews] == [
        ("outbox/2024-03-01/wechat/article.html", "text/html; charset=utf-8"),
        ("outbox/2024-03-01/wechat/preview.html", "text/html; charset=utf-8"),
        ("outbox/2024-03-01/wechat/meta.json", "application/json"),
    ]
