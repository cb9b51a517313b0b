"""publisher.toml: what a right one gives, and the one line each mistake gives."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from publisher import config
from publisher.channel import Channel, Rendering, Session
from publisher.errors import ConfigError
from publisher.model import Publication


class Silent:
    name: ClassVar[str] = ""

    def render(self, *_: object) -> Rendering:
        return Rendering(())

    def session(self) -> AbstractContextManager[Session]:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Web(Silent):
    name: ClassVar[str] = "web"


@dataclass(frozen=True, slots=True)
class Rss(Silent):
    name: ClassVar[str] = "rss"
    path: str = "public/feed.xml"
    entries: int = 20

    def addresses(self, publication: Publication) -> dict[str, str]:
        if not self.path.startswith(f"{publication.site}/"):
            raise ConfigError(f"{self.path} is not below {publication.site}", "move it")
        return {}


@dataclass(frozen=True, slots=True)
class Pigeon(Silent):
    name: ClassVar[str] = "pigeon"
    loft: str
    height: float = 1.5
    rings: tuple[str, ...] = ()
    night: bool = False
    colour: str | None = None

    def __post_init__(self) -> None:
        if self.height > 100:
            raise ConfigError("height is more than a pigeon flies", "at most 100")


# its annotations are types, not text: a channel need not import annotations from the future
Plain = make_dataclass(
    "Plain",
    [("width", int, 72), ("to", tuple[str, ...], ()), ("subject", str | None, None)],
    bases=(Silent,),
    namespace={"name": "plain"},
    frozen=True,
)


def find_channel(name: str) -> type[Channel]:
    known: dict[str, type] = {"web": Web, "rss": Rss, "pigeon": Pigeon, "plain": Plain}
    if name not in known:
        raise ConfigError(f"there is no channel {name}", f"channels: {', '.join(known)}")
    return known[name]


TOP = """\
[newsletter]
name = "慢工"
url = "https://example.org/slow/{date}/"
id = "tag:example.org,2021:slow"
"""


def load(folder: Path, text: str) -> config.Config:
    path = folder / "publisher.toml"
    path.write_text(text, "utf-8")
    return config.load(path, find_channel)


# ------------------------------------------------------------------ a right one


def test_three_keys_are_enough(tmp_path: Path) -> None:
    found = load(tmp_path, TOP)
    assert (found.path, found.root) == (tmp_path / "publisher.toml", tmp_path)
    assert found.publication.name == "慢工"
    assert found.publication.url == "https://example.org/slow/{date}/"
    assert found.publication.base == "https://example.org/slow/"
    assert (found.publication.site, found.publication.lang) == ("public", "zh-CN")
    assert found.issues == "issues/*.md"
    assert (found.schedule.at, found.schedule.is_set) == (dt.time(9, 45), False)
    assert found.listen is None, "the daemon shows nothing unless it is asked to"
    assert found.channels == (Web(), Rss())
    assert found.templates is None
    assert found.digest == hashlib.sha256(TOP.encode()).hexdigest()


def test_every_key_arrives(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    found = load(
        tmp_path,
        TOP
        + """\
tagline = "写得慢一点"
issues = "texts/**/*.md"
site = "docs/slow/"
lang = "en"
timezone = "Europe/Berlin"
author = "林"
email = "editor@example.org"
license = "CC-BY-SA-4.0"
contacts = ["公众号：慢工", "https://example.org"]
[schedule]
at = "23:05"
rhythm = "5 23 * * fri"
catch_up = 6
on_failure = "file:secrets/hook"
[serve]
listen = "[::1]:8080"
[channels.pigeon]
loft = "north"
height = 3
rings = ["a", "b"]
night = true
colour = "grey"
[channels.plain]
at = "23:30"
width = 60
to = ["list@example.org"]
[channels.rss]
path = "docs/slow/rss.xml"
[channels.web]
enabled = false
""",
    )
    assert found.publication.tagline == "写得慢一点"
    assert found.publication.site == "docs/slow"
    assert (found.publication.lang, found.publication.timezone) == ("en", "Europe/Berlin")
    assert (found.publication.author, found.publication.email) == ("林", "editor@example.org")
    assert found.publication.license == "CC-BY-SA-4.0"
    assert found.publication.contacts == ("公众号：慢工", "https://example.org")
    assert (found.issues, found.schedule.at) == ("texts/**/*.md", dt.time(23, 5))
    assert found.listen == ("::1", 8080)
    schedule = found.schedule
    assert schedule.rhythm
    assert schedule.turn(dt.date(2021, 7, 18), "rss") == (dt.date(2021, 7, 23), dt.time(23, 5))
    assert schedule.turn(dt.date(2021, 7, 18), "plain") == (dt.date(2021, 7, 23), dt.time(23, 30))
    assert schedule.catch_up == dt.timedelta(hours=6)
    assert schedule.on_failure == f"file:{tmp_path / 'secrets/hook'}"
    assert found.templates == tmp_path / "templates"
    assert [channel.name for channel in found.channels] == ["rss", "pigeon", "plain"]
    rss, pigeon, plain = found.channels
    assert rss == Rss(path="docs/slow/rss.xml")
    assert pigeon == Pigeon("north", 3.0, ("a", "b"), True, "grey")
    assert (vars(plain)["width"], vars(plain)["to"]) == (60, ("list@example.org",))


@pytest.mark.parametrize(
    ("listen", "is_loopback"),
    [
        ("127.0.0.1:80", True),
        ("127.9.8.7:0", True),
        ("[::1]:65535", True),
        ("localhost:8080", True),
        ("0.0.0.0:8080", False),
        ("[::]:8080", False),
        ("192.168.0.1:8080", False),
        ("localhost.example.org:8080", False),
    ],
)
def test_where_the_daemon_listens(listen: str, is_loopback: bool, tmp_path: Path) -> None:
    found = load(tmp_path, TOP + f'[serve]\nlisten = "{listen}"').listen
    assert found
    assert str(found) == listen
    assert found.is_loopback == is_loopback


def test_a_channel_that_is_off_need_not_fit_the_site(tmp_path: Path) -> None:
    found = load(tmp_path, TOP + 'site = "docs"\n[channels.rss]\nenabled = false')
    assert found.channels == (Web(),)


@pytest.mark.parametrize(
    ("url", "pattern", "base"),
    [
        ("https://example.org", "https://example.org/{date}/", "https://example.org/"),
        ("http://example.org/a/", "http://example.org/a/{date}/", "http://example.org/a/"),
        (
            "https://example.org/a/no-{id}.html",
            "https://example.org/a/no-{id}.html",
            "https://example.org/a/",
        ),
        (
            "https://example.org:8443/{year}/{month}/{day}/",
            "https://example.org:8443/{year}/{month}/{day}/",
            "https://example.org:8443/",
        ),
    ],
)
def test_url_is_a_pattern_with_a_base(tmp_path: Path, url: str, pattern: str, base: str) -> None:
    found = load(tmp_path, TOP.replace("https://example.org/slow/{date}/", url))
    assert (found.publication.url, found.publication.base) == (pattern, base)


@pytest.mark.parametrize(
    "tag",
    ["tag:example.org,2021:slow", "tag:lin@mail.example.org,2021-02:a/b?c", "tag:example.org,2021-02-28:"],
)
def test_id_may_be_any_tag_uri(tmp_path: Path, tag: str) -> None:
    assert load(tmp_path, TOP.replace("tag:example.org,2021:slow", tag)).publication.id == tag


def test_a_file_from_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "publisher.toml"
    path.write_bytes(b"\xef\xbb\xbf" + TOP.replace("\n", "\r\n").encode())
    assert config.load(path, find_channel).publication.name == "慢工"


def test_find_looks_upward(tmp_path: Path) -> None:
    (tmp_path / "publisher.toml").touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert config.find(tmp_path / "a" / "b") == tmp_path.resolve() / "publisher.toml"
    assert config.find(tmp_path) == tmp_path.resolve() / "publisher.toml"


def test_find_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.find(Path(tmp_path.anchor))
    assert caught.value.message == f"there is no publisher.toml in {tmp_path.anchor} or above it"
    assert caught.value.hint == "make one: publish init"


# --------------------------------------------------------------------- mistakes

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
        "known here: at, rhythm, catch_up, on_failure",
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
        "write [channels.rss] on a line of its own, its keys below",
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
        'like license = "CC-BY-SA-4.0"; all are at https://spdx.org/licenses/',
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
        '[serve]\nlisten = "8080"',
        '6:1: listen must be a host and a port, not "8080"',
        'for this machine alone: listen = "127.0.0.1:8080"',
    ),
    (
        '[serve]\nlisten = "localhost:65536"',
        '6:1: listen must be a host and a port, not "localhost:65536"',
        'for this machine alone: listen = "127.0.0.1:8080"',
    ),
    (
        '[schedule]\nrhythm = "9:45 sundays"',
        '6:1: rhythm must have five fields, not "9:45 sundays"',
        'every Sunday at 09:45: rhythm = "45 9 * * sun"',
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
ID_LIKE = 'HOST,YEAR:NAME, the host yours in that year: id = "tag:example.org,2021:news"'

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
        "3:1: url must be an absolute http or https address, not example.org/{date}/",
        URL_LIKE,
    ),
    (
        "https:",
        "ftp:",
        "3:1: url must be an absolute http or https address, not ftp://example.org/slow/{date}/",
        URL_LIKE,
    ),
    (
        "https://example.org/slow/{date}/",
        "https://{id}.example.org/",
        "3:1: url must be an absolute http or https address, not https://{id}.example.org/",
        URL_LIKE,
    ),
    (
        "example.org/slow/",
        "example.org:port/",
        "3:1: url must be an absolute http or https address, not https://example.org:port/{date}/",
        URL_LIKE,
    ),
    (
        "/slow/{date}/",
        "/?date={date}",
        "3:1: url must not have a ? or # part",
        "each page is a file, so use its path only",
    ),
    (
        "{date}",
        "{data}",
        "3:1: url has the unknown placeholder {data}",
        "did you mean {date}?",
    ),
    ("{date}", "{}", "3:1: url has the unknown placeholder {}", PLACEHOLDERS),
    ("{date}", "{date:%Y}", "3:1: url has the unknown placeholder {date:%Y}", "did you mean {date}?"),
    ("{date}", "{date", "3:1: url has a brace without its pair", PLACEHOLDERS),
    ("{date}", "{{date}}", "3:1: url has a brace without its pair", PLACEHOLDERS),
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
        "write [newsletter] on a line of its own, its keys below",
    ),
    (
        "[newsletter]\n",
        "",
        "1:1: unknown key name",
        "known here: newsletter, schedule, ledger, serve, channels",
    ),
    (
        TOP,
        "# nothing yet\n",
        "1:1: there is no table [newsletter]",
        "begin with [newsletter], or: publish init",
    ),
    # not TOML at all
    (
        'name = "慢工"',
        "name = 慢工",
        "2:8: invalid value",
        "see https://toml.io for how TOML is written",
    ),
    (
        '"tag:example.org,2021:slow"\n',
        "[",
        "4:7: invalid value",
        "see https://toml.io for how TOML is written",
    ),
    (
        "id =",
        "name =",
        "4:35: cannot overwrite a value",
        "see https://toml.io for how TOML is written",
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
def test_a_missing_id_is_told_as_the_line_to_add(tmp_path: Path, name: str, line: str) -> None:
    path = tmp_path / "publisher.toml"
    path.write_text(f'\n[newsletter]\nname = "{name}"\nurl = "https://News.example.org/{{id}}/"\n', "utf-8")
    os.utime(path, (1720000000, 1720000000))  # July 2024
    with pytest.raises(ConfigError) as caught:
        config.load(path, find_channel)
    assert caught.value.message == "publisher.toml:2:1: [newsletter] has no id"
    assert caught.value.hint == f"add below [newsletter]: {line}"
    path.write_text(path.read_text("utf-8") + line, "utf-8")
    assert config.load(path, find_channel).publication.name == name


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "publisher.toml"
    path.write_bytes("[newsletter]\n名 = ".encode() + "慢工".encode("gb18030"))
    with pytest.raises(ConfigError) as caught:
        config.load(path, find_channel)
    assert caught.value.message == "publisher.toml:2:5: not UTF-8"
    assert caught.value.hint == "save the file as UTF-8"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path / "other.toml", find_channel)
    assert caught.value.message == f"{tmp_path / 'other.toml'}: No such file or directory"


def test_a_default_channel_that_cannot_be_found(tmp_path: Path) -> None:
    path = tmp_path / "publisher.toml"
    path.write_text(TOP, "utf-8")

    def nothing(name: str) -> type[Channel]:
        raise ConfigError(f"the channel {name} cannot be loaded", "install it")

    with pytest.raises(ConfigError) as caught:
        config.load(path, nothing)
    assert caught.value.message == "publisher.toml:1:1: the channel web cannot be loaded"
    assert caught.value.hint == "install it"


def test_a_channel_whose_field_no_file_can_give(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Odd(Silent):
        when: dt.date | None = None

    path = tmp_path / "publisher.toml"
    path.write_text(TOP + "[channels.odd]\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(path, lambda name: Odd if name == "odd" else find_channel(name))
    assert caught.value.message == "publisher.toml:5:1: Odd.when is declared as dt.date | None"


def test_a_channel_that_is_told_whose_it_is(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Told(Silent):
        wings: int = 2
        _lang: str = ""
        _root: str = ""

    def find(name: str) -> type[Channel]:
        return Told if name == "told" else find_channel(name)

    path = tmp_path / "publisher.toml"
    path.write_text(TOP + 'lang = "en"\n[channels.told]\nwings = 4\n', "utf-8")
    assert config.load(path, find).channels[-1] == Told(4, "en", str(tmp_path))
    path.write_text(TOP + '[channels.told]\n_lang = "en"\n', "utf-8")
    with pytest.raises(ConfigError, match=r"unknown key _lang"):
        config.load(path, find)


# ----------------------------------------------------------------------- places


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
