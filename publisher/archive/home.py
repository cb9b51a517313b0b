"""The folder `.publisher` beside publisher.toml: all that is remembered from one run to the next.

lock              held by the run at work
ledger.db         what was sent where; losing it means that nobody knows
ledger.backup     a copy of it, made whenever something was sent
ledger.seen       how often the ledger was used, to notice one that is older
revisions.json    when each issue was last corrected; goes with the sources
cache/            what may be lost at any time
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
from publisher.project import CONFIG_FILE

_GITIGNORE = b"/cache/\n/lock\n/ledger.*\n"


class Home:
    """The places in `.publisher` below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".publisher"
        self.lock = self.folder / "lock"
        self.ledger = self.folder / "ledger.db"
        self.use_counter = self.folder / "ledger.seen"
        self.revisions = self.folder / "revisions.json"
        self.cache = self.folder / "cache"

    def site_record_path(self, out: Path) -> Path:
        """The file that remembers what lies in the output folder `out`."""
        if out == self.root:
            return self.cache / "site.json"
        place = hashlib.blake2b(os.fsencode(out.resolve()), digest_size=6).hexdigest()
        return self.cache / f"site-{place}.json"

    def write_gitignore(self) -> None:
        """Have git leave out all but the revisions. Raises StorageError."""
        path = self.folder / ".gitignore"
        if not path.exists():
            write_if_changed(path, _GITIGNORE)

    @cached_property
    def cache_key(self) -> str:
        """A digest of what everything is made from besides the issues: this program and its templates,
        file by file, and the user's settings and templates. Raises StorageError when one cannot be read."""
        return _hash_files(
            (self.root, CONFIG_FILE), (self.root, "templates/*"), seed=_compute_program_digest()
        )


@cache
def _compute_program_digest() -> str:
    """A digest of this program and its templates; more than one Home asks for it."""
    package, ours = Path(publisher.__path__[0]), Path(channels.__path__[0])
    elsewhere = [] if ours.is_relative_to(package) else [(ours, "**/*.py")]
    return _hash_files((package, "**/*.py"), *elsewhere, (Path(templates.__path__[0]), "*"), seed=__version__)


def _hash_files(*places: tuple[Path, str], seed: str) -> str:
    """A digest of the files below folders that match a pattern, in continuation of another."""
    digest = hashlib.blake2b(seed.encode(), digest_size=16)
    for folder, pattern in places:
        for found in scan(folder, pattern):
            path = f"{folder}/{found.path}"  # a hundred times a run: a Path takes twice as long
            try:
                with open(path, "rb", buffering=0) as file:  # noqa: PTH123
                    body = file.read()
            except OSError as error:
                raise wrap_os_error(f"cannot read {path}", error) from error
            digest.update(f"{found.path}\0{len(body)}\0".encode("utf-8", "surrogateescape"))
            digest.update(body)
    return digest.hexdigest()
