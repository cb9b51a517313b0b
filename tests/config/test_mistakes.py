"""The one line each mistake in publisher.toml gives, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.errors import ConfigError
from tests.config.channels import TOP, load

# -------------------------------------------------------------------- mistakes

# what is added after the four lines of TOP, then place and message, then hint
ADDED = [
    # unknown names
    ('licence = "MIT"', "5:1: unknown key licence in [newsletter]", "did you mean license?"),
    (
        'base = "https://example.org/"',
        "5:1: unknown key base in [newsletter]",
        "known here: name, url, id, site, tagline, lang, timezone, author, email, license, contacts, issues, home",
    ),
    ('cron = "0 9 * * 5"', "5:1: unknown key cron in [newsletter]", "put it below [schedule]"),
    ('[schedule]\nlang = "en"', "6:1: unknown key lang in [schedule]", "put it below [newsletter]"),
    (
        '[server]\nurl = "https://e.org"',
        "6:1: unknown key url in [server]",
        "put it below [newsletter] or [subscribers]",
    ),
    ("[rss]\nentries = 3", "5:1: unknown table [rss]", "the table of a channel is [channels.rss]"),
    ("rss = true", "5:1: unknown key rss in [newsletter]", "the table of a channel is [channels.rss]"),
    (
        'channels = ["rss"]',
        "5:1: unknown key channels in [newsletter]",
        "write [channels.NAME] on its own line and its keys below it",
    ),
    (
        'schedule = "09:45"',
        "5:1: unknown key schedule in [newsletter]",
        "write [schedule] on its own line and its keys below it",
    ),
    ('[shedule]\nat = "09:45"', "5:1: unknown table [shedule]", "did you mean schedule?"),
    ('[channel.rss]\npath = "a"', "5:1: unknown table [channel]", "did you mean channels?"),
    (
        '[schedule]\n  grace = "12h"',
        "6:3: unknown key grace in [schedule]",
        "known here: at, cron, catch_up, on_failure",
    ),
    (
        "[channels.rss.deep]\na = 1",
        "5:1: unknown table [channels.rss.deep]",
        "known here: path, entries, send, enabled, at",
    ),
    ("[channels.pidgin]\nenabled = false", "5:1: there is no channel pidgin", "channels: web, rss, pigeon, plain"),
    # wrong types in the dataclass of somebody else; for our own tables see test_every_key.py
    (
        '[channels.pigeon]\nloft = "a"\nheight = false',
        "7:1: height in [channels.pigeon] must be a number, not false",
        "write it as height = 1.5",
    ),
    (
        "[channels.plain]\nwidth = []",
        "6:1: width in [channels.plain] must be a whole number, not a list",
        "write it as width = 20",
    ),
    (
        "[channels]\nrss = true",
        "6:1: channels.rss must be a table, not true",
        "write [channels.rss] on its own line and its keys below it",
    ),
    # workers that could not work
    (
        "[ledger]\nworkers = true",
        "6:1: workers share a ledger on PostgreSQL, and this one is a file",
        'add the URL of a database: postgres = "env:LEDGER"',
    ),
    (
        '[ledger]\npostgres = "env:LEDGER"\nworkers = true',
        "7:1: workers need subscribers in the ledger",
        "add [subscribers]",
    ),
    # values no platform takes
    ('timezone = "Asia/Shangai"', '5:1: there is no time zone "Asia/Shangai"', "did you mean Asia/Shanghai?"),
    (
        'timezone = "../etc/passwd"',
        '5:1: there is no time zone "../etc/passwd"',
        'an IANA name, like timezone = "Asia/Shanghai"',
    ),
    (
        'lang = "Chinese (Simplified)"',
        '5:1: lang must be a language tag, not "Chinese (Simplified)"',
        'like lang = "zh-CN" or "en"',
    ),
    ('email = "editor"', '5:1: email must be one address, not "editor"', 'like email = "editor@example.org"'),
    (
        'license = "CC BY-SA 4.0"',
        '5:1: license must be an SPDX id, not "CC BY-SA 4.0"',
        'like license = "CC-BY-SA-4.0"; see https://spdx.org/licenses/',
    ),
    ('site = "../public"', '5:1: site must be a folder below publisher.toml, not "../public"', 'like site = "public"'),
    (
        'issues = "/srv/issues/*.md"',
        '5:1: issues must be a pattern of files below publisher.toml, not "/srv/issues/*.md"',
        'like issues = "issues/*.md"',
    ),
    ('[schedule]\nat = "9:45"', '6:1: at must be a time of day, not "9:45"', 'hours and minutes: at = "09:45"'),
    (
        '[server]\nlisten = "8080"',
        '6:1: listen must be a host and a port, not "8080"',
        'for this machine only: listen = "127.0.0.1:8080"',
    ),
    (
        '[server]\nlisten = "localhost:65536"',
        '6:1: listen must be a host and a port, not "localhost:65536"',
        'for this machine only: listen = "127.0.0.1:8080"',
    ),
    *(
        (
            f'[server]\nproxies = ["127.0.0.1", "{value}"]',
            f'6:1: proxies must be IP addresses or networks, not "{value}"',
            'a web server on this machine: proxies = ["127.0.0.1"]; a network: "10.0.0.0/8"',
        )
        for value in ("localhost", "127.0.0.1:8080", "10.1.2.3/8", "10.0.0.0/33", "[::1]", "")
    ),
    (
        '[server]\nproxies = "127.0.0.1"',
        '6:1: proxies in [server] must be a list of strings, not the string "127.0.0.1"',
        'write it as proxies = ["…", "…"]',
    ),
    (
        '[schedule]\ncron = "9:45 sundays"',
        '6:1: cron must have five fields, not "9:45 sundays"',
        'every Sunday at 09:45: cron = "45 9 * * sun"',
    ),
    ('[channels.rss]\nat = "noon"', '6:1: at must be a time of day, not "noon"', 'hours and minutes: at = "09:45"'),
    ('[schedule]\nat = "24:00"', '6:1: at must be a time of day, not "24:00"', 'hours and minutes: at = "09:45"'),
    # channels
    ('[channels.rss]\npath = "feed.xml"', "5:1: feed.xml is not below public", "move it"),
    ('site = "docs"\n[channels.web]', "1:1: public/feed.xml is not below docs", "move it"),
    ("[channels.pigeon]", "5:1: [channels.pigeon] has no loft", "add below [channels.pigeon]: loft = …"),
    ('[channels.pigeon]\nloft = "a"\nheight = 101.0', "7:1: height is more than a pigeon flies", "at most 100"),
]


@pytest.mark.parametrize(("added", "message", "hint"), ADDED, ids=[row[0] for row in ADDED])
def test_error(tmp_path: Path, added: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, TOP + added)
    assert caught.value.message == f"publisher.toml:{message}"
    assert caught.value.hint == hint


# ---------------------------------------------------------------------- places


@pytest.mark.parametrize(
    "before",
    [
        '# bad = 1\n # [channels.rss]\nauthor = "a # bad = 1"',
        'author = """\nbad = 1\n[channels.rss]\n"" bad = 1 \\"\n"""',
        'author = """ends "so""""',
        'author = """ends "so"""""',
        "author = '''\nbad = 1\n[x'''",
        "author = 'C:\\'",
        'contacts = [\n  "bad = 1", # ]\n  "[channels.rss]",\n]',
        'contacts = [ "]",\n"bad = 1" ]',
        '"author" = "a"',
        "'author'='a'",
    ],
)
def test_the_position_after_other_text(tmp_path: Path, before: str) -> None:
    text = f'{TOP}{before}\n\t bad = "1"\n'
    line = text.count("\n")
    with pytest.raises(ConfigError, match=rf"^publisher.toml:{line}:3: unknown key bad in \[newsletter\]$"):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("channels.rss.bad = 1\n" + TOP, "1:1"),
        (TOP + "[channels]\nrss.bad = 1", "6:1"),
        (TOP + "[ channels . 'rss' ]\n\"bad\" = 1", "6:1"),
        (TOP + '[channels."\\u0072ss"]\n  "b\\u0061d" = 1', "6:3"),
        (TOP + "[channels.web]\n\n[channels.rss] # bad = 1\nentries = 1\nbad = 1", "9:1"),
        (TOP + "[channels]\nrss = { entries = 1, bad = 1 }", "6:1"),
        ("channels = { rss = { bad = 1 } }\n" + TOP, "1:1"),
    ],
)
def test_the_position_of_quoted_and_dotted_keys(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(ConfigError, match=rf"^publisher.toml:{place}: unknown key bad in \[channels.rss\]$"):
        load(tmp_path, text)
