"""Dates, counts and the direction of the languages that readers have."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from publisher import localized, message_translations, translations
from publisher.labels import get_labels
from publisher.localized import count_issues, count_links, count_minutes, format_date, format_day, is_right_to_left

DAY = dt.date(2021, 7, 8)
LANGUAGES = sorted(localized._LANGUAGES)


@pytest.mark.parametrize(
    ("lang", "date", "day"),
    [
        ("zh-CN", "2021年7月8日", "7月8日"),
        ("zh-TW", "2021年7月8日", "7月8日"),
        ("ja", "2021年7月8日", "7月8日"),
        ("ko", "2021년 7월 8일", "7월 8일"),
        ("en", "July 8, 2021", "Jul 8"),
        ("en-US", "July 8, 2021", "Jul 8"),
        ("en-GB", "8 July 2021", "8 Jul"),
        ("de-AT", "8. Juli 2021", "8. Juli"),
        ("fr", "8 juillet 2021", "8 juil."),
        ("es-MX", "8 de julio de 2021", "8 jul"),
        ("pt-BR", "8 de julho de 2021", "8 de jul."),
        ("ru", "8 июля 2021\u202fг.", "8 июл."),
        ("pl", "8 lipca 2021", "8 lip"),
        ("ar", "8 يوليو 2021", "8 يوليو"),
        ("fa", "۸ ژوئیه ۲۰۲۱", "۸ ژوئیه"),
        ("he", "8 ביולי 2021", "8 ביולי"),
        ("ur", "8 جولائی، 2021", "8 جولائی"),
        ("hu", "2021. július 8.", "júl. 8."),
        ("nb", "8. juli 2021", "8. juli"),
        ("eo", "2021-07-08", "07-08"),  # without a table: as everybody can read it
    ],
)
def test_dates(lang: str, date: str, day: str) -> None:
    assert (format_date(DAY, lang), format_day(DAY, lang)) == (date, day)


@pytest.mark.parametrize(
    ("lang", "texts"),
    [
        ("en", {0: "0 links", 1: "1 link", 2: "2 links"}),
        ("zh-CN", {1: "1 条", 155: "155 条"}),
        ("fr", {0: "0 lien", 1: "1 lien", 2: "2 liens"}),
        ("ru", {1: "1 ссылка", 2: "2 ссылки", 5: "5 ссылок", 11: "11 ссылок", 12: "12 ссылок", 21: "21 ссылка",
                22: "22 ссылки", 111: "111 ссылок", 112: "112 ссылок", 0: "0 ссылок"}),
        ("uk", {1: "1 посилання", 3: "3 посилання", 5: "5 посилань", 14: "14 посилань", 101: "101 посилання"}),
        ("pl", {1: "1 link", 2: "2 linki", 5: "5 linków", 12: "12 linków", 21: "21 linków", 22: "22 linki"}),
        ("cs", {1: "1 odkaz", 4: "4 odkazy", 5: "5 odkazů", 22: "22 odkazů"}),
        ("ro", {1: "1 link", 2: "2 linkuri", 19: "19 linkuri", 20: "20 de linkuri", 101: "101 linkuri"}),
        ("he", {1: "קישור אחד", 2: "2 קישורים", 11: "11 קישורים"}),
        ("ar", {1: "رابط واحد", 2: "رابطان", 3: "3 روابط", 10: "10 روابط", 11: "11 رابطًا", 99: "99 رابطًا",
                100: "100 رابط", 102: "102 رابط", 103: "103 روابط", 111: "111 رابطًا"}),
        ("fa", {1: "۱ پیوند", 155: "۱۵۵ پیوند"}),
        ("eo", {1: "1 link", 2: "2 links"}),
    ],
)  # fmt: skip
def test_counts_have_the_plural_of_their_language(lang: str, texts: dict[int, str]) -> None:
    assert {number: count_links(number, lang) for number in texts} == texts


def test_other_counts() -> None:
    assert [count_issues(number, "ru") for number in (1, 3, 52)] == ["1 выпуск", "3 выпуска", "52 выпуска"]
    assert [count_minutes(number, "ar") for number in (1, 2, 5, 14)] == [
        "دقيقة واحدة",
        "دقيقتان",
        "5 دقائق",
        "14 دقيقة",
    ]
    assert [count_minutes(14, lang) for lang in ("en", "zh-CN", "ja", "de")] == [
        "14 min",
        "约 14 分钟",
        "約14分",
        "14 Min.",
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_date_of_a_year_is_one_of_a_kind(lang: str) -> None:
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=n) for n in range(366)]
    for show in (format_date, format_day):
        shown = [show(day, lang) for day in days]
        assert len(set(shown)) == 366
        assert not any("{" in text or "||" in text for text in shown)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_count_says_its_number(lang: str) -> None:
    for count in (count_links, count_issues, count_minutes):
        for number in (3, 7, 11, 20, 21, 25, 100, 1234):
            digits = re.sub(r"\D", "", count(number, lang))
            assert int(digits) == number  # of any script


@pytest.mark.parametrize(
    ("lang", "expected"),
    [("ar", True), ("ar-EG", True), ("fa", True), ("he", True), ("ur-PK", True), ("en", False), ("zh-CN", False),
     ("az-Arab", True), ("ur-Latn", False)],
)  # fmt: skip
def test_direction(lang: str, expected: bool) -> None:
    assert is_right_to_left(lang) is expected


def test_labels_are_in_the_language_of_the_newsletter() -> None:
    shown = {lang: get_labels(lang)["subscribe"] for lang in ("zh-CN", "zh-TW", "zh-Hant", "en-GB", "ja", "ar", "eo")}
    assert shown == {
        "zh-CN": "订阅",
        "zh-TW": "訂閱",
        "zh-Hant": "訂閱",
        "en-GB": "Subscribe",
        "ja": "購読",
        "ar": "اشترك",
        "eo": "Subscribe",
    }


@pytest.mark.parametrize("lang", sorted(translations.TRANSLATIONS))
def test_translations_are_of_labels_that_exist(lang: str) -> None:
    pages, messages = translations.TRANSLATIONS[lang], message_translations.MESSAGE_TRANSLATIONS[lang]
    assert not pages.keys() & messages.keys()
    english, translated = get_labels("en"), {**pages, **messages}
    assert translated.keys() <= english.keys()
    assert "guide" not in translated or lang.startswith("zh")  # the reader would not find it in an issue
    for name, text in translated.items():
        assert text.count("{}") == english[name].count("{}"), name
    assert {"archive", "subscribe", "contents", "close", "previous", "next", "license", "leave", "leave_by_page"} <= {
        *translated
    }


def test_traditional_chinese_has_its_own_characters() -> None:
    for lang in ("zh-TW", "zh-Hant", "zh-HK"):
        assert (count_minutes(3, lang), count_links(2, lang)) == ("約 3 分鐘", "2 則")
        assert not set("约钟导读链点击转个别") & set("".join(get_labels(lang).values()))
    assert count_minutes(3, "zh-SG") == "约 3 分钟"
