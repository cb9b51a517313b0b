"""A branch of the git repository that the newsletter is in, at its remote `origin`, as for GitHub Pages.

One push replaces all files at once, and git refuses it if another machine has pushed meanwhile: it is never forced.
The working tree and the index of the repository stay as they are, and so do other files of the branch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from publisher.errors import ConfigError
from publisher.failpoints import hit_failpoint
from publisher.upload.files import SiteFile
from publisher.upload.programs import run_program
from publisher.upload.settings import UploadSettings
from publisher.upload.target import Machine, UploadError, build_overtaken_error

_REMOTE = "origin"
_REF = "refs/publisher/upload"
"""Where the repository keeps the branch as it was read last."""

_NAME, _EMAIL = "newsletter-publisher", "newsletter-publisher@localhost"
_DELETED = b"0 " + b"0" * 40


class Branch:
    """A branch at the remote."""

    def __init__(self, settings: UploadSettings, machine: Machine) -> None:
        self._branch = settings.branch
        self._machine = machine
        self._parent = ""
        self._changes: list[bytes] = []
        self._environment = {
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": _NAME,
            "GIT_AUTHOR_EMAIL": _EMAIL,
            "GIT_COMMITTER_NAME": _NAME,
            "GIT_COMMITTER_EMAIL": _EMAIL,
        }

    def load(self) -> Mapping[str, str]:
        """Raises also ConfigError, if it is the branch of the newsletter itself."""
        with suppress(UploadError):  # no branch is checked out
            if self._git("symbolic-ref", "--short", "HEAD").decode().strip() == self._branch:
                hint = 'name another one, like upload = "git:gh-pages"'
                raise ConfigError(f"{self._branch} is the branch that the newsletter is in", hint)
        name = f"refs/heads/{self._branch}"
        if not self._git("ls-remote", _REMOTE, name, what=f"cannot read {_REMOTE}"):
            self._parent = ""
            return {}
        self._git("fetch", "--quiet", "--no-tags", _REMOTE, f"+{name}:{_REF}", what=f"cannot fetch {self._branch}")
        self._parent = self._git("rev-parse", _REF).decode().strip()
        entries = self._git("ls-tree", "-r", "-z", "--full-tree", _REF).decode("utf-8", "surrogateescape").split("\0")
        fields = (entry.partition("\t") for entry in entries if entry)
        return {path: about.split()[2] for about, _, path in fields}

    def begin(self, certain: Mapping[str, str]) -> None:  # noqa: ARG002 - a push changes all files or none
        """The claim is the commit that the next one is made on."""
        self._changes.clear()

    def write(self, files: Sequence[SiteFile]) -> None:
        hit_failpoint("uploading")
        paths = [str(self._machine.folder / file.path) for file in files]
        ids = self._git("hash-object", "-w", "--no-filters", "--stdin-paths", given="\n".join(paths).encode()).split()
        self._changes += [b"100644 %b\t%b" % (one, file.path.encode()) for one, file in zip(ids, files, strict=True)]

    def delete(self, paths: Sequence[str]) -> None:
        self._changes += [b"%b\t%b" % (_DELETED, path.encode()) for path in paths]

    def finish(self, digests: Mapping[str, str]) -> None:  # noqa: ARG002 - the branch is its own list of files
        """Commit and push."""
        hit_failpoint("uploading")
        commit = self._commit(self._changes)
        hit_failpoint("uploading")
        name = f"refs/heads/{self._branch}"
        try:
            self._git("push", "--quiet", _REMOTE, f"{commit}:{name}", what=f"cannot push {self._branch}")
        except UploadError:
            tip = self._git("ls-remote", _REMOTE, name, what=f"cannot read {_REMOTE}").decode().partition("\t")[0]
            if tip not in (self._parent, commit):
                raise build_overtaken_error() from None
            if tip != commit:
                raise
        hit_failpoint("uploading")

    def _commit(self, changes: Iterable[bytes]) -> str:
        """Return a new commit with the changes, on top of the branch."""
        with TemporaryDirectory() as temporary:
            index = {"GIT_INDEX_FILE": str(Path(temporary, "index"))}
            if self._parent:
                self._git("read-tree", self._parent, environment=index)
            self._git("update-index", "-z", "--index-info", given=b"\0".join([*changes, b""]), environment=index)
            tree = self._git("write-tree", environment=index).decode().strip()
        parents = ("-p", self._parent) if self._parent else ()
        time = self._machine.time().strftime("%Y-%m-%dT%H:%M:%S+0000")
        times = {"GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time}
        return self._git("commit-tree", tree, *parents, "-m", "Upload the site", environment=times).decode().strip()

    def _git(
        self,
        *arguments: str,
        what: str = "git failed",
        given: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> bytes:
        command = ["git", "-c", "commit.gpgSign=false", *arguments]
        known = {**self._environment, **(environment or {})}
        folder = self._machine.folder
        done = run_program(
            command, what, folder=folder, given=given, shell_variable="GIT_SSH_COMMAND", environment=known
        )
        return done.output
