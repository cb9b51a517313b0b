"""A canary: a secret that must be seen nowhere."""

from __future__ import annotations

import datetime as dt

import pytest

from publisher import redaction
from publisher.credentials import resolve_secret

CANARY = 'ca/na"ry \\of+é'
BOT = "bot" + "7654321098:AAH" + "x" * 32
NOW = dt.datetime(2021, 7, 18, 4, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test knows the secrets of another."""
    monkeypatch.setattr(redaction, "_known_secrets", set())


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> str:
    """A secret that was resolved."""
    monkeypatch.setenv("CANARY", CANARY)
    return resolve_secret("env:CANARY")


TOP = """\
[newsletter]
name = "慢工"
url = "https://example.org/slow/{date}/"
id = "tag:example.org,2021:slow"

[channels.dove]
"""
