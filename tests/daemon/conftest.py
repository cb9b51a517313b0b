"""What the tests of the daemon share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.worker_letter import Letter
from tests.support.newsletter import Project, due_project
from tests.support.postgres import Postgres
from tests.support.servers.mail_server import MailServer


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One issue of one message, due right now."""
    return due_project(tmp_path / "letter")


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A mail server that can misbehave."""
    with MailServer() as running:
        yield running


@pytest.fixture
def letter(tmp_path: Path, server: MailServer, postgres: Postgres) -> Letter:
    """A newsletter that workers send, with the tables that they need."""
    letter = Letter(tmp_path, server.url, postgres.address())
    letter.publish("worker", "--setup")
    return letter
