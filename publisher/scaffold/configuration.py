"""The text of publisher.toml as `init` writes it: what a newsletter needs, in about a dozen lines."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from publisher.config import slugify
from publisher.issue_dates import format_issue_dates
from publisher.project import CONFIG_FILE, DATES_FILE
from publisher.scaffold.new_files import create_files
from publisher.scaffold.proposal import ALWAYS_ON, Proposal, propose_channels
from publisher.scaffold.sample import Sample

_TIME_ZONES = {
    "zh": "Asia/Shanghai",
    "zh-tw": "Asia/Taipei",
    "zh-hk": "Asia/Hong_Kong",
    "ja": "Asia/Tokyo",
    "ko": "Asia/Seoul",
}
_SAMPLE_INTERVAL_DAYS = 14


def create_newsletter(proposal: Proposal, *, today: dt.date) -> tuple[Path, ...]:
    """Write publisher.toml, and dates.toml if issues have no date of their own.

    Returns the files, publisher.toml first. Raises ConfigError if one exists already, StorageError if one cannot be
    written.
    """
    text = _format_configuration(
        name=proposal.name,
        tagline=proposal.tagline,
        url=proposal.url,
        patterns=proposal.discovery.patterns,
        lang=proposal.lang,
        channels=proposal.channels,
        year=today.year,
        slug=slugify(proposal.name, proposal.folder.resolve().name),
    )
    texts = {proposal.folder / CONFIG_FILE: text}
    if proposal.dating.dates:
        texts[proposal.folder / DATES_FILE] = format_issue_dates(proposal.dating.dates)
    return create_files(texts)


def create_sample(folder: Path, sample: Sample, *, today: dt.date) -> tuple[Path, ...]:
    """Write a sample newsletter, its newest issue dated the day before `today`, and return the files.

    Raises ConfigError if one exists already, StorageError if one cannot be written.
    """
    text = _format_configuration(
        name=sample.name,
        tagline=sample.tagline,
        url=f"https://example.org/{sample.slug}/{{date}}/",
        patterns=("issues/*.md",),
        lang=sample.lang,
        channels=propose_channels(sample.lang),
        year=today.year,
        slug=sample.slug,
    )
    texts = {folder / CONFIG_FILE: text}
    for age, issue in enumerate(sample.load_issues()):
        date = str(today - dt.timedelta(days=1 + _SAMPLE_INTERVAL_DAYS * age))
        texts[folder / "issues" / f"{date}.md"] = issue.replace("@date@", date)
    return create_files(texts)


def _format_configuration(
    *,
    name: str,
    tagline: str,
    url: str,
    patterns: Sequence[str],
    lang: str,
    channels: Sequence[str],
    year: int,
    slug: str,
) -> str:
    """Return the text of publisher.toml. `year` and `slug` become part of the newsletter's permanent id."""
    values = {
        "name": name,
        "tagline": tagline,
        "url": url,
        "id": f"tag:{urlsplit(url).hostname},{year}:{slug}",
        "lang": lang,
        "timezone": _TIME_ZONES.get(lang.lower()) or _TIME_ZONES.get(lang.partition("-")[0].lower(), "UTC"),
    }
    # a JSON string is a TOML string, and so is a list of them
    lines = [f"{key} = {_format_value(value)}" for key, value in values.items() if value]
    lines.append(f"issues = {_format_value(patterns[0] if len(patterns) == 1 else list(patterns))}")
    tables = [f"[channels.{channel}]" for channel in channels if channel not in ALWAYS_ON]
    tables += [f"[channels.{channel}]\nenabled = false" for channel in ALWAYS_ON if channel not in channels]
    return "\n".join(["[newsletter]", *lines, "", *tables, ""])


def _format_value(value: str | list[str]) -> str:
    # JSON allows a character that TOML does not
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
