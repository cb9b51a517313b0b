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

from publisher.channels.email.headers import Mailbox, build_header, build_mailbox_header
from publisher.channels.email.message import build_thread_headers, encode_base64_lines, search_headers
from publisher.channels.email.recipients import normalize_address

PLACEHOLDERS = ("{address}", "{token}")
"""What an address for leaving the list may contain that is another one for each reader."""

_BYTES_PER_LINE = 57  # octets that a line of base64 holds
_TOKEN_LENGTH = 24


@dataclass(frozen=True, slots=True)
class PersonalizedMail:
    """A mail for one reader: `head` ends with the empty line. `digest` is the SHA-256 of the body."""

    headers: bytes
    body: bytes
    digest: bytes


class MailPersonalizer:
    """Makes copies of `mail`. `leave` is how to leave the list, as in the mail, and `secret` what the tokens
    in it are made with."""

    def __init__(self, mail: bytes, unsubscribe_url: str = "", secret: str = "") -> None:
        head, _, self._body = mail.partition(b"\r\n\r\n")
        at = head.index(b"\r\nTo: ") + 2
        self._common_headers, own = head[:at], head[at:].decode() + "\r\n"
        self._message_id = search_headers(r"^Message-ID: <([^>]+)>", own)
        self._parent_id = (
            search_headers(r"^In-Reply-To: <([^>]+)>", own) if b"\r\nIn-Reply-To: " in head else ""
        )
        self._list_id = search_headers(r"^List-Id: (?:.|\r\n )*<([^>]+)>\r$", head.decode())
        self._unsubscribe_headers = own[own.index("List-Unsubscribe: ") :]
        self._unsubscribe_url, self._secret = unsubscribe_url, secret.encode()
        self._is_personal = any(word in unsubscribe_url for word in PLACEHOLDERS)
        self._text_before_url = self._text_after_url = b""
        if self._is_personal:
            text = b64decode(self._body)
            before, _, self._text_after_url = text.rpartition(unsubscribe_url.encode())
            whole = len(before) // _BYTES_PER_LINE
            self._body = b"".join(self._body.splitlines(keepends=True)[:whole])
            self._text_before_url = before[whole * _BYTES_PER_LINE :]
        self._digest = hashlib.sha256(self._body)

    def personalize(self, mailbox: Mailbox) -> PersonalizedMail:
        """The copy for a reader, the same whenever it is made."""
        key = normalize_address(mailbox.address)
        own = build_mailbox_header("To", mailbox) + build_header(
            "Message-ID", _build_message_id(self._message_id, key)
        )
        if self._parent_id:
            own += build_thread_headers(_build_message_id(self._parent_id, key))
        if not self._is_personal:
            head = b"".join([self._common_headers, own, self._unsubscribe_headers.encode(), b"\r\n"])
            return PersonalizedMail(head, self._body, self._digest.digest())
        leave = self._build_unsubscribe_url(key)
        head = b"".join(
            [
                self._common_headers,
                own,
                self._unsubscribe_headers.replace(self._unsubscribe_url, leave).encode(),
                b"\r\n",
            ]
        )
        end = encode_base64_lines(self._text_before_url + leave.encode() + self._text_after_url)
        digest = self._digest.copy()
        digest.update(end)
        return PersonalizedMail(head, self._body + end, digest.digest())

    def _build_unsubscribe_url(self, key: str) -> str:
        told = hmac.new(self._secret, f"unsubscribe {self._list_id} {key}".encode(), "sha256").digest()
        values = {"address": quote(key, safe="@"), "token": urlsafe_b64encode(told)[:_TOKEN_LENGTH].decode()}
        return re.sub(r"\{(address|token)\}", lambda found: values[found[1]], self._unsubscribe_url)


def _build_message_id(message_id: str, key: str) -> str:
    """The Message-ID of the copy that a reader gets of the mail of this one, the same whenever it is made."""
    token = hashlib.sha256(f"{message_id} {key}".encode()).hexdigest()[:20]
    return f"<{message_id.partition('.')[0]}.{token}@{message_id.rpartition('@')[2]}>"
