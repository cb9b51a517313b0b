"""What is fetched from a URL of others: guarded like a link, without redirects, of limited size."""

from __future__ import annotations

import pytest

from publisher.errors import DeliveryError
from publisher.linkcheck.guard import LinkBlocked
from publisher.linkcheck.request import fetch_public


def test_a_body(server) -> None:
    server.pages["/200"] = "a certificate"
    assert fetch_public(server.url("/200"), 5, 1000, server.allowed) == b"a certificate"
    assert server.asked == [(f"127.0.0.1:{server.port}", "/200")]


def test_other_networks_are_blocked(server) -> None:
    with pytest.raises(LinkBlocked):
        fetch_public(server.url("/200"), 5, 1000)
    assert server.asked == []


@pytest.mark.parametrize(("path", "reason"), [("/404", "answered 404"), ("/301", "answered 301")])
def test_other_answers_are_errors(server, path: str, reason: str) -> None:
    with pytest.raises(DeliveryError, match=reason):
        fetch_public(server.url(path), 5, 1000, server.allowed)
    assert len(server.asked) == 1


def test_a_long_body_is_an_error(server) -> None:
    server.pages["/200"] = "a certificate"
    with pytest.raises(DeliveryError, match="more than 12 bytes"):
        fetch_public(server.url("/200"), 5, 12, server.allowed)
