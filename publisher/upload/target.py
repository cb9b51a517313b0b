"""What a target can do, and what the targets have in common."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from publisher.errors import BusyError, PublisherError
from publisher.named_tuple import NamedTuple
from publisher.upload.files import SiteFile

MANIFEST = ".publisher-upload/manifest.json"
"""Where a bucket or host has the list of what was uploaded, below the folder of the site."""

LEASE = dt.timedelta(minutes=15)
"""For so long another machine does not upload after this one began, or last went on."""


class UploadError(PublisherError):
    """The site could not be uploaded; the next run tries again."""

    exit_code = 6


class UploadTarget(Protocol):
    """A place that the site is copied to. All methods raise UploadError, and `begin` also BusyError.

    The digests say what is there for certain, by path.
    """

    def load(self) -> Mapping[str, str]:
        """Return the digests. Changes nothing."""

    def begin(self, certain: Mapping[str, str]) -> None:
        """Claim the target. From now on, only these digests are certain. Raises BusyError if another machine has it, or
        has changed it since `load`."""

    def write(self, files: Sequence[SiteFile]) -> None:
        """Copy files of one stage, in any order."""

    def delete(self, paths: Sequence[str]) -> None:
        """Delete files; those that are gone already are no error."""

    def finish(self, digests: Mapping[str, str]) -> None:
        """Record what is there now, and give the target free."""


class Machine(NamedTuple):
    """Who uploads: an id of this copy of the newsletter, the folder of its site, and the clock."""

    owner: str
    folder: Path
    time: Callable[[], dt.datetime]


class Claim(Struct, frozen=True):
    """Who uploads, and until when no one else does."""

    owner: str
    until: dt.datetime

    def require_free(self, machine: Machine) -> None:
        """Raise BusyError if it is that of another machine and not over."""
        if self.owner != machine.owner and machine.time() < self.until:
            raise BusyError("another machine is uploading this site", "wait until it is done, then publish")


class Manifest(Struct, frozen=True):
    """The digests of what is there for certain, and who is uploading."""

    files: Mapping[str, str] = {}
    claim: Claim | None = None


def decode_manifest(body: bytes) -> Manifest:
    """Decode a manifest; one that cannot be read is empty, so that everything is uploaded again."""
    try:
        return msgspec.json.decode(body, type=Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return Manifest()


def build_claim(machine: Machine) -> Claim:
    return Claim(machine.owner, machine.time() + LEASE)


def build_overtaken_error() -> BusyError:
    return BusyError("another machine has uploaded this site meanwhile", "publish again")
