"""Makes the recipients' copies from the rendered message.

Copies differ in the Date and in the headers at the end: To, Message-ID, In-Reply-To, References and
List-Unsubscribe. If the unsubscribe URL is personal, they also differ in the last lines of the text, and only these
are encoded again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
from base64 import b64decode, urlsafe_b64encode
from urllib.parse import quote

from msgspec import Struct

from publisher.channels.email.headers import build_header, build_mailbox_header, format_rfc5322_date
from publisher.channels.email.message import build_message_id, build_thread_headers, encode_base64_lines, search_headers
from publisher.mail_address import Mailbox, normalize_address

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


class MailTemplate:
    """A message made by `build_message`, from which the recipients' copies are made.

    `unsubscribe_url` is the URL with placeholders as it is in the message; `secret` is the HMAC key of its
    tokens. Raises ValueError for any other message.
    """

    def __init__(self, mail: bytes, unsubscribe_url: str = "", secret: str = "") -> None:
        headers, _, body = mail.partition(b"\r\n\r\n")
        split_at = headers.index(b"\r\nTo: ") + 2
        common_headers, own_headers = headers[:split_at], headers[split_at:].decode() + "\r\n"
        date_at = common_headers.index(b"\r\nDate: ") + 2  # folded lines begin with a space, so it is the header
        self._before_date, rest = common_headers[:date_at], common_headers[date_at:]
        self._date, line_end, self._after_date = rest.partition(b"\r\n")
        self._date += line_end
        self._message_id = search_headers(r"^Message-ID: <([^>]+)>", own_headers)
        is_reply = b"\r\nIn-Reply-To: " in headers
        self._parent_id = search_headers(r"^In-Reply-To: <([^>]+)>", own_headers) if is_reply else ""
        self._list_id = search_headers(r"^List-Id: (?:.|\r\n )*<([^>]+)>\r$", headers.decode())
        self._unsubscribe_headers = own_headers[own_headers.index("List-Unsubscribe: ") :]
        self._unsubscribe_url, self._secret = unsubscribe_url, secret.encode()
        self._body, self._text_before_url, self._text_after_url = body, b"", b""
        if any(placeholder in unsubscribe_url for placeholder in PLACEHOLDERS):
            before, _, self._text_after_url = b64decode(body).rpartition(unsubscribe_url.encode())
            common_lines = len(before) // _BYTES_PER_LINE
            self._body = b"".join(body.splitlines(keepends=True)[:common_lines])
            self._text_before_url = before[common_lines * _BYTES_PER_LINE :]
        self._digest = hashlib.sha256(self._body)

    def personalize(
        self, mailbox: Mailbox, first_attempt: dt.datetime | None = None, token: str = ""
    ) -> PersonalizedMail:
        """Return the copy for a recipient; the same bytes each time. `token` is that of the recipient's unsubscribe
        URL; without one, it is made of the address.

        It is dated `first_attempt` (aware), when it is ready to be sent (RFC 5322, section 3.6.1), because servers
        refuse mail that is a week old, and the issue may be older than that. None: as the message is. Its unsubscribe
        URL has the address as it stands on the list, which is where the page looks it up.
        """
        key = normalize_address(mailbox.address)
        headers = [
            self._before_date,
            build_header("Date", format_rfc5322_date(first_attempt)) if first_attempt else self._date,
            self._after_date,
            build_mailbox_header("To", mailbox),
            build_header("Message-ID", _build_copy_id(self._message_id, key)),
            build_thread_headers(_build_copy_id(self._parent_id, key)) if self._parent_id else b"",
        ]
        unsubscribe_headers, last_lines, digest = self._unsubscribe_headers, b"", self._digest.copy()
        if self._text_after_url:  # the URL is personal
            url = self._build_unsubscribe_url(mailbox.written or mailbox.address, token)
            unsubscribe_headers = unsubscribe_headers.replace(self._unsubscribe_url, url)
            last_lines = encode_base64_lines(self._text_before_url + url.encode() + self._text_after_url)
            digest.update(last_lines)
        headers += [unsubscribe_headers.encode(), b"\r\n"]
        return PersonalizedMail(b"".join(headers), self._body + last_lines, digest.digest())

    def _build_unsubscribe_url(self, address: str, token: str) -> str:
        if not token:
            mac = hmac.new(self._secret, f"unsubscribe {self._list_id} {address}".encode(), "sha256").digest()
            token = urlsafe_b64encode(mac)[:_TOKEN_LENGTH].decode()
        # a + in a query is read as a space by many; an @ is allowed there and in a path (RFC 3986, section 3.3)
        values = {"address": quote(address, safe="@"), "token": token}
        return re.sub(r"\{(address|token)\}", lambda match: values[match[1]], self._unsubscribe_url)


def _build_copy_id(message_id: str, key: str) -> str:
    """Return the Message-ID of a recipient's copy of the message with `message_id`."""
    return build_message_id(message_id, key, message_id.partition(".")[0], message_id.rpartition("@")[2])
