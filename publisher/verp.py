"""Variable envelope senders (VERP): `bounces+TOKEN@news.example` says which delivery a returned email is about.

The token is the only thing in a returned email that is trusted. What else names a recipient there may be an alias
or a forwarding address, or made up by anyone who writes to the address for bounces:
https://cr.yp.to/proto/verp.txt
"""

from __future__ import annotations

import re

# some gateways refuse characters other than these in an envelope sender
_TOKEN = r"[a-z0-9]+(?:-[a-z0-9]+)*"


def build_verp_address(address: str, token: str) -> str:
    """Return the envelope sender of a delivery: `address`, such as bounces@news.example, with its token.

    Raises ValueError for a token that is not of letters a-z, digits and hyphens.
    """
    if not re.fullmatch(_TOKEN, token):
        raise ValueError(f"{token!r} cannot be part of an envelope sender")
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


def find_verp_token(text: str, address: str) -> str:
    """Return the token of the first envelope sender of `address` in a text, "" if there is none.

    A server on the way may have changed the case of letters.
    """
    local, _, domain = address.rpartition("@")
    pattern = rf"(?<![^\s<>\"',;:]){re.escape(local)}\+({_TOKEN})@{re.escape(domain)}(?![\w.-])"
    found = re.search(pattern, text, re.IGNORECASE)
    return found[1].lower() if found else ""
