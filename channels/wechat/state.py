"""What is remembered of an account from one run to the next, for all processes of one user.

The token, and what was uploaded. It lies outside the newsletter's folder, in a place that only its owner can
read: the token is worth as much as the secret for two hours, and nobody should put it under version control.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from publisher.channels.wechat.writer import BilingualMessage

_STORAGE_ERROR = BilingualMessage(
    "不能读写 {path}：{reason}",
    "把环境变量 XDG_CACHE_HOME 设为一个只有自己能读写的目录",
    "cannot use {path}: {reason}",
    "set XDG_CACHE_HOME to a folder that you may write to",
)


class AccountState:
    """JSON objects by name. Every method raises DeliveryError when the system refuses."""

    def __init__(self, appid: str, lang: str) -> None:
        self._appid = appid
        self._lang = lang

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Nobody else is inside this block for the same account, in any process."""
        with self._wrap_storage_errors():
            file = os.open(self._folder() / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(file, "rb"):
            with self._wrap_storage_errors():
                _lock_file(file)
            yield

    def load(self, name: str) -> dict[str, Any]:
        """What was written last; empty when there is nothing, or nothing that makes sense."""
        with self._wrap_storage_errors(), suppress(FileNotFoundError, ValueError):
            found = json.loads((self._folder() / f"{name}.json").read_bytes())
            return found if isinstance(found, dict) else {}
        return {}

    def save(self, name: str, values: dict[str, Any]) -> None:
        """Keep an object; only inside `locked`."""
        with self._wrap_storage_errors():
            path = self._folder() / f"{name}.json"
            unfinished = path.with_suffix(".new")
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(values, file)
            unfinished.replace(path)

    def set_value(self, name: str, key: str, value: str) -> None:
        """Put one value into an object; an empty one takes it out."""
        with self.lock():
            values = self.load(name)
            values.pop(key, None)
            self.save(name, values | {key: value} if value else values)

    def _folder(self) -> Path:
        folder = _find_cache_folder() / "publisher" / "wechat" / self._appid
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @contextmanager
    def _wrap_storage_errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError) as error:  # RuntimeError: there is no home
            path, reason = getattr(error, "filename", None) or "~", getattr(error, "strerror", None) or error
            raise _STORAGE_ERROR.build_error(self._lang, permanent=True, path=path, reason=reason) from None


def _find_cache_folder() -> Path:
    """The user's folder for caches, or that of the unit: https://systemd.io/CONTAINER_INTERFACE/"""
    for name in ("CACHE_DIRECTORY", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        if found := os.environ.get(name, "").partition(os.pathsep)[0]:
            return Path(found)
    return Path("~/.cache").expanduser()


if sys.platform == "win32":

    def _lock_file(file: int) -> None:
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_LOCK, 1)

else:

    def _lock_file(file: int) -> None:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
