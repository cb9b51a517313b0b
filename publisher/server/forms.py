"""The forms of the pages for subscribers: when one was shown, and the body that a browser or a mail provider POSTs.

A person needs some time to fill in a form, and a program does not. The time is signed, so that it cannot be made up;
nothing is stored for forms that are never sent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from publisher.signing import TAG_LENGTH, Purpose, SigningKeys

MIN_AGE = dt.timedelta(seconds=3)
"""No one types an address faster."""

MAX_AGE = dt.timedelta(days=1)
"""So that a form that was collected once cannot be sent for ever."""

MAX_BODY_BYTES = 65_536
"""A form has a few fields; the largest is the solution of a captcha, of less than 2 kB."""

_MAX_FIELDS = 20
_MAX_LENGTH = 4_096


def sign_form(keys: SigningKeys, now: dt.datetime) -> str:
    """Return the token of a form that is shown now."""
    return keys.sign(Purpose.FORM, f"{int(now.timestamp()):0{TAG_LENGTH}d}")


def is_form_fresh(keys: SigningKeys, token: str, now: dt.datetime) -> bool:
    """Return whether a form was shown by this list, at least MIN_AGE and at most MAX_AGE ago."""
    shown = keys.verify(token, Purpose.FORM)
    return shown.isdecimal() and MIN_AGE.total_seconds() <= now.timestamp() - int(shown) <= MAX_AGE.total_seconds()


def parse_form(content_type: str, body: bytes) -> Mapping[str, str]:
    """Return the fields by name, each with its first value; nothing for a body that is no form.

    Both media types of forms are known, because RFC 8058 (section 3.1) lets mail providers use either. Values that are
    longer than any that is asked for are left out.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        pairs = _parse_urlencoded(body)
    elif kind == "multipart/form-data":
        pairs = _parse_multipart(content_type, body)
    else:
        pairs = []
    fields: dict[str, str] = {}
    for name, value in pairs:
        if len(value) <= _MAX_LENGTH:
            fields.setdefault(name, value)
    return fields


def _parse_urlencoded(body: bytes) -> list[tuple[str, str]]:
    text = body.decode("utf-8", "replace")
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="replace")
    except ValueError:  # more fields
        return []


def _parse_multipart(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Return the fields of multipart/form-data (RFC 7578), without files; none for what cannot be parsed.

    The parser of Python fails on parts that are nested deeply, and on some headers that are not valid.
    """
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    try:
        return _read_parts(BytesParser(policy=HTTP).parsebytes(head + body))
    except (RecursionError, LookupError, ValueError, TypeError, AttributeError):
        return []


def _read_parts(message: EmailMessage) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes) and not part.get_filename():
            pairs.append((name, content.decode("utf-8", "replace")))
        if len(pairs) > _MAX_FIELDS:
            return []
    return pairs
