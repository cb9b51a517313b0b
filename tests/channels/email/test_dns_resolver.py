"""DNS lookups, answered by a server on this machine."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from publisher.channel import Finding, FindingLevel
from publisher.channels.email import doctor
from publisher.channels.email.dns_resolver import DnsResolver
from publisher.channels.email.sender_dns import DnsLookupError
from tests.channels.email.smtp_server import channel_of
from tests.support.servers.mail_server import MailServer

ZONE = {
    ("ferry.net.", "TXT"): ['"v=spf1 " "-all"', '"other"'],
    ("_dmarc.ferry.net.", "TXT"): ['"v=DMARC1; p=none"'],
    ("alias.ferry.net.", "TXT"): ['"v=spf1 mx -all"'],
    ("mail.ferry.net.", "A"): ["192.0.2.7"],
    ("mail.ferry.net.", "AAAA"): ["2001:db8::7"],
    ("7.2.0.192.in-addr.arpa.", "PTR"): ["Mail.Ferry.net."],
}
NAMES = {name for name, _ in ZONE}


@pytest.fixture
def resolver() -> Iterator[DnsResolver]:
    """Asks a server that knows ZONE, refuses broken.net, and says of all other names that they do not exist."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        yield DnsResolver("127.0.0.1", server.getsockname()[1])
        server.sendto(b"end", server.getsockname())
        thread.join()


def serve(server: socket.socket) -> None:
    while (packet := server.recvfrom(4096))[0] != b"end":
        query = dns.message.from_wire(packet[0])
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        (question,) = query.question
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        if name == "broken.net.":
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in NAMES:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif records := ZONE.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *records))
        server.sendto(answer.to_wire(), packet[1])


def test_records_are_found(resolver: DnsResolver) -> None:
    assert sorted(resolver.find_texts("ferry.net")) == ["other", "v=spf1 -all"]
    assert resolver.find_addresses("mail.ferry.net") == ["192.0.2.7", "2001:db8::7"]
    assert resolver.find_host_names("192.0.2.7") == ["mail.ferry.net"]


def test_what_is_not_there_is_nothing(resolver: DnsResolver) -> None:
    assert resolver.find_texts("nowhere.net") == []
    assert resolver.find_texts("mail.ferry.net") == []
    assert resolver.find_addresses("ferry.net") == []
    assert resolver.find_host_names("2001:db8::7") == []


def test_no_answer_is_not_nothing(resolver: DnsResolver) -> None:
    with pytest.raises(DnsLookupError, match=r"no answer for TXT of broken\.net"):
        resolver.find_texts("broken.net")


def examine(**settings: object) -> list[Finding]:
    with MailServer() as server:
        return [*channel_of(server, from_="lin@ferry.net", **settings).diagnose()]


def test_doctor_looks_up_the_sender(resolver: DnsResolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DnsResolver", lambda: resolver)
    said = [one.message for one in examine()]
    assert said[-2:] == ["SPF of ferry.net: v=spf1 -all", "DMARC of ferry.net: p=none; SPF is aligned"]


def test_doctor_looks_up_nothing_of_an_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DnsResolver", lambda: pytest.fail("looked up"))
    with MailServer() as server:
        assert not [one for one in channel_of(server).diagnose() if "DNS" in one.message]


def test_doctor_says_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dns.resolver", None)
    found = examine()[-1]
    assert (found.level, found.message) == (
        FindingLevel.OK,
        "SPF, DKIM, DMARC and PTR were not checked: the package dnspython is not installed",
    )
    assert "[dns]" in found.hint


def test_doctor_warns_of_many_recipients_at_a_provider() -> None:
    addresses = tuple(f"reader{n}@gmail.com" for n in range(4_000))
    said = [one.message for one in examine(recipients_=addresses) if one.level is FindingLevel.WARNING]
    assert said[1] == "4,000 recipients at Gmail, which will soon treat you as a bulk sender: 5,000 a day"
    assert said[2].startswith("the DNS records of ferry.net could not be checked")
