"""The title and the date."""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.checks.problem import Problem
from publisher.checks.subject import Subject

_OPEN_DAY = re.compile(r"\d{4}-\d{2}-[xX]{2}")
_COLON = re.compile(r"[)）]\s*([:：])\s*\Z")


def title(subject: Subject) -> Iterator[Problem]:
    """The date of the issue in its title, and all that the title announces."""
    issue = subject.issue
    title = issue.title
    stem = issue.source.path.rpartition("/")[2].rpartition(".")[0]
    if _OPEN_DAY.match(stem) and not (title and title.date[-2:].lower() == "xx"):
        message = f"the file's name has no day yet: {stem}"
        yield Problem(subject.top, "placeholder-date", message, "name it by the day the issue goes out on")
    if not title or not title.date:
        return
    place = subject.source.find(title.date, title.pos) or title.pos
    if _OPEN_DAY.fullmatch(title.date):
        help_ = "write the day the issue goes out on"
        yield Problem(place, "placeholder-date", f"the date {title.date} has no day yet", help_)
    elif issue.date and title.date != issue.date.isoformat():
        dated = "the front matter" if _is_in_front(subject) else "the file's name"
        message = f"the title says {title.date}, {dated} {issue.date}"
        yield Problem(place, "date-mismatch", message, f"write {issue.date}, or correct {dated}")
    written = subject.source.line(title.pos.line)
    if not title.headline and (colon := _COLON.search(written)):
        place = subject.source.mark(title.pos.line, colon.start(1) + 1)
        help_ = "write a topic or two behind it, or take it away"
        yield Problem(place, "headline-empty", "no topic follows the colon", help_)


def _is_in_front(subject: Subject) -> bool:
    return any(key.lower() == "date" and value for key, value in subject.issue.front)
