"""The texts of the pages for subscribers: the same in every language that the other pages have."""

from __future__ import annotations

import re

import pytest

from publisher.server.texts import TEXTS, get_page_texts
from publisher.translations import TRANSLATIONS


def test_there_are_the_languages_of_the_other_pages() -> None:
    assert TEXTS.keys() == {"en", "zh", *TRANSLATIONS}


@pytest.mark.parametrize("lang", sorted(TEXTS))
def test_every_text_is_translated(lang: str) -> None:
    texts, english = TEXTS[lang], TEXTS["en"]
    assert texts.keys() == english.keys()
    for name, text in texts.items():
        assert text.strip() == text
        assert text.count("{}") == english[name].count("{}"), name
        if lang != "en":
            assert text != english[name], name
    if lang in ("ar", "fa", "he", "ja", "ko", "ru", "uk", "ur", "zh", "zh-hant"):
        assert not [name for name, text in texts.items() if re.fullmatch(r"[\x00-\x7f]+", text)]


@pytest.mark.parametrize(
    ("lang", "leave"),
    [
        ("zh-CN", "退订"),
        ("zh-TW", "取消訂閱"),
        ("zh-Hant", "取消訂閱"),
        ("de-AT", "Abbestellen"),
        ("eo", "Unsubscribe"),
    ],
)
def test_the_language_of_the_newsletter(lang: str, leave: str) -> None:
    assert get_page_texts(lang)["leave"] == leave
