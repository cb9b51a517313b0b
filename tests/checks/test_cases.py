"""The named irregularities of real newsletters: a fault gives its code at its line, all else nothing."""

from __future__ import annotations

from functools import cache

import pytest

from publisher.checks.archive import Archive
from publisher.checks.check import check, examine
from publisher.checks.imprint import Imprint
from publisher.reader import decode, read
from tests.cases.place import CASES
from tests.cases.test_cases import CORPUS, named, place_of

# by the number of the case, what an editor is told at its line
FAULTS = {
    "A03": "dead-archive-link",
    "B02": "label-colon",
    "B03": "label-colon",
    "B05": "summary-missing",
    "B06": "summary-empty",
    "B07": "summary-is-url",
    "B08": "two-summaries",
    "B26": "image-hotlink",
    "B34": "unbalanced-bold",
    "B40": "punctuation",
    "B43": "unformatted-clip",
    "B44": "field-empty",
    "C03": "compat-char",
    "C04": "compat-char",
    "C05": "compat-char",
    "C10": "stray-line",
    "C11": "punctuation",
    "D06": "headline-empty",
    "D08": "date-mismatch",
    "D09": "placeholder-date",
    "D10": "title-form",
    "D13": "guide-missing",
    "D14": "guide-empty",
    "D15": "guide-skeleton",
    "D20": "guide-count",
    "D26": "warm-up-placeholder",
    "D27": "warm-up-bullet",
    "D34": "warm-up-bullet",
    "D37": "title-form",
    "D38": "marker-form",
    "I06": "repo-mismatch",
    "I19": "source-form",
    "I23": "title-is-url",
    "I25": "no-link",
    "I26": "unclosed-link",
    "I27": "unclosed-link",
    "I28": "empty-url",
    "I29": "double-url",
    "I30": "fullwidth-paren",
    "I31": "empty-source",
    "I32": "missing-url",
    "I33": "empty-item",
    "I34": "malformed-link",
    "I35": "malformed-link",
    "I36": "title-is-url",
    "I37": "marker-form",
    "I40": "malformed-url",
    "L01": "wechat-temp-url",
    "L04": "tracking-param",
    "L06": "duplicate-in-issue",
    "L07": "arxiv-mismatch",
    "S04": "section-empty",
    "S08": "marker-form",
    "X02": "repeat-repo",
    "X03": "duplicate-in-issue",
}

# where a case was seen and its code is not told, and why
ELSEWHERE = {
    ("A03", "2019-12-02.md:92"): "most of that list is not in the folder, which is told at its first line",
    ("B43", "2019-12-02.md:64"): "an address on a line of its own, which is right by B15",
    ("C11", "2019-08-15.md:15"): "the colon of a label, told as label-colon",
    ("C11", "2019-08-15.md:17"): "the colon of a label, told as label-colon",
    ("D10", "2020-06-01-50242174bd.md:1"): "the title is there, with fifteen hashes, by D38",
    ("L07", "2021-07-01.md:66"): "told at the address that is wrong, a line below",
    ("X03", "2020-03-02.md:52"): "told at the second item of the two",
    ("X03", "2021-07-01.md:63"): "told at the second item of the two",
    ("X02", "2021-01-19.md:52"): "the issue that had the repository is not in the folder",
}


@cache
def archive() -> Archive:
    """The published issues, each beside the others."""
    files = sorted((CORPUS / "issues").glob("*.md"))
    return Archive(imprint_of(file.read_bytes(), file.name) for file in files)


def imprint_of(data: bytes, name: str) -> Imprint:
    text = decode(data)
    return examine(read(text, name), text).imprint


def told(source: str, path: str, beside: Archive | None = None) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for problem in check(read(source, path), source, beside):
        found.setdefault(problem.pos.line, set()).add(problem.code)
    return found


def seen(number: str) -> list[str]:
    return [place for case in named() if case["id"] == number for place in dict.fromkeys(case["seen_in"])]


@pytest.mark.parametrize(
    ("number", "name"), [(number, name) for number in FAULTS for name in seen(number) if ":" in name]
)
def test_a_fault_is_told_where_it_was_seen(number: str, name: str) -> None:
    place = place_of(name)
    found = told(place.source, place.path, archive()).get(place.line, set())
    assert (FAULTS[number] in found) is ((number, name) not in ELSEWHERE)


def legitimate() -> list[str]:
    """The places where nothing is wrong by any case."""
    right = {place for number in CASES if number not in FAULTS for place in seen(number) if ":" in place}
    wrong = {place for number in FAULTS for place in seen(number)}
    return sorted(right - wrong)


# faults at places that the cases name for something else
BESIDE = {
    "2019-03-31.md:24": {"wechat-temp-url"},
    "2019-03-31.md:26": {"wechat-temp-url"},
    "2019-03-31.md:28": {"wechat-temp-url"},
    "2019-03-31.md:30": {"wechat-temp-url"},
    "2019-06-14-1566b3a096.md:20": {"wechat-temp-url"},
    "2019-06-14-1566b3a096.md:42": {"wechat-temp-url"},
    "2019-06-14-1566b3a096.md:52": {"wechat-temp-url"},
    "2019-10-02-2521780c11.md:58": {"summary-missing"},
    "2019-11-16-ecadadf9c1.md:6": {"unformatted-clip"},
    "2020-05-xx-03a161fa13.md:11": {"section-empty"},
    "2020-06-17-0924d8eed8.md:9": {"guide-count"},
}


@pytest.mark.parametrize("name", legitimate())
def test_nothing_is_told_where_all_is_right(name: str) -> None:
    place = place_of(name)
    assert told(place.source, place.path).get(place.line, set()) == BESIDE.get(name, set())


# samples of the reader's tests that show a fault only beside other issues, or at another line: see test_codes
NOT_HERE = {"A03", "B43", "D10", "I19", "I25", "I33", "L07", "X02", "X03"}

# what else is wrong with samples of what is right
ALSO = {
    "D02": {"guide-missing"},
    "D03": {"guide-missing"},
    "D04": {"guide-missing"},
    "D05": {"guide-missing"},
    "D18": {"guide-count"},
    "D19": {"guide-count"},
    "I33b": {"empty-item", "missing-url"},
    "L02": {"tracking-param"},
    "L09": {"wechat-temp-url"},
    "L11": {"wechat-temp-url"},
    "S09": {"unformatted-clip"},
}


@pytest.mark.parametrize("number", sorted(CASES.keys() - NOT_HERE))
def test_samples_of_the_reader(number: str) -> None:
    """A sample of a fault gives its code at every marked line; any other gives nothing there."""
    for place in CASES[number].places:
        if place.line:
            found = told(place.source, place.path).get(place.line, set())
            if number in FAULTS:
                assert FAULTS[number] in found, place.text
            else:
                assert found <= ALSO.get(number, set()), place.text
