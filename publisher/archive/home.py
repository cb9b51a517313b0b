"""The folder `.publisher` beside publisher.toml: all that is remembered from one run to the next.

lock              held by the run at work
ledger.db         what was sent where; losing it means that nobody knows
ledger.seen       how often the ledger was used, to notice one that is older
revisions.json    when each issue was last corrected; goes with the sources
cache/            what may be lost at any time
"""

from __future__ import annotations

import hashlib
import os
from functools import cached_property
from pathlib import Path

import publisher
from publisher import __version__, channels, templates
from publisher.archive.sources import scan
from publisher.files import storage_error, write_if_changed
from publisher.project import NAME

_IGNORED = b"/cache/\n/lock\n/ledger.*\n"


class Home:
    """The places in `.publisher` below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".publisher"
        self.lock = self.folder / "lock"
        self.ledger = self.folder / "ledger.db"
        self.seen = self.folder / "ledger.seen"
        self.revisions = self.folder / "revisions.json"
        self.cache = self.folder / "cache"

    def record_of(self, out: Path) -> Path:
        """The file that remembers what lies in the output folder `out`."""
        if out == self.root:
            return self.cache / "site.json"
        place = hashlib.blake2b(os.fsencode(out.resolve()), digest_size=6).hexdigest()
        return self.cache / f"site-{place}.json"

    def tell_git(self) -> None:
        """Have git leave out all but the revisions. Raises StorageError."""
        path = self.folder / ".gitignore"
        if not path.exists():
            write_if_changed(path, _IGNORED)

    @cached_property
    def key(self) -> str:
        """A digest of what everything is made from besides the issues: this program and its templates,
        file by file, and the user's settings and templates. Raises StorageError when one cannot be read."""
        digest = hashlib.blake2b(__version__.encode(), digest_size=16)
        folders = (
            (Path(publisher.__path__[0]), "**/*.py"),
            (Path(channels.__path__[0]), "**/*.py"),
            (Path(templates.__path__[0]), "*"),
            (self.root, NAME),
            (self.root, "templates/*"),
        )
        for folder, pattern in folders:
            for found in scan(folder, pattern):
                path = folder / found.path
                try:
                    body = path.read_bytes()
                except OSError as error:
                    raise storage_error(f"cannot read {path}", error) from error
                digest.update(f"{found.path}\0{len(body)}\0".encode("utf-8", "surrogateescape"))
                digest.update(body)
        return digest.hexdigest()
