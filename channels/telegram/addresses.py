"""Which addresses Telegram takes for a link. Any other would be lost there without a word, or refused."""

from __future__ import annotations

import re

from publisher.channels.telegram.limits import LONGEST_URL
from publisher.links import ascii_url

# tdlib/td: tdutils/td/utils/HttpUrl.cpp (parse_url) and td/telegram/LinkManager.cpp (check_link_impl), for
# addresses in ASCII: http or https, a dot in the host, a port from 1 to 65535
_NAME = r"(?:[A-Za-z0-9._!$,~*'();&+=-]|%[0-9A-Fa-f]{2})"
_TAKEN = re.compile(
    rf"https?://(?:(?:{_NAME}|:)*@)?(?P<host>{_NAME}+)(?::0*(?P<port>[1-9]\d{{0,4}}))?(?:[/?#].*)?", re.I
)
_EMAIL = re.compile(r"mailto:([A-Za-z0-9._+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,8})(?:\?.*)?", re.I)


def link(url: str) -> str:
    """The address in the form in which Telegram takes it; empty when it takes none."""
    url = ascii_url(url)
    found = _TAKEN.fullmatch(url) if len(url) <= LONGEST_URL else None
    if not found or "." not in found["host"].strip("."):
        return ""
    return url if int(found["port"] or 80) <= 65535 else ""


def email(url: str) -> str:
    """The address of a mailto: link that Telegram recognises where it stands in a text, else empty."""
    found = _EMAIL.fullmatch(url)
    return found[1] if found else ""
