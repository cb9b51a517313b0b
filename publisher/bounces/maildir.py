"""Bounces in a Maildir: cr.yp.to/proto/maildir.html.

Only new messages are read. A report that was recorded is deleted. Any other message stays, and is marked as
mail readers do it: as seen by a program, and not by a person.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from publisher.bounces.returned_mail import MAX_MAIL_BYTES
from publisher.errors import StorageError

_UNREAD = ":2,"
"""Ends the name of a message in `cur` without flags."""


def read_maildir(folder: Path, handle: Callable[[bytes], bool]) -> int:
    """Pass each new email to `handle`, which returns whether it may be deleted. Return how many were.

    An email that `handle` raises an error for stays as it is. Raises StorageError.
    """
    deleted = 0
    for file in list_new_mails(folder):
        try:
            with file.open("rb") as stream:
                raw = stream.read(MAX_MAIL_BYTES + 1)
        except FileNotFoundError:  # a mail reader was faster
            continue
        except OSError as error:
            raise StorageError(f"cannot read {file}: {error.strerror}", _HINT) from None
        is_handled = handle(raw)
        try:
            if is_handled:
                file.unlink(missing_ok=True)
                deleted += 1
            else:
                file.rename(folder / "cur" / f"{file.name.partition(':')[0]}{_UNREAD}")
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StorageError(f"cannot change {folder}: {error.strerror}", _HINT) from None
    return deleted


_HINT = "check `maildir` in [bounces], and the rights of its folders new and cur"


def list_new_mails(folder: Path) -> list[Path]:
    """Return the files of new emails, oldest first. Raises StorageError if the folder is no Maildir."""
    try:
        if not (folder / "cur").is_dir():
            raise StorageError(f"{folder} is not a Maildir: it has no folder cur", _HINT)
        return sorted(file for file in (folder / "new").iterdir() if not file.name.startswith("."))
    except OSError as error:
        raise StorageError(f"cannot read {folder}: {error.strerror}", _HINT) from None
