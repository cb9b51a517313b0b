"""One record per source file, and which of them make the archive of a day.

Here and in the other modules that a run needs which finds nothing to do, named tuples stand for frozen
dataclasses: to import `dataclasses` alone takes as long as half a start of Python.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from publisher.errors import ConfigError, IssueError, PublisherError, find_nearest


class Record(NamedTuple):
    """What is known of an issue without reading its file again.

    `size`, `mtime` and `sha256` are the file's; a `mtime` of 0 says that it must be looked at again. `url`
    is the address of the issue's page, `items` their number, `revision` a hash of the content. `fault`
    says why the issue cannot be published and `hint` what to do; both are empty for a sound one.
    `problems` are the reader's diagnostics, one line each. `pictures` are those that lie beside the issue:
    (file below the newsletter's folder, file below the output folder, whether it is there).
    """

    path: str
    size: int
    mtime: int
    sha256: str
    id: str = ""
    date: str = ""
    draft: bool = False
    url: str = ""
    title: str = ""
    summary: str = ""
    items: int = 0
    revision: str = ""
    fault: str = ""
    hint: str = ""
    problems: tuple[str, ...] = ()
    images: tuple[tuple[str, str, bool], ...] = ()

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Record:
        """The record JSON gives back as a list."""
        *plain, problems, pictures = row
        return cls._make([*plain, tuple(problems), tuple(map(tuple, pictures))])


class Edition(NamedTuple):
    """The archive as of one day: its issues, newest first.

    `faults` says by path why a file is left out, `clashes` which issues have a double that is. `until` is
    the date of the next issue that is waiting, empty without one.
    """

    today: dt.date
    issues: tuple[Record, ...]
    faults: Mapping[str, IssueError]
    conflicts: Mapping[str, IssueError]
    next_date: str


def build_edition(records: Iterable[Record], today: dt.date) -> Edition:
    """The issues dated `today` or earlier, without drafts and without those that have a fault.

    Where two issues have one id, or one address, the first by path stays.
    """
    issues: list[Record] = []
    faults: dict[str, IssueError] = {}
    clashes: dict[str, IssueError] = {}
    until = ""
    taken: dict[str, Record] = {}
    for record in sorted(records, key=lambda record: record.path):
        if record.draft:
            continue
        if record.fault:
            faults[record.path] = IssueError(record.fault, record.hint)
        elif record.date > today.isoformat():
            until = min(until or record.date, record.date)
        elif other := taken.get(record.id) or taken.get(record.url):
            faults[record.path] = clashes[other.path] = _build_conflict_error(other, record)
        else:
            taken[record.id] = taken[record.url] = record
            issues.append(record)
    issues.sort(key=lambda record: (record.date, record.id), reverse=True)
    return Edition(today, tuple(issues), faults, clashes, until)


def _build_conflict_error(first: Record, second: Record) -> IssueError:
    if first.id == second.id:
        return IssueError(
            f"{first.path} and {second.path} are both the issue {first.id}",
            "write another `id:` into the front matter of one",
        )
    return IssueError(
        f"{first.path} and {second.path} have the same address {first.url}",
        "put {id} into `url` in publisher.toml, or correct the date of one",
    )


def choose_issue(wanted: str, records: Mapping[str, Record], edition: Edition) -> Record | None:
    """The issue to publish, by date, id, path or file name; for "" and "latest" the newest one due.

    None when none is due. Raises IssueError when the issue is not fit to publish, ConfigError when there
    is none of that name or it is dated in the future.
    """
    chosen = _find_newest(edition) if wanted in ("", "latest") else _find_named(wanted, records, edition)
    if chosen and (clash := edition.conflicts.get(chosen.path)):
        raise clash
    return chosen


def _find_newest(edition: Edition) -> Record | None:
    """A file with a fault counts as the newest when its name is a due date and none is later."""
    newest = edition.issues[0] if edition.issues else None
    for path, fault in edition.faults.items():
        named = re.match(r"\d{4}-\d{2}-\d{2}", path.rpartition("/")[2])
        if named and (newest.date if newest else "") <= named[0] <= edition.today.isoformat():
            raise fault
    return newest


def _find_named(wanted: str, records: Mapping[str, Record], edition: Edition) -> Record:
    found = [record for record in records.values() if wanted in issue_names(record)]
    if not found:
        near = find_nearest(
            wanted, [name for record in records.values() for name in issue_names(record) if name]
        )
        hint = f"did you mean {near}?" if near else "publish --issue latest takes the newest one due"
        raise ConfigError(f"there is no issue {wanted}", hint)
    for record in found:
        if record in edition.issues:
            return record
    raise _build_not_due_error(found[0], edition)


def issue_names(record: Record) -> tuple[str, ...]:
    """What an issue may be called by."""
    name = record.path.rpartition("/")[2]
    return record.date, record.id, name.rpartition(".")[0], name, record.path


def _build_not_due_error(record: Record, edition: Edition) -> PublisherError:
    if record.draft:
        return IssueError(f"{record.path} is a draft", "take `draft: true` out of its front matter")
    if record.path in edition.faults:
        return edition.faults[record.path]
    return ConfigError(
        f"{record.path} is dated in the future: {record.date}, and today is {edition.today.isoformat()}",
        "publish it on its day, or correct its date",
    )
