"""What `init` understood of a folder, and proposes for publisher.toml."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from msgspec import Struct

from publisher.config import slugify
from publisher.errors import ConfigError
from publisher.model import Issue, plain
from publisher.reader import parse_issue
from publisher.scaffold.discovery import Discovery, find_issues
from publisher.scaffold.found_issue import FoundIssue, read_whole_issue
from publisher.scaffold.history import Dating, date_issues
from publisher.scaffold.language import guess_language
from publisher.scaffold.names import guess_name
from publisher.scaffold.site_settings import read_site_address, read_site_name

_READ_WHOLE = 5
"""So many of the newest issues are read whole, for the language and the tagline."""

ALWAYS_ON = ("web", "rss")
_MESSAGES = ("telegram", "email")


class Proposal(Struct, frozen=True):
    """The values for publisher.toml and the dates for dates.toml.

    `address` is the URL of the site with a slash at its end; `has_example_address` says that none was found.
    `newest` is the newest issue.
    """

    folder: Path
    discovery: Discovery
    dating: Dating
    newest: FoundIssue
    name: str
    address: str
    lang: str
    channels: tuple[str, ...]
    tagline: str = ""
    has_example_address: bool = False

    @property
    def days(self) -> dict[str, dt.date]:
        """The date of each issue, by path, without those that are unfinished."""
        return _find_days(self.discovery, self.dating)

    @property
    def url(self) -> str:
        """The pattern for the pages: by date, or by file name if that is what tells the issues apart."""
        days = list(self.days.values())
        by_name = bool(self.dating.dates) or len(set(days)) < len(days)
        return f"{self.address}{{{'id' if by_name else 'date'}}}/"


def propose_newsletter(folder: Path, *, today: dt.date, lang: str = "") -> Proposal | None:
    """Look at the Markdown files of a folder; None if it has none besides a README and the like.

    `lang` replaces the guess. Raises ConfigError if there are Markdown files, but no issue among them, StorageError if
    one cannot be read.
    """
    discovery = find_issues(folder)
    if not discovery.issues:
        if discovery.others:
            raise _no_issue_error(discovery.others, today)
        return None
    dating = date_issues(folder, discovery.issues, today)
    days = _find_days(discovery, dating)
    by_age = sorted(discovery.issues, key=lambda issue: (days.get(issue.path, dt.date.min), issue.sort_key))
    documents = [_read_issue(folder, issue.path) for issue in by_age[-_READ_WHOLE:]]
    name = guess_name([issue.titles for issue in discovery.issues]) or read_site_name(folder) or folder.resolve().name
    found_address = read_site_address(folder)
    language = lang or _find_language(by_age, documents)
    return Proposal(
        folder=folder,
        discovery=discovery,
        dating=dating,
        newest=by_age[-1],
        name=name,
        address=found_address or f"https://example.org/{slugify(name, folder.resolve().name)}/",
        lang=language,
        channels=propose_channels(language),
        tagline=_find_tagline([issue for _, issue in documents]),
        has_example_address=not found_address,
    )


def _find_days(discovery: Discovery, dating: Dating) -> dict[str, dt.date]:
    """Return the date of each issue, its own or that of dates.toml, by path."""
    own = {issue.path: issue.date for issue in discovery.issues}
    return {path: day for path in own if (day := own[path] or dating.dates.get(path))}


def propose_channels(lang: str) -> tuple[str, ...]:
    """Return the channels for a newsletter in a language: WeChat for Chinese only."""
    return (*ALWAYS_ON, *(("wechat",) if lang.lower().startswith("zh") else ()), *_MESSAGES)


def _find_language(by_age: list[FoundIssue], documents: list[tuple[str, Issue]]) -> str:
    """Return the language that the newest issue's front matter names, else that of the newest texts."""
    own = by_age[-1].lang.replace("_", "-")
    if own and own.replace("-", "").isalnum() and own.isascii() and len(own.partition("-")[0]) in (2, 3):
        return "zh-CN" if own.lower() in ("zh", "zh-hans") else own
    return guess_language("\n".join(text for text, _ in documents))


def _find_tagline(newest: list[Issue]) -> str:
    """Return the tagline that the newest issues have in common, or the only one's."""
    taglines = {plain(issue.tagline) for issue in newest[-2:]}
    return taglines.pop() if len(taglines) == 1 else ""


def _read_issue(folder: Path, path: str) -> tuple[str, Issue]:
    text = read_whole_issue(folder / path)
    return text, parse_issue(text, path)


def _no_issue_error(others: tuple[str, ...], today: dt.date) -> ConfigError:
    first, count = others[0], len(others)
    if first.endswith(".mdx"):
        hint = "save issues as .md, or try a sample: publish init --sample"
        return ConfigError(f"no issue found: {first} is MDX, which is not read", hint)
    rest = f" and {count - 1} more" if count > 1 else ""
    verb = "have" if rest else "has"
    return ConfigError(
        f"no issue found: {first}{rest} {verb} no date and no number",
        f"write at its top, between two lines of ---: date: {today} · to try a sample: publish init --sample",
    )
