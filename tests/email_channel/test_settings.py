"""The channel's keys in publisher.toml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from publisher import config, registry
from publisher.channels.email import Email
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
    found = {channel.name: channel for channel in config.load(file, registry.load).channels}
    channel = found.get("email")
    assert channel is None or isinstance(channel, Email)
    return channel


def test_a_newsletter_without_the_table_sends_no_mail(tmp_path: Path) -> None:
    assert load(tmp_path, "") is None


def test_every_key_may_be_left_out(tmp_path: Path) -> None:
    assert load(tmp_path, "[channels.email]\n") == Email("", "", 72, "flowed")


def test_every_key(tmp_path: Path) -> None:
    table = '[channels.email]\nfrom = "船长 <a@e.org>"\nto = "b@e.org"\nwidth = 66\nwrap = "hard"\n'
    assert load(tmp_path, table) == Email(from_="船长 <a@e.org>", to="b@e.org", width=66, wrap="hard")


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        (
            'from = "a"',
            "6:1: from must be one mail address in ASCII, not",
            'like from = "editor@example.org"',
        ),
        ('to = "a@e.org, b@e.org"', "6:1: to must be one mail address", "like to = "),
        ('from = "a@例子.org"', "6:1: from must be one mail address in ASCII", "xn--"),
        ("width = 80", "6:1: width must be 40 to 76 columns, not 80", "72 leaves room"),
        ("width = 39", "6:1: width must be 40 to 76 columns, not 39", "72 leaves room"),
        ('wrap = "soft"', '6:1: wrap must be one of flowed, hard, none, not "soft"', 'wrap = "flowed"'),
        ("from = 1", "7:1: from in [channels.email] must be a string, not the number 1", 'from = "…"'),
        ('from_ = "a@e.org"', "7:1: unknown key from_ in [channels.email]", "did you mean from?"),
        ('form = "a@e.org"', "7:1: unknown key form in [channels.email]", "did you mean from?"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(tmp_path: Path, line: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"[channels.email]\n{line}\n")
    assert caught.value.message.startswith(f"publisher.toml:{message}")
    assert hint in caught.value.hint


def test_the_list_of_channels_spells_the_keys_as_the_file_does(
    publish: Callable[..., str], tmp_path: Path
) -> None:
    load(tmp_path, '[channels.email]\nfrom = "a@e.org"\n')
    listed = publish("channels", folder=tmp_path).splitlines()
    (line,) = [line for line in listed if line.startswith("email ")]
    assert line.endswith("on   from = a@e.org  width = 72  wrap = flowed  connections = 10  uncertain = ask")
