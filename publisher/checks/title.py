"""Rules for the title, its date, the guide and the warm-up."""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.checks.codes import Problem
from publisher.checks.source import IssueSource, locate_match, quote_start
from publisher.derived_texts import blocks_to_plain_text
from publisher.model import plain
from publisher.page_urls import find_issue_name
from publisher.patterns import lazy_pattern
from publisher.reader.dates import find_impossible_date
from publisher.reader.front_matter import find_unreadable_date, get_front_value
from publisher.reader.preamble import SEGMENT

_PLACEHOLDER_DATE = lazy_pattern(r"\d{4}-\d{2}-[xX]{2}")
_TRAILING_COLON = lazy_pattern(r"[)）]\s*([:：])\s*\Z")


def check_title(subject: IssueSource) -> Iterator[Problem]:
    """Report a wrong date in the title, and a colon without a topic."""
    issue = subject.issue
    title = issue.title
    if not title or not title.date:
        return
    pos = subject.source.find(title.date, title.pos) or title.pos
    if _PLACEHOLDER_DATE.fullmatch(title.date):
        help_ = "write the publication date"
        yield Problem(pos, "placeholder-date", f"the date {title.date} has no day yet", help_)
    elif issue.date and title.date != issue.date.isoformat() and not find_impossible_date(title.date):
        origin = "the front matter" if _is_date_in_front_matter(subject) else "the file name"
        message = f"the title says {title.date}, but {origin} says {issue.date}"
        yield Problem(pos, "date-mismatch", message, f"write {issue.date} or correct {origin}")
    line = subject.source.line(title.pos.line)
    if not title.headline and (colon := _TRAILING_COLON.search(line)):
        pos = subject.source.character_position(title.pos.line, colon.start(1) + 1)
        help_ = "add a topic or remove the colon"
        yield Problem(pos, "headline-empty", "no topic after the colon", help_)


def check_date(subject: IssueSource) -> Iterator[Problem]:
    """Report a missing date, and one that is incomplete, impossible or unreadable."""
    issue, source, place = subject.issue, subject.source, subject.title_position
    stem = find_issue_name(issue.source.path)
    title_date = issue.title.date if issue.title else ""
    if is_incomplete := bool(_PLACEHOLDER_DATE.match(stem)) and title_date[-2:].lower() != "xx":
        help_ = "rename the file to the publication date"
        yield Problem(place, "placeholder-date", f"the file name has no day yet: {stem}", help_)
    front_date = get_front_value(issue.front, "date")
    dates = [find_impossible_date(front_date), find_impossible_date(title_date), find_impossible_date(stem[:10])]
    for date, where in zip(dates, (issue.front_pos, place, None), strict=True):
        if date:
            message = f"there is no such day: {date}" + ("" if where else " in the file name")
            yield Problem((where and source.find(date, where)) or place, "impossible-date", message, "correct the date")
    if (unread := find_unreadable_date(issue.front)) and unread not in dates:
        pos = source.find(unread, issue.front_pos) or source.line_position(issue.front_pos.line)
        message = f"the date {quote_start(unread, 40)} cannot be read"
        yield Problem(pos, "date-value", message, "write it as 2021-07-18")
    if issue.date is None and not (is_incomplete or any(dates) or title_date):
        help_ = "add it to the title, # NAME (2021-07-18), or to the front matter, date: 2021-07-18"
        yield Problem(place, "no-date", "the issue has no date", help_)


def _is_date_in_front_matter(subject: IssueSource) -> bool:
    return any(key.lower() == "date" and value for key, value in subject.issue.front)


_COUNT_CLAIM = lazy_pattern(r"(?:本[期次]|内容|共)[^。；]{0,8}?(?:\d{1,3}|[xX]{1,3})\s*[条篇则]")
_COUNT = lazy_pattern(r"\d{1,3}(?=\s*[条篇则])")


def check_guide(subject: IssueSource) -> Iterator[Problem]:
    """Report a guide without text, and one with the wrong number of items."""
    guide = subject.issue.guide
    if guide is None or not guide.label:
        return
    pos = subject.source.line_position(guide.label_pos.line)
    text = blocks_to_plain_text(guide.blocks)
    own_text = re.sub(r"[\s，。；;,.、]", "", SEGMENT.sub("", _COUNT_CLAIM.sub("", text)))
    if not text.strip():
        yield Problem(pos, "guide-empty", "the guide is empty", "write what the issue is about")
    elif not own_text and SEGMENT.search(text):
        help_ = "write what each segment is about"
        yield Problem(pos, "guide-skeleton", "the guide has only its segment labels", help_)
    count = sum(1 for item in subject.issue.items if not item.is_placeholder)
    if guide.count is not None and guide.count != count:
        count_pos = next(
            (
                locate_match(number, digits)
                for number, line in subject.source.numbered_lines(guide.pos.line, guide.pos.end_line)
                if (claim := _COUNT_CLAIM.search(line)) and (digits := _COUNT.search(line, claim.start()))
            ),
            pos,
        )
        there = "there is" if count == 1 else "there are"
        message = f"the guide says {guide.count} item{'s' if guide.count != 1 else ''}, but {there} {count}"
        yield Problem(count_pos, "guide-count", message, f"write {count}")


def check_warmup(subject: IssueSource) -> Iterator[Problem]:
    """Report lines of the warm-up without text."""
    for brief in subject.issue.briefs:
        text = plain(brief.text).strip(" ：:;；。")
        if text in ("", brief.subject) and not brief.body:
            message = f'no text after "{brief.subject}"' if text else "the bullet has no text"
            pos = subject.source.line_position(brief.pos.line)
            yield Problem(pos, "warm-up-placeholder", message, "add text or remove the line")
