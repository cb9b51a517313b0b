"""Makes the recipients' copies from the rendered message.

Copies differ in the headers at the end: To, Message-ID, In-Reply-To, References and List-Unsubscribe. If the
unsubscribe URL is personal, they also differ in the last lines of the text, and only these are encoded again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, urlsafe_b64encode
from urllib.parse import quote

from msgspec import Struct

from publisher.channels.email.headers import Mailbox, build_header, build_mailbox_header
from publisher.channels.email.message import build_thread_headers, encode_base64_lines, search_headers
from publisher.channels.email.recipients import normalize_address

PLACEHOLDERS = ("{address}", "{token}")
"""The parts of an unsubscribe URL that are filled in for each recipient."""

_BYTES_PER_LINE = 57  # bytes that a base64 line of 76 characters holds
_TOKEN_LENGTH = 24


class PersonalizedMail(Struct, frozen=True):
    """A message for one recipient; `headers` ends with the empty line.

    `digest` is the SHA-256 of the body.
    """

    headers: bytes
    body: bytes
    digest: bytes


class MailPersonalizer:
    """Makes copies of `mail`, a message made by `build_message`.

    `unsubscribe_url` is the URL with placeholders as it is in the message; `secret` is the HMAC key of its
    tokens. Raises ValueError for any other message.
    """

    def __init__(self, mail: bytes, unsubscribe_url: str = "", secret: str = "") -> None:
        headers, _, self._body = mail.partition(b"\r\n\r\n")
        split_at = headers.index(b"\r\nTo: ") + 2
        self._common_headers, own_headers = headers[:split_at], headers[split_at:].decode() + "\r\n"
        self._message_id = search_headers(r"^Message-ID: <([^>]+)>", own_headers)
        self._parent_id = (
            search_headers(r"^In-Reply-To: <([^>]+)>", own_headers) if b"\r\nIn-Reply-To: " in headers else ""
        )
        self._list_id = search_headers(r"^List-Id: (?:.|\r\n )*<([^>]+)>\r$", headers.decode())
        self._unsubscribe_headers = own_headers[own_headers.index("List-Unsubscribe: ") :]
        self._unsubscribe_url, self._secret = unsubscribe_url, secret.encode()
        self._is_personal = any(placeholder in unsubscribe_url for placeholder in PLACEHOLDERS)
        self._text_before_url = self._text_after_url = b""
        if self._is_personal:
            text = b64decode(self._body)
            before, _, self._text_after_url = text.rpartition(unsubscribe_url.encode())
            common_lines = len(before) // _BYTES_PER_LINE
            self._body = b"".join(self._body.splitlines(keepends=True)[:common_lines])
            self._text_before_url = before[common_lines * _BYTES_PER_LINE :]
        self._digest = hashlib.sha256(self._body)

    def personalize(self, mailbox: Mailbox) -> PersonalizedMail:
        """Return the copy for a recipient; the same bytes each time."""
        key = normalize_address(mailbox.address)
        own_headers = build_mailbox_header("To", mailbox) + build_header(
            "Message-ID", _build_message_id(self._message_id, key)
        )
        if self._parent_id:
            own_headers += build_thread_headers(_build_message_id(self._parent_id, key))
        if not self._is_personal:
            headers = b"".join(
                [self._common_headers, own_headers, self._unsubscribe_headers.encode(), b"\r\n"]
            )
            return PersonalizedMail(headers, self._body, self._digest.digest())
        url = self._build_unsubscribe_url(key)
        headers = b"".join(
            [
                self._common_headers,
                own_headers,
                self._unsubscribe_headers.replace(self._unsubscribe_url, url).encode(),
                b"\r\n",
            ]
        )
        last_lines = encode_base64_lines(self._text_before_url + url.encode() + self._text_after_url)
        digest = self._digest.copy()
        digest.update(last_lines)
        return PersonalizedMail(headers, self._body + last_lines, digest.digest())

    def _build_unsubscribe_url(self, key: str) -> str:
        mac = hmac.new(self._secret, f"unsubscribe {self._list_id} {key}".encode(), "sha256").digest()
        values = {"address": quote(key, safe="@"), "token": urlsafe_b64encode(mac)[:_TOKEN_LENGTH].decode()}
        return re.sub(r"\{(address|token)\}", lambda match: values[match[1]], self._unsubscribe_url)


def _build_message_id(message_id: str, key: str) -> str:
    """Return the Message-ID of a recipient's copy of the message with `message_id`; the same each time."""
    token = hashlib.sha256(f"{message_id} {key}".encode()).hexdigest()[:20]
    return f"<{message_id.partition('.')[0]}.{token}@{message_id.rpartition('@')[2]}>"
