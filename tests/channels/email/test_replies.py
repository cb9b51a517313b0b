"""What the replies of mail servers are about, and what becomes of the recipient."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.channels.email.replies import SmtpReply, classify, classify_reply
from publisher.errors import RefusalKind
from publisher.reply_rules import REPLY_RULES

NO_RECIPIENT, FULL, LATER = RefusalKind.NO_RECIPIENT, RefusalKind.MAILBOX_FULL, RefusalKind.LATER
SENDER, CONTENT, UNKNOWN = RefusalKind.SENDER, RefusalKind.CONTENT, RefusalKind.UNKNOWN


def _read_replies() -> dict[str, tuple[str, RefusalKind]]:
    """The replies in replies.txt by name."""
    replies = {}
    for block in Path(__file__).with_name("replies.txt").read_text("utf-8").split("\n\n")[1:]:
        (kind, _, name), *lines = block.splitlines()[0].partition(": "), *block.splitlines()[1:]
        assert name not in replies
        replies[name] = "\n".join(line.strip() for line in lines), RefusalKind(kind)
    return replies


REPLIES = _read_replies()


def reply_of(text: str, encoding: str = "utf-8") -> SmtpReply:
    """The reply as smtplib returns it: a code, and the lines without it."""
    return SmtpReply(int(text[:3]), b"\n".join(line[4:].strip().encode(encoding) for line in text.split("\n")))


@pytest.mark.parametrize(("text", "kind"), REPLIES.values(), ids=REPLIES.keys())
def test_what_a_reply_is_about(text: str, kind: RefusalKind) -> None:
    assert classify(reply_of(text)).kind is kind


@pytest.mark.parametrize(("text", "kind"), REPLIES.values(), ids=REPLIES.keys())
def test_what_becomes_of_the_recipient(text: str, kind: RefusalKind) -> None:
    """Only who is not there, whose mailbox is full, or what cannot be sent to anybody is given up."""
    error = classify_reply(reply_of(text), ".", "lin@example.net")
    assert error.kind is kind
    assert error.permanent == (text[0] == "5" and kind not in (SENDER, LATER))
    assert (error.retry_after is None) == (kind is not SENDER and not classify(reply_of(text)).retry_after)
    assert error.message.startswith("lin@example.net was refused: ")


@pytest.mark.parametrize("name", [name for name in REPLIES if "Chinese" in name])
def test_chinese_servers_write_gbk(name: str) -> None:
    text, kind = REPLIES[name]
    reply = reply_of(text, "gb18030")
    assert classify(reply).kind is kind
    assert str(reply) == text


def test_other_bytes_are_no_chinese() -> None:
    for raw in (b"bo\xeete pleine", b"\xff\xfe\x80", "ж".encode("koi8-r") * 3):
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in SmtpReply(550, raw).text)


@pytest.mark.parametrize(
    "address",
    [
        "spam@example.net",
        "user.unknown@example.net",
        "mailbox-full@quota.example",
        "dmarc@spamhaus.example",
        "灰名单@例子.example",
    ],
)
@pytest.mark.parametrize("text", ["550 <{}> who knows", "550 {} who knows", '550 "{}": who knows'])
def test_an_address_says_nothing(address: str, text: str) -> None:
    assert classify(reply_of(text.format(address))).kind is UNKNOWN


@pytest.mark.parametrize(
    ("diagnostic", "kind"),
    [
        ("550 5.1.1 <lin@example.net>: user unknown", NO_RECIPIENT),
        ("552-5.2.2 The account is over quota", FULL),
        ("550 5.7.26 unauthenticated", SENDER),
        ("451 4.4.1 connection timed out", LATER),
        ("5.1.1 (bad destination mailbox address)", NO_RECIPIENT),
        ("connect to harbour.example: Connection refused", LATER),
        ("mail for harbour.example loops back to myself", UNKNOWN),
    ],
)
def test_a_bounce_names_the_code_in_its_text(diagnostic: str, kind: RefusalKind) -> None:
    assert classify(SmtpReply(-1, diagnostic.encode())).kind is kind


@pytest.mark.parametrize(
    ("text", "kind", "permanent", "retry_after"),
    [
        ("550 5.7.1 you may not", UNKNOWN, False, 300.0),
        ("550 5.1.1 user unknown", UNKNOWN, False, 300.0),
        ("550 who knows", UNKNOWN, False, 300.0),
        ("550 Ip frequency limited", UNKNOWN, False, 300.0),
        ("554 MI:STC 163 smtp2", UNKNOWN, False, 3600.0),
        ("450 4.1.8 Sender address rejected: Domain not found", UNKNOWN, False, 300.0),
        ("450 4.2.1 busy", LATER, False, None),
        ("552 5.3.4 Message size exceeds fixed limit", CONTENT, True, None),
        ("554 looks like spam", UNKNOWN, False, 300.0),
    ],
)
def test_a_refusal_at_mail_makes_the_whole_channel_wait(
    text: str, kind: RefusalKind, permanent: bool, retry_after: float | None
) -> None:
    """No recipient is named yet, so no provider's lane is closed, and no content is there; only the size is known."""
    error = classify_reply(reply_of(text), "MAIL", "lin@example.net")
    assert (error.kind, error.permanent, error.retry_after) == (kind, permanent, retry_after)


def test_every_rule_is_needed() -> None:
    """A rule whose replies all have an earlier one does nothing."""
    used = {id(classify(reply_of(text))) for text, _ in REPLIES.values()}
    assert [rule.pattern for rule in REPLY_RULES if id(rule) not in used] == []


def test_a_long_reply_takes_no_time() -> None:
    """The longest that is accepted, of what patterns begin with; each is cut before they see it."""
    for word in ("user ", "a@", "<", "message ", "IP ", "发件人", "verify ", "x"):
        assert classify(SmtpReply(550, (word * 65536).encode()[:65536])).kind in RefusalKind
