"""What a word is, and which words are found."""

from __future__ import annotations

import pytest

from publisher.search_words import build_search_key, find_marked, fold_text, matches_terms, split_search_terms
from tests.support.searches import FINDS, TERMS


@pytest.mark.parametrize("query", TERMS)
def test_terms(query: str) -> None:
    assert split_search_terms(query) == TERMS[query]


@pytest.mark.parametrize("text", TERMS)
def test_every_text_is_found_by_itself(text: str) -> None:
    assert all(term in build_search_key(text) for term in split_search_terms(text))
    assert fold_text(fold_text(text)) == fold_text(text)


@pytest.mark.parametrize(("query", "text", "found"), FINDS)
def test_finds(query: str, text: str, found: bool) -> None:
    assert matches_terms(split_search_terms(query), build_search_key(text)) is found


def test_a_term_may_be_in_what_is_around_but_not_all_of_them() -> None:
    terms, own, around = (" rust", " tools"), build_search_key("Rust on boats"), build_search_key("Tools")
    assert matches_terms(terms, own, around)
    assert not matches_terms(terms, own)
    assert not matches_terms((" tools",), own, around)
    assert not matches_terms(terms, own, build_search_key("Rust tools"))
    assert matches_terms((" rust",), own, build_search_key("This Week in Rust"))
    assert not matches_terms((), own, around)


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("ai", "AI 模型 in Bahrain, ai", "[AI] 模型 in Bahrain, [ai]"),
        ("模型", "大模型，模样", "大[模型]，模样"),
        ("大模型", "大模型", "[大模型]"),
        ("型", "模型", "模[型]"),
        ("deja", "Déjà vu", "[Déjà] vu"),
        ("deja", "De\u0301ja\u0300 vu", "[De\u0301ja\u0300] vu"),
        ("c++", "C++ and C", "[C++] and C"),
        ("ai 模型", "AI模型", "[AI模型]"),
        ("", "anything", "anything"),
    ],
)
def test_what_matches_is_marked(query: str, text: str, marked: str) -> None:
    covered = {at for start, end in find_marked(text, split_search_terms(query)) for at in range(start, end)}
    shown = ""
    for at, char in enumerate(text):
        shown += (
            "[" * (at in covered and at - 1 not in covered) + char + "]" * (at in covered and at + 1 not in covered)
        )
    assert shown == marked
