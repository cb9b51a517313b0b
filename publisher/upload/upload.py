"""Copies what changed to the target, and remembers what was uploaded from here."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from itertools import groupby
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from publisher.files import write_if_changed
from publisher.named_tuple import NamedTuple
from publisher.upload.branch import Branch
from publisher.upload.bucket import Bucket
from publisher.upload.files import SiteFile, list_files
from publisher.upload.purge import list_addresses, purge_addresses
from publisher.upload.rsync import RsyncHost
from publisher.upload.settings import UploadSettings
from publisher.upload.target import Machine, UploadTarget


class UploadRecord(Struct, frozen=True):
    """What this copy of the newsletter knows: its own id, what it uploaded to `address`, by path with the digest,
    whether an upload was begun and not completed, and which addresses a cache still has to forget."""

    owner: str
    address: str = ""
    is_incomplete: bool = False
    files: Mapping[str, str] = {}
    unpurged: tuple[str, ...] = ()


class Changes(NamedTuple):
    """Files to copy, by stage, and the paths of those to delete."""

    changed: list[SiteFile]
    gone: list[str]


class Uploader:
    """Uploads the site in `folder`, served at the URL `base`. What it remembers is in the file `record`."""

    def __init__(
        self, settings: UploadSettings, folder: Path, base: str, record: Path, time: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._base = base
        self._record_path = record
        self._record = self._load_record()
        self._machine = Machine(self._record.owner, folder, time)

    @property
    def is_pending(self) -> bool:
        """Whether the last upload was not completed, or a cache still has to forget something."""
        return self._record.is_incomplete or bool(self._record.unpurged)

    def upload(self, pages: Collection[str]) -> int:
        """Upload what changed, and return how many files were copied or deleted. `pages` are the paths of the files of
        issues. Call it with the lock of the newsletter.

        Raises UploadError, ConfigError if a secret or a library is missing, BusyError if another machine is uploading,
        and StorageError if a file cannot be read.
        """
        self._save(replace(self._record, is_incomplete=True))  # and the id, so that a run that dies is known by it
        files = list_files(self._folder, pages)
        target = self._open()
        there = target.load()
        changes = self._compare(files, there)
        paths = [*(file.path for file in changes.changed), *changes.gone]
        if paths:
            certain = {path: digest for path, digest in there.items() if path not in paths}
            target.begin(certain)
            for _, stage in groupby(changes.changed, key=lambda file: file.stage):
                target.write([*stage])
            if changes.gone:
                target.delete(changes.gone)
            if self._settings.purge:  # noted before, in case that this process dies between the two
                unpurged = (*self._record.unpurged, *list_addresses(self._base, paths))
                self._save(replace(self._record, unpurged=tuple(dict.fromkeys(unpurged))))
            target.finish(certain | {file.path: file.digest for file in changes.changed})
        self._save(replace(self._record, files={file.path: file.digest for file in files}, is_incomplete=False))
        if self._settings.purge and self._record.unpurged:
            purge_addresses(self._settings.purge, self._record.unpurged, self._settings.purge_header)
            self._save(replace(self._record, unpurged=()))
        return len(paths)

    def count_changes(self, pages: Collection[str], written: Collection[str]) -> int:
        """Return how many files would be uploaded, as far as is known here, if the paths `written` had changed, too."""
        changes = self._compare(list_files(self._folder, pages) if self._folder.is_dir() else [], self._record.files)
        return len({file.path for file in changes.changed} | {*written} | {*changes.gone} - {*written})

    def count_uploaded(self) -> int:
        """Return how many files are there. Changes nothing; raises what `upload` raises."""
        return len(self._open().load())

    def _compare(self, files: list[SiteFile], there: Mapping[str, str]) -> Changes:
        """Deleted is only what was uploaded from here, is gone here, and was not uploaded by another machine since."""
        known = {file.path for file in files}
        gone = [
            path
            for path, digest in sorted(self._record.files.items())
            if path not in known and there.get(path, digest) == digest
        ]
        return Changes([file for file in files if there.get(file.path) != file.digest], gone)

    def _open(self) -> UploadTarget:
        match self._settings.kind:
            case "s3":
                return Bucket(self._settings, self._machine)
            case "rsync":
                return RsyncHost(self._settings, self._machine)
            case "git":
                return Branch(self._settings, self._machine)
            case kind:
                raise AssertionError(kind)

    def _load_record(self) -> UploadRecord:
        """Return the record; an empty one if there is none, or for another target."""
        try:
            record = msgspec.json.decode(self._record_path.read_bytes(), type=UploadRecord)
        except (OSError, msgspec.DecodeError):
            record = UploadRecord(secrets.token_hex(8))
        if record.address != self._settings.address:
            record = UploadRecord(record.owner, self._settings.address)
        return record

    def _save(self, record: UploadRecord) -> None:
        write_if_changed(self._record_path, msgspec.json.encode(record))
        self._record = record
