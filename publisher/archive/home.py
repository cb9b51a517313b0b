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

import hashlib
import os
from functools import cached_property
from pathlib import Path

from publisher.archive.program import compute_installation_key
from publisher.archive.sources import scan
from publisher.files import wrap_os_error, write_if_changed
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
    def is_ledger_lost(self) -> bool:
        """Whether only the backup of the ledger is left."""
        return self.ledger.with_suffix(".backup").exists() and not self.ledger.exists()

    def site_record_path(self, out: Path) -> Path:
        """Return the file that records what is in the output folder `out`."""
        if out == self.root:
            return self.cache / "site.json"
        digest = hashlib.blake2b(os.fsencode(out.resolve()), digest_size=6).hexdigest()
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

    @property
    def feed_ids_digest(self) -> str:
        """A digest of the ids of feed entries. Raises StorageError when the file cannot be read."""
        return _hash_files((self.folder, self.feed_ids.name), seed="")


def _hash_files(*places: tuple[Path, str], seed: str) -> str:
    """Return a digest of `seed` and the files in (folder, pattern) places."""
    digest = hashlib.blake2b(seed.encode(), digest_size=16)
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
