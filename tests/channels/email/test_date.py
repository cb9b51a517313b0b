"""The Date of a mail: when this recipient's delivery was tried for the first time, whatever happens after that."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from publisher.channels.email import Email
from publisher.channels.email.dkim import DkimSigner
from publisher.channels.email.personalize import MailTemplate
from publisher.config import Config
from publisher.events import Request
from publisher.ledger import DeliveryState, PublicationKey
from publisher.ledger.queries import ResolutionChoice, find_recipients, resolve_deliveries
from publisher.mail_address import Mailbox
from publisher.pipeline.notice import send_notice
from publisher.pipeline.test_send import send_test
from publisher.theme import Theme
from tests.channels.email.notices import parsed
from tests.channels.email.test_personalize import LIN, XI, save, template
from tests.channels.email.wire import faults
from tests.support.newsletter import ISSUE, Project, at
from tests.support.servers.mail_server import Fault, MailServer

READERS = ("lin@example.net", "xi@example.net")
KEY = PublicationKey(ISSUE, "email", "readers")
LATE = at("2021-08-29T13:07:09")
"""Six weeks after the issue."""


class Post(Project):
    """A newsletter that goes by mail, on a clock that stands still."""

    def __init__(self, root: Path, server: MailServer) -> None:
        super().__init__(root, now=LATE)
        self.server = server
        self.write("2021-07-18", "一")

    def email(self, **settings: Any) -> Email:
        known = {"from_": "editor@e.org", "server": self.server.url, "recipients_": READERS, "connections": 1}
        return Email(**known | settings)

    def send(self, now: str = "", **request: Any) -> None:
        self.now = at(now) if now else self.now
        self.publish(self.email(), **request)

    def dates(self, reader: str = READERS[0]) -> list[str]:
        return [str(parsed(mail.body)["Date"]) for mail in self.server.mails if mail.reader == reader]

    def copies(self, reader: str = READERS[0]) -> list[bytes]:
        return [mail.body for mail in self.server.mails if mail.reader == reader]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with MailServer() as server:
        yield Post(tmp_path / "post", server)


@pytest.mark.parametrize(
    ("now", "zone", "date"),
    [
        ("2021-08-29T13:07:09", "Asia/Shanghai", "Sun, 29 Aug 2021 21:07:09 +0800"),
        ("2021-08-29T13:07:09.999999", "America/New_York", "Sun, 29 Aug 2021 09:07:09 -0400"),
        ("2021-12-31T17:00:00", "America/New_York", "Fri, 31 Dec 2021 12:00:00 -0500"),  # not the issue's -0400
        ("2021-12-31T15:59:59", "Asia/Shanghai", "Fri, 31 Dec 2021 23:59:59 +0800"),
        ("2021-12-31T16:00:00", "Asia/Shanghai", "Sat, 01 Jan 2022 00:00:00 +0800"),
        ("2022-01-01T04:59:59", "America/New_York", "Fri, 31 Dec 2021 23:59:59 -0500"),
        ("2024-02-29T12:00:00", "Asia/Kathmandu", "Thu, 29 Feb 2024 17:45:00 +0545"),
    ],
)
def test_a_mail_is_dated_when_it_is_sent_in_the_newsletters_zone(post: Post, now: str, zone: str, date: str) -> None:
    post.zone = zone
    post.send(now)
    assert post.dates(READERS[0]) == post.dates(READERS[1]) == [date]
    for mail in post.server.mails:
        assert faults(mail.body) == []


def test_each_recipient_has_a_time_of_their_own(post: Post) -> None:
    post.server.script(Fault("RCPT", "450 4.2.1 busy", reader=READERS[0]))
    seen: list[dt.datetime] = []
    post.meanwhile = lambda: seen.append(post.now)
    post.send()
    [first], [second] = post.dates(READERS[0]), post.dates(READERS[1])
    assert seen, "nothing waited"
    assert first == "Sun, 29 Aug 2021 21:07:09 +0800", "its first attempt was before the wait"
    assert second == first


@pytest.mark.parametrize(
    "fault",
    [Fault("RCPT", "450 4.2.1 busy", at=0), Fault("CONNECT", "421 4.3.2 wait", at=0), Fault("DATA", "451 no", at=0)],
    ids=["reader", "server", "text"],
)
def test_a_retry_has_the_date_of_the_first_attempt(post: Post, fault: Fault) -> None:
    post.server.script(fault)
    post.send(max_wait=0.0)
    assert post.server.mails == []
    post.server.script()
    post.send("2022-01-01T00:00:00", retry=True)
    assert post.dates() == ["Sun, 29 Aug 2021 21:07:09 +0800"]
    tried = fault.command != "CONNECT"  # without a server, the second one is not tried
    assert post.dates(READERS[1]) == ["Sun, 29 Aug 2021 21:07:09 +0800" if tried else "Sat, 01 Jan 2022 08:00:00 +0800"]


def test_a_refused_mail_is_sent_again_with_the_same_date(post: Post) -> None:
    post.server.script(Fault("RCPT", "550 5.1.1 no such user", reader=READERS[0], at=0))
    post.send()
    post.server.script()
    post.send("2021-09-01T00:00:00", retry=True)
    assert post.dates() == ["Sun, 29 Aug 2021 21:07:09 +0800"]


def test_a_mail_sent_twice_has_the_same_bytes(post: Post) -> None:
    """The server took the first one and never said so; a person had it sent again, on another day."""
    post.server.script(Fault(".", acts=True, reader=READERS[0]))
    post.send()
    post.now = at("2022-01-01T00:00:00")
    with closing(post.ledger) as ledger:
        assert resolve_deliveries(ledger, KEY, ResolutionChoice.RESEND, post.now) == 1
    post.send()
    first, second = post.copies()
    assert first == second
    assert set(post.dates()) == {"Sun, 29 Aug 2021 21:07:09 +0800"}


@pytest.mark.parametrize("place", ["sending", "acted"])
def test_a_mail_resent_after_a_kill_has_the_same_bytes(post: Post, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies after the intent is on disk; before or after the server had the mail."""

    class KilledError(BaseException):
        pass

    def die(here: str) -> None:
        if here == place:
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr("publisher.delivery.sender.hit_failpoint", die)
        patch.setattr("publisher.ledger.ledger.Ledger.release", lambda *_: None)
        patch.setattr("publisher.pipeline.publish.mark_up_to_date", lambda *_: None)
        patch.setattr("threading.excepthook", lambda _: None)
        post.send()
    with closing(post.ledger) as ledger:
        assert find_recipients(ledger, KEY, DeliveryState.SENDING) == {READERS[0]}
    post.now = at("2022-02-03T04:05:06")
    post.send()  # the lease has run out: it becomes unknown, and the other one is sent
    with closing(post.ledger) as ledger:
        assert resolve_deliveries(ledger, KEY, ResolutionChoice.RESEND, post.now) == 1
    post.send("2022-03-04T05:06:07")
    assert set(post.dates()) == {"Sun, 29 Aug 2021 21:07:09 +0800"}
    assert len(post.copies()) == (2 if place == "acted" else 1)
    assert len(set(post.copies())) == 1
    assert post.dates(READERS[1]) == ["Thu, 03 Feb 2022 12:05:06 +0800"]


def test_a_clock_that_is_set_back_changes_no_date(post: Post) -> None:
    post.server.script(Fault("DATA", "451 no", at=0))
    post.send(max_wait=0.0)
    post.server.script()
    post.send("2021-08-28T13:07:09", retry=True)
    assert post.dates() == ["Sun, 29 Aug 2021 21:07:09 +0800"]


def test_the_file_and_the_digests_do_not_depend_on_the_time(post: Post) -> None:
    found = []
    for now in ("2021-07-18T04:00", "2031-07-18T04:00"):
        post.now = at(now)
        post.publish(Email(from_="editor@e.org"))
        file = post.root / "outbox" / "2021-07-18" / "email" / "message.eml"
        found.append(file.read_bytes())
        file.unlink()
    assert found[0] == found[1]
    assert parsed(found[0])["Date"] == "Sun, 18 Jul 2021 09:45:00 +0800"
    post.send()
    again = post.publish(post.email()).channels["email"]
    assert (again.sent, again.held_reason, again.error) == (0, "", None), "a later day looks like an edit"


def test_a_notice_has_a_date_of_its_own(post: Post) -> None:
    post.send()

    def notify(now: str, **request: Any) -> None:
        post.now = at(now)
        config = Config(post.root / "publisher.toml", post.root, post.newsletter, channels=(post.email(),))
        asked = Request("2021-07-18", **request)
        send_notice(config, Theme.load(), asked, "错了", post.now, lambda _: None, clock=post.clock)

    post.server.script(Fault("DATA", "451 no", reader=READERS[1], at=0))
    notify("2021-08-30T08:00:00", max_wait=0.0)
    assert post.dates() == ["Sun, 29 Aug 2021 21:07:09 +0800", "Mon, 30 Aug 2021 16:00:00 +0800"]
    post.server.script()
    notify("2021-09-30T08:00:00")
    assert post.dates(READERS[1])[1:] == ["Mon, 30 Aug 2021 16:00:00 +0800"], "tried for the first time in August"


def test_a_test_send_is_dated_when_it_is_sent(post: Post) -> None:
    config = Config(post.root / "publisher.toml", post.root, post.newsletter, channels=(post.email(me="editor@e.org"),))
    send_test(config, Theme.load(), Request(), LATE, lambda _: None)
    [date] = post.dates("editor@e.org")
    assert date.startswith("Sun, 29 Aug 2021 21:")
    assert date.endswith(" +0800")


def test_a_copy_differs_from_the_message_in_its_date_alone() -> None:
    message = template()
    when = LATE.astimezone(dt.timezone(dt.timedelta(hours=-3, minutes=-30)))
    plain, dated = (MailTemplate(message.body).personalize(LIN, date) for date in (None, when))
    assert plain.body == dated.body
    assert (
        re.sub(rb"\r\nDate: .*\r\n", b"\r\nDate: Sun, 29 Aug 2021 09:37:09 -0330\r\n", plain.headers) == dated.headers
    )


def test_a_subject_that_names_a_date_is_left_alone() -> None:
    mail = template().body.replace(b"\r\nDate: ", b"\r\nX-Note: a\r\n Date: never\r\nDate: ", 1)
    dated = parsed(MailTemplate(mail).personalize(XI, LATE).headers + b"x")
    assert (dated["X-Note"], dated["Date"]) == ("a Date: never", "Sun, 29 Aug 2021 13:07:09 +0000")


def test_the_date_is_signed(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    signer = DkimSigner("s._domainkey.example.org", save(tmp_path, key))
    copy = MailTemplate(template().body).personalize(Mailbox("", "lin@example.net"), LATE)
    wire = signer.sign(copy) + copy.headers + copy.body

    def record(*_: object, **__: object) -> bytes:
        return signer.dns_record.encode()

    assert dkim.verify(wire, dnsfunc=record)
    assert not dkim.verify(wire.replace(b"Sun, 29 Aug 2021", b"Mon, 30 Aug 2021"), dnsfunc=record)
