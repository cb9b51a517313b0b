"""The channel's keys in publisher.toml."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from publisher import config, registry
from publisher.channels.email import Email
from publisher.channels.email.settings import parse_server
from publisher.channels.email.wrapping import Wrap
from publisher.errors import ConfigError

HEAD = """\
[newsletter]
name = "夜航船周报"
url = "https://ferry.example.org/weekly/{date}/"
id = "tag:ferry.example.org,2019:weekly"

"""


def load(folder: Path, table: str) -> Email | None:
    file = folder / "publisher.toml"
    file.write_text(HEAD + table, "utf-8")
    found = {channel.name: channel for channel in config.load_config(file, registry.load_channel).channels}
    channel = found.get("email")
    assert channel is None or isinstance(channel, Email)
    return channel


def test_every_key_may_be_left_out(tmp_path: Path) -> None:
    assert load(tmp_path, "[channels.email]\n") == Email("", "", 72, "auto", _root=str(tmp_path))


def test_every_way_to_break_lines_is_a_setting() -> None:
    assert [wrap for wrap in get_args(Wrap) if Email(wrap=wrap).line_breaks != wrap] == []


def test_every_key(tmp_path: Path) -> None:
    table = '[channels.email]\nfrom = "船长 <a@e.org>"\nto = "b@e.org"\nwidth = 66\nwrap = "hard"\n'
    assert load(tmp_path, table) == Email(
        from_="船长 <a@e.org>", to="b@e.org", width=66, wrap="hard", _root=str(tmp_path)
    )


def test_every_key_for_sending(tmp_path: Path) -> None:
    table = """[channels.email]
from = "a@news.e.org"
server = "smtps://mail.e.org"
user = "lin"
password = "env:P"
recipients = "readers.txt"
connections = 4
uncertain = "skip"
me = "lin@e.org"
unsubscribe = "https://e.org/leave?who={address}&token={token}"
unsubscribe_key = "file:leave.key"
dkim = "s1._domainkey.e.org"
dkim_key = "file:dkim.pem"
"""
    assert load(tmp_path, table) == Email(
        from_="a@news.e.org",
        server="smtps://mail.e.org",
        user="lin",
        password="env:P",
        recipients_="readers.txt",
        connections=4,
        uncertain="skip",
        me="lin@e.org",
        unsubscribe="https://e.org/leave?who={address}&token={token}",
        unsubscribe_key=f"file:{tmp_path}/leave.key",
        dkim="s1._domainkey.e.org",
        dkim_key=f"file:{tmp_path}/dkim.pem",
        _root=str(tmp_path),
    )


def test_readers_may_stand_in_the_file(tmp_path: Path) -> None:
    table = '[channels.email]\nfrom = "a@e.org"\nserver = "smtp://[::1]:2525"\n'
    channel = load(tmp_path, f'{table}recipients = ["b@e.org", "c@e.org"]\n')
    assert channel
    assert [*channel.recipients()] == ["b@e.org", "c@e.org"]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("smtp://mail.e.org", ("mail.e.org", 587, False)),
        ("smtps://mail.e.org/", ("mail.e.org", 465, True)),
        ("smtp://mail.e.org:25", ("mail.e.org", 25, False)),
        ("smtp://[::1]:2525", ("::1", 2525, False)),
    ],
)
def test_where_the_server_is(address: str, found: tuple[str, int, bool]) -> None:
    assert parse_server(address, "", "")[:3] == found


@pytest.mark.parametrize(
    ("host", "here"),
    [("localhost", True), ("127.0.0.1", True), ("127.8.0.1", True), ("[::1]", True),
     ("mail.localhost", False), ("127.0.0.1.e.org", False), ("localhost.e.org", False), ("10.0.0.1", False)],
)  # fmt: skip
def test_what_is_on_this_machine(host: str, here: bool) -> None:
    assert parse_server(f"smtp://{host}", "", "").is_local == here


def test_a_password_in_the_address_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        Email(server="smtp://lin:tide-4711@mail.e.org")
    assert "4711" not in f"{caught.value.message}{caught.value.hint}"


def test_the_settings_as_json(publish: Callable[..., str], tmp_path: Path) -> None:
    load(tmp_path, '[channels.email]\nfrom = "a@e.org"\nserver = "smtp://localhost"\nrecipients = "readers.txt"\n')
    found = json.loads(publish("channels", "--json", folder=tmp_path))["channels"]["email"]["settings"]
    assert (found["server"], found["recipients"]) == ("smtp://localhost", "readers.txt")


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ('from = "a"', "7:1: from must be one email address in ASCII, not", 'for example from = "editor@example.org"'),
        ('to = "a@e.org, b@e.org"', "7:1: to must be one email address", "for example to = "),
        ('from = "a@例子.org"', "7:1: from must be one email address in ASCII", "xn--"),
        ("width = 80", "7:1: width must be 40 to 76 columns, not 80", "72 leaves room"),
        ("width = 39", "7:1: width must be 40 to 76 columns, not 39", "72 leaves room"),
        ('wrap = "soft"', '7:1: wrap must be one of auto, flowed, hard, none, not "soft"', 'wrap = "auto"'),
        ('server = "mail.e.org"', "7:1: server must be the URL of a mail server", "smtp://mail.example.org:587"),
        ('server = "smtp://lin:tide@mail.e.org"', "7:1: server must be the URL of", "separate keys"),
        ('server = "smtp://mail.e.org:99999"', "7:1: server must be the URL of", "smtp://"),
        ('server = "smtp://mail.e.org"', "7:1: `server` is set, but there is no sender", "from = "),
        (
            'server = "smtp://mail.e.org"\nfrom = "a@e.org"',
            "7:1: `server` is set, but there are no recipients",
            "readers.txt",
        ),
        (
            'server = "smtp://mail.e.org"\nfrom = "a@e.org"\nrecipients = ["b@e.org", "c"]',
            "9:1: recipients: invalid email address: it has no @",
            "name@example.org",
        ),
        (
            'server = "smtp://mail.e.org"\nuser = "lin"',
            "8:1: `user` is set, but `password` is not",
            "env:SMTP_PASSWORD",
        ),
        ('user = "lin"', "7:1: `user` is set, but `server` is not", "set `server`"),
        ('server = "smtp://e.org"\nfrom = "a@e.org"\nrecipients = "a\\u0000"', "9:1: recipients must be", ".txt"),
        ('recipients = "readers.txt"', "7:1: `recipients` is set, but `server` is not", "set `server`"),
        ("connections = 0", "7:1: connections must be 1 to 100 at a time, not 0", "10"),
        ('uncertain = "hope"', '7:1: uncertain must be one of ask, resend, skip, not "hope"', "ask"),
        ('me = "lin"', "7:1: me must be one email address in ASCII", "for example me = "),
        ('unsubscribe = "http://e.org/"', "7:1: unsubscribe must be an https URL", "{token}"),
        ('unsubscribe = "https://e.org/{id}"', "7:1: unsubscribe must be an https URL", "{token}"),
        ('unsubscribe = "https://e.org/\\r\\nX: y"', "7:1: unsubscribe must be an https URL", "{token}"),
        ('unsubscribe = "https://e.org/>, <x"', "7:1: unsubscribe must be an https URL", "{token}"),
        (
            'unsubscribe = "https://e.org/{token}"',
            "7:1: `unsubscribe` has {token}, but `unsubscribe_key` is not set",
            "env:UNSUB",
        ),
        (
            'unsubscribe = "https://e.org/{address}"',
            "7:1: `unsubscribe` has placeholders, but without a server",
            "`server`",
        ),
        ('unsubscribe_key = "env:K"', "7:1: `unsubscribe_key` is set, but `unsubscribe` is not", "set"),
        ('dkim_key = "env:K"', "7:1: `dkim_key` is set, but `dkim` is not", "set"),
        (
            'server = "smtp://e.org"\nfrom = "a@e.org"\nto = "b@e.org"\ndkim = "s1.e.org"',
            "10:1: dkim must be the DNS name of the public key",
            "s1._domainkey.example.org",
        ),
        (
            'server = "smtp://e.org"\nfrom = "a@e.org"\nto = "b@e.org"\ndkim = "s1._domainkey.e.org"',
            "10:1: `dkim` is set, but `dkim_key` is not",
            "dkim.pem",
        ),
        (
            'server = "smtp://e.org"\nfrom = "a@bee.org"\nto = "b@e.org"\n'
            'dkim = "s1._domainkey.e.org"\ndkim_key = "env:K"',
            "10:1: dkim signs for e.org, but the domain of `from` is bee.org",
            "the sender's domain",
        ),
        ('from_ = "a@e.org"', "7:1: unknown key from_ in [channels.email]", "did you mean from?"),
    ],
)
def test_an_invalid_value_is_reported_with_its_location(tmp_path: Path, line: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"[channels.email]\n{line}\n")
    assert caught.value.message.startswith(f"publisher.toml:{message}")
    assert hint in caught.value.hint


def test_the_list_of_channels_spells_the_keys_as_the_file_does(publish: Callable[..., str], tmp_path: Path) -> None:
    load(tmp_path, '[channels.email]\nfrom = "a@e.org"\n')
    listed = publish("channels", folder=tmp_path).splitlines()
    (line,) = [line for line in listed if line.startswith("email ")]
    assert line.endswith('enabled   from = "a@e.org"  width = 72  wrap = "auto"  connections = 10  uncertain = "ask"')
