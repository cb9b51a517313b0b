"""The front matter of the next issue: that of the newest one, with another date, number and title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from publisher.patterns import lazy_pattern
from publisher.scaffold.stamp import NUMBER_KEYS, Stamp, count_up, find_next_title, replace_stamp

_KEY_LINE = lazy_pattern(r"([A-Za-z_][\w-]*)(\s*[:=]\s*)(.*)")
_ISO_DATE = lazy_pattern(r"\d{4}-\d{2}-\d{2}")
_DATE_KEYS = ("date", "publishdate", "pubdate", "pubdatetime", "publishedat", "datepublished")
_STATE_KEYS = ("draft", "isdraft", "unpublished", "published", "publish", "ispublished", "status", "poststatus")
"""What says whether an issue is published; `published` may be its date."""

_OWN_KEYS = (
    "id", "feed_id", "slug", "name", "permalink", "url", "guid", "aliases", "redirect_from", "description", "summary",
    "excerpt", "subtitle", "lastmod", "updated", "modified",
)  # fmt: skip
"""What belongs to one issue. It is left out, unless only date and number change in it."""


class _Entry(Struct, frozen=True):
    """A key with the lines of its value; without a key, lines that are none."""

    key: str
    text: str


def render_head(
    lines: Sequence[str],
    earlier: Sequence[Sequence[str]],
    earlier_stamps: Sequence[Stamp],
    stamp: Stamp,
    next_stamp: Stamp,
    *,
    name: str,
    days: int,
    has_path_date: bool,
) -> str:
    """Return the front matter of the next issue, a draft.

    `lines` are the front matter of the newest issue and `earlier` those of the ones before it, each with its stamp.
    A key that belongs to one issue is kept if it changes with date and number, and any other unless its value was
    another before. `name` is the title if the last one cannot be counted up; a date in it becomes one `days` later.
    """
    fence = lines[0].strip() if lines and lines[0].strip() in ("---", "+++") else "" if lines else "---"
    entries = _split_entries(lines[1:-1] if fence else lines)
    before = [
        (entry, old) for front, old in zip(earlier, earlier_stamps, strict=True) for entry in _split_entries(front)
    ]
    same = {entry.text for entry, _ in before}
    counted = {replace_stamp(entry.text, old, stamp) for entry, old in before}
    known = {entry.key for entry, _ in before}
    kept: list[str] = []
    has_date = has_path_date
    for entry in entries:
        key = entry.key.lower().replace("-", "_")
        plain_key = key.replace("_", "")
        match = _KEY_LINE.match(entry.text)
        if plain_key in _STATE_KEYS and not _ISO_DATE.search(entry.text):
            continue
        if match and (plain_key in _DATE_KEYS or plain_key in _STATE_KEYS):
            kept.append(_replace_date(match, next_stamp))
            has_date = True
        elif match and key in NUMBER_KEYS and re.search(r"\d", match[3]):
            kept.append(f"{match[1]}{match[2]}{count_up(match[3])}")
        elif match and key == "title":
            kept.append(f"{match[1]}{match[2]}{_replace_title(match[3], stamp, next_stamp, name, days)}")
        elif key in _OWN_KEYS:
            changed = replace_stamp(entry.text, stamp, next_stamp)
            if changed != entry.text and (entry.text in counted or entry.key not in known):
                kept.append(changed)
        elif entry.text in same or entry.key not in known:
            kept.append(entry.text)
        elif entry.text in counted:
            kept.append(replace_stamp(entry.text, stamp, next_stamp))
    sign = " = " if fence == "+++" else ": "
    state = f"draft{sign}true" if fence else "Status: draft"
    dated = [] if has_date else [f"{'date' if fence else 'Date'}{sign}{next_stamp.date}"]
    if not fence:
        return "\n".join([*kept, *dated, state])
    return "\n".join([fence, state, *dated, *kept, fence])


def _split_entries(lines: Sequence[str]) -> list[_Entry]:
    """Return the keys at the margin with the lines below them that belong to them."""
    entries: list[_Entry] = []
    for line in lines:
        match = _KEY_LINE.match(line)
        if match:
            entries.append(_Entry(match[1], line.rstrip()))
        elif not line.strip() or line.strip() in ("---", "+++"):
            continue
        elif entries and entries[-1].key and not line.startswith(("#", "[")):
            entries[-1] = _Entry(entries[-1].key, f"{entries[-1].text}\n{line.rstrip()}")
        else:
            entries.append(_Entry("", line.rstrip()))
    return entries


def _replace_date(match: re.Match[str], stamp: Stamp) -> str:
    """Return the line with the date of `stamp`, and the time of day that it has."""
    value, count = _ISO_DATE.subn(str(stamp.date), match[3], count=1)
    return f"{match[1]}{match[2]}{value if count else stamp.date}"


def _replace_title(value: str, stamp: Stamp, next_stamp: Stamp, name: str, days: int) -> str:
    """Return the title in the quotes that it has."""
    quote = value[0] if value[:1] in ("'", '"') and value[:1] == value[-1:] and value[1:] else ""
    text = value[1:-1] if quote else value
    if _ISO_DATE.search(text):
        counted = replace_stamp(text, stamp, next_stamp)
    else:
        counted = find_next_title(text, days).rstrip(":：")
    title = counted if counted and counted != text else name
    if quote or title == counted:
        return f"{quote}{title}{quote}"
    return '"' + title.replace("\\", "\\\\").replace('"', '\\"') + '"'
