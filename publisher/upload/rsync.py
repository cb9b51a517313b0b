"""A host with an rsync daemon, or one that is reached over ssh. Files are replaced as a whole.

rsync has no lock, so each machine writes a file of its own, and then looks for those of others: of two that begin at
the same time, at least one sees the other and does not upload.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from publisher.credentials import resolve_secret
from publisher.failpoints import hit_failpoint
from publisher.upload.files import SiteFile
from publisher.upload.programs import run_program
from publisher.upload.settings import UploadSettings
from publisher.upload.target import (
    MANIFEST,
    Claim,
    Machine,
    Manifest,
    UploadError,
    build_claim,
    build_overtaken_error,
    decode_manifest,
)

_FOLDER = MANIFEST.partition("/")[0]
_CLAIM = "claim-"
_BATCH = 200
"""So many files are copied by one run of rsync, before each of which the claim is renewed."""

_OPTIONS = ("--times", "--omit-dir-times", "--chmod=D755,F644", "--timeout=120")
_SOME_MISSING = 23  # "partial transfer due to error": what was asked for is not there


class RsyncHost:
    """A folder of an rsync daemon, or of a host with ssh."""

    def __init__(self, settings: UploadSettings, machine: Machine) -> None:
        """Raises ConfigError if the password is missing."""
        self._destination = settings.destination
        self._machine = machine
        self._loaded: Mapping[str, str] = {}
        self._certain: Mapping[str, str] = {}
        self._environment: dict[str, str] = {}
        if settings.credentials:
            self._environment["RSYNC_PASSWORD"] = resolve_secret(settings.credentials)

    def load(self) -> Mapping[str, str]:
        self._loaded, _ = self._read_state()
        return self._loaded

    def begin(self, certain: Mapping[str, str]) -> None:
        self._write_state(claim=build_claim(self._machine))
        try:
            files, claims = self._read_state()
            for claim in claims:
                claim.require_free(self._machine)
            if files != self._loaded:
                raise build_overtaken_error()
        except BaseException:
            with suppress(UploadError):  # it ends by itself
                self._delete([self._own_claim])
            raise
        self._certain = certain
        self._write_state(Manifest(certain), claim=build_claim(self._machine))

    def write(self, files: Sequence[SiteFile]) -> None:
        for start in range(0, len(files), _BATCH):
            self._write_state(Manifest(self._certain), claim=build_claim(self._machine))
            hit_failpoint("uploading")
            self._copy([file.path for file in files[start : start + _BATCH]], self._machine.folder)

    def delete(self, paths: Sequence[str]) -> None:
        hit_failpoint("uploading")
        self._delete(paths)

    def finish(self, digests: Mapping[str, str]) -> None:
        hit_failpoint("uploading")
        self._write_state(Manifest(digests))
        self._delete([self._own_claim])

    @property
    def _own_claim(self) -> str:
        return f"{_FOLDER}/{_CLAIM}{self._machine.owner}.json"

    def _read_state(self) -> tuple[Mapping[str, str], list[Claim]]:
        """Return the digests, and who is uploading."""
        with TemporaryDirectory() as temporary:
            folder = Path(temporary)
            # the slash before `./`: with --relative the path from there on is kept, also if nothing is there
            source = f"{self._destination}./{_FOLDER}"
            command = ["rsync", "--recursive", "--relative", *_OPTIONS, source, "."]
            self._run(command, "cannot read its list of files", folder=folder, accepted=(0, _SOME_MISSING))
            manifest, claims = Manifest(), []
            with suppress(FileNotFoundError):
                manifest = decode_manifest((folder / MANIFEST).read_bytes())
            for path in folder.glob(f"{_FOLDER}/{_CLAIM}*.json"):
                with suppress(msgspec.DecodeError):
                    claims.append(msgspec.json.decode(path.read_bytes(), type=Claim))
            return manifest.files, claims

    def _write_state(self, manifest: Manifest | None = None, claim: Claim | None = None) -> None:
        """Write the manifest, a claim, or both."""
        state = {MANIFEST: manifest, self._own_claim: claim}
        with TemporaryDirectory() as temporary:
            folder = Path(temporary)
            (folder / _FOLDER).mkdir()
            paths = [path for path, content in state.items() if content]
            for path in paths:
                (folder / path).write_bytes(msgspec.json.encode(state[path]))
            self._copy(paths, folder)

    def _copy(self, paths: Sequence[str], folder: Path) -> None:
        command = ["rsync", *_OPTIONS, "--checksum", "--from0", "--files-from=-", "./", self._destination]
        self._run(command, "cannot upload", folder=folder, given="\0".join(paths).encode())

    def _delete(self, paths: Sequence[str]) -> None:
        """Delete files: --delete-missing-args makes that of each path that is not in a folder without files."""
        with TemporaryDirectory() as empty:
            for path in paths:  # rsync wants to see the folders
                Path(empty, path).parent.mkdir(parents=True, exist_ok=True)
            command = ["rsync", *_OPTIONS, "--delete-missing-args", "--from0", "--files-from=-", "./"]
            given = "\0".join(paths).encode()
            self._run([*command, self._destination], "cannot delete", folder=Path(empty), given=given)

    def _run(
        self, command: Sequence[str], what: str, *, folder: Path, given: bytes = b"", accepted: Sequence[int] = (0,)
    ) -> None:
        run_program(
            command,
            what,
            folder=folder,
            given=given,
            shell_variable="RSYNC_RSH",
            environment=self._environment,
            accepted=accepted,
        )
