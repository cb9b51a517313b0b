"""The themes differ in styles and marks only, and an article that is too long loses ornaments, never words."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from publisher.channel import Context, Entry
from publisher.channels.email import Email
from publisher.channels.telegram import Telegram
from publisher.channels.wechat import WeChat, settings
from publisher.channels.wechat.style import ORNAMENTS, ArticleTheme, shed_ornaments
from publisher.channels.wechat.themes import THEMES
from publisher.errors import ConfigError
from publisher.model import Issue, Item, Paragraph, Section, Text
from publisher.newsletter import Newsletter
from publisher.theme import Theme
from tests.channels.wechat.conftest import DAY, EARLIER, PUBLICATION, Letter, Make

HERE = Path(__file__).parent
AT = dt.datetime(2024, 3, 1, 9, 45, tzinfo=dt.UTC)
SPECIMEN = (HERE / "specimen.md").read_text("utf-8")
ALL = {"qr": "qr.png", "addresses": EARLIER}
MARKS = " •–▪·/（）✦>@#—"


@pytest.fixture(scope="module")
def specimens(letter: Make) -> dict[str, Letter]:
    """An issue with every element, by theme."""
    return {theme: letter(SPECIMEN, theme=theme, **ALL) for theme in THEMES}


def words(made: Letter) -> list[str]:
    """The lines without marks, and with ① and 01 as 1."""
    lines = " \n ".join(made.marked_lines)
    plain = unicodedata.normalize("NFKC", re.sub("[①-⑳㉑-㉟㊱-㊿]", r"\g<0> ", lines))
    return re.sub(
        r"\b0(?=\d\b)", "", re.sub(f"[{re.escape(unicodedata.normalize('NFKC', MARKS))}]", " ", plain)
    ).split()


# ------------------------------------------------------------------- the data


def test_the_setting_has_the_names_of_the_themes() -> None:
    for name in THEMES:
        assert WeChat(theme=name).theme == name
    assert WeChat().theme == "plain"
    with pytest.raises(ConfigError) as caught:
        WeChat(theme="wram")
    assert (caught.value.message, caught.value.hint) == (
        'theme must be one of plain, ink, warm, tech, not "wram"',
        "did you mean warm?",
    )


@pytest.mark.parametrize("name", THEMES)
def test_styles_are_short(name: str) -> None:
    """Frequent roles are what makes an article long."""
    theme = THEMES[name]
    for role in ("brief", "guide_line", "guide_part", "number_badge", "headline", "headline_text", "after", "entry"):
        assert len(getattr(theme, role)) <= 40, role
    assert len(theme.style_item(is_first=False)) <= 85
    for role, css in theme.style_fields().items():
        assert not re.search(r"[ ]{2}|; |;\Z|: |;;", css), role


# ---------------------------------------------------------------- the article


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_has_what_wechat_keeps(specimens: dict[str, Letter], theme: str) -> None:
    made = specimens[theme]
    assert made.forbidden == set()
    assert made.style_per_block <= 60
    assert made.lost == []
    assert made.unreadable == []
    assert not made.meta["left_out"]


def test_themes_have_the_same_words_and_links(specimens: dict[str, Letter]) -> None:
    plain = specimens["plain"]
    assert len(words(plain)) > 100
    for theme, made in specimens.items():
        assert words(made) == words(plain), theme
        assert made.anchors == plain.anchors, theme
        assert made.meta["links"] == plain.meta["links"], theme
        assert made.meta["pictures"] == plain.meta["pictures"], theme
        assert (made.html == plain.html) == (theme == "plain")


@pytest.mark.parametrize("theme", THEMES)
def test_a_theme_has_the_same_bytes_twice(letter: Make, specimens: dict[str, Letter], theme: str) -> None:
    assert letter(SPECIMEN, theme=theme, **ALL).html == specimens[theme].html


def test_numbers_are_those_of_mail_and_telegram(letter: Make) -> None:
    titles = ["标题甲", "标题乙", "标题丙", "标题丁"]
    text = "".join(f"\n## 栏目{n}\n\n- [{title}](https://a.example/{n})\n{'摘要：文。' if n % 2 else ''}\n"
                   for n, title in enumerate(titles))  # fmt: skip
    made = letter(text)
    issue, entry = made.issue, Entry("x", DAY, "标题", "", "https://a.example/", *[AT] * 2)
    context = Context(PUBLICATION, Theme.load(), entry)
    mail = message_from_bytes(Email().render(issue, context).parts[0].body, policy=policy.default)
    sent = mail.get_body().get_content()  # type: ignore[attr-defined, union-attr]
    posted = "".join(part.body.decode() for part in Telegram().render(issue, context).parts)
    for number, title in enumerate(titles, 1):
        assert f"{number:02} {title}" in "\n".join(made.marked_lines)
        assert re.search(rf"^ *{number}\. {title}", sent, re.MULTILINE)
        assert f"{number}. {title}" in posted


@pytest.mark.parametrize(
    ("theme", "first", "tenth"),
    [("plain", "01", "10"), ("ink", "\u00a01\u00a0", "\u00a010\u00a0"), ("warm", "①", "⑩"), ("tech", "#01", "#10")],
)
def test_the_number_of_an_item_has_the_form_of_the_theme(letter: Make, theme: str, first: str, tenth: str) -> None:
    made = letter(
        "## 新闻\n\n" + "".join(f"- [雾{n}](https://a.example/{n})\n摘要：文。\n" for n in range(10)), theme=theme
    )
    heads = [line for line in made.marked_lines if "雾" in line]
    assert (heads[0], heads[9]) == (f"{first} 雾0", f"{tenth} 雾9")


def test_circled_numbers_end_at_fifty() -> None:
    warm = THEMES["warm"]
    assert [warm.format_number(number, 50) for number in (1, 20, 21, 35, 36, 50)] == list("①⑳㉑㉟㊱㊿")
    assert [warm.format_number(number, 51) for number in (1, 50, 51)] == ["1", "50", "51"]
    assert all(unicodedata.numeric(warm.format_number(number, 50)) == number for number in range(1, 51))


def test_a_written_number_is_kept(letter: Make) -> None:
    made = letter(
        "## 新闻\n\n### 3、[雾](https://mp.weixin.qq.com/s/1)\n\n散了。\n\n### 4、[风](https://mp.weixin.qq.com/s/2)\n\n起了。"
    )
    assert [line for line in made.marked_lines if "、" in line] == ["3、雾", "4、风"]


def test_bullets_and_numbers_of_lists_hang(specimens: dict[str, Letter]) -> None:
    """The indentation is inherited from the section; a block inside an entry takes it back."""
    for theme, made in specimens.items():
        for section in made.root.iter("section"):
            css = section.get("style") or ""
            hanging = re.search(r"padding-left:([\d.]+em);text-indent:-([\d.]+em)", css)
            assert bool(hanging) == ("text-indent:-" in css), theme
            if hanging:
                assert hanging[1] == hanging[2]
                assert all(child.tag == "p" or "text-indent" in (child.get("style") or "") for child in section), theme


def test_sections_say_how_many_items_they_have(specimens: dict[str, Letter]) -> None:
    headings = {theme: ["".join(e.itertext()) for e in made.root.iter("h2")][1:3] for theme, made in specimens.items()}
    assert headings == {
        "plain": ["论文 · 2", "开源 · 2"],
        "ink": ["论文 (2)", "开源 (2)"],
        "warm": ["论文 2", "开源 2"],
        "tech": ["论文 // 2", "开源 // 2"],
    }


@pytest.mark.parametrize("theme", THEMES)
def test_the_head_has_a_frame_only_around_words(letter: Make, theme: str) -> None:
    """A count alone would look lost in it."""
    frame = THEMES[theme].masthead or "no frame"
    item = "## 新闻\n\n- [雾](https://mp.weixin.qq.com/s/1)"
    alone, below = letter(item, theme=theme), letter(f"# 灯塔周报 (2024-03-01)\n\n**口号**\n\n{item}", theme=theme)
    assert alone.marked_lines[0] == "1 条"
    assert frame not in alone.html
    assert below.marked_lines[:2] == ["口号", "1 条"]
    assert (frame in below.html) == (theme != "plain")


def test_an_issue_of_prose_does_not_count(letter: Make) -> None:
    made = letter("## 信\n\n" + "很长的一段话。" * 60 + "\n\n- [雾](https://mp.weixin.qq.com/s/1)")
    assert "信" in made.marked_lines
    assert "1 条" not in made.marked_lines


# ------------------------------------------------------------------ the end


@pytest.mark.parametrize("theme", THEMES)
def test_the_end_has_earlier_issues_the_qr_code_and_the_note(specimens: dict[str, Letter], theme: str) -> None:
    made = specimens[theme]
    (panel,) = [e for e in made.root[0] if e.get("style") == THEMES[theme].end]
    assert panel is made.root[0][-1]
    assert [a.get("href") for a in panel.iter("a")] == [EARLIER[page] for page in sorted(EARLIER, reverse=True)]
    assert [image.get("src") for image in panel.iter("img")] == ["../../../qr.png"]
    assert made.marked_lines[-2:] == ["长按识别二维码，关注我们", "注：个别链接打不开，请点击文末【阅读原文】跳转"]
    assert made.draft["pictures"]["../../../qr.png"] == "qr.png"


def test_the_end_has_only_what_is_known(letter: Make) -> None:
    end = THEMES["plain"].end
    assert end not in letter("## 新闻\n\n- [雾](https://mp.weixin.qq.com/s/1)").html
    assert letter("## 新闻\n\n- [雾](https://a.example/)").marked_lines[-1].startswith("注：")
    assert "往期回顾" not in letter("文。", qr="qr.png").text


# ------------------------------------------------------------- other languages


def test_an_article_in_another_language_says_so(letter: Make) -> None:
    english = Newsletter("Beacon", "https://b.example/{date}/", "https://b.example/", "tag:b", lang="en-GB")
    section = letter("## News\n\nFog.", newsletter=english).root[0]
    assert section.get("lang") == "en-GB"
    assert (section.get("style") or "").endswith(";letter-spacing:0")
    for lang in ("zh", "zh-CN", "zh-Hant"):
        section = letter("## 新闻\n\n雾。", newsletter=Newsletter("塔", "https://b.example/{date}/", "https://b.example/",
                                                           "tag:b", lang=lang)).root[0]  # fmt: skip
        assert section.get("lang") is None
        assert "letter-spacing" not in (section.get("style") or "")


@pytest.mark.parametrize("theme", THEMES)
def test_an_article_written_from_right_to_left_is_mirrored(letter: Make, theme: str) -> None:
    arabic = Newsletter("منارة", "https://b.example/{date}/", "https://b.example/", "tag:b", lang="ar")
    made = letter(SPECIMEN, newsletter=arabic, theme=theme, **ALL)
    styles = [element.get("style") or "" for element in made.root.iter()]
    assert styles[1].endswith("text-align:right;direction:rtl;letter-spacing:0")
    assert [css for css in styles if re.search("(padding|border)-left", css)] == []
    assert [css for css in styles if "padding-right:1em;text-indent:-1em" in css]
    assert made.forbidden == set()


# ----------------------------------------------------------------- too long

LONG = Issue(
    "x",
    sections=(
        Section(
            (Text("新闻"),),
            content=tuple(
                Item((Text(f"第{n}条"),), url=f"https://mp.weixin.qq.com/s/{n}", source="塔",
                     body=(Paragraph((Text("字" * 150),)), Paragraph((Text("词"),))))
                for n in range(1, 40)
            ),
        ),
    ),
)  # fmt: skip


def padded(letter: Make, theme: str, characters: int) -> Letter:
    """An article that would have about so many characters with all its ornaments."""
    short = letter(LONG, theme=theme, **ALL)
    assert short.meta["left_out"] == []
    missing = characters - short.meta["characters"]
    section = LONG.sections[0]
    prose = Section((Text("信"),), content=(Paragraph((Text("长" * missing),)),))
    return letter(Issue("x", sections=(section, prose)), theme=theme, **ALL)


@pytest.mark.parametrize("theme", THEMES)
def test_ornaments_are_left_out_in_order_until_the_article_fits(letter: Make, theme: str) -> None:
    names = [ornament.name for ornament in ORNAMENTS]
    longest = 0
    for characters in range(19_700, 23_000, 300):
        made = padded(letter, theme, characters)
        left_out = made.meta["left_out"]
        assert left_out == [name for name in names if name in left_out]
        assert made.rendering.report["left_out"] == left_out
        assert len(left_out) >= longest  # longer articles lack more
        longest = len(left_out)
        assert [f"第{n}条" for n in range(1, 40) if f"第{n}条" not in made.text] == []
        assert made.text.count("字") == 39 * 150
        assert len(made.anchors) >= 39
        if made.meta["characters"] < settings.CONTENT_LIMIT:
            said = [text for text in made.meta["warnings"] if "does without" in text]
            assert said == ([f"to stay below 20,000 characters, the article does without {', '.join(left_out)}"]
                            if left_out else [])  # fmt: skip
            assert made.forbidden == set()
        else:
            assert made.meta["warnings"][0].startswith("the article has ")
            assert names[-1] in left_out  # nothing more could be done
    assert longest >= 3


def test_images_are_counted_as_they_will_be_at_wechat(letter: Make) -> None:
    """The URL that an upload returns is longer than most."""
    image = "https://a.example/1.png"
    made = letter(f"## 新闻\n\n![塔]({image})\n\n文。")
    assert made.meta["characters"] == len(made.html) + settings.MAX_IMAGE_URL_LENGTH - len(image)
    kept = letter("## 新闻\n\n![塔](https://mmbiz.qpic.cn/1.png)\n\n文。")
    assert kept.meta["characters"] == len(kept.html)


def test_the_barest_article_has_hardly_any_style() -> None:
    bare = shed_ornaments(ArticleTheme(), len(ORNAMENTS))
    for role in ("brief", "guide_line", "guide_part", "number_badge", "headline", "headline_text", "small", "after",
                 "first_item", "line", "inline_code", "entry"):  # fmt: skip
        assert getattr(bare, role) == "", role


# Too long for WeChat in any theme.
OVERSIZED = {
    "newsletters/hellogithub/HelloGitHub59.md",
    "newsletters/hellogithub/HelloGitHub60.md",
    "newsletters/this-week-in-rust/2024-01-10-this-week-in-rust.md",
    "newsletters/this-week-in-rust/2024-01-17-this-week-in-rust.md",
    "newsletters/weekly/issue-249.md",
    "newsletters/weekly/issue-250.md",
    "other/2023-07-05-this-week-in-rust.md",
}


def test_real_issues_are_short_enough(real: dict[str, Letter]) -> None:
    too_long = {name for name, made in real.items() if made.meta["characters"] >= settings.CONTENT_LIMIT}
    assert too_long == OVERSIZED
    for name, made in real.items():
        assert made.rendering.report["left_out"] == made.meta["left_out"], name
