"""Finds the issue that a word on the command line names; the same in every command."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping

from publisher.archive.records import Edition, Record
from publisher.errors import ConfigError, IssueError, PublisherError

LATEST, NEXT = "latest", "next"

_MAX_LISTED = 5
_MAX_SUGGESTED = 3


class UnknownIssueError(ConfigError):
    """No issue has the name."""


def find_issue(word: str, records: Mapping[str, Record], today: dt.date) -> Record:
    """Return the issue named `word`: by file, id, file name, date, slug or number, `latest` or `next`.

    `latest` is the newest one that is due, `next` the first one after it, drafts included. If several issues have
    the name in one of these ways, the following ways decide. Raises UnknownIssueError, and ConfigError if several
    are left.
    """
    if word in (LATEST, NEXT):
        return _find_by_keyword(word, records.values(), today)
    wanted = _normalize(word)
    matches: list[Record] = []
    for list_names in _WAYS:
        among = matches or records.values()
        matches = [record for record in among if wanted in list_names(record)] or matches
        if len(matches) == 1:
            return matches[0]
    if not matches and (digits := re.fullmatch(r"#?0*(\d+)", wanted)):
        matches = [record for record in records.values() if record.number.lstrip("0") == digits[1].lstrip("0") != ""]
    if not matches:
        raise UnknownIssueError(f"there is no issue {word}", _suggest(wanted, records.values()))
    if len(matches) > 1:
        paths = sorted(record.path for record in matches)
        more = f" and {len(paths) - _MAX_LISTED} more" if len(paths) > _MAX_LISTED else ""
        listed = ", ".join(paths[:_MAX_LISTED])
        raise ConfigError(f"{word} may be {len(paths)} issues: {listed}{more}", "name one by its file")
    return matches[0]


def choose_issue(wanted: str, records: Mapping[str, Record], edition: Edition) -> Record | None:
    """Return the issue to publish: the one that `find_issue` finds; for "" and "latest" the newest one due.

    None when none is due. Raises IssueError when the issue cannot be published, ConfigError when there is no
    such issue or it is dated in the future.
    """
    if wanted in ("", LATEST):
        chosen = _find_newest(edition)
    else:
        chosen = find_issue(wanted, records, edition.today)
        if chosen not in edition.issues:
            raise _build_not_due_error(chosen, edition)
    if chosen and (clash := edition.conflicts.get(chosen.path)):
        raise clash
    return chosen


def _find_newest(edition: Edition) -> Record | None:
    """Return the newest due issue, one that got a future date since only if there is no other.

    Raises the fault of a file whose name begins with the latest due date.
    """
    newest = next((issue for issue in edition.issues if issue.path not in edition.redated), None)
    newest = newest or next(iter(edition.issues), None)
    for path, fault in edition.faults.items():
        date = re.match(r"\d{4}-\d{2}-\d{2}", path.rpartition("/")[2])
        if date and (newest.date if newest else "") <= date[0] <= edition.today.isoformat():
            raise fault
    return newest


def _build_not_due_error(record: Record, edition: Edition) -> PublisherError:
    if record.draft:
        hint = "remove `draft: true`, `published: false` or the like from its front matter"
        return IssueError(f"{record.path} is a draft", hint)
    if record.path in edition.faults:
        return edition.faults[record.path]
    return ConfigError(
        f"{record.path} is dated in the future: {record.date}, and today is {edition.today.isoformat()}",
        "publish it on that day, or correct its date",
    )


def _find_by_keyword(word: str, records: Iterable[Record], today: dt.date) -> Record:
    day = today.isoformat()
    dated = sorted((record for record in records if record.date), key=lambda record: (record.date, record.path))
    due = [record for record in dated if record.date <= day and not (record.draft or record.fault)]
    if word == LATEST:
        if not due:
            raise UnknownIssueError("there is no latest issue: none is due", "publish status")
        return due[-1]
    latest = due[-1].date if due else ""
    ahead = [record for record in dated if record.date > day or (record.draft and record.date > latest)]
    if not ahead:
        raise UnknownIssueError("there is no next issue: none comes after the latest", "start it: publish new")
    return ahead[0]


def _list_files(record: Record) -> Iterator[str]:
    """Yield the path of an issue, without its suffix too, or that of its folder if the file has no name of its own."""
    path, _, suffix = _normalize(record.path).rpartition(".")
    yield f"{path}.{suffix}"
    yield f"{path}.{suffix}".rpartition("/")[2]
    yield path
    if path.endswith("/index"):
        yield path.removesuffix("index")
        yield path.removesuffix("/index")


def _list_stems(record: Record) -> Iterator[str]:
    path = _normalize(record.path).rpartition(".")[0].removesuffix("/index")
    yield path.rpartition("/")[2]


def _list_dates(record: Record) -> Iterator[str]:
    yield record.date
    if in_name := re.match(r"\d{4}-\d{2}-[\dxX]{2}", record.path.rpartition("/")[2]):
        yield in_name[0]


_WAYS: tuple[Callable[[Record], Iterable[str]], ...] = (
    _list_files,
    lambda record: (_normalize(record.id),),
    _list_stems,
    _list_dates,
    lambda record: (record.slug,),
)
"""The names of an issue, in the order in which they are looked at."""


def _normalize(name: str) -> str:
    """Return a name composed as it is typed: file systems of macOS decompose letters with accents."""
    return unicodedata.normalize("NFC", name)


def _suggest(word: str, records: Iterable[Record]) -> str:
    """Return a hint: the most similar names, or else how an issue can be named."""
    from difflib import SequenceMatcher, get_close_matches  # only needed after a mistake

    known = dict.fromkeys(name for record in records for way in _WAYS for name in way(record) if name)
    known |= dict.fromkeys((LATEST, NEXT))
    nearest = get_close_matches(word, known, n=_MAX_SUGGESTED)
    scores = [SequenceMatcher(None, name, word).ratio() for name in nearest]
    close = [name for name, score in zip(nearest, scores, strict=True) if score == scores[0]]
    if not close:
        return "name one by its date, file, slug, number or id, or as latest or next"
    return f"did you mean {', '.join(close[:-1])}{' or ' if close[1:] else ''}{close[-1]}?"
