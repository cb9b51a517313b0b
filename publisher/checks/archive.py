"""An issue against the issues before it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher import links
from publisher.checks.known import Imprint, address
from publisher.checks.problem import Problem
from publisher.checks.subject import Subject
from publisher.model import Item, Link, Pos
from publisher.transforms import every

_FEW = 3
"""Fewer items than this make no copy of an issue, whatever they lead to."""


def repeats(subject: Subject) -> Iterator[Problem]:
    """Items that an earlier issue had; a copy of a whole issue is told once."""
    earlier = subject.known.before(subject.issue)
    keys = {key for item in subject.issue.items if (key := address(item))}
    for other in earlier:
        same = len(keys.intersection(other.items))
        if same >= _FEW and same * 2 >= len(keys):
            message = f"{same} of the {len(keys)} addresses of its items stood in {_name(other)}"
            yield Problem(subject.top, "stale-copy", message, "is this a copy that was never filled anew?")
            return
    for item in subject.issue.items:
        if item.pos.line:
            yield from _repeat(subject, item, earlier)


def _repeat(subject: Subject, item: Item, earlier: list[Imprint]) -> Iterator[Problem]:
    key = address(item)
    place = subject.url_pos(item.url or "", item.pos)
    repo = (item.repo or "").lower()
    if key and not links.repository(key) and (other := next((o for o in earlier if key in o.items), None)):
        message = f"{_name(other)} had this article"
        yield Problem(place, "duplicate-item", message, "take the item out, or find another address")
    elif repo and (other := next((one for one in earlier if repo in one.repos), None)):
        where = subject.source.find(item.repo or "", item.pos) or place
        yield Problem(where, "repeat-repo", f"{_name(other)} had {item.repo} too")


def _name(other: Imprint) -> str:
    return f"the issue {other.id}"


def listed(subject: Subject) -> Iterator[Problem]:
    """Links of the list of earlier issues to issues that are not there; one problem a line. Where most are
    not, the others were simply never brought here, which is told once."""
    archive = subject.issue.archive
    stems = subject.known.stems
    if archive is None or len(stems) < _FEW:
        return
    listed = {link.url: stem for link in every(Link, archive.blocks) if (stem := _stem(link.url))}
    missing = {url: stem for url, stem in listed.items() if stem not in stems}
    begin = archive.pos.line or 1
    for number, text in subject.source.numbered(begin, len(subject.source.lines)):
        found = sorted((text.find(f"({url})") + 2, url) for url in missing if f"({url})" in text)
        if not found:
            continue
        column, url = found[0]
        place = Pos(number, column, number, column + len(url))
        if len(missing) * 2 > len(listed):
            message = (
                f"{len(missing)} of the {len(listed)} issues listed are not here, {missing[url]} the first"
            )
            yield Problem(place, "dead-archive-link", message)
            return
        dates = ", ".join(dict.fromkeys(missing[one] for _, one in found))
        yield Problem(place, "dead-archive-link", f"there is no issue {dates}")


def _stem(url: str) -> str:
    """The date in the name of the Markdown file an address leads to; empty for any other address."""
    found = re.search(r"(?:\A|/)(\d{4}-\d{2}-\d{2})\.md\Z", url)
    return found[1] if found else ""


def renamed(subject: Subject) -> Iterator[Problem]:
    """An issue that went out under another id."""
    issue = subject.issue
    before = subject.known.renamed.get(issue.source.sha256)
    if before and before != issue.id and all(one.id != before for one in subject.known.imprints):
        message = f"this issue went out as {before}; as {issue.id} it would go out again"
        yield Problem(subject.top, "renamed", message, f"write `id: {before}` into its front matter")
