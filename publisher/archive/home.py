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
from functools import cache, cached_property
from pathlib import Path

import publisher
from publisher import __version__, channels, templates
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
    def cache_key(self) -> str:
        """A digest of all input besides the issues: this program, its templates, and the user's configuration,
        dates, templates and ids of feed entries. Raises StorageError when a file cannot be read."""
        return _hash_files(
            (self.root, CONFIG_FILE),
            (self.root, DATES_FILE),
            (self.root, "templates/*"),
            (self.folder, self.feed_ids.name),
            seed=_compute_program_digest(),
        )


@cache
def _compute_program_digest() -> str:
    """Return a digest of this program and its templates. Cached: several Homes need it."""
    package, channel_folder = Path(publisher.__path__[0]), Path(channels.__path__[0])
    separate = [] if channel_folder.is_relative_to(package) else [(channel_folder, "**/*.py")]
    return _hash_files((package, "**/*.py"), *separate, (Path(templates.__path__[0]), "*"), seed=__version__)


def _hash_files(*places: tuple[Path, str], seed: str) -> str:
    """Return a digest of `seed` and the files in (folder, pattern) places."""
    digest = hashlib.blake2b(seed.encode(), digest_size=16)
    for folder, pattern in places:
        for source in scan(folder, pattern):
            path = f"{folder}/{source.path}"  # a hundred times per run; a Path takes twice as long
            try:
                with open(path, "rb", buffering=0) as file:  # noqa: PTH123
                    body = file.read()
            except OSError as error:
                raise wrap_os_error(f"cannot read {path}", error) from error
            digest.update(f"{source.path}\0{len(body)}\0".encode("utf-8", "surrogateescape"))
            digest.update(body)
    return digest.hexdigest()
