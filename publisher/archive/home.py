"""The folder `.publisher` beside publisher.toml: everything that is kept from one run to the next.

lock              held by the current run
ledger.db         what was sent where, and the subscribers; cannot be recovered if lost
ledger.backup     a copy of it, written after each run that sent something or changed the list
ledger.seen       how often the ledger was used, to detect an older copy
revisions.json    when each issue was last corrected, and where its page is; to be kept with the sources
feed_ids.json     ids of feed entries taken over from another program's feed; to be kept with the sources
cache/            may be deleted at any time
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from publisher.archive.program import compute_installation_key, compute_program_key, list_program_files
from publisher.archive.sources import scan
from publisher.blake2 import blake2b
from publisher.files import remove_temporary_files, wrap_os_error, write_if_changed
from publisher.project import CONFIG_FILE, DATES_FILE

_GITIGNORE = b"/cache/\n/lock\n/ledger.*\n"


class Home:
    """Paths in the folder `.publisher` below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".publisher"
        self.lock = self.folder / "lock"
        self.ledger = self.folder / "ledger.db"
        self.use_counter = self.folder / "ledger.seen"
        self.revisions = self.folder / "revisions.json"
        self.feed_ids = self.folder / "feed_ids.json"
        self.cache = self.folder / "cache"
        self.uploaded = self.cache / "uploaded.json"

    @property
    def has_ledger(self) -> bool:
        """Whether there is a ledger here. Raises StorageError if that cannot be known."""
        try:
            return self.ledger.exists()
        except OSError as error:
            raise wrap_os_error(f"cannot use {self.ledger}", error) from error

    @property
    def is_ledger_lost(self) -> bool:
        """Whether only the backup of the ledger is left. Raises StorageError."""
        return not self.has_ledger and self.ledger.with_suffix(".backup").exists()

    def site_record_path(self, out: Path) -> Path:
        """Return the file that records what is in the output folder `out`."""
        if out == self.root:
            return self.cache / "site.json"
        digest = blake2b(os.fsencode(out.resolve()), digest_size=6).hexdigest()
        return self.cache / f"site-{digest}.json"

    def write_gitignore(self) -> None:
        """Make git ignore everything but the revisions and the ids of feed entries. Raises StorageError."""
        path = self.folder / ".gitignore"
        if not path.exists():
            write_if_changed(path, _GITIGNORE)

    @cached_property
    def settings_digest(self) -> str:
        """A digest of all input besides the issues: this program, its templates, and the user's configuration,
        dates, templates and ids of feed entries. If it is the same, nothing has to be read to know what they say.
        Raises StorageError when a file cannot be read."""
        return _hash_files(
            (self.root, CONFIG_FILE),
            (self.root, DATES_FILE),
            (self.root, "templates/*"),
            (self.folder, self.feed_ids.name),
            seed=compute_installation_key(),
        )

    def compute_settings_meaning(self, channels: Iterable[str]) -> str:
        """Return a digest of what all that input says to those who read issues and render them for the channels. A
        comment does not change it, nor a version of the program that does the same. A key that they do not use does:
        it may be a mistake, which only loading the configuration shows.

        It is "" if the configuration cannot be parsed. Raises StorageError when a file cannot be read.
        """
        import json  # here, because only a change of the settings needs them
        import tomllib

        values = []
        for name in (CONFIG_FILE, DATES_FILE):
            try:
                table = tomllib.loads((self.root / name).read_text("utf-8-sig"))
            except FileNotFoundError:
                table = {}
            except (OSError, ValueError, RecursionError):  # loading it will explain why
                return ""
            values.append(table)
        programs = [compute_program_key(channel) for channel in channels]
        built_in = [file for file in list_program_files() if file[0].startswith("templates/")]
        seed = json.dumps([values, programs, built_in], default=repr)  # a date is not the string of it
        return _hash_files((self.root, "templates/*"), (self.folder, self.feed_ids.name), seed=seed)

    @contextmanager
    def hold_lock(self, site: Path) -> Iterator[None]:
        """Hold the lock of the newsletter, and remove what an interrupted run has left behind here and below `site`.
        Raises BusyError and StorageError."""
        from publisher.archive.lock import acquire_lock  # here, because it imports threading

        with acquire_lock(self.lock) as was_interrupted:
            if was_interrupted:
                remove_temporary_files(site)
                remove_temporary_files(self.folder)
            yield


def _hash_files(*places: tuple[Path, str], seed: str) -> str:
    """Return a digest of `seed` and the files in (folder, pattern) places."""
    digest = blake2b(seed.encode(), digest_size=16)
    for folder, pattern in places:
        for source in scan(folder, pattern):
            path = folder / source.path
            try:
                body = path.read_bytes()
            except OSError as error:
                raise wrap_os_error(f"cannot read {path}", error) from error
            digest.update(f"{source.path}\0{len(body)}\0".encode("utf-8", "surrogateescape"))
            digest.update(body)
    return digest.hexdigest()
