"""The copies of a mail for its readers, made from the mail as it was rendered.

What differs stands at the end of the head: To, Message-ID, what it answers, and how to leave the list; and if
leaving takes an address of one's own, in the last lines of the text, which alone are encoded anew.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from urllib.parse import quote

from publisher.channels.email.headers import Mailbox, header, mailbox_header
from publisher.channels.email.message import encoded, found, thread
from publisher.channels.email.recipients import folded

PERSONAL = ("{address}", "{token}")
"""What an address for leaving the list may contain that is another one for each reader."""

_PER_LINE = 57  # octets that a line of base64 holds
_TOKEN = 24


@dataclass(frozen=True, slots=True)
class Copy:
    """A mail for one reader: `head` ends with the empty line. `digest` is the SHA-256 of the body."""

    head: bytes
    body: bytes
    digest: bytes


class Copies:
    """Makes copies of `mail`. `leave` is how to leave the list, as in the mail, and `secret` what the tokens
    in it are made with."""

    def __init__(self, mail: bytes, leave: str = "", secret: str = "") -> None:
        head, _, self._body = mail.partition(b"\r\n\r\n")
        at = head.index(b"\r\nTo: ") + 2
        self._head, own = head[:at], head[at:].decode() + "\r\n"
        self._id = found(r"^Message-ID: <([^>]+)>", own)
        self._first = found(r"^In-Reply-To: <([^>]+)>", own) if b"\r\nIn-Reply-To: " in head else ""
        self._list = found(r"^List-Id: (?:.|\r\n )*<([^>]+)>\r$", head.decode())
        self._leaving = own[own.index("List-Unsubscribe: ") :]
        self._leave, self._secret = leave, secret.encode()
        self._is_personal = any(word in leave for word in PERSONAL)
        self._before = self._after = b""
        if self._is_personal:
            text = b64decode(self._body)
            before, _, self._after = text.rpartition(leave.encode())
            whole = len(before) // _PER_LINE
            self._body = b"".join(self._body.splitlines(keepends=True)[:whole])
            self._before = before[whole * _PER_LINE :]
        self._digest = hashlib.sha256(self._body)

    def to(self, box: Mailbox) -> Copy:
        """The copy for a reader, the same whenever it is made."""
        key = folded(box.address)
        own = mailbox_header("To", box) + header("Message-ID", _own_id(self._id, key))
        if self._first:
            own += thread(_own_id(self._first, key))
        if not self._is_personal:
            head = b"".join([self._head, own, self._leaving.encode(), b"\r\n"])
            return Copy(head, self._body, self._digest.digest())
        leave = self._own_way(key)
        head = b"".join([self._head, own, self._leaving.replace(self._leave, leave).encode(), b"\r\n"])
        end = encoded(self._before + leave.encode() + self._after)
        digest = self._digest.copy()
        digest.update(end)
        return Copy(head, self._body + end, digest.digest())

    def _own_way(self, key: str) -> str:
        told = hmac.new(self._secret, f"unsubscribe {self._list} {key}".encode(), "sha256").digest()
        values = {"address": quote(key, safe="@"), "token": urlsafe_b64encode(told)[:_TOKEN].decode()}
        return re.sub(r"\{(address|token)\}", lambda found: values[found[1]], self._leave)


def _own_id(mail: str, key: str) -> str:
    """The Message-ID of the copy that a reader gets of the mail of this one, the same whenever it is made."""
    token = hashlib.sha256(f"{mail} {key}".encode()).hexdigest()[:20]
    return f"<{mail.partition('.')[0]}.{token}@{mail.rpartition('@')[2]}>"
