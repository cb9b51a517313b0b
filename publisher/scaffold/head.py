"""The front matter of the next issue: that of the newest one, with another date, number and title."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from publisher.patterns import lazy_pattern
from publisher.scaffold.stamp import NUMBER_KEYS, Stamp, count_up, find_next_title, replace_stamp

_KEY_LINE = lazy_pattern(r"([A-Za-z_][\w-]*)(\s*[:=]\s*)(.*)")
_ISO_DATE = lazy_pattern(r"\d{4}-\d{2}-\d{2}")
_DATE_KEYS = ("date", "publishdate", "pubdate", "pubdatetime", "publishedat", "datepublished")
_STATE_KEYS = ("draft", "isdraft", "unpublished", "published", "publish", "ispublished", "status", "poststatus")
"""What says whether an issue is published; `published` may be its date."""

_TEXT_KEYS = ("description", "summary", "excerpt", "subtitle")
_OWN_KEYS = (
    "id", "feed_id", "slug", "name", "permalink", "url", "guid", "aliases", "redirect_from", "lastmod", "updated",
    "modified", *_TEXT_KEYS,
)  # fmt: skip
"""What belongs to one issue. It is left out, unless only date and number change in it."""


class _Entry(Struct, frozen=True):
    """A key with the lines of its value; without a key, lines that are none."""

    key: str
    text: str

    @property
    def name(self) -> str:
        """The key as it is looked up: without case and hyphens."""
        return self.key.lower().replace("-", "_")

    @property
    def is_date(self) -> bool:
        """Whether the value is the date of the issue."""
        name = self.name.replace("_", "")
        return name in _DATE_KEYS or (name in _STATE_KEYS and _ISO_DATE.search(self.text) is not None)


class Change(Struct, frozen=True):
    """What changes from the newest issue to the next one.

    `name` is the title if the last one cannot be counted up; a date in it becomes one `days` later.
    """

    stamp: Stamp
    next_stamp: Stamp
    name: str
    days: int

    def apply(self, text: str) -> str:
        """Return the text with the date and number of the next issue."""
        return replace_stamp(text, self.stamp, self.next_stamp)


class _Before(Struct, frozen=True):
    """The front matter of the issues before the newest one: entries as they are, with its stamp, and the keys."""

    same: frozenset[str]
    counted: frozenset[str]
    keys: frozenset[str]


def render_head(
    lines: Sequence[str], earlier: Iterable[tuple[Sequence[str], Stamp]], change: Change, *, has_path_date: bool
) -> str:
    """Return the front matter of the next issue, a draft.

    `lines` are the front matter of the newest issue and `earlier` those of the ones before it, each with its stamp.
    A key that belongs to one issue is kept if it changes with date and number, and any other unless its value was
    another before. Without `has_path_date`, the date is in it.
    """
    fence = "---" if not lines else lines[0].strip() if lines[0].strip() in ("---", "+++") else ""
    entries = _split_entries(lines)
    before = _read_before(earlier, change.stamp)
    kept = [text for entry in entries if (text := _render_entry(entry, before, change, is_quotable=bool(fence)))]
    sign = " = " if fence == "+++" else ": "
    if not has_path_date and not any(entry.is_date for entry in entries):
        kept.insert(0, f"{'date' if fence else 'Date'}{sign}{change.next_stamp.date}")
    if not fence:
        return "\n".join([*kept, "Status: draft"])
    return "\n".join([fence, f"draft{sign}true", *kept, fence])


def _read_before(earlier: Iterable[tuple[Sequence[str], Stamp]], stamp: Stamp) -> _Before:
    before = [(entry, old) for lines, old in earlier for entry in _split_entries(lines)]
    return _Before(
        frozenset(entry.text for entry, _ in before),
        frozenset(replace_stamp(entry.text, old, stamp) for entry, old in before),
        frozenset(entry.key for entry, _ in before),
    )


def _render_entry(entry: _Entry, before: _Before, change: Change, *, is_quotable: bool) -> str:
    """Return the entry for the next issue; "" if it is left out."""
    match = _KEY_LINE.match(entry.text)
    if match and entry.is_date:
        return match[1] + match[2] + _replace_date(match[3], change.next_stamp)
    if entry.name.replace("_", "") in _STATE_KEYS:
        return ""
    if match and entry.name == "title":
        return match[1] + match[2] + _replace_title(match[3], change, is_quotable=is_quotable)
    if entry.name in _OWN_KEYS:
        changed = change.apply(entry.text)
        is_regular = entry.text in before.counted or (entry.name not in _TEXT_KEYS and entry.key not in before.keys)
        return changed if changed != entry.text and is_regular else ""
    if entry.text in before.same:
        return entry.text
    if match and entry.name in NUMBER_KEYS and re.search(r"\d", match[3]):
        return match[1] + match[2] + count_up(match[3])
    if entry.text in before.counted:
        return change.apply(entry.text)
    return "" if entry.key in before.keys else entry.text


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


def _replace_date(value: str, stamp: Stamp) -> str:
    """Return the value with the date of `stamp`, and the time of day that it has."""
    replaced, count = _ISO_DATE.subn(str(stamp.date), value, count=1)
    return replaced if count else str(stamp.date)


def _replace_title(value: str, change: Change, *, is_quotable: bool) -> str:
    """Return the title in the quotes that it has, or in quotes if it needs some and `is_quotable`."""
    quote = value[0] if value[:1] in ("'", '"') and value[:1] == value[-1:] and value[1:] else ""
    text = value[1:-1] if quote else value
    counted = change.apply(text) if _ISO_DATE.search(text) else find_next_title(text, change.days).rstrip(":：")
    title = counted if counted and counted != text else change.name
    if quote or title == counted or not is_quotable:
        return f"{quote}{title}{quote}"
    return '"' + title.replace("\\", "\\\\").replace('"', '\\"') + '"'
