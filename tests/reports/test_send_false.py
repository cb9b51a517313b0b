"""`send = false`: one line, and a channel only writes files, whatever else is set. The others go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from publisher import config, registry
from publisher.channel import MessageChannel
from tests.support.newsletter import CHAT_SETTINGS, CommandProject

MUTED = f"{CHAT_SETTINGS}send = false\n"
NOTE = "send = false: only writes files"


def configure(letter: CommandProject, text: str) -> None:
    (letter.root / "publisher.toml").write_text(text, "utf-8")


@pytest.fixture
def muted(letter: CommandProject) -> CommandProject:
    configure(letter, MUTED)
    return letter


def test_nothing_is_sent_and_publish_says_why(muted: CommandProject) -> None:
    lines = muted.lines("--yes")
    assert [line[:5] for line in lines[1:]] == ["✓ web", "✓ cha"]
    assert lines[-1].endswith(NOTE)
    assert [*muted.world] == []
    unchanged = "nothing to do: published 2021-07-18 12:00 and unchanged since"
    assert muted.lines("--yes")[1:] == [unchanged, f"  chat      {NOTE}"]
    unchanged = "nothing to do: published and unchanged"
    assert muted.lines("2021-07-18", "--yes")[1:] == [unchanged, f"  chat      {NOTE}"], "and when it looked closer"
    result = json.loads(muted.run("--yes", "--json").out)
    assert result["channels"]["chat"]["note"] == NOTE


def test_status_and_doctor_say_it(muted: CommandProject) -> None:
    muted.run("--yes")
    rows = "\n".join(muted.lines("status", "2021-07-18"))
    assert NOTE in rows
    found = json.loads(muted.run("doctor", "--json").out)["findings"]
    (about,) = [finding for finding in found if finding["subject"] == "chat"]
    assert about == {
        "subject": "chat",
        "level": "doubtful",
        "message": NOTE,
        "hint": "to send again, remove that line from [channels.chat]",
    }


def test_without_the_line_the_issue_is_sent(muted: CommandProject) -> None:
    """Once: files in between do not count as sent."""
    muted.run("--yes")
    configure(muted, CHAT_SETTINGS)
    muted.run("--yes")
    assert [call.text for call in muted.world] == ["一", "二", "三"]
    configure(muted, MUTED)
    muted.run("--yes")
    configure(muted, CHAT_SETTINGS)
    muted.run("--yes")
    assert len([*muted.world]) == 3


def test_what_was_sent_is_not_edited(letter: CommandProject) -> None:
    letter.run("--yes")
    configure(letter, MUTED)
    letter.write("2021-07-18", "一", "二", "又")
    letter.run("--yes")
    letter.run("correct", "2021-07-18", "--yes")
    letter.run("retry", "2021-07-18", "--yes")
    assert [call.act for call in letter.world] == ["deliver"] * 3


def test_the_scheduler_sends_nothing_and_misses_nothing(letter: CommandProject) -> None:
    letter.run("2021-07-04", "--yes")
    sent = len([*letter.world])
    configure(letter, MUTED)
    said = letter.run("tick")
    assert said.code == 0, "no alert about the old issue"
    assert "missed" not in said.out
    assert len([*letter.world]) == sent
    assert (letter.root / "public/2021-07-18/index.html").exists()


def test_other_channels_are_not_touched(letter: CommandProject) -> None:
    configure(letter, f"{CHAT_SETTINGS}[channels.telegram]\ntoken = 'env:NONE'\nsend = false\n")
    letter.run("--yes")
    assert len([*letter.world]) == 3
    assert (letter.root / "outbox/2021-07-18/telegram/message-1.json").exists()


def test_a_test_send_leaves_it_out(letter: CommandProject) -> None:
    configure(
        letter, f"{CHAT_SETTINGS}[channels.telegram]\ntoken = 'env:NONE'\nchat = '@a_b_c'\nme = '1'\nsend = false\n"
    )
    lines = letter.lines("--to-me")
    assert lines[1].startswith("✓ chat      @me · 3 sent")
    assert lines[2].startswith("  telegram  skipped: send = false: only writes files · remove that line")


def test_a_test_send_by_name_is_an_error(muted: CommandProject) -> None:
    lines = muted.lines("--to-me", "--channel", "chat", code=2)
    assert lines[1] == "✗ chat      send = false: only writes files"


def test_channels_without_an_own_address_are_skipped(letter: CommandProject) -> None:
    configure(letter, f"{CHAT_SETTINGS}[channels.email]\n[channels.telegram]\ntoken = 'env:NONE'\nchat = '@a_b_c'\n")
    lines = letter.lines("--to-me")
    assert lines[1].startswith("✓ chat      @me · 3 sent")
    assert sorted(line[2:10].strip() for line in lines[2:]) == ["email", "telegram"]
    assert all("skipped: " in line for line in lines[2:])
    assert "email     skipped: not set up to send, only writes files" in "".join(lines)
    assert 'no test recipient is configured · add me = "…" to [channels.telegram]' in "".join(lines)
    assert letter.run("--to-me", "--channel", "email,chat").code == 2, "but not if it was named"


@pytest.mark.parametrize(
    "keys",
    [
        '[channels.telegram]\ntoken = "env:T"',
        '[channels.wechat]\nappid = "wx1"',
        '[channels.wechat]\nsecret = "env:S"',
        '[channels.email]\nserver = "smtp://mail.e.org"',
        '[channels.email]\nserver = "smtp://mail.e.org"\nuser = "a"',
        '[channels.email]\npassword = "env:P"',
        '[channels.email]\nrecipients = "readers.txt"\nme = "a@e.org"',
        '[channels.email]\nunsubscribe = "https://e.org/{address}?{token}"',
        '[channels.email]\nunsubscribe_key = "env:K"',
        '[channels.email]\ndkim = "s._domainkey.e.org"',
        '[channels.email]\ndkim_key = "file:k.pem"',
        '[channels.rss]\nhub = "https://hub.e.org/"',
        "[channels.web]",
    ],
)
def test_no_other_key_has_to_be_there(tmp_path: Path, keys: str) -> None:
    path = tmp_path / "publisher.toml"
    path.write_text(f"{CHAT_SETTINGS.partition('[channels')[0]}{keys}\nsend = false\n")
    for channel in config.load_config(path, registry.load_channel).channels:
        assert not (isinstance(channel, MessageChannel) and channel.active_destination)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ('[channels.telegram]\nchat = "my chat"', "chat must be a name or a number"),
        ('[channels.wechat]\nappid = "wx 1"', "appid must contain only letters and digits"),
        ('[channels.email]\nserver = "mail.e.org"', "server must be the URL of a mail server"),
        ('[channels.email]\nrecipients = ["a"]', '"a" is no email address'),
        ('[channels.email]\nunsubscribe = "http://e.org"', "unsubscribe must be an https URL"),
        ('[channels.email]\ndkim = "e.org"', "dkim must be the DNS name"),
    ],
)
def test_a_wrong_value_is_still_an_error(muted: CommandProject, keys: str, problem: str) -> None:
    configure(muted, f"{CHAT_SETTINGS}{keys}\nsend = false\n")
    said = muted.run("status")
    assert said.code == 2
    assert problem in said.err or "recipients" in keys


def test_an_email_in_a_file_has_no_placeholders(letter: CommandProject) -> None:
    """They are filled in for each recipient, and a file has none."""
    configure(
        letter,
        f'{CHAT_SETTINGS}[channels.email]\nserver = "smtp://mail.e.org"\nunsubscribe_key = "env:K"\nsend = false\n'
        'unsubscribe = "https://e.org/leave?who={address}&token={token}"\n',
    )
    letter.run("--yes")
    mail = (letter.root / "outbox/2021-07-18/email/message.eml").read_text()
    assert "{token}" not in mail
    assert "List-Unsubscribe-Post" not in mail
    assert "{token}" not in (letter.root / "outbox/2021-07-18/email/message.txt").read_text()
