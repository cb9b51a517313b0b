"""The mail of a notice: its head, its text and its place in the thread."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec.structs import replace

from publisher.channel import Context, Part
from publisher.channels.email import Email
from publisher.channels.email.dkim import DkimSigner
from publisher.channels.email.personalize import MailTemplate
from publisher.mail_address import Mailbox
from publisher.reader import parse_issue
from publisher.theme import Theme
from tests.channels.email.conftest import PUBLICATION, SAMPLE, entry_of, render
from tests.channels.email.notices import WORDS, parsed
from tests.channels.email.test_personalize import LIVE, PAGE, save
from tests.channels.email.wire import faults

LIN = Mailbox("", "lin@example.net")


def notice(text: str, **settings: object) -> Part:
    """A notice about the sample issue by a channel with these settings."""
    channel = Email(**LIVE | settings)  # type: ignore[arg-type]
    issue = parse_issue(SAMPLE, "2024-03-07.md")
    entry = entry_of(issue, PUBLICATION)
    first = render(issue, channel).parts
    [part] = channel.render_notice(text, first, Context(PUBLICATION, Theme.load(None), entry)).parts
    return part


def text_of(part: Part) -> str:
    """The text as it is sent, without what every mail ends with."""
    return b64decode(part.body.partition(b"\r\n\r\n")[2]).decode().partition("\r\n-- \r\n")[0]


def test_what_a_notice_looks_like() -> None:
    part = notice(WORDS)
    assert part.key.startswith("outbox/2024-03-07/email/notice-")
    leave = "你收到这封邮件，是因为订阅了夜航船周报。想退订，请回复“退订”。"
    page = "https://ferry.example.org/weekly/2024-03-07/"
    assert text_of(part) == f"{WORDS}\r\n\r\n在线阅读：{page}\r\n\r\n\r\n{leave}\r\n"
    mail = parsed(part.body)
    first = parsed(render(parse_issue(SAMPLE, "2024-03-07.md"), Email(**LIVE)).parts[0].body)  # type: ignore[arg-type]
    assert mail["Subject"] == f"Re: {first['Subject']}"
    assert mail["Date"] == first["Date"], "the text of a notice does not depend on the time; its copies do"
    assert mail["In-Reply-To"] == mail["References"] == first["Message-ID"]
    assert mail["Feedback-ID"].split(":")[2] == "notice"
    same = ("From", "Reply-To", "To", "List-Id", "List-Unsubscribe", "List-Help", "List-Post", "Precedence")
    assert [mail[name] for name in same] == [first[name] for name in same]
    assert mail["Archived-At"] is None, "the page is the issue's, not the notice's"
    assert mail.get_content().partition("-- \n")[2] == first.get_content().partition("-- \n")[2]


@pytest.mark.parametrize("wrap", ["flowed", "hard", "none"])
def test_lines_are_broken_as_those_of_an_issue(wrap: str) -> None:
    long = "浮标是七月十五日联网的，不是五月十五日；" * 3
    part = notice(f"{long}\n> 引文\nFrom the editor:\n\n\n  -- \n第二段。\n\n", wrap=wrap)
    assert faults(part.body, 72 if wrap != "none" else 200) == []
    lines = text_of(part).split("\r\n")
    stuffed = " " if wrap == "flowed" else ""
    last = lines.index(f"{stuffed}> 引文")
    assert lines[last : last + 7] == [
        *(f"{stuffed}> 引文", f"{stuffed}From the editor:", "", "--", "第二段。", ""),
        "在线阅读：https://ferry.example.org/weekly/2024-03-07/",
    ]
    assert last == (1 if wrap == "none" else 2)
    assert "".join(line.rstrip() for line in lines[:last]) == long


@pytest.mark.parametrize(
    "text",
    [
        "a\r\nBcc: evil@example.org\r\n\r\nb",
        "=?UTF-8?Q?=0A?=Bcc: evil@example.org",
        "a\x00\x85Bcc: evil@example.org\u2028\u202eb\udcff",
    ],
)
def test_no_text_gets_into_the_head(text: str) -> None:
    plain, hostile = notice("a"), notice(text)
    assert faults(hostile.body) == []
    assert parsed(hostile.body).keys() == parsed(plain.body).keys()
    own = ("Message-ID",)
    assert [value for name, value in parsed(hostile.body).items() if name not in own] == [
        value for name, value in parsed(plain.body).items() if name not in own
    ]


def test_personalize_are_below_those_of_the_issue() -> None:
    settings = {"unsubscribe": PAGE, "unsubscribe_key": "env:KEY"}
    issue = render(parse_issue(SAMPLE, "2024-03-07.md"), Email(**LIVE | settings)).parts[0]  # type: ignore[arg-type]
    known = set()
    for address in ("lin@example.net", "Xi+list@example.net", "周@example.net"):
        box = Mailbox("", address)
        first = MailTemplate(issue.body, PAGE, "secret").personalize(box)
        copies = [MailTemplate(notice(text, **settings).body, PAGE, "secret").personalize(box) for text in ("a", "b")]
        of_first = parsed(first.headers)
        for copy in copies:
            own = parsed(copy.headers + copy.body)
            assert own["In-Reply-To"] == own["References"] == of_first["Message-ID"]
            assert own["List-Unsubscribe"] == of_first["List-Unsubscribe"]
        known |= {parsed(one.headers)["Message-ID"] for one in (first, *copies)}
    assert len(known) == 9


def test_its_place_in_the_thread_is_signed(tmp_path: Path) -> None:
    signer = DkimSigner("s._domainkey.example.org", save(tmp_path, rsa.generate_private_key(65537, 2048)))
    copy = MailTemplate(notice(WORDS).body).personalize(LIN)
    signed = parsed(signer.sign(copy) + copy.headers + copy.body)["DKIM-Signature"]
    names = signed.partition("h=")[2].partition(";")[0].replace(" ", "").split(":")
    assert {"in-reply-to", "references", "message-id", "list-unsubscribe"} <= set(names)


def test_the_same_words_make_the_same_message_id() -> None:
    made = [parsed(notice(text).body)["Message-ID"] for text in ("a b", "a\n b ", "a c")]
    assert made[0] == made[1] != made[2]


def test_a_mail_of_another_house_cannot_be_answered() -> None:
    channel = Email(**LIVE)  # type: ignore[arg-type]
    entry = entry_of(parse_issue(SAMPLE, "2024-03-07.md"), PUBLICATION)
    context = Context(PUBLICATION, Theme.load(None), entry)
    strange = (Part("message.eml", "message/rfc822", b"Subject: x\r\n\r\nMessage-ID: <a.b@c>\r\n"),)
    with pytest.raises(ValueError, match="not a message made by publisher"):
        channel.render_notice("a", strange, context)
    with pytest.raises(ValueError, match="entry"):
        channel.render_notice("a", strange, replace(context, entry=None))
