"""Where no link may lead, whatever its name says."""

from __future__ import annotations

import ipaddress

import pytest

from publisher.linkcheck import LinkState
from publisher.linkcheck.guard import is_public

PRIVATE = [
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1"),
    *("192.0.0.8", "192.0.2.1", "192.168.1.1", "198.18.0.1", "203.0.113.5", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
    *("2002:7f00:1::1", "2002:a00:1::", "fec0::1", "64:ff9b:1::7f00:1", "5f00::1", "3fff::1"),
    *("2001:0:7f00:1::", "::ffff:0:7f00:1"),
]

INFRASTRUCTURE = {
    "Azure's host": ("168.63.129.16",),
    "IBM Cloud's services": ("161.26.0.10", "161.26.255.255", "166.8.0.0", "166.9.12.114", "166.11.255.255"),
    "relays of 6to4": ("192.88.99.1", "192.88.99.2", "192.88.99.255"),
    "relays of AMT": ("192.52.193.1",),
    "AS112": ("192.31.196.1", "192.175.48.6", "192.175.48.42", "2001:4:112::1", "2620:4f:8000::42"),
    "IETF protocols": ("192.0.0.9", "192.0.0.10", "192.0.0.171", "192.0.0.192", "2001:1::1", "2001:1::2", "2001:1::3"),
    "more of them": ("2001:2::1", "2001:3::1", "2001:20::1", "2001:30::1", "2001:1ff:ffff::", "2001:0:101:101::1"),
}
"""Addresses that a router may forward, and that reach what belongs to the own machine, network or cloud."""


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", [one for kind in INFRASTRUCTURE.values() for one in kind])
def test_addresses_of_the_own_infrastructure(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


def embed(address: str) -> list[str]:
    """The IPv6 addresses by which an IPv4 address can be reached as well."""
    number = int(ipaddress.IPv4Address(address))
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    forms = (
        *(f"::ffff:{high}:{low}", f"::{high}:{low}", f"::ffff:0:{high}:{low}", f"64:ff9b::{high}:{low}"),
        *(f"64:ff9b:1::{high}:{low}", f"2002:{high}:{low}::", f"2002:{high}:{low}::1", f"2001:0:{high}:{low}::"),
    )
    return [*forms]


@pytest.mark.parametrize(
    "address", [a for a in (*PRIVATE, *(one for kind in INFRASTRUCTURE.values() for one in kind)) if ":" not in a]
)
def test_no_other_form_leads_to_a_refused_address(address: str) -> None:
    assert [form for form in embed(address) if is_public(ipaddress.ip_address(form))] == []


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::1"),
        # next to refused ones
        *("168.63.129.15", "168.63.129.17", "192.88.98.255", "192.88.100.0", "161.25.255.255", "161.27.0.0"),
        *(
            "166.7.255.255",
            "166.12.0.0",
            "192.0.1.1",
            "192.31.195.1",
            "2001:200::1",
            "2620:4f:8001::",
            "2001:4860::8888",
        ),
    ],
)
def test_addresses_that_are(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1/", "127.0.0.1 is 127.0.0.1, which is not a public address"),
        ("http://2130706433/", "which is not a public address"),
        ("http://0x7f.1/", "which is not a public address"),
        ("http://[::1]/", "which is not a public address"),
        ("http://[::ffff:169.254.169.254]/", "which is not a public address"),
        ("http://168.63.129.16/machine?comp=goalstate", "168.63.129.16, which is not a public address"),
        ("http://0xa83f8110/", "168.63.129.16, which is not a public address"),
        ("http://[64:ff9b::168.63.129.16]/", "which is not a public address"),
        ("http://192.88.99.1/", "which is not a public address"),
        ("http://localhost:8080/", "which is not a public address"),
        ("http://1.1.1.1:22/", "port 22 is not checked"),
        ("http://user:secret@1.1.1.1/", "contains a user name"),
    ],
)
def test_refused_without_an_allowance(ask, url: str, reason: str) -> None:
    verdict = ask(url, allowed=frozenset())
    assert verdict.state is LinkState.UNKNOWN
    assert reason in verdict.reason


def test_the_server_of_these_tests_is_refused_without_its_allowance(ask, server) -> None:
    verdict = ask(server.url("/200"), allowed=frozenset())
    assert verdict.state is LinkState.UNKNOWN
    assert server.asked == []


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/", "http://127.0.0.1:9/", "file:///etc/passwd", "gopher://e.org/"]
)
def test_a_redirect_is_looked_at_again(ask, server, target: str) -> None:
    verdict = ask(server.url(f"/to/{target}"))
    assert verdict.state is LinkState.UNKNOWN
    assert "not a public address" in verdict.reason or "only http and https" in verdict.reason
    assert len(server.asked) == 1


def test_a_name_with_one_private_address_is_refused(ask, server, names) -> None:
    names({"mixed.example": ["1.1.1.1", "127.0.0.1"]})
    assert "127.0.0.1, which is not" in ask("http://mixed.example/").reason


def test_the_connection_goes_to_the_address_that_was_checked(ask, server, names) -> None:
    """The name is asked for once: a second answer could be another one."""
    asked = names({"rebinding.example": ["127.0.0.1"]})
    assert ask(server.url("/200", "rebinding.example")).state is LinkState.OK
    assert asked == ["rebinding.example"]
    assert server.asked == [(f"rebinding.example:{server.port}", "/200")]


def test_no_proxy_is_asked(ask, server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert ask(server.url("/200")).state is LinkState.OK
