"""Maildir and IMAP: every email is read once, and nothing is deleted that is not a recorded report."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from publisher.bounce_settings import ImapAddress
from publisher.bounces.imap import ImapPosition, read_imap
from publisher.bounces.maildir import read_maildir
from publisher.bounces.returned_mail import MAX_MAIL_BYTES
from publisher.errors import ConfigError, DeliveryError, StorageError
from tests.support.servers.certificates import server_context, write_certificates
from tests.support.servers.imap_server import ImapServer

PASSWORD = "opensesame"
DELETED = frozenset({r"\Deleted"})


class Handler:
    """Takes what contains `report`; `fails` is what it raises an error for."""

    def __init__(self, fails: bytes = b"no such") -> None:
        self.seen: list[bytes] = []
        self.fails = fails

    def __call__(self, raw: bytes) -> bool:
        if self.fails in raw:
            raise StorageError("the disk is full")
        self.seen.append(raw)
        return b"report" in raw


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    for number, text in enumerate([b"a report", b"a letter", b"another report"]):
        (tmp_path / "new" / f"170000000{number}.M1P1.mx").write_bytes(text)
    (tmp_path / "cur" / "1600000000.M1P1.mx:2,S").write_bytes(b"an old report")
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_maildir_keeps_what_is_no_report(maildir: Path) -> None:
    handler = Handler()
    assert read_maildir(maildir, handler) == 2
    assert handler.seen == [b"a report", b"a letter", b"another report"]
    assert names(maildir / "new") == []
    assert names(maildir / "cur") == ["1600000000.M1P1.mx:2,S", "1700000001.M1P1.mx:2,"]
    assert read_maildir(maildir, handler) == 0
    assert len(handler.seen) == 3


def test_an_email_that_cannot_be_recorded_stays_new(maildir: Path) -> None:
    with pytest.raises(StorageError):
        read_maildir(maildir, Handler(fails=b"letter"))
    assert names(maildir / "new") == ["1700000001.M1P1.mx", "1700000002.M1P1.mx"]


def test_a_folder_that_is_no_maildir(tmp_path: Path) -> None:
    for folder in (tmp_path / "missing", tmp_path):
        with pytest.raises(StorageError, match="is not a Maildir") as caught:
            read_maildir(folder, Handler())
        assert "[bounces]" in caught.value.hint


def address_of(server: ImapServer, folder: str = "") -> ImapAddress:
    return ImapAddress.parse(f"imap://bounces@localhost:{server.port}/{folder}")


@pytest.mark.parametrize("uidplus", [True, False])
def test_imap_keeps_what_is_no_report(uidplus: bool) -> None:
    """Without UIDPLUS, expunging would delete what others have marked."""
    handler = Handler()
    with ImapServer(uidplus=uidplus) as server:
        server.add(b"a report", b"a letter")
        server.add(b"a letter that somebody wants to delete", flags=DELETED)
        deleted, position = read_imap(address_of(server), PASSWORD, ImapPosition(), handler)
        assert (deleted, position) == (1, ImapPosition(7, 3))
        left = {uid: (message.body, message.flags) for uid, message in server.messages.items()}
        assert left == ({} if uidplus else {1: (b"a report", DELETED)}) | {
            2: (b"a letter", frozenset()),
            3: (b"a letter that somebody wants to delete", DELETED),
        }
        assert not any(word in command for command in server.commands for word in ("\\Seen", "BODY[", " EXPUNGE\r"))


def test_imap_reads_each_message_once() -> None:
    handler = Handler()
    with ImapServer(folder="Bounces/2026") as server:
        server.add(b"a letter")
        _, position = read_imap(address_of(server, "Bounces/2026"), PASSWORD, ImapPosition(), handler)
        assert read_imap(address_of(server, "Bounces/2026"), PASSWORD, position, handler) == (0, position)
        server.add(b"another letter")
        _, position = read_imap(address_of(server, "Bounces/2026"), PASSWORD, position, handler)
        assert handler.seen == [b"a letter", b"another letter"]
        server.validity = 8  # the server has given out new UIDs
        read_imap(address_of(server, "Bounces/2026"), PASSWORD, position, handler)
        assert len(handler.seen) == 4


def test_imap_does_not_fetch_what_is_too_long() -> None:
    with ImapServer() as server:
        server.add(b"report" + b"x" * MAX_MAIL_BYTES, b"a report")
        assert read_imap(address_of(server), PASSWORD, ImapPosition(), Handler())[0] == 1
        assert list(server.messages) == [1]


def test_imap_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted, own = write_certificates(tmp_path, "localhost")
    with ImapServer(context=server_context(own)) as server:
        server.add(b"a report")
        address = ImapAddress.parse(f"imaps://bounces@localhost:{server.port}")
        with pytest.raises(DeliveryError, match="certificate"):
            read_imap(address, PASSWORD, ImapPosition(), Handler())
        assert server.commands == []
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert ssl.get_default_verify_paths().cafile == str(trusted)
        assert read_imap(address, PASSWORD, ImapPosition(), Handler())[0] == 1


def test_imap_errors_are_one_line_without_the_password() -> None:
    with ImapServer() as server:
        address = address_of(server)
        for wrong, password in ((address, "s3same"), (address._replace(folder="Nowhere"), PASSWORD)):
            with pytest.raises(DeliveryError) as caught:
                read_imap(wrong, password, ImapPosition(), Handler())
            assert "\n" not in caught.value.message
            assert password not in caught.value.message
            assert "[bounces]" in caught.value.hint
    with pytest.raises(DeliveryError, match="refused"):
        read_imap(address, PASSWORD, ImapPosition(), Handler())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("imaps://bounces@mail.example", ImapAddress("mail.example", 993, "bounces", "INBOX", True)),
        (
            "imaps://b%40x.example@mail.example:1993/A%20b",
            ImapAddress("mail.example", 1993, "b@x.example", "A b", True),
        ),
        ("imap://bounces@127.0.0.1/", ImapAddress("127.0.0.1", 143, "bounces", "INBOX", False)),
    ],
)
def test_urls_of_mailboxes(url: str, expected: ImapAddress) -> None:
    assert ImapAddress.parse(url) == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("imap://bounces@mail.example", "unencrypted"),
        ("imaps://bounces:s3same@mail.example", "contains a password"),
        ("imaps://mail.example", "must be the URL"),
        ("https://bounces@mail.example", "must be the URL"),
        ("imaps://bounces@mail.example:x", "must be the URL"),
        ("imaps://bounces@mail.example/A%0d%0aDELETE", "must be the URL"),
        ("bounces", "must be the URL"),
    ],
)
def test_urls_that_are_none(url: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        ImapAddress.parse(url)
    assert "s3same" not in caught.value.message + caught.value.hint
