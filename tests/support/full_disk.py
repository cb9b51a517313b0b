"""A disk that is full, or fails otherwise, from the n-th write on: for commands in this process.

What Python writes goes through a few functions, which are replaced. What SQLite and other C code write does not:
for that there is a limit of the system on the size of files, `limited_file_size`.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class FailingDisk:
    """Counts the writes below some folders; the `at`-th fails with the error `number`, and all after it.

    At first none fails. `calls` names what was called, in order.
    """

    def __init__(self, folders: tuple[Path, ...], number: int = errno.ENOSPC) -> None:
        self.calls: list[str] = []
        self.at = 0
        self.lasts = True
        self._folders = tuple(f"{folder}{os.sep}" for folder in folders)
        self._number = number
        self._files: set[int] = set()

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Replace the functions that write."""
        for name in ("mkdir", "replace", "rename", "ftruncate", "write", "fsync"):
            patch.setattr(os, name, self._checked(name, getattr(os, name)))
        patch.setattr(os, "open", self._checked_open(os.open))
        for module in (io, builtins):
            patch.setattr(module, "open", self._checked_file(builtins.open if module is builtins else io.open))

    def _check(self, name: str, path: object) -> None:
        self.calls.append(f"{name} {path}")
        if self.at and (len(self.calls) >= self.at if self.lasts else len(self.calls) == self.at):
            raise OSError(self._number, os.strerror(self._number), path if isinstance(path, str) else None)

    def _concerns(self, target: object) -> bool:
        if isinstance(target, int):
            return target in self._files
        return isinstance(target, str | Path) and f"{target}{os.sep}".startswith(self._folders)

    def _checked(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(target: Any, *rest: Any, **more: Any) -> Any:
            if self._concerns(target):
                self._check(name, str(target) if not isinstance(target, int) else target)
            return real(target, *rest, **more)

        return call

    def _checked_open(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(path: Any, flags: int, *rest: Any, **more: Any) -> int:
            concerned = flags & _WRITE_FLAGS and self._concerns(path)
            if concerned:
                self._check("open", str(path))
            number = real(path, flags, *rest, **more)
            self._files.discard(number)
            if concerned:
                self._files.add(number)
            return number

        return call

    def _checked_file(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(target: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
            if not (set(mode) & set("wax+") and self._concerns(target)):
                return real(target, mode, *rest, **more)
            self._check("file", str(target) if not isinstance(target, int) else target)
            return _FailingFile(real(target, mode, *rest, **more), lambda: self._check("write to", target))

        return call


class _FailingFile:
    """A file whose writes may fail."""

    def __init__(self, file: Any, check: Callable[[], None]) -> None:
        self._file = file
        self._check = check

    def write(self, body: Any) -> Any:
        self._check()
        return self._file.write(body)

    def __enter__(self) -> _FailingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def limited_file_size(limit: int) -> Iterator[None]:
    """No file can be written beyond `limit` bytes; Python ignores the signal, so that a write fails with EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
