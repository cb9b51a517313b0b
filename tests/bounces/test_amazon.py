"""Requests to Amazon SNS: each certificate once, and made-up names seldom."""

from __future__ import annotations

import datetime as dt

import pytest

from publisher.bounces.amazon import AmazonCertificates, request_amazon
from publisher.bounces.webhook import WebhookRefusedError
from publisher.errors import DeliveryError
from tests.bounces.webhooks import CERTIFICATE_URL, NOW, Amazon


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


def test_a_certificate_is_requested_once() -> None:
    amazon = Amazon()
    certificates = AmazonCertificates(Clock(), amazon.load)
    assert certificates.load(CERTIFICATE_URL) == certificates.load(CERTIFICATE_URL) == amazon.certificate
    assert amazon.connections == [CERTIFICATE_URL]


def test_made_up_names_make_one_request_a_minute() -> None:
    clock, requests = Clock(), list[str]()

    def load(url: str) -> bytes:
        requests.append(url)
        raise DeliveryError("sns.eu-west-1.amazonaws.com answered 404")

    certificates = AmazonCertificates(clock, load)
    for number in range(1000):
        with pytest.raises(DeliveryError):
            certificates.load(CERTIFICATE_URL.replace("0a", f"{number:02x}"[-2:]))
    assert len(requests) == 1
    clock.now += dt.timedelta(minutes=1)
    with pytest.raises(DeliveryError, match="404"):
        certificates.load(CERTIFICATE_URL)


def test_what_is_no_certificate_is_not_kept() -> None:
    certificates = AmazonCertificates(Clock(), lambda _: b"<html>")
    with pytest.raises(WebhookRefusedError, match="no certificate"):
        certificates.load(CERTIFICATE_URL)


def test_the_memory_for_certificates_is_limited() -> None:
    amazon = Amazon()
    certificates = AmazonCertificates(Clock(), amazon.load)
    urls = [CERTIFICATE_URL.replace("0a", f"{number:02x}") for number in range(100)]
    for url in urls:
        certificates.load(url)
    certificates.load(urls[-1])
    certificates.load(urls[0])
    assert len(amazon.connections) == 101


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x.pem", "https://169.254.169.254/x.pem", "https://localhost/x.pem"]
)
def test_a_name_that_leads_to_another_network_is_not_requested(url: str) -> None:
    with pytest.raises(DeliveryError, match="blocked"):
        request_amazon(url)
