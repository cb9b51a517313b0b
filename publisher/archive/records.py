"""One record per source file, and which of them form the archive as of a day."""

# no `from __future__ import annotations`: msgspec would compile each field's annotation when it decodes one

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter

from publisher.errors import IssueError
from publisher.named_tuple import NamedTuple


class ImageFile(NamedTuple):
    """A local image of an issue, or a file it links to: its paths below the newsletter's folder and below the
    output folder, whether it may be published, and its size (bytes) and time of change (ns) as `stat_images`
    returns them."""

    source: str
    target: str
    is_published: bool
    size: int
    changed: int


class Record(NamedTuple):
    """What is known of an issue without reading its file again.

    `path`, `size` (bytes), `mtime` (ns), `sha256`: of the file; a `mtime` of 0 means that it must be read again.
    `url`: of its page; `aliases` are the absolute URLs of the pages that lead to this one.
    `items`: their number; `highlights` are the titles of the first ones, `sections` those of its main sections.
    `minutes`: the reading time.
    `revision`: a hash of the content.
    `sketch`: of the text, see `compute_sketch`.
    `fault`: why the issue cannot be published, and `hint` what to do; both are "" if it can.
    `problems`: the parser's diagnostics and the images that are not published, one line each.
    `links`: the relative links, as written.
    `slug`, `number`: those of `model.Address`.
    `feed_id`: the one in its front matter.
    `opening`: the first sentences of an opening that other issues may have as well.
    `titles`: of the items, which take the place of such an opening in the summary.
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
    images: tuple[ImageFile, ...] = ()
    sketch: str = ""
    links: tuple[str, ...] = ()
    slug: str = ""
    number: str = ""
    aliases: tuple[str, ...] = ()
    feed_id: str = ""
    minutes: int = 0
    highlights: tuple[str, ...] = ()
    opening: tuple[str, ...] = ()
    titles: str = ""
    sections: tuple[str, ...] = ()


class Edition(NamedTuple):
    """The archive as of one day: its issues, newest first.

    `faults` says by path why a file is excluded. `conflicts` has, for an issue in the archive, the error
    about another one that is excluded because it has the same id or URL. `next_date` is that of the next
    future issue, "" without one. `is_partial`: files were held back. `redated` has the paths of published issues
    that got a future date since.
    """

    today: dt.date
    issues: tuple[Record, ...]
    faults: Mapping[str, IssueError]
    conflicts: Mapping[str, IssueError]
    next_date: str
    is_partial: bool = False
    redated: frozenset[str] = frozenset()

    @property
    def has_future_issues(self) -> bool:
        """Whether issues are dated after today: they are published, and the clock is behind or their date changed."""
        return any(issue.date > self.today.isoformat() for issue in self.issues)

    @property
    def skipped(self) -> tuple[str, ...]:
        """A warning for each file that is excluded because it has a fault."""
        return tuple(f"left out: {fault.message}{fault.hint and f' · {fault.hint}'}" for fault in self.faults.values())


def build_edition(
    records: Iterable[Record],
    today: dt.date,
    held_back: Collection[str] = (),
    *,
    published: Collection[str] = (),
    redated: Collection[str] = (),
) -> Edition:
    """Collect the issues dated `today` or earlier, without drafts, files with a fault, and the paths
    `held_back`.

    With a later date, only the paths `published` and `redated` are included: what is published stays, even if
    the clock is behind or the date of an issue is changed to a future one. Of two issues with the same id or
    URL, only the first by path is included.
    """
    kept, day = {*published, *redated}, today.isoformat()
    issues: list[Record] = []
    faults: dict[str, IssueError] = {}
    clashes: dict[str, IssueError] = {}
    until = ""
    taken: dict[str, Record] = {}
    for record in sorted(records, key=attrgetter("path")):
        if record.draft or record.path in held_back:
            continue
        if record.fault:
            faults[record.path] = IssueError(record.fault, record.hint)
        elif record.date > day and record.path not in kept:
            until = min(until or record.date, record.date)
        elif taken.keys().isdisjoint(names := _unique_names(record)):
            for name in names:
                taken[name] = record
            issues.append(record)
        else:
            other = next(taken[name] for name in names if name in taken)
            faults[record.path] = clashes[other.path] = _build_conflict_error(other, record)
    issues.sort(key=attrgetter("date", "id"), reverse=True)
    return Edition(today, tuple(issues), faults, clashes, until, bool(held_back), frozenset(redated))


def _unique_names(record: Record) -> tuple[str, ...]:
    """Return what only one issue can have: its id, the URLs of its pages, and its id in feeds."""
    feed_ids = (f"feed_id {record.feed_id}",) if record.feed_id else ()  # often the URL of the page
    return record.id, record.url, *record.aliases, *feed_ids


def _build_conflict_error(first: Record, second: Record) -> IssueError:
    both = f"{first.path} and {second.path}"
    if first.id == second.id:
        return IssueError(f"{both} both have the id {first.id}", "set another `id:` in the front matter of one of them")
    if first.feed_id and first.feed_id == second.feed_id:
        return IssueError(f"{both} both have the feed_id {first.feed_id}", "correct `feed_id:` in one of them")
    shared = next(url for url in (first.url, *first.aliases) if url in (second.url, *second.aliases))
    if first.url == second.url:
        hint = "set another `slug:` in the front matter of one of them, correct its date, or put {id} into `url`"
        return IssueError(f"{both} have the same URL {shared}", f"{hint} in publisher.toml")
    return IssueError(f"{both} have the same URL {shared}, as page or alias", "correct `aliases:` in one of them")
