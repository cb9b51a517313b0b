"""The DNS records of a sender: each right, missing, wrong and twice; nothing is looked up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from publisher.channel import Finding, FindingLevel
from publisher.channels.email.sender_dns import DnsLookupError, SenderIdentity, diagnose_dns

OK, WARNING, ERROR = FindingLevel.OK, FindingLevel.WARNING, FindingLevel.ERROR
RECORD = "v=DKIM1; k=rsa; p=MIIBIjANBg"
SENDER = SenderIdentity("news.ferry.net", "s1._domainkey.ferry.net", RECORD, "mail.ferry.net")

RIGHT: Mapping[str, Sequence[str]] = {
    "news.ferry.net": ["google-site-verification=1", "v=spf1 include:_spf.relay.net ip4:192.0.2.7 mx ~all"],
    "_spf.relay.net": ["v=spf1 ip4:198.51.100.0/24 -all"],
    "s1._domainkey.ferry.net": ["v=DKIM1; k=rsa; p=MIIB IjANBg"],
    "_dmarc.ferry.net": ["v=DMARC1; p=none; rua=mailto:a@ferry.net"],
    "mail.ferry.net A": ["8.8.4.7"],
    "8.8.4.7 PTR": ["mail.ferry.net"],
}


class Zone:
    """The DNS of a test. A name that leads to None gets no answer."""

    def __init__(self, records: Mapping[str, Sequence[str] | None]) -> None:
        self.records = records
        self.asked: list[str] = []

    def find_texts(self, name: str) -> list[str]:
        return self._find(name)

    def find_addresses(self, host: str) -> list[str]:
        return self._find(f"{host} A")

    def find_host_names(self, address: str) -> list[str]:
        return self._find(f"{address} PTR")

    def _find(self, question: str) -> list[str]:
        self.asked.append(question)
        found = self.records.get(question, [])
        if found is None:
            raise DnsLookupError(f"no answer for {question}")
        return [*found]


def examine(changes: Mapping[str, Sequence[str] | None], sender: SenderIdentity = SENDER) -> list[Finding]:
    return [*diagnose_dns(sender, Zone({**RIGHT, **changes}))]


def test_all_is_right() -> None:
    assert examine({}) == [
        Finding(OK, "SPF of news.ferry.net: v=spf1 include:_spf.relay.net ip4:192.0.2.7 mx ~all"),
        Finding(OK, "the DKIM key at s1._domainkey.ferry.net is that of `dkim_key`"),
        Finding(OK, "DMARC of news.ferry.net: p=none; DKIM of ferry.net and SPF are aligned"),
        Finding(OK, "8.8.4.7 is called mail.ferry.net (PTR)"),
    ]


MANY = {f"s{n}.relay.net": ["v=spf1 a mx -all"] for n in range(4)}
NEW_SPF = "v=spf1 " + " ".join(f"include:{name}" for name in MANY)

WRONG: list[tuple[Mapping[str, Sequence[str] | None], str]] = [
    ({"news.ferry.net": []}, "news.ferry.net has no SPF record"),
    ({"news.ferry.net": ["v=spf10 -all"]}, "news.ferry.net has no SPF record"),
    ({"news.ferry.net": ["v=spf1 -all", "V=SPF1 mx -all"]}, "news.ferry.net has 2 SPF records, which count as none"),
    ({"news.ferry.net": ["v=spf1 +all"]}, "the SPF record of news.ferry.net allows any server to send (+all)"),
    ({"news.ferry.net": ["v=spf1 mx ALL"]}, "the SPF record of news.ferry.net allows any server to send (+all)"),
    ({"_spf.relay.net": []}, "the SPF record of news.ferry.net is invalid: _spf.relay.net has no SPF record"),
    (
        {"news.ferry.net": [NEW_SPF], **MANY},
        "the SPF record of news.ferry.net is invalid: it takes more than 10 DNS lookups",
    ),
    ({"_dmarc.ferry.net": []}, "news.ferry.net has no DMARC record"),
    ({"_dmarc.ferry.net": ["v=DMARC10; p=none"]}, "news.ferry.net has no DMARC record"),
    (
        {"_dmarc.news.ferry.net": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]},
        "news.ferry.net has 2 DMARC records, which count as none",
    ),
    (
        {"_dmarc.ferry.net": ["v=DMARC1; p=reject; adkim=s"]},
        "DMARC of news.ferry.net wants signatures of exactly this domain (adkim=s), not of ferry.net",
    ),
    ({"8.8.4.7 PTR": []}, "8.8.4.7, of the mail server mail.ferry.net, has no name in reverse DNS (PTR)"),
    (
        {"8.8.4.7 PTR": ["host7.cheap.net"], "host7.cheap.net A": ["8.8.4.8"]},
        "8.8.4.7, of the mail server mail.ferry.net, is called host7.cheap.net (PTR), which does not lead back to it",
    ),
]


@pytest.mark.parametrize(("changes", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_wrong_is_a_warning(changes: Mapping[str, Sequence[str]], message: str) -> None:
    (found,) = [one for one in examine(changes) if one.level is not OK]
    assert (found.level, found.message) == (WARNING, message)
    assert found.hint


def test_a_server_without_a_public_address_may_hand_emails_to_another() -> None:
    found = examine({"mail.ferry.net A": ["10.0.0.7"]})[-1]
    assert found == Finding(OK, "the mail server calls itself mail.ferry.net, which has no public IP address in DNS")


WRONG_KEYS: list[tuple[Sequence[str], FindingLevel, str]] = [
    ([], ERROR, "s1._domainkey.ferry.net has no DKIM key"),
    (["v=DKIM1; p=AAAA"], ERROR, "the DKIM key at s1._domainkey.ferry.net is not that of `dkim_key`"),
    (
        ["v=DKIM1; p="],
        ERROR,
        "the DKIM key at s1._domainkey.ferry.net is not that of `dkim_key`, which means it was revoked (p=)",
    ),
    ([RECORD, RECORD], ERROR, "s1._domainkey.ferry.net has 2 DKIM keys, and receivers may use any of them"),
    ([f"{RECORD}; t=s:y"], WARNING, "the DKIM key at s1._domainkey.ferry.net is marked as a test (t=y)"),
]


@pytest.mark.parametrize(("records", "level", "message"), WRONG_KEYS, ids=[message for *_, message in WRONG_KEYS])
def test_a_key_that_verifies_nothing(records: Sequence[str], level: FindingLevel, message: str) -> None:
    (found,) = [one for one in examine({"s1._domainkey.ferry.net": records}) if one.level is not OK]
    assert (found.level, found.message) == (level, message)
    assert level is WARNING or len(records) > 1 or RECORD in found.hint


def test_spf_records_that_include_each_other_end() -> None:
    found = examine({"_spf.relay.net": ["v=spf1 include:news.ferry.net include:_spf.relay.net ?all"]})
    assert found[0].level is OK


def test_a_record_with_a_macro_is_not_followed() -> None:
    zone = Zone({**RIGHT, "news.ferry.net": ["v=spf1 exists:%{i}._spf.relay.net redirect=%{d}.relay.net"]})
    assert next(diagnose_dns(SENDER, zone)).level is OK
    assert not [name for name in zone.asked if "%" in name]


def test_what_publisher_does_not_know_is_not_looked_up() -> None:
    zone = Zone(RIGHT)
    found = [*diagnose_dns(SenderIdentity("news.ferry.net"), zone)]
    assert [one.message for one in found][1:] == ["DMARC of news.ferry.net: p=none; SPF is aligned"]
    assert not [name for name in zone.asked if "_domainkey" in name or name.endswith((" A", " PTR"))]


def test_a_deep_domain_asks_eight_times_at_most() -> None:
    domain = ".".join("abcdefghijkl") + ".net"
    zone = Zone({domain: ["v=spf1 -all"]})
    assert [one.level for one in diagnose_dns(SenderIdentity(domain), zone)] == [OK, WARNING]
    asked = [name for name in zone.asked if name.startswith("_dmarc.")]
    assert asked[:2] == [f"_dmarc.{domain}", "_dmarc.g.h.i.j.k.l.net"]
    assert len(asked) <= 8
    assert asked[-1] == "_dmarc.l.net"


@pytest.mark.parametrize("name", ["news.ferry.net", "_dmarc.ferry.net", "mail.ferry.net A", "8.8.4.7 PTR"])
def test_without_an_answer_nothing_is_said_to_be_wrong(name: str) -> None:
    (found,) = [one for one in examine({name: None}) if one.level is not OK]
    assert found == Finding(
        WARNING, f"the DNS records of news.ferry.net could not be checked: no answer for {name}", "check the network"
    )
