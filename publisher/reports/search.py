"""Searches the titles, sections and items of all issues of a newsletter, drafts included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from msgspec.structs import replace

from publisher.archive.naming import find_issue
from publisher.archive.records import Edition, Record
from publisher.build.sources import Sources
from publisher.contents import decode_contents
from publisher.errors import BusyError, StorageError
from publisher.named_tuple import NamedTuple
from publisher.run import RunContext
from publisher.search_words import build_search_key, fold_text, matches_terms


class Hit(NamedTuple):
    """An issue, item or section with the words. `line` is its line in the file of the issue.

    `kind` is "issue", "item" or "section", and `title` its own. `state` is "draft", "broken" or "upcoming" if the
    issue is not published, else "". `section` and `source` are those of an item; `url` is "" if there is no page.
    """

    issue: str
    date: str
    issue_title: str
    state: str
    kind: str
    title: str
    section: str
    source: str
    url: str
    path: str
    line: int


def search_issues(run: RunContext, terms: Sequence[str], issue: str) -> list[Hit]:
    """Return what has all `terms`, from `split_search_terms`: issues newest first, in the order of their files.

    `issue`: search only that one, "" for all. Files are read only if they changed since the last run that read them,
    and what is read is remembered. Raises ConfigError if there is no such issue or none at all, StorageError if a
    folder cannot be read.
    """
    with Sources(run) as sources:
        edition = sources.build_edition()
        chosen = [find_issue(issue, sources.records, run.now.date())] if issue else sources.records.values()
        records = sorted(chosen, key=lambda record: (record.date or "9999", record.id), reverse=True)
        hits = [hit for record in records for hit in _search_issue(record, edition, sources, terms)]
        _remember(run, sources)
        return hits


def _search_issue(record: Record, edition: Edition, sources: Sources, terms: Sequence[str]) -> Iterator[Hit]:
    body = sources.load_contents(record)
    title = record.title or record.id or record.path
    issue_key = build_search_key(title, record.number, record.date)
    text = fold_text(body.decode())  # much faster than the key of each item
    if not all(term in issue_key or term.strip() in text for term in terms):
        return
    common = record.id, record.date, title, _find_state(record, edition)
    contents = decode_contents(body)
    if matches_terms(terms, issue_key):
        yield Hit(*common, "issue", title, "", "", record.url, record.path, contents.line)
    for section in contents.sections:
        key = build_search_key(section.title)
        if matches_terms(terms, key, issue_key):
            url = _add_anchor(record.url, section.anchor)
            yield Hit(*common, "section", section.title, "", "", url, record.path, section.line)
        for item in section.items:
            if matches_terms(terms, build_search_key(item.title, item.source), key + issue_key):
                url = _add_anchor(record.url, item.anchor)
                yield Hit(*common, "item", item.title, section.title, item.source, url, record.path, item.line)


def _find_state(record: Record, edition: Edition) -> str:
    if record.draft:
        return "draft"
    if record.fault or record.path in edition.faults:
        return "broken"
    return "" if record in edition.issues else "upcoming"


def _add_anchor(url: str, anchor: str) -> str:
    return f"{url}#{anchor}" if url else ""


def _remember(run: RunContext, sources: Sources) -> None:
    """Keep what was read for the next run, unless another one is at work or the folder cannot be written."""
    if sources.index.dirty:
        with suppress(BusyError, StorageError), replace(run, dry_run=False).lock():
            sources.index.save()
            run.home.write_gitignore()
