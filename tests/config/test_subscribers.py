"""The table [subscribers], and the keys of the email channel that it replaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.config import Config, load_config
from publisher.errors import ConfigError
from publisher.registry import load_channel

TOP = """[newsletter]
name = "慢刊"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:n"

[subscribers]
"""
EMAIL = """
[channels.email]
server = "smtp://localhost"
from = "n@e.org"
"""


def load(folder: Path, text: str) -> Config:
    (folder / "publisher.toml").write_text(text, "utf-8")
    return load_config(folder / "publisher.toml", load_channel)


def test_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = 'url = "https://news.e.org/list/"\nkey = "env:LIST_KEY"\nold_keys = ["env:OLD_KEY"]\n'
    settings = load(tmp_path, TOP + keys).subscribers
    assert settings
    assert settings.base == "https://news.e.org/list"
    monkeypatch.setenv("LIST_KEY", "a secret of 24 characters")
    monkeypatch.setenv("OLD_KEY", "an old one")
    signing = settings.load_keys()
    assert (signing.current, signing.old) == ("a secret of 24 characters", ("an old one",)), (
        "what is sent cannot be changed"
    )
    assert load(tmp_path, TOP.removesuffix("[subscribers]\n")).subscribers is None


@pytest.mark.parametrize(
    ("keys", "place", "message"),
    [
        ('key = "env:K"', "6:1", "[subscribers] has no url"),
        ('url = "https://e.org/l"', "6:1", "[subscribers] has no key"),
        ('url = "https://e.org/l"\nkey = "my secret"', "8:1", "key in [subscribers] must be a reference to the secret"),
        (
            'url = "https://e.org/l"\nkey = "env:K"\nold_keys = "env:O"',
            "9:1",
            "old_keys in [subscribers] must be a list",
        ),
        ('url = "http://e.org/l"\nkey = "env:K"', "7:1", "url must begin with https, not http://e.org/l"),
        ('url = "e.org/l"\nkey = "env:K"', "7:1", "url must be an absolute https URL without ? and #"),
        ('url = "https://e.org/l?a=1"\nkey = "env:K"', "7:1", "url must be an absolute https URL without ? and #"),
        ('url = "https://u:p@e.org/l"\nkey = "env:K"', "7:1", "url must be an absolute https URL without ? and #"),
        ('url = "https://e.org:99999/"\nkey = "env:K"', "7:1", "url must be an absolute https URL without ? and #"),
        ('url = "https://e.org/{x}"\nkey = "env:K"', "7:1", "url must be an absolute https URL without ? and #"),
        ('url = "https://e.org/l"\nkey = "env:K"\nkeys = 1', "9:1", "unknown key keys in [subscribers]"),
        ('url = "https://e.org/l"\nkey = "env:K"\ncaptcha = "other"', "9:1", 'captcha must be altcha, not "other"'),
        (
            'url = "https://e.org/l"\nkey = "env:K"\nbounces = "a b@e.org"',
            "9:1",
            "bounces must be one email address of letters",
        ),
    ],
)
def test_a_mistake(tmp_path: Path, keys: str, place: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"{TOP}{keys}\n")
    assert caught.value.message.startswith(f"publisher.toml:{place}: {message}")
    assert "my secret" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("url", ["http://localhost:8080", "http://127.0.0.1/list", "http://[::1]:8080/"])
def test_http_is_allowed_on_this_machine(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, f'{TOP}url = "{url}"\nkey = "env:K"\n').subscribers


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('recipients = "readers.txt"', "`recipients` and [subscribers] cannot be used together"),
        ('recipients = ["ann@e.org"]', "`recipients` and [subscribers] cannot be used together"),
        ('unsubscribe = "https://e.org/leave"', "`unsubscribe` and [subscribers] cannot be used together"),
        ('to = "list@e.org"', "`to` and [subscribers] cannot be used together"),
    ],
)
def test_the_email_channel_has_no_list_of_its_own_beside_it(tmp_path: Path, line: str, message: str) -> None:
    table = 'url = "https://e.org/l"\nkey = "env:K"\n'
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"{TOP}{table}{EMAIL}{line}\n")
    assert caught.value.message == f"publisher.toml:13:1: {message}"
    assert caught.value.hint.startswith("remove `")


def test_the_email_channel_sends_to_the_list(tmp_path: Path) -> None:
    table = 'url = "https://e.org/l"\nkey = "env:K"\n'
    [*_, email] = load(tmp_path, f"{TOP}{table}{EMAIL}").channels
    assert email.subscribers_of == "tag:e.org,2021:n"  # type: ignore[attr-defined]  # of a message channel
    assert [*email.recipients()] == []  # type: ignore[attr-defined]
