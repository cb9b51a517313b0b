"""What is found in real newsletters: each kind was read once, and noted here as true or false."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.checks.conftest import Check


class Verdict(NamedTuple):
    """How often a code is found in the two issues of a newsletter, whether its editor would agree, and why."""

    count: int
    is_true: bool
    why: str


INSECURE = "the links begin with http, and the sites have https, too"
LONG = "the articles have more than 20,000 characters with their markup"

# by newsletter and code
VERDICTS = {
    ("cppweekly", "plain-http"): Verdict(4, True, INSECURE),
    ("cppweekly", "relative-link"): Verdict(1, True, "the title of a talk was pasted where its URL belongs"),
    ("haskellweekly", "plain-http"): Verdict(1, True, INSECURE),
    ("hellogithub", "too-long"): Verdict(2, True, LONG),
    ("optech", "page-markup"): Verdict(1, True, "a class for the style sheet of another site"),
    ("optech", "template-tag"): Verdict(10, True, "files to include and a number, which only its own site knows"),
    ("optech", "undefined-reference"): Verdict(51, True, "the definitions are in a file that is included elsewhere"),
    ("weekly", "plain-http"): Verdict(9, True, INSECURE),
    ("weekly", "too-long"): Verdict(2, True, LONG),
}
CHINESE = ("cppweekly", "hellogithub", "weekly")
NEWSLETTERS = ("cppweekly", "haskellweekly", "hellogithub", "lwkd", "optech", "this-week-in-rust", "weekly")

# What is wrong in the fourteen issues of the newsletter that the project began with, read one by one. Image files
# and links to issues that are not in the folder are left out.
FIRST_NEWSLETTER = {
    "arxiv-mismatch": 1, "compat-char": 4, "double-url": 1, "duplicate-in-issue": 2, "empty-source": 1, "empty-url": 3,
    "guide-count": 2, "guide-empty": 1, "guide-missing": 3, "guide-skeleton": 1, "headline-empty": 1,
    "label-colon": 10, "no-link": 2, "plain-http": 6, "punctuation": 6, "repeat-repo": 3, "repo-mismatch": 1,
    "section-empty": 1, "summary-missing": 3, "title-is-url": 2, "tracking-param": 1, "unclosed-link": 1,
    "warm-up-bullet": 1, "wechat-temp-url": 11,
}  # fmt: skip


def find_codes(check: Check, root: Path, sources: list[Path], *, is_chinese: bool) -> Counter[str]:
    """Check copies of issues, which get a date in their name if they have none."""
    settings = 'name = "N"\nurl = "https://news.example.net/{date}/"\nid = "tag:news.example.net,2021:n"\n'
    lang = "zh-CN" if is_chinese else "en"
    wechat = "[channels.wechat]\n" if is_chinese else ""
    (root / "publisher.toml").write_text(f'[newsletter]\n{settings}lang = "{lang}"\n{wechat}', "utf-8")
    (root / "issues").mkdir()
    for day, source in enumerate(sources, 10):
        name = source.stem if source.stem.startswith("20") else f"2021-03-{day}-{source.stem}"
        shutil.copyfile(source, root / "issues" / f"{name}.md")
    output = json.loads(check("--json").out)
    return Counter(problem["code"] for issue in output["issues"] for problem in issue["problems"])


@pytest.mark.parametrize("newsletter", NEWSLETTERS)
def test_every_kind_of_finding_was_read(check: Check, tmp_path: Path, corpus: Path, newsletter: str) -> None:
    sources = sorted((corpus / "newsletters" / newsletter).glob("*.m*"))
    assert len(sources) == 2
    found = find_codes(check, tmp_path, sources, is_chinese=newsletter in CHINESE)
    expected = {code: verdict.count for (name, code), verdict in VERDICTS.items() if name == newsletter}
    assert dict(found) == expected


def test_nine_of_ten_findings_are_true() -> None:
    true = sum(verdict.count for verdict in VERDICTS.values() if verdict.is_true)
    assert true >= 0.9 * sum(verdict.count for verdict in VERDICTS.values())
    assert len({code for _, code in VERDICTS}) > 4


def test_nothing_true_is_lost(check: Check, tmp_path: Path, corpus: Path) -> None:
    found = find_codes(check, tmp_path, sorted((corpus / "issues").glob("*.md")), is_chinese=True)
    assert {code: found[code] for code in FIRST_NEWSLETTER} == FIRST_NEWSLETTER
    assert found.keys() - FIRST_NEWSLETTER.keys() == {"dead-archive-link", "file-missing"}
