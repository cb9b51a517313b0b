"""The one line each mistake in publisher.toml gives, with its place."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from publisher import config
from publisher.channel import Channel
from publisher.errors import ConfigError
from tests.config.channels import TOP, Silent, find_channel, load

# -------------------------------------------------------------------- mistakes

# what is added after the four lines of TOP, then place and message, then hint
ADDED = [
    # unknown names
    (
        'licence = "MIT"',
        "5:1: unknown key licence in [newsletter]",
        "did you mean license?",
    ),
    (
        'base = "https://example.org/"',
        "5:1: unknown key base in [newsletter]",
        "known here: name, url, id, site, tagline, lang, timezone, author, email, license, contacts, issues",
    ),
    ('[shedule]\nat = "09:45"', "5:1: unknown table [shedule]", "did you mean schedule?"),
    ('[channel.rss]\npath = "a"', "5:1: unknown table [channel]", "did you mean channels?"),
    (
        '[schedule]\n  grace = "12h"',
        "6:3: unknown key grace in [schedule]",
        "known here: at, cron, catch_up, on_failure",
    ),
    (
        "[channels.rss]\nentires = 20",
        "6:1: unknown key entires in [channels.rss]",
        "did you mean entries?",
    ),
    (
        "[channels.rss.deep]\na = 1",
        "5:1: unknown table [channels.rss.deep]",
        "known here: path, entries, enabled, at",
    ),
    (
        "[channels.pidgin]\nenabled = false",
        "5:1: there is no channel pidgin",
        "channels: web, rss, pigeon, plain",
    ),
    # wrong types
    (
        "tagline = 5",
        "5:1: tagline in [newsletter] must be a string, not the number 5",
        'write it as tagline = "…"',
    ),
    (
        'contacts = "a"',
        '5:1: contacts in [newsletter] must be a list of strings, not the string "a"',
        'write it as contacts = ["…", "…"]',
    ),
    (
        'contacts = ["a", true]',
        "5:1: contacts in [newsletter] must be a list of strings, not a list with true in it",
        'write it as contacts = ["…", "…"]',
    ),
    (
        "[schedule]\nat = 09:45:00",
        "6:1: at in [schedule] must be a string, not a date or time",
        'write it as at = "…"',
    ),
    (
        "[channels.rss]\nentries = true",
        "6:1: entries in [channels.rss] must be a whole number, not true",
        "write it as entries = 20",
    ),
    (
        "[channels.rss]\nentries = 1.5",
        "6:1: entries in [channels.rss] must be a whole number, not the number 1.5",
        "write it as entries = 20",
    ),
    (
        '[channels.web]\nenabled = "no"',
        '6:1: enabled in [channels.web] must be true or false, not the string "no"',
        "write it as enabled = true",
    ),
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
    # values no platform takes
    (
        'timezone = "Asia/Shangai"',
        '5:1: there is no time zone "Asia/Shangai"',
        "did you mean Asia/Shanghai?",
    ),
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
    (
        'email = "editor"',
        '5:1: email must be one address, not "editor"',
        'like email = "editor@example.org"',
    ),
    (
        'license = "CC BY-SA 4.0"',
        '5:1: license must be an SPDX id, not "CC BY-SA 4.0"',
        'like license = "CC-BY-SA-4.0"; see https://spdx.org/licenses/',
    ),
    (
        'site = "../public"',
        '5:1: site must be a folder below publisher.toml, not "../public"',
        'like site = "public"',
    ),
    (
        'issues = "/srv/issues/*.md"',
        '5:1: issues must be a pattern of files below publisher.toml, not "/srv/issues/*.md"',
        'like issues = "issues/*.md"',
    ),
    (
        '[schedule]\nat = "9:45"',
        '6:1: at must be a time of day, not "9:45"',
        'hours and minutes: at = "09:45"',
    ),
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
    (
        '[schedule]\ncron = "9:45 sundays"',
        '6:1: cron must have five fields, not "9:45 sundays"',
        'every Sunday at 09:45: cron = "45 9 * * sun"',
    ),
    (
        '[schedule]\ncatch_up = "36h"',
        '6:1: catch_up in [schedule] must be a number, not the string "36h"',
        "write it as catch_up = 1.5",
    ),
    (
        '[channels.rss]\nat = "noon"',
        '6:1: at must be a time of day, not "noon"',
        'hours and minutes: at = "09:45"',
    ),
    (
        "[channels.rss]\nat = 10",
        "6:1: at in [channels.rss] must be a string, not the number 10",
        'write it as at = "…"',
    ),
    (
        '[schedule]\nat = "24:00"',
        '6:1: at must be a time of day, not "24:00"',
        'hours and minutes: at = "09:45"',
    ),
    # channels
    ('[channels.rss]\npath = "feed.xml"', "5:1: feed.xml is not below public", "move it"),
    ('site = "docs"\n[channels.web]', "1:1: public/feed.xml is not below docs", "move it"),
    (
        "[channels.pigeon]",
        "5:1: [channels.pigeon] has no loft",
        'add below [channels.pigeon]: loft = "…"',
    ),
    (
        '[channels.pigeon]\nloft = "a"\nheight = 101.0',
        "5:1: height is more than a pigeon flies",
        "at most 100",
    ),
]


@pytest.mark.parametrize(("added", "message", "hint"), ADDED, ids=[row[0] for row in ADDED])
def test_mistake(tmp_path: Path, added: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, TOP + added)
    assert caught.value.message == f"publisher.toml:{message}"
    assert caught.value.hint == hint


URL_LIKE = 'like url = "https://example.org/news/{date}/"'
PLACEHOLDERS = "there are {date} {year} {month} {day} {id}"
ID_LIKE = 'tag:HOST,YEAR:NAME, a host that was yours in that year: id = "tag:example.org,2021:news"'

# a value in TOP, what stands in its place, then place and message, then hint
CHANGED = [
    ('"慢工"', '" "', "2:1: name must be one line of text", 'write the newsletter\'s name: name = "…"'),
    (
        '"慢工"',
        '"""\na\nb"""',
        "2:1: name must be one line of text",
        'write the newsletter\'s name: name = "…"',
    ),
    (
        "https://example.org/slow/",
        "example.org/",
        "3:1: url must be an absolute http or https URL, not example.org/{date}/",
        URL_LIKE,
    ),
    (
        "https:",
        "ftp:",
        "3:1: url must be an absolute http or https URL, not ftp://example.org/slow/{date}/",
        URL_LIKE,
    ),
    (
        "https://example.org/slow/{date}/",
        "https://{id}.example.org/",
        "3:1: url must be an absolute http or https URL, not https://{id}.example.org/",
        URL_LIKE,
    ),
    (
        "example.org/slow/",
        "example.org:port/",
        "3:1: url must be an absolute http or https URL, not https://example.org:port/{date}/",
        URL_LIKE,
    ),
    (
        "/slow/{date}/",
        "/?date={date}",
        "3:1: url must not have a ? or # part",
        "each page is a file: use only a path",
    ),
    (
        "{date}",
        "{data}",
        "3:1: url has the unknown placeholder {data}",
        "did you mean {date}?",
    ),
    ("{date}", "{}", "3:1: url has the unknown placeholder {}", PLACEHOLDERS),
    ("{date}", "{date:%Y}", "3:1: url has the unknown placeholder {date:%Y}", "did you mean {date}?"),
    ("{date}", "{date", "3:1: url has an unmatched brace", PLACEHOLDERS),
    ("{date}", "{{date}}", "3:1: url has an unmatched brace", PLACEHOLDERS),
    (
        "tag:example.org,2021:slow",
        "https://example.org/",
        "4:1: id must be a tag: URI, not https://example.org/",
        ID_LIKE,
    ),
    (
        "2021:slow",
        "2021-13:slow",
        "4:1: id must be a tag: URI, not tag:example.org,2021-13:slow",
        ID_LIKE,
    ),
    ("2021:slow", "2021:慢", "4:1: id must be a tag: URI, not tag:example.org,2021:慢", ID_LIKE),
    ('name = "慢工"\n', "", "1:1: [newsletter] has no name", 'add below [newsletter]: name = "…"'),
    (
        'url = "https://example.org/slow/{date}/"\n',
        "",
        "1:1: [newsletter] has no url",
        'add below [newsletter]: url = "https://example.org/news/{date}/"',
    ),
    (
        "[newsletter]",
        "[newsleter]",
        "1:1: unknown table [newsleter]",
        "did you mean newsletter?",
    ),
    (
        "[newsletter]",
        "[[newsletter]]",
        "1:1: newsletter must be a table, not a list with a table in it",
        "write [newsletter] on its own line and its keys below it",
    ),
    (
        "[newsletter]\n",
        "",
        "1:1: unknown key name",
        "known here: newsletter, schedule, ledger, server, channels",
    ),
    (
        TOP,
        "# nothing yet\n",
        "1:1: there is no table [newsletter]",
        "add [newsletter], or run publish init",
    ),
    # not TOML at all
    (
        'name = "慢工"',
        "name = 慢工",
        "2:8: invalid value",
        "see https://toml.io for the syntax",
    ),
    (
        '"tag:example.org,2021:slow"\n',
        "[",
        "4:7: invalid value",
        "see https://toml.io for the syntax",
    ),
    (
        "id =",
        "name =",
        "4:35: cannot overwrite a value",
        "see https://toml.io for the syntax",
    ),
]


@pytest.mark.parametrize(("old", "new", "message", "hint"), CHANGED, ids=[row[2] for row in CHANGED])
def test_mistake_in_the_newsletter(tmp_path: Path, old: str, new: str, message: str, hint: str) -> None:
    assert old in TOP
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, TOP.replace(old, new))
    assert caught.value.message == f"publisher.toml:{message}"
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Slow & Steady!", 'id = "tag:news.example.org,2024:slow-steady"'),
        ("慢工", 'id = "tag:news.example.org,2024:newsletter"'),
    ],
)
def test_a_missing_id_is_reported_with_the_line_to_add(tmp_path: Path, name: str, line: str) -> None:
    path = tmp_path / "publisher.toml"
    path.write_text(f'\n[newsletter]\nname = "{name}"\nurl = "https://News.example.org/{{id}}/"\n', "utf-8")
    os.utime(path, (1720000000, 1720000000))  # July 2024
    with pytest.raises(ConfigError) as caught:
        config.load_config(path, find_channel)
    assert caught.value.message == "publisher.toml:2:1: [newsletter] has no id"
    assert caught.value.hint == f"add below [newsletter]: {line}"
    path.write_text(path.read_text("utf-8") + line, "utf-8")
    assert config.load_config(path, find_channel).newsletter.name == name


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "publisher.toml"
    path.write_bytes("[newsletter]\n名 = ".encode() + "慢工".encode("gb18030"))
    with pytest.raises(ConfigError) as caught:
        config.load_config(path, find_channel)
    assert caught.value.message == "publisher.toml:2:5: not UTF-8"
    assert caught.value.hint == "save the file as UTF-8"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load_config(tmp_path / "other.toml", find_channel)
    assert caught.value.message == f"{tmp_path / 'other.toml'}: No such file or directory"


def test_a_default_channel_that_cannot_be_found(tmp_path: Path) -> None:
    path = tmp_path / "publisher.toml"
    path.write_text(TOP, "utf-8")

    def nothing(name: str) -> type[Channel]:
        raise ConfigError(f"the channel {name} cannot be loaded", "install it")

    with pytest.raises(ConfigError) as caught:
        config.load_config(path, nothing)
    assert caught.value.message == "publisher.toml:1:1: the channel web cannot be loaded"
    assert caught.value.hint == "install it"


def test_a_channel_whose_field_no_file_can_give(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Odd(Silent):
        when: dt.date | None = None

    path = tmp_path / "publisher.toml"
    path.write_text(TOP + "[channels.odd]\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load_config(path, lambda name: Odd if name == "odd" else find_channel(name))
    assert caught.value.message == "publisher.toml:5:1: Odd.when is declared as dt.date | None"


def test_a_channel_gets_the_language_and_folder_of_its_newsletter(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Located(Silent):
        wings: int = 2
        _lang: str = ""
        _root: str = ""

    def find(name: str) -> type[Channel]:
        return Located if name == "located" else find_channel(name)

    path = tmp_path / "publisher.toml"
    path.write_text(TOP + 'lang = "en"\n[channels.located]\nwings = 4\n', "utf-8")
    assert config.load_config(path, find).channels[-1] == Located(4, "en", str(tmp_path))
    path.write_text(TOP + '[channels.located]\n_lang = "en"\n', "utf-8")
    with pytest.raises(ConfigError, match=r"unknown key _lang"):
        config.load_config(path, find)


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
def test_the_place_is_right_after(tmp_path: Path, before: str) -> None:
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
def test_the_place_of_keys_written_in_other_ways(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(ConfigError, match=rf"^publisher.toml:{place}: unknown key bad in \[channels.rss\]$"):
        load(tmp_path, text)
