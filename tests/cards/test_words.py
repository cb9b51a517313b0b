"""What a card says, and that its address follows from that."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace

from publisher.cards.words import Card, describe_issue_card, describe_site_card, find_brand, polish
from publisher.newsletter import Newsletter
from publisher.theme import Theme

DAY = dt.date(2026, 8, 9)
LETTER = Newsletter(
    "Harbour Notes", "https://www.example.org/notes/{date}/", "https://www.example.org/notes/", "tag:e.org,2021:h",
    tagline="What the tide brought in", lang="en",
)  # fmt: skip


@pytest.mark.parametrize(
    ("title", "headline", "topics"),
    [
        ("Harbour Notes (2026-08-09): Fog", "Fog", ()),
        ("Harbour Notes (2026-08-09): Fog/Dew/TCP", "Fog", ("Dew", "TCP")),
        ("Old Name（2026-08-09）：雾/露", "雾", ("露",)),
        ("Harbour Notes (2026-08-09)", "Harbour Notes", ()),
        ("Fog / Dew / Rain", "Fog", ("Dew", "Rain")),
        ("Fog and/or dew", "Fog and/or dew", ()),
        ("Fog (1999-01-01): dew", "Fog (1999-01-01): dew", ()),
        ("🚀 Launch 👩🏽‍🚀 day", "Launch day", ()),
        ("🚀", "Harbour Notes", ()),
        (" / ", "Harbour Notes", ()),
        ("Fog / 🚀 / Dew", "Fog", ("Dew",)),
        ("", "Harbour Notes", ()),
    ],
)
def test_the_first_topic_is_the_headline(title: str, headline: str, topics: tuple[str, ...]) -> None:
    card = describe_issue_card(title, DAY, LETTER, "#123456")
    assert (card.headline, card.topics) == (headline, topics)
    assert (card.name, card.date, card.host) == ("Harbour Notes", "August 9, 2026", "example.org/notes")


def test_the_card_of_the_newsletter() -> None:
    card = describe_site_card(LETTER, "#123456")
    assert (card.headline, card.topics, card.name, card.date) == (
        "Harbour Notes", ("What the tide brought in",), "", "",
    )  # fmt: skip
    assert card.alt == "Harbour Notes / What the tide brought in"


@pytest.mark.parametrize(
    ("lang", "date"),
    [
        ("en-GB", "9 August 2026"),
        ("zh-CN", "2026年8月9日"),
        ("ja", "2026年8月9日"),
        ("ko", "2026년 8월 9일"),
        ("de", "9. August 2026"),
    ],
)
def test_the_date_is_in_the_language(lang: str, date: str) -> None:
    assert describe_issue_card("Fog", DAY, replace(LETTER, lang=lang), "#123456").date == date


@pytest.mark.parametrize(
    ("text", "polished"),
    [
        ("嵌入式AI简报", "嵌入式 AI 简报"),
        ("第3期", "第 3 期"),
        ("AI，简报", "AI，简报"),
        ("가AI한", "가AI한"),
        ("  a\n\tb  ", "a b"),
        ("❤️ fog ☀️", "fog"),
        ("\u202efog\u200b\u00ad", "fog"),
        ("e\u0301", "é"),
        ("می\u200cشود", "می\u200cشود"),
    ],
)
def test_words_are_polished(text: str, polished: str) -> None:
    assert polish(text) == polished


@pytest.mark.parametrize("lang", ["ar", "ar-EG", "fa", "he", "ur-PK"])
def test_languages_from_right_to_left(lang: str) -> None:
    assert Card("x", lang=lang).is_right_to_left
    assert not Card("x", lang="en").is_right_to_left


def test_whatever_it_says_is_in_its_address() -> None:
    card = Card("Fog", ("Dew",), "Notes", "2026-08-09", "example.org", "#123456", "en")
    others = [
        replace(card, headline="Mist"), replace(card, topics=()), replace(card, name="News"), replace(card, date=""),
        replace(card, host=""), replace(card, brand="#ffd400"), replace(card, lang="ar"), replace(card, plain=True),
    ]  # fmt: skip
    assert {*Card.__struct_fields__} == {
        "headline", "topics", "name", "date", "host", "brand", "lang", "plain",
    }, "vary a new field above"  # fmt: skip
    assert len({card.digest, *(other.digest for other in others)}) == 9
    assert replace(card).digest == card.digest


def test_cards_without_words_are_one_file() -> None:
    first, second = (describe_issue_card(title, DAY, LETTER, "#123456") for title in ("Fog", "Dew"))
    assert first.digest != second.digest
    assert first.without_words().digest == second.without_words().digest == describe_site_card(
        LETTER, "#123456"
    ).without_words().digest  # fmt: skip


@pytest.mark.parametrize(
    ("css", "brand"),
    [
        (":root { --accent: #A4342A }", "#a4342a"),
        (":root { --accent: #111; } @media dark { :root { --accent: #ee9183 } }", "#111111"),
        (":root { --accent: #111; --brand: #ffd400; }", "#ffd400"),
        (":root { --brand: oklch(50% 0.1 20); --accent: #abc }", "#aabbcc"),
        ("", "#a4342a"),
        ("--brand: #12345", "#a4342a"),
    ],
)
def test_the_color_is_that_of_the_style_sheet(css: str, brand: str) -> None:
    assert find_brand(css) == brand


def test_the_theme_says_its_color() -> None:
    assert find_brand(Theme.load(None).text("style.css")) == "#a4342a"
