"""The record of an output folder: which files each channel wrote there, and digests of their input."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path

from publisher.archive import cache
from publisher.archive.home import Home
from publisher.archive.records import ImageFile, Record
from publisher.archive.sources import files_exist
from publisher.files import wrap_os_error
from publisher.named_tuple import NamedTuple

TYPE_CHECKING = False  # see publisher.patterns
if TYPE_CHECKING:
    from typing import Any


class BuiltFiles(NamedTuple):
    """Files that were built together: a digest of their input, and their sizes in bytes by key."""

    digest: str
    files: Mapping[str, int]


class UpToDateMark(NamedTuple):
    """Says that a channel was up to date after a run.

    `fingerprint`: that of the sources at that time.
    `valid_from`, `valid_until`: the date of the newest issue, and that of the next future one, "" without one.
    `issue`: the newest issue.
    `warnings`: are repeated as long as nothing changes.
    `published`: when something was published last, in the newsletter's time zone, as text; "" if unknown.
    `settings`: the digest of all other input then.
    `meaning`: the digest of what that input says, which a comment does not change.
    `inputs`: the digest of what the channel makes its files from.
    """

    fingerprint: str
    valid_from: str
    valid_until: str
    issue: Record
    warnings: tuple[str, ...] = ()
    published: str = ""
    settings: str = ""
    meaning: str = ""
    inputs: str = ""

    def is_same_state(self, other: UpToDateMark) -> bool:
        """Return whether the other mark describes the same files, made from the same inputs. When they were published
        and how the settings are written may differ."""
        return self == other._replace(published=self.published, settings=self.settings, meaning=self.meaning)

    def is_valid(self, today: str) -> bool:
        """Return whether the same issues are due today."""
        return self.valid_from <= today and (not self.valid_until or today < self.valid_until)


class SiteSetup(NamedTuple):
    """The part of publisher.toml that is needed to see whether there is anything to do.

    `notes`: by channel, what is to be remembered about it. `site` is the folder for the web server.
    """

    issues: tuple[str, ...]
    timezone: str
    channels: tuple[str, ...]
    images: tuple[str, ...] = ()
    notes: Mapping[str, str] = {}
    site: str = ""


class ChannelFiles(NamedTuple):
    """What one channel wrote into the folder: pages by the path of the issue's file, groups by key."""

    pages: dict[str, BuiltFiles]
    groups: dict[str, BuiltFiles]

    @property
    def files(self) -> dict[str, int]:
        """The sizes of all files, by key."""
        both = self.pages, self.groups
        return {key: size for built in both for one in built.values() for key, size in one.files.items()}


_SHAPE = [kind._fields for kind in (SiteSetup, ChannelFiles, BuiltFiles, UpToDateMark, Record, ImageFile)]
RECORD_KEY = f"site-4-{zlib.crc32(repr(_SHAPE).encode()):08x}"
"""The key of the record. It is about nothing but its shape: what files were made from is in their digests."""


class OutputFolder:
    """An output folder and the record of what is in it. Written by `save` only.

    `sources` are the issues of the last run that was recorded, as JSON of a list of `ReadSource`.
    """

    def __init__(self, folder: Path, home: Home) -> None:
        self.folder = folder
        self._record_path = home.site_record_path(folder)
        record = load_record(self._record_path)
        self.setup = record and record.setup
        self.sources = record.sources if record else b"[]"
        self.marks = dict(record.marks) if record else {}
        self._lines = dict(record.files) if record else {}
        self._channels: dict[str, ChannelFiles] = {}

    @property
    def channels(self) -> dict[str, ChannelFiles]:
        """What each channel wrote here."""
        return {name: self.channel_files(name) for name in {**self._lines, **self._channels}}

    def channel_files(self, channel: str) -> ChannelFiles:
        """Return what the channel wrote here; empty if there is no record of it."""
        if channel not in self._channels:
            self._channels[channel] = _decode_files(*self._lines.get(channel, (b"{}", b"[{},{}]")))
        return self._channels[channel]

    def load_sizes(self, channel: str) -> dict[str, int]:
        """Return the sizes of all files that the channel wrote here, by key; its pages are not decoded for that."""
        files = self._channels.get(channel)
        return files.files if files else _decode_sizes(self._lines, channel)

    def replace_files(self, channel: str, files: ChannelFiles) -> None:
        """Record what the channel has written, instead of what it wrote before."""
        self._channels[channel] = files

    def mark(self, channel: str, mark: UpToDateMark | None, *, changed: bool = False) -> None:
        """Set or remove the mark of a channel. If nothing was `changed`, the time of the earlier mark is kept."""
        before = self.marks.pop(channel, None)
        if mark:
            published = mark.published if changed else before.published if before else ""
            self.marks[channel] = mark._replace(published=published)

    def has_files(self, built: BuiltFiles) -> bool:
        """Return whether all the files still exist, with the recorded sizes."""
        return files_exist(self.folder, built.files)

    def forget(self) -> None:
        """Delete the record until it is saved, as files are about to be written: if the run is ended before that, some
        of them are not what it says. Raises StorageError."""
        try:
            self._record_path.unlink(missing_ok=True)
        except OSError as error:
            raise wrap_os_error(f"cannot delete {self._record_path}", error) from error

    def save(self, setup: SiteSetup) -> None:
        """Write the record. Raises StorageError."""
        self._lines |= {name: _encode_files(files) for name, files in self._channels.items()}
        head = encode_line((setup, self.marks, [*self._lines]))
        lines = [head, *(line for both in self._lines.values() for line in both), self.sources]
        cache.write_cache(self._record_path, RECORD_KEY, b"\n".join(lines))


class ReadSource(NamedTuple):
    """An issue file as it was when it was read last: as in its record."""

    path: str
    size: int
    mtime: int
    sha256: str


class FolderRecord(NamedTuple):
    """The record of a folder as it was saved: the setup, the marks by channel, and lines of JSON that are decoded only
    when they are needed. `files` has two for each channel: the sizes of its files, and its pages and groups; `sources`
    is one about the issues."""

    setup: SiteSetup
    marks: Mapping[str, UpToDateMark]
    files: Mapping[str, tuple[bytes, bytes]]
    sources: bytes

    def load_sizes(self, channel: str) -> dict[str, int]:
        """Return the sizes of all files of a channel by key."""
        return _decode_sizes(self.files, channel)

    def load_sources(self) -> list[ReadSource]:
        """Return the issues of the last run."""
        return [ReadSource(*source) for source in json.loads(self.sources)]


def load_record(path: Path) -> FolderRecord | None:
    """Return what `OutputFolder.save` saved in `path`; None if it cannot be used."""
    # not by msgspec: that takes longer to import than a run in which nothing has changed
    body = cache.read_cache(path, RECORD_KEY)
    if body is None:
        return None
    head, *lines, sources = body.split(b"\n")
    setup, marks, names = json.loads(head)
    built = {name: _build_mark(mark) for name, mark in marks.items()}
    files = dict(zip(names, zip(lines[::2], lines[1::2], strict=True), strict=True))
    return FolderRecord(SiteSetup(*_to_tuples(setup)), built, files, sources)


def encode_line(value: object) -> bytes:
    """Return a value as a line of the record. A name that is not UTF-8 has escapes for its bytes."""
    return json.dumps(value, separators=(",", ":")).encode()


def encode_long_line(value: object) -> bytes:
    """Return the JSON of a value on one line, like `encode_line`, ten times as fast. It imports msgspec, which a run
    without changes does not."""
    import msgspec

    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return encode_line(value)


def _encode_files(files: ChannelFiles) -> tuple[bytes, bytes]:
    """Return the lines of a channel: the sizes of its files, all that is needed to see whether they are still there;
    and for each page and group its digest and the keys of its files."""
    both = files.pages, files.groups
    keys = [{name: (one.digest, *one.files) for name, one in built.items()} for built in both]
    return encode_long_line(files.files), encode_long_line(keys)


def _decode_sizes(lines: Mapping[str, tuple[bytes, bytes]], channel: str) -> dict[str, int]:
    sizes: dict[str, int] = json.loads(lines[channel][0]) if channel in lines else {}
    return sizes


def _decode_files(sizes_line: bytes, keys_line: bytes) -> ChannelFiles:
    sizes = json.loads(sizes_line)
    pages, groups = (
        {name: BuiltFiles(digest, {key: sizes[key] for key in keys}) for name, (digest, *keys) in built.items()}
        for built in json.loads(keys_line)
    )
    return ChannelFiles(pages, groups)


def _build_mark(saved: list[Any]) -> UpToDateMark:
    mark = UpToDateMark(*_to_tuples(saved))
    record = Record(*mark.issue)
    return mark._replace(issue=record._replace(images=tuple([ImageFile(*image) for image in record.images])))


def _to_tuples(value: Any) -> Any:
    """Return a value from JSON with tuples in place of lists, also in lists."""
    return tuple(map(_to_tuples, value)) if isinstance(value, list) else value
