"""How many confirmations may be asked for, so that the form cannot be used to send mail to people who did not ask.

A confirmation goes to an address that anyone can type. So there are limits for each address, for each client and its
network, for each domain that is not of a big provider, and one for the whole list, which holds when an attacker has
many clients and many victims.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from enum import Enum
from ipaddress import ip_address, ip_network

from publisher.ledger import Ledger
from publisher.ledger.requests import RequestLimit, forget_requests, record_request
from publisher.signing import SigningKeys


class LimitKind(Enum):
    """What a limit is for."""

    TOTAL = "total"
    CLIENT = "client"
    NETWORK = "network"
    DOMAIN = "domain"
    ADDRESS = "address"


_HOUR, _DAY = dt.timedelta(hours=1), dt.timedelta(days=1)

LIMITS: tuple[tuple[LimitKind, int, dt.timedelta | None], ...] = (
    (LimitKind.TOTAL, 100, _HOUR),
    (LimitKind.TOTAL, 500, _DAY),
    (LimitKind.CLIENT, 5, _HOUR),
    (LimitKind.CLIENT, 10, _DAY),
    (LimitKind.NETWORK, 30, _DAY),
    (LimitKind.DOMAIN, 30, _DAY),
    (LimitKind.ADDRESS, 1, _DAY),
    (LimitKind.ADDRESS, 3, None),
)
"""At most so many in the time before; None is ever. Those for the address come last: which of the others is reached
says nothing about the address."""

_BIG_PROVIDERS = {
    "126.com", "139.com", "163.com", "aliyun.com", "aol.com", "fastmail.com", "foxmail.com", "free.fr", "gmail.com",
    "gmx.de", "gmx.net", "googlemail.com", "hey.com", "hotmail.com", "icloud.com", "laposte.net", "live.com",
    "mac.com", "mail.com", "mail.ru", "me.com", "msn.com", "naver.com", "orange.fr", "outlook.com", "pm.me",
    "posteo.de", "proton.me", "protonmail.com", "qq.com", "sina.com", "sohu.com", "t-online.de", "web.de", "ya.ru",
    "yahoo.co.jp", "yahoo.com", "yandex.ru", "yeah.net", "ymail.com", "zoho.com",
}  # fmt: skip
"""Domains with so many people that a limit for all of them would keep people out."""

_GMAIL = frozenset({"gmail.com", "googlemail.com"})
"""Domains with the same mailboxes: https://support.google.com/mail/answer/10313"""


class SignUpLimits:
    """The limits of one list. Subjects are stored as keyed hashes, from which no one can tell an address."""

    def __init__(self, ledger: Ledger, newsletter: str, keys: SigningKeys) -> None:
        self._ledger, self._newsletter, self._keys = ledger, newsletter, keys

    def admit(self, address: str, client: str, now: dt.datetime) -> LimitKind | None:
        """Count a request for a normalized address. Return the limit that it would pass; then it is not counted.

        `client` is an IPv4 address or an IPv6 network of 64 bits, "" if it is not known: then there is none for it.
        """
        subjects = dict(_list_subjects(address, client))
        limits = [
            RequestLimit(kind.value, self._hash(kind, subjects[kind]), most, window)
            for kind, most, window in LIMITS
            if kind in subjects
        ]
        kind = record_request(self._ledger, self._newsletter, limits, now)
        return LimitKind(kind) if kind else None

    def use_once(self, challenge: str, now: dt.datetime) -> bool:
        """Return whether the solution of a captcha's challenge was not used in the last two days, and record that it
        is now. Challenges are valid for a shorter time."""
        limit = RequestLimit("challenge", self._keys.hash_address(f"challenge {challenge}"), 1, 2 * _DAY)
        return not record_request(self._ledger, self._newsletter, [limit], now)

    def forget(self, address: str, at: dt.datetime | None = None) -> None:
        """Count the requests for an address no more, because its owner has confirmed; or only that of a time, for which
        no mail was sent."""
        subject = self._hash(LimitKind.ADDRESS, _get_mailbox(address))
        forget_requests(self._ledger, self._newsletter, LimitKind.ADDRESS.value, subject, at)

    def _hash(self, kind: LimitKind, subject: str) -> str:
        return self._keys.hash_address(f"{kind.value} {subject}")


def find_network(client: str) -> str:
    """Return the network of a client: /24 of IPv4, /48 of IPv6; "" for something that is no address.

    For limits, and for consent records, which need not tell one person from the others there.
    """
    try:
        address = ip_address(client.partition("/")[0])
    except ValueError:
        return ""
    return str(ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False))


def _list_subjects(address: str, client: str) -> Iterator[tuple[LimitKind, str]]:
    """Yield what a request counts for."""
    yield LimitKind.TOTAL, ""
    if network := find_network(client):
        yield LimitKind.CLIENT, client
        yield LimitKind.NETWORK, network
    domain = address.rpartition("@")[2]
    if domain not in _BIG_PROVIDERS:
        yield LimitKind.DOMAIN, domain
    yield LimitKind.ADDRESS, _get_mailbox(address)


def _get_mailbox(address: str) -> str:
    """Return the mailbox of a normalized address: at Gmail, dots do not count, and there are two domains, else each
    mailbox would have hundreds of addresses."""
    local, _, domain = address.rpartition("@")
    return f"{local.replace('.', '')}@gmail.com" if domain in _GMAIL else address
