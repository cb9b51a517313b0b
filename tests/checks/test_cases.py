"""Irregularities of real newsletters: faults give their code at their line, the rest nothing."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from publisher.checks.check import check_single_issue
from publisher.checks.cross_issue import IssueIndex
from publisher.checks.summary import IssueSummary
from publisher.reader import decode, parse_issue
from tests.checks.beside_others import check_issue
from tests.reader.cases.place import CASES
from tests.reader.cases.test_cases import CORPUS, named, place_of

# the problem code expected at the line of a case, by case number
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
    "I17": "source-form",
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
    "L05": "plain-http",
    "L06": "duplicate-in-issue",
    "L07": "arxiv-mismatch",
    "S04": "section-empty",
    "S06": "duplicate-section",
    "S08": "marker-form",
    "X02": "repeat-repo",
    "X03": "duplicate-in-issue",
}

# where a case was seen, but another case has the expected code and line
BY_ANOTHER = {
    ("B43", "2019-12-02.md:64"): ("B15", "2019-12-02.md:64"),  # an address on a line of its own is right
    ("C11", "2019-08-15.md:15"): ("B02", "2019-08-15.md:15"),  # the colon of a label
    ("C11", "2019-08-15.md:17"): ("B02", "2019-08-15.md:17"),
    ("D10", "2020-06-01-50242174bd.md:1"): ("D38", "2020-06-01-50242174bd.md:5"),  # the title is further down
    ("X03", "2020-03-02.md:52"): ("L06", "2020-03-02.md:56"),  # of two items the second
    ("X03", "2021-07-01.md:63"): ("L06", "2021-07-01.md:66"),
}

# where a case applies to an item, but the code is reported at another line of it
WITHIN = {("L07", "2021-07-01.md:66"): 67}

# what is known only beside issues that are not in the folder of real ones: see the tests at the end
BESIDE_OTHERS = {("A03", "2019-12-02.md:92"), ("X02", "2021-01-19.md:52")}


@cache
def archive() -> IssueIndex:
    """The index of all published issues."""
    files = sorted((CORPUS / "issues").glob("*.md"))
    return IssueIndex(summarize(file.read_bytes(), file.name) for file in files)


def summarize(data: bytes, name: str) -> IssueSummary:
    text = decode(data)
    return check_single_issue(parse_issue(text, name), text).summary


def problem_codes(source: str, path: str, beside: IssueIndex | None = None) -> dict[int, set[str]]:
    codes: dict[int, set[str]] = {}
    for problem in check_issue(parse_issue(source, path), source, beside):
        codes.setdefault(problem.pos.line, set()).add(problem.code)
    return codes


def seen(number: str) -> list[str]:
    return [place for case in named() if case["id"] == number for place in dict.fromkeys(case["seen_in"])]


@pytest.mark.parametrize(
    ("number", "name"), [(number, name) for number in FAULTS for name in seen(number) if ":" in name]
)
def test_fault_is_reported_where_it_was_seen(number: str, name: str) -> None:
    by, where = BY_ANOTHER.get((number, name), (number, name))
    assert where in seen(by)
    place = place_of(where)
    codes = problem_codes(place.source, place.path, archive())
    line = WITHIN.get((number, name), place.line)
    if by not in FAULTS:
        assert line not in codes
    else:
        assert (FAULTS[by] in codes.get(line, set())) is ((number, name) not in BESIDE_OTHERS)


def legitimate() -> list[str]:
    """The lines where no case expects a problem."""
    right = {place for number in CASES if number not in FAULTS for place in seen(number) if ":" in place}
    wrong = {place for number in FAULTS for place in seen(number)}
    return sorted(right - wrong)


# faults at lines that are listed for another case
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
    "2020-02-16.md:41": {"plain-http"},
    "2020-05-xx-03a161fa13.md:11": {"section-empty"},
    "2020-06-17-0924d8eed8.md:9": {"guide-count"},
}


@pytest.mark.parametrize("name", legitimate())
def test_nothing_is_reported_for_correct_text(name: str) -> None:
    place = place_of(name)
    assert problem_codes(place.source, place.path).get(place.line, set()) == BESIDE.get(name, set())


# samples whose fault needs other issues or is at another line: see test_codes, and above where it was seen
NOT_HERE = {"A03", "B43", "D10", "D13", "D37", "I19", "I25", "I33", "L07", "X02", "X03"}

# what else is wrong with samples of what is right
ALSO = {
    "D02": {"guide-missing"},
    "D03": {"guide-missing"},
    "D04": {"guide-missing", "issue-empty"},
    "D05": {"guide-missing", "issue-empty"},
    "D18": {"guide-count"},
    "D19": {"guide-count"},
    "I33b": {"empty-item", "missing-url"},
    "L08": {"plain-http"},
    "L02": {"tracking-param"},
    "L09": {"wechat-temp-url"},
    "L11": {"wechat-temp-url"},
    "S09": {"unformatted-clip"},
}


@pytest.mark.parametrize("number", sorted(CASES.keys() - NOT_HERE))
def test_samples_of_the_reader_give_their_codes(number: str) -> None:
    """A sample of a fault gives its code at every marked line; any other gives nothing there."""
    for place in CASES[number].places:
        if place.line:
            codes = problem_codes(place.source, place.path).get(place.line, set())
            if number in FAULTS:
                assert FAULTS[number] in codes, place.text
            else:
                assert codes <= ALSO.get(number, set()), place.text


# --------------------------------------------------- beside issues that are not in the folder


def test_archive_link_to_a_missing_issue_is_reported(corpus: Path) -> None:
    (case,) = [one for one in named() if one["id"] == "A03"]
    gone = set(re.findall(r"\d{4}-\d\d-\d\d", case["name"]))
    place = place_of("2019-12-02.md:92")
    listed = set(re.findall(r"(\d{4}-\d\d-\d\d)\.md\)", place.source))
    others = [summarize(b"# x", f"{stem}.md") for stem in listed - gone]
    codes = problem_codes(place.source, place.path, IssueIndex(others))
    assert [line for line, codes in codes.items() if "dead-archive-link" in codes] == [place.line]


def test_repository_of_an_earlier_issue_is_reported(corpus: Path) -> None:
    place = place_of("2021-01-19.md:52")
    (repo,) = place.match(r"\[(\S+?)[:：]")
    text = f"# 潮汐简报 (2020-12-30)\n\n## 开源项目\n\n- [{repo}：二版](https://github.com/{repo})\n"
    earlier = summarize(text.encode(), "2020-12-30.md")
    codes = problem_codes(place.source, place.path, IssueIndex([earlier]))
    assert "repeat-repo" in codes[place.line]
    assert "duplicate-item" not in codes[place.line]
