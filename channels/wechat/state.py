"""Data about an account that is kept between runs, shared by all processes of one user.

The access token, uploads, test drafts and submitted publications. It is stored outside the newsletter's
folder and readable only by its owner: for two hours the token is as sensitive as the AppSecret, and it must
not end up in version control.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from publisher.channels.wechat.bilingual import BilingualMessage
from publisher.errors import DeliveryError, StorageError

_STORAGE_ERROR = BilingualMessage(
    "无法读写 {path}：{reason}",
    "把环境变量 XDG_CACHE_HOME 设为一个只有自己能读写的目录",
    "cannot read or write {path}: {reason}",
    "set the environment variable XDG_CACHE_HOME to a private folder that you can write to",
)


class StateError(DeliveryError):
    """The files of an account cannot be read or written; nothing was sent."""

    exit_code = StorageError.exit_code


class AccountState:
    """Named JSON objects in files. Every method raises StateError when a file cannot be used."""

    def __init__(self, appid: str, lang: str) -> None:
        self._appid = appid
        self._lang = lang

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the exclusive lock of the account, across processes, for the duration of the block."""
        with self._wrap_storage_errors():
            file = os.open(self._folder() / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(file, "rb"):
            with self._wrap_storage_errors():
                _lock_file(file)
            yield

    def load(self, name: str) -> dict[str, Any]:
        """Return the object saved as `name`; {} if there is none or it is not a JSON object."""
        with self._wrap_storage_errors(), suppress(FileNotFoundError, ValueError):
            values = json.loads((self._folder() / f"{name}.json").read_bytes())
            return values if isinstance(values, dict) else {}
        return {}

    def save(self, name: str, values: dict[str, Any]) -> None:
        """Save an object atomically; to be called only while holding `lock`."""
        with self._wrap_storage_errors():
            path = self._folder() / f"{name}.json"
            temporary = path.with_suffix(".new")
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(values, file)
            temporary.replace(path)

    def set_value(self, name: str, key: str, value: str) -> None:
        """Set one value of an object; an empty `value` removes the key."""
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
        except (OSError, RuntimeError) as error:  # RuntimeError: no home directory
            path, reason = getattr(error, "filename", None) or "~", getattr(error, "strerror", None) or error
            raise StateError(*_STORAGE_ERROR.format(self._lang, path=path, reason=reason), permanent=True) from None


def _find_cache_folder() -> Path:
    """Return the user's cache folder, or that of the systemd unit.

    CACHE_DIRECTORY is set by systemd: https://systemd.io/CONTAINER_INTERFACE/
    """
    for name in ("CACHE_DIRECTORY", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        if folder := os.environ.get(name, "").partition(os.pathsep)[0]:
            return Path(folder)
    return Path("~/.cache").expanduser()


if sys.platform == "win32":

    def _lock_file(file: int) -> None:
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_LOCK, 1)

else:

    def _lock_file(file: int) -> None:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
