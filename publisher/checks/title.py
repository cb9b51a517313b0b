"""The title and the date."""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.checks.codes import Problem
from publisher.checks.subject import IssueSource
from publisher.model import Pos, plain
from publisher.patterns import lazy_pattern
from publisher.transforms import blocks_to_plain_text

_PLACEHOLDER_DATE = lazy_pattern(r"\d{4}-\d{2}-[xX]{2}")
_TRAILING_COLON = lazy_pattern(r"[)）]\s*([:：])\s*\Z")


def check_title(subject: IssueSource) -> Iterator[Problem]:
    """The date of the issue in its title, and all that the title announces."""
    issue = subject.issue
    title = issue.title
    stem = issue.source.path.rpartition("/")[2].rpartition(".")[0]
    if _PLACEHOLDER_DATE.match(stem) and not (title and title.date[-2:].lower() == "xx"):
        message = f"the file's name has no day yet: {stem}"
        yield Problem(
            subject.title_position, "placeholder-date", message, "name it by the day the issue goes out on"
        )
    if not title or not title.date:
        return
    place = subject.source.find(title.date, title.pos) or title.pos
    if _PLACEHOLDER_DATE.fullmatch(title.date):
        help_ = "write the day the issue goes out on"
        yield Problem(place, "placeholder-date", f"the date {title.date} has no day yet", help_)
    elif issue.date and title.date != issue.date.isoformat():
        dated = "the front matter" if _is_date_in_front_matter(subject) else "the file's name"
        message = f"the title says {title.date}, {dated} {issue.date}"
        yield Problem(place, "date-mismatch", message, f"write {issue.date}, or correct {dated}")
    written = subject.source.line(title.pos.line)
    if not title.headline and (colon := _TRAILING_COLON.search(written)):
        place = subject.source.character_position(title.pos.line, colon.start(1) + 1)
        help_ = "write a topic or two behind it, or take it away"
        yield Problem(place, "headline-empty", "no topic follows the colon", help_)


def _is_date_in_front_matter(subject: IssueSource) -> bool:
    return any(key.lower() == "date" and value for key, value in subject.issue.front)


_SEGMENT_MARK = lazy_pattern(r"[【「]((?:业界)?新闻|论文|开源(?:项目)?|博文|应用|工具|资源|文章)[】」]")
_COUNT_CLAIM = lazy_pattern(r"(?:本[期次]|内容|共)[^。；]{0,8}?(?:\d{1,3}|[xX]{1,3})\s*[条篇则]")
_COUNT = lazy_pattern(r"\d{1,3}(?=\s*[条篇则])")


def check_guide(subject: IssueSource) -> Iterator[Problem]:
    """A guide that is filled, and counts right."""
    found = subject.issue.guide
    if found is None or not found.label:
        return
    place = subject.source.line_position(found.label_pos.line)
    text = blocks_to_plain_text(found.blocks)
    left = re.sub(r"[\s，。；;,.、]", "", _SEGMENT_MARK.sub("", _COUNT_CLAIM.sub("", text)))
    if not text.strip():
        yield Problem(place, "guide-empty", f"nothing follows {found.label}：", "say what the issue is about")
    elif not left and _SEGMENT_MARK.search(text):
        help_ = "say what each part is about"
        yield Problem(place, "guide-skeleton", "the guide has only the marks of its parts", help_)
    items = sum(1 for item in subject.issue.items if not item.is_placeholder)
    if found.count is not None and found.count != items:
        where = next(
            (
                Pos(number, at.start() + 1, number, at.end() + 1)
                for number, line in subject.source.numbered_lines(found.pos.line, found.pos.end_line)
                if (claim := _COUNT_CLAIM.search(line)) and (at := _COUNT.search(line, claim.start()))
            ),
            place,
        )
        message = f"the guide counts {found.count} items, and there are {items}"
        yield Problem(where, "guide-count", message, f"write {items}")


def check_warmup(subject: IssueSource) -> Iterator[Problem]:
    """A warm-up whose lines all say something."""
    for brief in subject.issue.briefs:
        text = plain(brief.text).strip(" ：:;；。")
        if text in ("", brief.subject) and not brief.body:
            said = f"{brief.subject} has no news yet" if text else "the bullet has no text"
            help_ = "write it, or take the line out"
            yield Problem(subject.source.line_position(brief.pos.line), "warm-up-placeholder", said, help_)
