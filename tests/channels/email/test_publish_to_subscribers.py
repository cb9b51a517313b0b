"""Mail from the command line to the newsletter's own list: the links, the envelope senders, and who has left."""

from __future__ import annotations

import email
import email.policy
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from publisher.ledger import Ledger
from publisher.ledger.subscriber_addresses import find_returned_delivery
from publisher.signing import Purpose, SigningKeys
from publisher.subscribers.list_import import import_entries
from publisher.subscribers.models import ImportEntry, Origin
from publisher.subscribers.subscriber_list import SubscriberList
from publisher.verp import find_verp_token
from tests.support.newsletter import NOON, ProcessProject
from tests.support.servers.mail_server import Fault, Mail, MailServer

BOUNCES = "bounces@news.slow.press"
NEWSLETTER = "tag:example.org,2021:slow"
KEY = "slack-water-4711-and-more"
SEND = ("--channel", "email", "--yes")
SUBSCRIBERS = {f"reader{number}@example.net" for number in range(8)} | {"Lin+Tide@Example.net"}


class Letter(ProcessProject):
    """A newsletter with its own list, in the file of the ledger."""

    def __init__(self, root: Path, url: str) -> None:
        tables = f"""[subscribers]
url = "https://list.slow.press/n"
key = "env:LIST_KEY"
bounces = "{BOUNCES}"

[channels.email]
from = "editor@slow.press"
server = "{url}"
me = "editor@slow.press"
"""
        super().__init__(root, tables, {"LIST_KEY": KEY})
        (root / "issues" / "2021-07-18.md").write_text(
            "# 慢工 (2021-07-18)：题\n\n## 新闻\n\n- [条目](https://e.org/1)\n摘要：一句。\n", "utf-8"
        )
        with closing(self.open_ledger()) as ledger:
            entries = [ImportEntry(address) for address in SUBSCRIBERS]
            import_entries(self.list_in(ledger), entries, Origin(NOON, "import"), dry_run=False)

    def open_ledger(self) -> Ledger:
        return Ledger(self.root / ".publisher" / "ledger.db")

    def list_in(self, ledger: Ledger) -> SubscriberList:
        return SubscriberList(ledger, NEWSLETTER, SigningKeys(KEY))


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


@pytest.fixture
def letter(tmp_path: Path, server: MailServer) -> Letter:
    return Letter(tmp_path / "letter", server.url)


def read_token(mail: Mail) -> str:
    """The token of the link to leave in a mail."""
    message = email.message_from_bytes(mail.body, policy=email.policy.default)
    found = re.match(r"<https://list\.slow\.press/n/leave/([a-z0-9]+)>, <mailto:", str(message["List-Unsubscribe"]))
    assert found
    return found[1]


def test_each_subscriber_gets_one_with_their_own_link_and_sender(letter: Letter, server: MailServer) -> None:
    assert letter.publish(*SEND)["channels"]["email"]["sent"] == 9
    letter.publish(*SEND)
    assert Counter(server.readers) == Counter(SUBSCRIBERS)
    with closing(letter.open_ledger()) as ledger, ledger.transaction() as tx:
        for mail in server.mails:
            tag = SigningKeys(KEY).verify(read_token(mail), Purpose.LEAVE)
            token = find_verp_token(mail.sender, BOUNCES)
            found = find_returned_delivery(tx, NEWSLETTER, token)
            assert found
            [(address, key)] = tx.fetch_all("SELECT address, key FROM subscriber WHERE tag = ?", tag)
            assert (address, key) == (mail.reader, found.recipient)


def test_who_left_a_moment_ago_gets_nothing(letter: Letter, server: MailServer) -> None:
    with closing(letter.open_ledger()) as ledger:
        assert letter.list_in(ledger).leave("lin@example.net", Origin(NOON, "one-click"))
    assert letter.publish(*SEND)["channels"]["email"]["sent"] == 8
    assert "Lin+Tide@Example.net" not in server.readers


def test_a_retry_has_the_same_bytes_and_the_same_sender(letter: Letter, server: MailServer) -> None:
    """So a mail server recognizes what it has already; and what is returned later still names the delivery."""
    server.script(Fault("RCPT", "451 4.7.1 later", reader="reader3@example.net"))
    letter.publish("--max-wait", "5", *SEND)
    assert Counter(server.readers) == Counter(SUBSCRIBERS)
    senders = [command for command in server.commands if command.startswith("MAIL") and "bounces+" in command]
    counts = Counter(command.partition(" SIZE=")[0] for command in senders)
    assert sorted(counts.values()) == [1] * 8 + [2]


def test_a_test_send_goes_to_the_editor_alone(letter: Letter, server: MailServer) -> None:
    letter.publish("--to-me", "--channel", "email")
    (mail,) = server.mails
    assert (mail.reader, mail.sender) == ("editor@slow.press", "editor@slow.press")
    assert SigningKeys(KEY).verify(read_token(mail), Purpose.LEAVE)


def test_no_secret_is_shown(letter: Letter) -> None:
    letter.publish(*SEND)
    assert KEY not in letter.said
    assert KEY.encode() not in (letter.root / ".publisher" / "ledger.db").read_bytes()
