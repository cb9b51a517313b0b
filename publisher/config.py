"""publisher.toml: the newsletter, its schedule, its checks and its channels.

`publisher.keys` has all tables and keys. Unknown keys and wrong types are errors with line, column and a hint. A
channel validates its own values: it raises ConfigError when it is created, or from `feed_urls`. If it has the fields
`_lang`, `_root`, `_private_files`, `_subscribers` and `_subscribers_of`, they are set to the language and the folder of
the newsletter, the files that are never published, the table [subscribers], and the newsletter's id if there is one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from publisher.bounce_settings import BounceSettings
from publisher.credentials import Reference, find_secret_file, locate_file
from publisher.errors import ConfigError, find_nearest
from publisher.example_addresses import ExampleAddress, find_example_addresses
from publisher.issue_dates import load_issue_dates
from publisher.keys import (
    ChecksKeys,
    CommonChannelKeys,
    IssueKeys,
    LedgerKeys,
    PreviewKeys,
    ScheduleKeys,
    ServerKeys,
    read_document,
)
from publisher.listen_address import ListenAddress, parse_listen_address, parse_network
from publisher.locales import validate_language, validate_timezone
from publisher.newsletter import Newsletter
from publisher.project import CONFIG_FILE
from publisher.subscriber_settings import SubscriberSettings
from publisher.timetable import Schedule, parse_catch_up, parse_cron, parse_time_of_day
from publisher.toml import TomlDocument, list_keys
from publisher.upload.settings import UploadSettings, parse_upload

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from publisher.channel import Channel
    from publisher.checks.codes import Problem

_DEFAULT_CHANNELS = ("web", "rss")
_DEFAULT_SCHEDULE = Schedule()
_DEFAULT_ISSUES = "issues/*.md"
_PUBLISHED_KEYS = ("issues", "cover")
"""Keys that name files to publish."""

_PLACEHOLDERS = ("date", "year", "month", "day", "id", "slug", "number")
_PLACEHOLDER_HINT = f"there are {' '.join(f'{{{name}}}' for name in _PLACEHOLDERS)}"


class CheckRules(Struct, frozen=True):
    """The codes of checks that are ignored in all issues, and those whose problems are errors."""

    ignored: frozenset[str] = frozenset()
    errors: frozenset[str] = frozenset()

    def apply(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Return the problems that are not ignored, as errors if that was asked for."""
        from publisher.checks.codes import apply_severities  # slow to import

        return apply_severities(problems, self.ignored, self.errors)


class Config(Struct, frozen=True):
    """The validated content of publisher.toml.

    `path` is the file and `root` its folder; `issues` are globs relative to the root, those that begin with `!`
    exclude files; `dates` are the dates of dates.toml by path. `schedule` is in the newsletter's time zone.
    `ledger` is a Reference to the URL of a database, "" for a file; `workers` send to the subscribers there. `upload`
    is None if the site stays here, `subscribers` without a list of one's own. `listen` is where the daemon serves the
    site, `proxies` the web servers in front of it, and `editor` is opened by the preview. `channels` has the enabled
    ones: web, rss, then the others in the file's order. `checks` are about all issues. `example_addresses` have to be
    replaced before anything is sent. `templates` is the folder of the user's templates, if it exists. `private_files`
    are the paths of files that are named here and never published. `digest` is the SHA-256 (hex) of both files.
    """

    path: Path
    root: Path
    newsletter: Newsletter
    issues: tuple[str, ...] = (_DEFAULT_ISSUES,)
    dates: Mapping[str, dt.date] = {}
    schedule: Schedule = _DEFAULT_SCHEDULE
    upload: UploadSettings | None = None
    ledger: Reference = Reference()
    workers: bool = False
    subscribers: SubscriberSettings | None = None
    bounces: BounceSettings = BounceSettings()
    listen: ListenAddress | None = None
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    editor: str = ""
    channels: tuple[Channel, ...] = ()
    checks: CheckRules = CheckRules()
    example_addresses: tuple[ExampleAddress, ...] = ()
    templates: Path | None = None
    private_files: tuple[str, ...] = ()
    digest: str = ""


def load_config(path: Path, find_channel: Callable[[str], type[Channel]]) -> Config:
    """Read publisher.toml. `find_channel` returns the class of a channel by its name.

    Raises ConfigError for the first error; its message begins with publisher.toml:LINE:COLUMN.
    """
    document = read_document(path, find_channel)
    newsletter = _parse_newsletter(document)
    server = document.decode(("server",), ServerKeys)
    with document.locate_errors("server", "listen"):
        listen = parse_listen_address(server.listen) if server.listen else None
    with document.locate_errors("server", "proxies"):
        proxies = tuple(map(parse_network, server.proxies))
    dates, dates_body = load_issue_dates(path.parent)
    ledger = document.decode(("ledger",), LedgerKeys)
    if ledger.workers and "subscribers" not in document.data:
        raise document.error(("ledger", "workers"), "workers need subscribers in the ledger", "add [subscribers]")
    channels = _build_channels(document, newsletter, find_channel)
    templates = path.parent / "templates"
    return Config(
        path=path,
        root=path.parent,
        newsletter=newsletter,
        issues=_parse_issues(document),
        dates=dates,
        upload=parse_upload(document),
        ledger=ledger.postgres,
        workers=ledger.workers,
        subscribers=_parse_subscribers(document),
        editor=document.decode(("preview",), PreviewKeys).editor,
        bounces=_parse_bounces(document),
        listen=listen,
        proxies=proxies,
        channels=channels,
        checks=_parse_checks(document),
        example_addresses=tuple(find_example_addresses(document, newsletter, channels)),
        schedule=_parse_schedule(document),
        templates=templates if templates.is_dir() else None,
        private_files=_find_private_files(document),
        digest=hashlib.sha256(document.body + dates_body).hexdigest(),
    )


def _find_private_files(document: TomlDocument) -> tuple[str, ...]:
    """Return the absolute paths of the files that the values name, in any table, also of a disabled channel."""
    folder = document.path.parent
    paths = []
    for text in _list_private_texts(document.data):
        if path := find_secret_file(locate_file(text, folder)):
            paths.append(path)
        elif os.path.isfile(folder / text):  # noqa: PTH113 - Path.is_file raises an error for long texts
            paths.append(str(folder / text))
    return tuple(paths)


def _list_private_texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for entry in value:
                yield from _list_private_texts(entry)
        case dict():
            for key, entry in value.items():
                if key not in _PUBLISHED_KEYS:
                    yield from _list_private_texts(entry)


# -------------------------------------------------------------- [newsletter]


def _parse_newsletter(document: TomlDocument) -> Newsletter:
    table = ("newsletter",)
    if "newsletter" not in document.data:
        raise document.error((), "there is no table [newsletter]", "add [newsletter], or run publish init")
    keys = document.table(*table)
    missing = {} if "id" in keys else {"id": ""}
    newsletter = document.decode(table, Newsletter, also=("issues", "home", *missing), base="", **missing)
    valid = {}
    for key, validate in _VALIDATORS.items():
        if key in keys:
            with document.locate_errors("newsletter", key):
                valid[key] = validate(keys[key])
    if missing:
        # RFC 4151 requires a year in which the host belonged to its owner: the file's year is suggested
        year = dt.datetime.fromtimestamp(document.path.stat().st_mtime, dt.UTC).year
        host = urlsplit(valid["url"]).hostname
        raise document.missing_key_error(table, "id", f'"tag:{host},{year}:{slugify(valid["name"])}"')
    return replace(newsletter, base=_parse_home(document, valid["url"]), **valid)


def _parse_home(document: TomlDocument, url: str) -> str:
    """Return the URL that the site is served at: `home`, by default the part of `url` before the first brace."""
    beginning = url.partition("{")[0]
    home = document.decode(("newsletter",), IssueKeys, also=list_keys(Newsletter)).home
    base = (home or beginning.rpartition("/")[0]).rstrip("/") + "/"
    with document.locate_errors("newsletter", "home"):
        if not (beginning.startswith(base) and urlsplit(base).hostname):
            raise ConfigError(f"home must be the beginning of url, not {home}", f'like home = "{urljoin(url, "/")}"')
    return base


def _parse_issues(document: TomlDocument) -> tuple[str, ...]:
    issues = document.decode(("newsletter",), IssueKeys, also=list_keys(Newsletter)).issues
    patterns = (issues,) if isinstance(issues, str) else issues
    with document.locate_errors("newsletter", "issues"):
        for pattern in patterns:
            if not _is_relative_path(pattern.removeprefix("!")):
                message = f'issues must be a pattern of files below {CONFIG_FILE}, not "{pattern}"'
                raise ConfigError(message, 'like issues = "issues/*.md"')
        if all(pattern.startswith("!") for pattern in patterns):
            raise ConfigError("issues has no pattern without !", 'like issues = ["issues/*.md", "!issues/draft-*.md"]')
    return patterns


def slugify(*names: str) -> str:
    """Return the first ASCII name as the last part of a URL; "newsletter" if there is none."""
    for name in names:
        if name.isascii() and (slug := re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")):
            return slug
    return "newsletter"


def _validate_name(value: str) -> str:
    if not value.strip() or len(value.splitlines()) > 1:
        raise ConfigError("name must be one line of text", 'write the newsletter\'s name: name = "…"')
    return value.strip()


def _validate_url(value: str) -> str:
    """Validate a URL pattern: absolute, http or https, no placeholders in the host."""
    try:
        parts = urlsplit(value)
        host = parts.hostname if parts.scheme in ("http", "https") else None
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        host = None
    if not host or "{" in parts.netloc or re.search(r"\s", value):
        raise ConfigError(
            f"url must be an absolute http or https URL, not {value}", 'like url = "https://example.org/news/{date}/"'
        )
    if "@" in parts.netloc:
        raise ConfigError("url must not have a user or a password", "every page would show it: remove what is before @")
    if parts.query or parts.fragment:
        raise ConfigError("url must not have a ? or # part", "each page is a file: use only a path")
    for placeholder in re.findall(r"\{([^{}]*)\}", value):
        if placeholder not in _PLACEHOLDERS:
            nearest = find_nearest(placeholder, _PLACEHOLDERS)
            hint = f"did you mean {{{nearest}}}?" if nearest else _PLACEHOLDER_HINT
            raise ConfigError(f"url has the unknown placeholder {{{placeholder}}}", hint)
    remainder = re.sub(r"\{[^{}]*\}", "", value)
    if "{" in remainder or "}" in remainder:
        raise ConfigError("url has an unmatched brace", _PLACEHOLDER_HINT)
    return value if "{" in value else value.rstrip("/") + "/{date}/"


def _validate_tag_uri(value: str) -> str:
    """Validate a tag: URI without a fragment by the grammar of RFC 4151, section 2.1."""
    label = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
    authority = rf"(?:[A-Za-z0-9._-]+@)?{label}(?:\.{label})*"
    date = r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?"
    specific = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*"
    if not re.fullmatch(rf"tag:{authority},{date}:{specific}", value):
        hint = 'tag:HOST,YEAR:NAME, a host that was yours in that year: id = "tag:example.org,2021:news"'
        raise ConfigError(f'id must be a tag: URI, not "{value}"', hint)
    return value


def _validate_folder(value: str) -> str:
    folder = value.rstrip("/")
    if not _is_relative_path(folder):
        raise ConfigError(f'site must be a folder below {CONFIG_FILE}, not "{value}"', 'like site = "public"')
    return folder


def _is_relative_path(path: str) -> bool:
    return "\\" not in path and ":" not in path and not {"", ".", ".."} & set(path.split("/"))


def _match(pattern: str, problem: str, hint: str) -> Callable[[str], str]:
    """Return the validator of a key whose values match a pattern."""

    def validate(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ConfigError(f'{problem}, not "{value}"', hint)
        return value

    return validate


_VALIDATORS: dict[str, Callable[[str], str]] = {
    "name": _validate_name,
    "url": _validate_url,
    "id": _validate_tag_uri,
    "site": _validate_folder,
    "lang": validate_language,
    "timezone": validate_timezone,
    "email": _match(r"[^@\s]+@[^@\s]+", "email must be one address", 'like email = "editor@example.org"'),
    "license": _match(
        r"[A-Za-z0-9.+-]+",
        "license must be an SPDX id",
        'like license = "CC-BY-SA-4.0"; see https://spdx.org/licenses/',
    ),
}


# ---------------------------------------------------------------- [schedule]


def _parse_schedule(document: TomlDocument) -> Schedule:
    """Parse [schedule] and the `at` of each channel. The channels' tables have been decoded before."""
    keys = document.decode(("schedule",), ScheduleKeys)
    with document.locate_errors("schedule", "at"):
        at = parse_time_of_day(keys.at)
    with document.locate_errors("schedule", "cron"):
        cron = parse_cron(keys.cron) if keys.cron else ""
    with document.locate_errors("schedule", "catch_up"):
        catch_up = parse_catch_up(keys.catch_up)
    times = {}
    for name, channel in document.table("channels").items():
        if channel.get("at"):
            with document.locate_errors("channels", name, "at"):
                times[name] = parse_time_of_day(channel["at"])
    on_failure = locate_file(keys.on_failure, document.path.parent)
    return Schedule(at, cron, times, catch_up, on_failure, is_set="schedule" in document.data)


def _parse_subscribers(document: TomlDocument) -> SubscriberSettings | None:
    return document.decode(("subscribers",), SubscriberSettings) if "subscribers" in document.data else None


def _parse_bounces(document: TomlDocument) -> BounceSettings:
    bounces, subscribers = document.decode(("bounces",), BounceSettings), _parse_subscribers(document)
    if "bounces" in document.data and subscribers is None:
        raise document.error(("bounces",), "[bounces] is about a list of subscribers", "add [subscribers]")
    if bounces.has_mailbox and not (subscribers and subscribers.bounces):
        key = "maildir" if bounces.maildir else "imap"
        message = f"`{key}` is set, but `bounces` in [subscribers] is not"
        raise document.error(("bounces", key), message, 'set it there: bounces = "bounces@example.org"')
    return bounces


def _parse_checks(document: TomlDocument) -> CheckRules:
    keys = document.decode(("checks",), ChecksKeys)
    if "checks" in document.data:
        from publisher.checks.codes import CODES  # slow to import

        for key, codes in (("ignore", keys.ignore), ("error", keys.error)):
            if unknown := [code for code in codes if code not in CODES]:
                nearest = find_nearest(unknown[0], CODES)
                hint = f"did you mean {nearest}?" if nearest else "codes are in brackets in the output of publish check"
                raise document.error(("checks", key), f"{key} in [checks] has the unknown code {unknown[0]}", hint)
        if both := sorted({*keys.ignore} & {*keys.error}):
            raise document.error(("checks", "error"), f"{both[0]} is in ignore, too", "remove it from one of the lists")
    return CheckRules(frozenset(keys.ignore), frozenset(keys.error))


# ---------------------------------------------------------------- [channels]


def _build_channels(
    document: TomlDocument, newsletter: Newsletter, find_channel: Callable[[str], type[Channel]]
) -> tuple[Channel, ...]:
    other_names = [name for name in document.table("channels") if name not in _DEFAULT_CHANNELS]
    channels = (_build_channel(document, name, newsletter, find_channel) for name in (*_DEFAULT_CHANNELS, *other_names))
    return tuple(channel for channel in channels if channel)


def _build_channel(
    document: TomlDocument, name: str, newsletter: Newsletter, find_channel: Callable[[str], type[Channel]]
) -> Channel | None:
    """Return the channel, None if it is disabled. The table of a disabled channel must be valid, too."""
    table = ("channels", name)
    place = table if name in document.table("channels") else ("newsletter",)
    with document.locate_errors(*place):
        cls = find_channel(name)
    subscribers = _parse_subscribers(document)
    injected = {
        "_lang": newsletter.lang,
        "_root": str(document.path.parent),
        "_private_files": _find_private_files(document),
        "_subscribers": subscribers,
        "_subscribers_of": newsletter.id if subscribers else "",
    }
    channel = document.decode(table, cls, also=list_keys(CommonChannelKeys), **injected)
    keys = document.decode(table, CommonChannelKeys, also=list_keys(cls))
    with document.locate_errors(*place):
        if keys.enabled:
            channel.feed_urls(newsletter)  # raises ConfigError for a feed outside of the published folder
    return channel if keys.enabled else None
