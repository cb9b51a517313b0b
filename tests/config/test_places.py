"""An error of a table's own rules names the line of its key, whatever the table."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from publisher import bounce_settings, subscriber_settings
from publisher.channels.email import settings as email_settings
from publisher.channels.rss import feed as rss_feed
from publisher.channels.telegram import settings as telegram_settings
from publisher.channels.wechat import settings as wechat_settings
from publisher.config import load_config
from publisher.errors import ConfigError
from publisher.registry import load_channel

TOP = """[newsletter]
name = "慢刊"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:n"
"""
SUBSCRIBERS = '\n[subscribers]\nurl = "https://e.org/l"\nkey = "env:K"\n'
EMAIL = '\n[channels.email]\nserver = "smtp://localhost"\nfrom = "n@e.org"\n'
LISTED = f'{EMAIL}to = "l@e.org"\n'

# what precedes the wrong line, and that line
MISTAKES = [
    ("\n[subscribers]\n", 'url = "e.org/l"\nkey = "env:K"'),
    ("\n[subscribers]\n", 'url = "http://e.org/l"\nkey = "env:K"'),
    (SUBSCRIBERS, 'captcha = "other"'),
    (SUBSCRIBERS, 'bounces = "a b@e.org"'),
    (SUBSCRIBERS, f'bounces = "{"b" * 33}@e.org"'),
    (f"{EMAIL}{SUBSCRIBERS}", 'bounces = "b@other.example"'),
    (f"{SUBSCRIBERS}[bounces]\n", 'imap = "imaps://e.org"'),
    (f"{SUBSCRIBERS}[bounces]\n", 'imap = "imap://u@e.org"'),
    (f"{SUBSCRIBERS}[bounces]\n", 'imap = "imaps://u:p@e.org"'),
    (f"{SUBSCRIBERS}[bounces]\n", 'imap = "imaps://u@e.org/%0a"'),
    (f"{SUBSCRIBERS}[bounces]\n", 'imap = "imaps://u@e.org"'),
    (f'{SUBSCRIBERS}[bounces]\npassword = "env:P"\n', 'imap = "imaps://u@e.org"'),
    (f"{SUBSCRIBERS}[bounces]\n", 'maildir = "/var/mail/b"'),
    (f"{SUBSCRIBERS}[bounces]\n", 'ses = ["arn:aws:sns:b"]'),
    ("", '[bounces]\nmaildir = "/var/mail/b"'),
    ("\n[channels.email]\n", 'from = "a"'),
    ("\n[channels.email]\n", 'wrap = "soft"'),
    ("\n[channels.email]\n", "width = 80"),
    ("\n[channels.email]\n", 'recipients = ["b@e.org", "c"]'),
    ("\n[channels.email]\n", 'recipients = "readers.txt"'),
    ("\n[channels.email]\n", 'user = "lin"'),
    ("\n[channels.email]\n", 'unsubscribe = "http://e.org/"'),
    ("\n[channels.email]\n", 'unsubscribe = "https://e.org/{address}"'),
    ("\n[channels.email]\n", 'unsubscribe_key = "env:K"'),
    ("\n[channels.email]\n", 'dkim_key = "env:K"'),
    ("\n[channels.email]\n", 'server = "mail.e.org"'),
    ("\n[channels.email]\n", 'server = "smtp://localhost"'),
    ('\n[channels.email]\nfrom = "n@e.org"\n', 'server = "smtp://localhost"'),
    (EMAIL, 'recipients = "a\\u0000"'),
    (LISTED, 'user = "lin"'),
    (LISTED, 'unsubscribe = "https://e.org/{token}"'),
    (f'{LISTED}unsubscribe = "https://e.org/leave"\n', 'unsubscribe_key = "env:K"'),
    (LISTED, 'dkim = "s1.e.org"\ndkim_key = "env:K"'),
    (LISTED, 'dkim = "s1._domainkey.e.org"'),
    (LISTED, 'dkim = "s1._domainkey.other.org"\ndkim_key = "env:K"'),
    (f"{SUBSCRIBERS}{EMAIL}", 'to = "l@e.org"'),
    (f"{SUBSCRIBERS}{EMAIL}", 'recipients = "readers.txt"'),
    ("\n[channels.rss]\n", "entries = 0"),
    ("\n[channels.rss]\n", 'path = "feed.xml"'),
    ("\n[channels.rss]\n", 'path = "public/atom.xml"'),
    ("\n[channels.rss]\n", 'hub = "e.org"'),
    ("\n[channels.telegram]\n", 'detail = "much"'),
    ("\n[channels.telegram]\n", 'chat = "a b"'),
    ("\n[channels.telegram]\n", 'me = "a b"'),
    ("\n[channels.telegram]\n", 'token = "env:T"'),
    ("\n[channels.telegram]\n", 'api = "http://e.org"'),
    ("\n[channels.wechat]\n", 'links = "none"'),
    ("\n[channels.wechat]\n", 'theme = "wram"'),
    ("\n[channels.wechat]\n", f'author = "{"a" * 99}"'),
    ("\n[channels.wechat]\n", "title_limit = 1"),
    ("\n[channels.wechat]\n", 'appid = "wx-1"'),
    ("\n[channels.wechat]\n", 'appid = "wx1"'),
    ("\n[channels.wechat]\n", 'me = "a b"'),
    ("\n[channels.wechat]\n", 'api = "http://e.org"'),
    ("\n[checks]\n", 'ignore = ["x"]'),
    ('\n[checks]\nignore = ["dead-link"]\n', 'error = ["dead-link"]'),
]


def load_mistake(folder: Path, text: str) -> pytest.ExceptionInfo[ConfigError]:
    (folder / "publisher.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(folder / "publisher.toml", load_channel)
    return caught


@pytest.mark.parametrize(("before", "line"), MISTAKES)
def test_a_mistake_is_located_at_its_key(tmp_path: Path, before: str, line: str) -> None:
    before = TOP + before
    caught = load_mistake(tmp_path, f"{before}{line}\n\n[publish]\n")
    place = f"publisher.toml:{before.count(chr(10)) + 1}:1: "
    assert caught.value.message.startswith(place), caught.value.message


# ------------------------------------------------------------- every rule is in the table above

SETTINGS = (bounce_settings, subscriber_settings, email_settings, telegram_settings, wechat_settings, rss_feed)
AT_SENDING = {"load_keys", "resolve_sender"}
"""Functions that read secrets, or what another table says, when something is sent."""


def list_rules(module: ModuleType) -> Iterator[int]:
    """Yield the line of each `raise ConfigError`, except those that are raised later."""
    for function in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(function, ast.FunctionDef) and function.name not in AT_SENDING:
            for node in ast.walk(function):
                if isinstance(node, ast.Raise) and "ConfigError" in ast.unparse(node):
                    yield node.lineno


def test_no_rule_is_forgotten(tmp_path: Path) -> None:
    raised = set()
    for before, line in MISTAKES:
        error: BaseException | None = load_mistake(tmp_path, f"{TOP}{before}{line}\n").value
        while error:
            trace = error.__traceback__
            while trace:
                raised.add((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
                trace = trace.tb_next
            error = error.__context__
    rules = {(inspect.getfile(module), line) for module in SETTINGS for line in list_rules(module)}
    assert rules
    assert sorted(rules - raised) == []
