"""A Markdown file that may be an issue: what its name and its first lines say."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from pathlib import Path, PurePosixPath

from msgspec import Struct

from publisher.errors import IssueError
from publisher.file_kinds import ISSUE, MAX_ISSUE_BYTES
from publisher.files import wrap_os_error
from publisher.model import Issue, plain
from publisher.patterns import lazy_pattern
from publisher.reader import parse_issue

_HEAD_CHARACTERS = 4_000
"""Front matter and title are within so many characters of a file."""

_MIN_CHARACTERS = 200
"""Two files of the same text that is shorter are not copies: they have not been written yet."""

_WORDS = (
    "issue|no|nr|number|num|vol|volume|edition|ed|episode|ep|newsletter|weekly|week|digest|letter|выпуск|номер|العدد"
)
_NUMBERED_NAME = lazy_pattern(rf"(?:\d{{1,4}}|(?:.*[\W_])?(?:{_WORDS}|第|제)[\W_]*\d{{1,4}}(?:\D.*)?)\Z", re.IGNORECASE)
_COUNTED_NAME = lazy_pattern(r"(?P<before>\D*?)(?P<number>\d{1,4})(?P<after>\D*)\Z")
NUMBER_PHRASE = lazy_pattern(
    r"(?:第|제)\s*[\d〇零一二三四五六七八九十百千]+\s*(?:期|号|號|回|卷|辑|輯|章|회|호)"
    r"|(?<!\w)(?:#|№|n[°º]|(?:no|nr|vol|volume|issue|edition|number|episode|выпуск|номер|العدد)\b)"
    r"[\s.:#№]*\d+",
    re.IGNORECASE,
)
"""A number with its words in a title: #12, Issue 12, No. 3, 第 250 期, 제12호."""

_MONTH_NAME = lazy_pattern(r"(?<!\d)((?:19|20)\d\d)[-_./]?(0[1-9]|1[0-2])(?!\d)")
_WEEK_NAME = lazy_pattern(r"(?<!\d)((?:19|20)\d\d)[-_./]?(?:w|week|kw|cw)[-_]?(\d{1,2})(?!\d)", re.IGNORECASE)
_UNFINISHED_DATE = lazy_pattern(r"\d{4}-\d{2}-[xX]{2}")


class FoundIssue(Struct, frozen=True):
    """A Markdown file: its path below the newsletter's folder, its own date, its titles, and its language if the
    front matter names one.

    `is_numbered`: its name or title has the number of an issue. `period_start` is the first day of the month or week
    in its name. `is_unfinished`: its day is still written as xx. Files with the same
    `digest` begin with the same text.
    """

    path: str
    date: dt.date | None = None
    titles: tuple[str, ...] = ()
    lang: str = ""
    is_numbered: bool = False
    period_start: dt.date | None = None
    is_unfinished: bool = False
    digest: str = ""

    @property
    def is_issue(self) -> bool:
        """Whether the file has a date, or something that can be dated."""
        return bool(self.date or self.is_numbered or self.period_start or self.is_unfinished)

    @property
    def name(self) -> str:
        """The name of the file without its suffix; for an index.md, that of its folder."""
        pure = PurePosixPath(self.path)
        return pure.parent.name or pure.stem if self.is_bundle else pure.stem

    @property
    def is_bundle(self) -> bool:
        """Whether the file is an index.md, whose folder names the issue."""
        return PurePosixPath(self.path).stem.lower() == "index"

    @property
    def collection(self) -> str:
        """The folder that all issues have in common with this one: without years, dates and the bundle's own."""
        parts = list(PurePosixPath(self.path).parts[:-1])
        if self.is_bundle and parts:
            parts.pop()
        while parts and re.fullmatch(r"[\d._-]+|q\d", parts[-1].lower()):
            parts.pop()
        return "/".join(parts)

    @property
    def sort_key(self) -> tuple[tuple[int, str], ...]:
        """Sorts issue-9 before issue-10."""
        return tuple(
            (int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", self.path) if part
        )


def describe_file(path: str, text: str) -> FoundIssue:
    """Return what is known of the Markdown file at `path`, relative to the newsletter's folder, with this text."""
    issue = parse_issue(text[:_HEAD_CHARACTERS], path)
    titles = _list_titles(issue)
    found = FoundIssue(path)
    name = found.name
    return FoundIssue(
        path,
        issue.date,
        titles,
        next((value for key, value in issue.front if key.lower() in ("lang", "language", "locale")), ""),
        is_numbered=_has_number(name, issue, titles),
        period_start=_find_period("/".join(PurePosixPath(path).parts[-2:-1]) + "/" + name),
        is_unfinished=bool(
            _UNFINISHED_DATE.match(name) or (issue.title and _UNFINISHED_DATE.fullmatch(issue.title.date))
        ),
        digest=hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() if len(text) > _MIN_CHARACTERS else "",
    )


def count_name_forms(files: list[FoundIssue]) -> dict[str, int]:
    """Return how many files have each form of name: the folder and what stands before a number, as in `mars3.md`."""
    forms: dict[str, int] = {}
    for file in files:
        if form := find_name_form(file):
            forms[form] = forms.get(form, 0) + 1
    return forms


def find_name_form(file: FoundIssue) -> str:
    """Return the folder and the words of a name with one number; "" for other names."""
    match = _COUNTED_NAME.match(file.name)
    return f"{file.collection}/{match['before']}#".casefold() if match else ""


def _list_titles(issue: Issue) -> tuple[str, ...]:
    """Return the title, and the headings of its level that stand below it."""
    titles = [plain(issue.title.text)] if issue.title else []
    titles += [plain(section.title) for section in issue.sections if section.level == 1]
    return tuple(dict.fromkeys(title.strip() for title in titles if title.strip()))


def _has_number(name: str, issue: Issue, titles: tuple[str, ...]) -> bool:
    if any(
        key.lower() in ("number", "issue", "issue_number", "volume") and value.isdigit() for key, value in issue.front
    ):
        return True
    return bool(_NUMBERED_NAME.match(name)) or any(NUMBER_PHRASE.search(title) for title in titles)


def _find_period(name: str) -> dt.date | None:
    """Return the first day of the week or month in a name, such as 2024-W07 or 2024-07."""
    try:
        if week := _WEEK_NAME.search(name):
            return dt.date.fromisocalendar(int(week[1]), int(week[2]), 1)
        month = _MONTH_NAME.search(name)
        return dt.date(int(month[1]), int(month[2]), 1) if month else None
    except ValueError:
        return None


def read_whole_issue(path: Path) -> str:
    """Return the text of an issue. Raises IssueError if it is too large, StorageError if it cannot be read."""
    try:
        if path.stat().st_size > MAX_ISSUE_BYTES:
            raise IssueError(f"{path} has more than {ISSUE.limit}", "put images and data into separate files")
        return path.read_text("utf-8-sig", errors="replace")
    except OSError as error:
        raise wrap_os_error(f"cannot read {path}", error) from error
