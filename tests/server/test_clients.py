"""Whose request it is: the address that counts for the limits."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from publisher.server.client_address import find_client, is_private_path

NO_ADDRESS = (
    *("", "unknown", "_hidden", "203.0.113", "203.0.113.256", "203.0.113.5/24", "[", "]:1", "::1::", "[203.0.113.5"),
    *(":80", "\xff\x00", "٣.٣.٣.٣", "9" * 9000, "1" + ":1" * 4000),
)
PROXIES = [*map(ip_network, ("127.0.0.1", "10.1.0.0/16", "2001:db8:1::/48"))]


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("127.0.0.2", "127.0.0.2"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:db8:2:3:4:5:6:7", "2001:db8:2:3::/64"),
        ("2001:db8:2:3::", "2001:db8:2:3::/64"),
        ("2001:db8:2:4::", "2001:db8:2:4::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        # proxies
        *(("127.0.0.1", ""), ("::ffff:127.0.0.1", ""), ("10.1.255.255", ""), ("2001:db8:1:9::1", "")),
        ("10.2.0.0", "10.2.0.0"),
        ("", ""),
    ],
)
def test_the_other_end(peer: str, client: str) -> None:
    assert find_client(peer, (), PROXIES) == client


def test_nobody_but_a_proxy_is_believed() -> None:
    assert find_client("203.0.113.5", ["198.51.100.7"], PROXIES) == "203.0.113.5"
    assert find_client("127.0.0.1", ["198.51.100.7"], ()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (["203.0.113.5"], "203.0.113.5"),
        # what a client sent along stands before what its proxy added
        (["198.51.100.7, 203.0.113.5"], "203.0.113.5"),
        (["198.51.100.7", "203.0.113.5"], "203.0.113.5"),
        (["x", "<script>,203.0.113.5"], "203.0.113.5"),
        # several proxies
        (["203.0.113.5, 10.1.2.3"], "203.0.113.5"),
        (["198.51.100.7,203.0.113.5,2001:db8:1::1", "10.1.2.3 , 127.0.0.1"], "203.0.113.5"),
        (["203.0.113.5, ::ffff:10.1.2.3"], "203.0.113.5"),
        (["10.1.2.3, 127.0.0.1"], ""),
        # forms
        (["2001:db8:2:3::9"], "2001:db8:2:3::/64"),
        (["[2001:db8:2:3::9]"], "2001:db8:2:3::/64"),
        (["[2001:db8:2:3::9]:4711"], "2001:db8:2:3::/64"),
        (["203.0.113.5:4711"], "203.0.113.5"),
        (["::ffff:203.0.113.5"], "203.0.113.5"),
        (["\t203.0.113.5 ", "", ", ,"], "203.0.113.5"),
        # nothing that is an address
        ([], ""),
        *(([text], "") for text in NO_ADDRESS),
        (["203.0.113.5, unknown"], ""),
        (["203.0.113.5, unknown, 10.1.2.3"], ""),
    ],
)
def test_behind_a_proxy(forwarded: list[str], client: str) -> None:
    assert find_client("127.0.0.1", forwarded, PROXIES) == client


def test_requests_that_no_other_network_saw() -> None:
    for peer in ("127.0.0.1", "127.8.0.1", "::1", "10.1.2.3", "2001:db8:1::7", "::ffff:10.1.2.3"):
        assert is_private_path(peer, PROXIES)
    for peer in ("10.2.0.1", "203.0.113.7", "2001:db8:2::1", "", "unix"):
        assert not is_private_path(peer, PROXIES)
