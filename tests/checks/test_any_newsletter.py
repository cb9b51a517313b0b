"""Newsletters of many kinds: what is right in them is not reported, and what is wrong is."""

from __future__ import annotations

from itertools import count, islice

import pytest

from publisher.checks.check import check_single_issue
from publisher.checks.codes import CODES, Severity, apply_severities
from publisher.checks.cross_issue import IssueIndex
from publisher.reader import parse_issue
from tests.checks.beside_others import check_issue


def problems(text: str, path: str = "2021-03-14.md") -> list[str]:
    return [problem.code for problem in check_issue(parse_issue(text, path), text)]


def in_a_row(*texts: str) -> list[list[str]]:
    """The codes of each of several issues, a week apart, beside all of them."""
    paths = [f"2021-{number // 4 + 1:02}-{number % 4 * 7 + 1:02}.md" for number in range(len(texts))]
    issues = [(parse_issue(text, path), text) for text, path in zip(texts, paths, strict=True)]
    index = IssueIndex([check_single_issue(issue, text).summary for issue, text in issues])
    return [[problem.code for problem in check_issue(issue, text, index)] for issue, text in issues]


# ------------------------------------------------------------------------- texts that are right

RIGHT = {
    "English, by number": "# Harbour 12\n\nHello.\n\n## News\n\n- [Boats](https://e.org/1) for rent\n- A plain line\n",
    "without headings": "Hello.\n\n- [Boats](https://e.org/1) by Ann\n\n  > They float.\n\n- [Knots](https://e.org/2)\n",
    "a letter": "Dear friends,\n\nit rained (again). I read [a book](https://e.org/b), and *nothing* else.\n\nAnn\n",
    "task lists": "# Plan\n\n- [ ] todo\n- [x] done [here](https://e.org)\n- [ ] [later](https://e.org/2)\n",
    "tags before titles": "# News\n\n- [RFC][PATCH] mm: fix a leak\n- [CVPR2021][2104.11487] [Waves](https://e.org/1)\n",
    "code in prose": "# News\n\nUse a[0][1] and `[x][y]` and f(x)[i], `<script>` and `{{ x }}`, see [1][2].\n",
    "numbered quotations": "# 周刊（第 3 期）\n\n## 言论\n\n1、\n\n船开了。\n\n-- [船长](https://e.org/1)\n\n2、\n\n船停了。\n",
    "Chinese words in brackets": "# 周刊\n\n今天很好[微笑][微笑]，见[注][1]。\n",
    "Japanese": "# 波の便り\n\n## ２０２１年度\n\n港。\n\n- [ＡＩの新しい潮流](https://e.org/1)\n- 﨑山さんの本\n",
    "Korean": "# 항구 소식\n\n## 새 소식\n\n- [부표](https://e.org/1)는 ２번이다\n- 樂園 이야기\n",
    "Arabic": "# أخبار الميناء\n\n- [قارب](https://e.org/1) \u2067ABC\u2069 جديد\n- \u200fنص\u200f\n",
    "Hebrew": "# חדשות\n\n- [סירה](https://e.org/1) \u202bא\u202c\n",
    "Russian": "# Вести\n\n## Новости\n\n- [Лодка](https://e.org/1) — «новая», читайте [тут](https://e.org/2).\n",
    "Persian, with joiners": "# خبر\n\n- [می\u200cخواهم](https://e.org/1)\n",
    "emoji": "# News\n\n- 👨\u200d👩\u200d👧 [Family](https://e.org/1) ☁\ufe0f\n",
    "capital schemes": "# News\n\n- [a](HTTPS://EX.ORG/35)\n- [b](Http://ex.org/b) and [c](HTTPS://EX.ORG)\n",
    "titles of encyclopedias": "# 周刊\n\n- [歌](https://ja.wikipedia.org/wiki/モーニング娘。)\n- [片](https://zh.wikipedia.org/wiki/你好，李焕英)\n",
    "parentheses and quotes in URLs": "# News\n\n- [a](https://e.org/a_(b))\n- [c](https://e.org/it's)\n- [d](https://e.org/?q=%22d%22)\n",
    "ports and users": "# News\n\n- [a](https://e.org:8443/a)\n- [b](https://e.org/@ann) [c](mailto:ann@e.org)\n",
    "instructions": "# News\n\nOpen http://localhost:3000 or http://127.0.0.1:8080/ and see `http://localhost`.\n",
    "events with one address": "# News\n\n- [Jan 24. Meeting](https://e.org/m)\n- [Jan 31. Meeting](https://e.org/m)\n",
    "sponsors in HTML": '# News\n\n<a href="https://e.org/?utm_source=news"><img src="https://e.org/a.png"></a>\n',
    "footnotes under a heading": "# News\n\nBoats[^1] float.\n\n## Footnotes\n\n[^1]: Most of them.\n",
    "closed tags": "# News\n\n<style>p { }</style>\n\nText <!-- note --> <script>x()</script>.\n\n<!--\nnote\n-->\n",
    "labels": "# News\n\n- [ ]\n- [Sponsored]\n- [1]\n\nSmith (2021)[https://e.org/1].\n",
    "intervals": "# News\n\n- [0, 1) is half-open\n- [-1, ∞) too\n",
    "braces": "# News\n\nSet{{1}} = {{1, 2}, {3}}, ${{ github.ref }}, and $\\frac{{a}}{b}$.\n",
    "references that are defined": "# News\n\n[Boats][], [boats], [see][boats], ![p][boats] \n\n[boats]: https://e.org/1\n",
    "asterisks that are no bold": "# News\n\nUse src/**/*.py.\n\n2**10\n\n3 ** 4\n\nf(*args, **kwargs)\n\n{**a}\n",
    "relative links": "# News\n\n- [last time](2021-03-07.md)\n- [top](#top) [about](/about)\n",
}


@pytest.mark.parametrize("kind", RIGHT)
def test_nothing_is_reported_for_what_is_right(kind: str) -> None:
    assert problems(RIGHT[kind]) == []


# ------------------------------------------------------------------------- forms of the newsletter


def test_forms_are_expected_only_where_most_issues_have_them() -> None:
    plain = "Hello.\n\n- [Boats {0}](https://e.org/{0})\n- [Knots {0}](https://e.org/k{0})\n"
    assert in_a_row(*(plain.format(number) for number in range(4))) == [[]] * 4
    titled = "# Notes ({}): Boats\n\n> In this issue: boats.\n\n- [Boats](https://e.org/{})\n"
    dates = ("2021-01-01", "2021-01-08", "2021-01-15", "2021-01-22")
    issues = [titled.format(date, date) for date in dates]
    assert in_a_row(*issues, "# A special one\n\nHello.\n") == [[], [], [], [], ["title-form"]]
    assert in_a_row(*issues, "Hello.\n") == [[], [], [], [], ["title-form"]]
    assert in_a_row(*issues, "# Notes (2021-02-01): Boats\n\n## News\n\n- [B](https://e.org/b)\n")[-1] == [
        "guide-missing"
    ]


def test_summaries_are_expected_only_where_most_issues_have_them() -> None:
    one = "# 刊 ({})\n\n- [浪{}](https://e.org/{})\n摘要：准。\n- [盐{}](https://e.org/s{})\n"
    other = "# 刊 ({})\n\n- [浪{}](https://e.org/{})\n- [盐{}](https://e.org/s{})\n"
    dates = ("2021-01-01", "2021-01-08", "2021-01-15")
    with_summaries = [one.format(date, *[date] * 4) for date in dates]
    without = [other.format(date, *[date] * 4) for date in dates]
    assert in_a_row(*with_summaries) == [["summary-missing"]] * 3
    assert in_a_row(*without[:2], with_summaries[2]) == [[]] * 3


# ------------------------------------------------------------------------- what recurs


def issues_with(line: str, number: int = 4, section: str = "Other") -> list[str]:
    """Issues whose items differ except for a line under the heading `section`."""
    fresh = (f"- [Item {n}](https://e.org/{n}) is new\n" for n in count())
    return [f"# Notes\n\n## News\n\n{''.join(islice(fresh, 3))}\n## {section}\n\n{line}" for _ in range(number)]


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/ann",
        "https://www.twitter.com/ann/",
        "https://mastodon.example/@ann",
        "https://bsky.app/profile/ann.example",
        "https://rustconf.com/",
        "https://github.com/tide/buoy/pull/7",
        "https://gitlab.com/tide/buoy/-/issues/7",
    ],
)
def test_people_home_pages_and_pull_requests_may_recur(url: str) -> None:
    assert in_a_row(*issues_with(f"- [Ann]({url})\n")) == [[]] * 4


def test_what_recurs_in_several_issues_is_reported_once() -> None:
    """The second time may be a mistake; the third is not."""
    assert in_a_row(*issues_with("- [Our sponsor](https://e.org/sponsor)\n")) == [[], ["duplicate-item"], [], []]


def test_a_recurring_repository_is_not_reported() -> None:
    codes = in_a_row(*issues_with("- [tide/buoy](https://github.com/tide/buoy)\n", 6))
    assert codes[1] == ["repeat-repo"]
    assert codes[3:] == [[], [], []]


def test_sections_with_standing_items_are_known_after_a_while() -> None:
    """Events are announced in two issues each."""
    events = [
        f"- [Event {n}](https://e.org/event/{n})\n- [Event {n + 1}](https://e.org/event/{n + 1})\n" for n in range(6)
    ]
    issues = [issue.replace("LINE\n", events[n]) for n, issue in enumerate(issues_with("LINE\n", 6, "Events"))]
    assert in_a_row(*issues) == [[], ["duplicate-item"], ["duplicate-item"], [], [], []]


def test_a_letter_with_standing_links_is_no_copy() -> None:
    links = "- [Subscribe](https://e.org/subscribe)\n- [Archive](https://e.org/archive)\n- [Chat](https://e.org/chat)\n"
    letters = [f"# Letter\n\nToday {n} I saw {n} boats.\n\nThey went {n} miles.\n\n{links}" for n in ("one", "two")]
    assert in_a_row(*letters)[1] == ["duplicate-item"] * 3
    assert in_a_row(letters[0], letters[0].replace("# Letter", "# New letter"))[1] == ["stale-copy"]


# ------------------------------------------------------------------------- severities


def test_only_what_is_certainly_broken_is_an_error() -> None:
    doubtful = {"duplicate-item", "title-form", "too-long", "undefined-reference", "template-tag", "relative-link"}
    assert all(CODES[code].severity is not Severity.ERROR for code in doubtful)
    assert CODES["stale-copy"].severity is Severity.ERROR


def test_a_newsletter_can_ignore_a_code_and_make_an_error_of_it() -> None:
    text = "# News\n\n- [a](http://e.org/1)\n- [b](https://e.org/2?utm_source=x)\n"
    found = check_issue(parse_issue(text, "2021-03-14.md"), text)
    assert [(problem.code, problem.severity) for problem in found] == [
        ("plain-http", Severity.INFO),
        ("tracking-param", Severity.INFO),
    ]
    applied = apply_severities(found, {"tracking-param"}, {"plain-http"})
    assert [(problem.code, problem.severity) for problem in applied] == [("plain-http", Severity.ERROR)]
