"""Bounces in a mailbox on an IMAP server (RFC 3501, with UIDPLUS of RFC 4315).

Each message is fetched once, without being marked as read. A report that was recorded is deleted by its UID;
a server without UIDPLUS could only delete it together with what others have marked, so there it is marked and stays.
Nothing else is changed.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from publisher.bounce_settings import ImapAddress
from publisher.bounces.returned_mail import MAX_MAIL_BYTES
from publisher.errors import DeliveryError
from publisher.named_tuple import NamedTuple

_TIMEOUT = 30.0
_BATCH_SIZE = 200
"""How many messages are looked at in one pass."""

_HINT = "check `imap` and `password` in [bounces]"


class ImapPosition(NamedTuple):
    """How far a mailbox was read: its UIDVALIDITY, and the last UID; 0 for not at all."""

    validity: int = 0
    uid: int = 0


def read_imap(
    address: ImapAddress, password: str, position: ImapPosition, handle: Callable[[bytes], bool]
) -> tuple[int, ImapPosition]:
    """Pass each message after a position to `handle`, which returns whether it may be deleted.

    Return how many were, and the new position. Raises DeliveryError when the server cannot be used.
    """
    with _open_folder(address, password) as connection:
        return _read_messages(connection, position, handle)


def check_imap(address: ImapAddress, password: str) -> bool:
    """Log in and open the folder. Return whether single messages can be deleted (UIDPLUS). Raises DeliveryError."""
    with _open_folder(address, password) as connection:
        return _can_expunge(connection)


@contextmanager
def _open_folder(address: ImapAddress, password: str) -> Iterator[imaplib.IMAP4]:
    """Log in, open the folder, and log out at the end. Raises DeliveryError, also for an error in the block."""
    quoted = address.folder.replace("\\", "\\\\").replace('"', '\\"')
    try:
        connection = _connect(address)
        try:
            connection.login(address.user, password)
            status, data = connection.select(f'"{quoted}"')
            if status != "OK":
                raise imaplib.IMAP4.error(f"there is no mailbox {address.folder}: {_decode_answer(data)}")
            yield connection
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                connection.logout()
    except (imaplib.IMAP4.error, OSError, ValueError) as error:
        reason = " ".join(str(error).split()).replace(password, "…") if password else str(error)
        raise DeliveryError(f"cannot read bounces from {address.host}: {reason[:200]}", _HINT) from None


def _connect(address: ImapAddress) -> imaplib.IMAP4:
    if address.uses_tls:
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(address.host, address.port, ssl_context=context, timeout=_TIMEOUT)
    return imaplib.IMAP4(address.host, address.port, timeout=_TIMEOUT)


def _read_messages(
    connection: imaplib.IMAP4, position: ImapPosition, handle: Callable[[bytes], bool]
) -> tuple[int, ImapPosition]:
    _, data = connection.response("UIDVALIDITY")
    validity = int(_decode_answer(data) or 0)
    last = position.uid if position.validity == validity else 0
    can_expunge = _can_expunge(connection)
    deleted = 0
    for uid in _list_uids(connection, last)[:_BATCH_SIZE]:
        raw = _fetch(connection, uid)
        if raw is not None and handle(raw):
            connection.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)")
            if can_expunge:
                connection.uid("EXPUNGE", str(uid))
            deleted += 1
        last = uid
    return deleted, ImapPosition(validity, last)


def _can_expunge(connection: imaplib.IMAP4) -> bool:
    """Return whether single messages can be deleted: servers may say so only after the login."""
    _, data = connection.capability()
    return "UIDPLUS" in _decode_answer(data).upper().split()


def _list_uids(connection: imaplib.IMAP4, last: int) -> list[int]:
    """Return the UIDs after `last`. `n:*` has the last message of a mailbox, even if its UID is below n."""
    _, data = connection.uid("SEARCH", f"UID {last + 1}:*")
    return sorted(uid for word in _decode_answer(data).split() if word.isdecimal() and (uid := int(word)) > last)


def _fetch(connection: imaplib.IMAP4, uid: int) -> bytes | None:
    """Return a message, None if it is too long for a report, or not there any more."""
    _, data = connection.uid("FETCH", str(uid), "(RFC822.SIZE)")
    size = re.search(r"RFC822\.SIZE (\d+)", _decode_answer(data))
    if not size or int(size[1]) > MAX_MAIL_BYTES:
        return None
    _, data = connection.uid("FETCH", str(uid), "(BODY.PEEK[])")
    return next((part[1] for part in data if isinstance(part, tuple) and isinstance(part[1], bytes)), None)


def _decode_answer(data: object) -> str:
    """Return what a server answered as text."""
    parts = data if isinstance(data, list) else [data]
    return " ".join(part.decode("utf-8", "replace") for part in parts if isinstance(part, bytes))
