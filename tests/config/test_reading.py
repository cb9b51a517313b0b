"""Reading a valid publisher.toml."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import pytest

from publisher import config
from publisher.channels.wechat import WeChat
from publisher.errors import ConfigError
from publisher.project import find_config
from publisher.registry import load_channel
from tests.config.channels import TOP, Pigeon, Rss, Web, find_channel, load


def test_three_keys_are_enough(tmp_path: Path) -> None:
    found = load(tmp_path, TOP)
    assert (found.path, found.root) == (tmp_path / "publisher.toml", tmp_path)
    assert found.newsletter.name == "慢工"
    assert found.newsletter.url == "https://example.org/slow/{date}/"
    assert found.newsletter.base == "https://example.org/slow/"
    assert (found.newsletter.site, found.newsletter.lang) == ("public", "zh-CN")
    assert found.issues == ("issues/*.md",)
    assert (found.schedule.at, found.schedule.is_set) == (dt.time(9, 45), False)
    assert found.listen is None, "the daemon shows nothing unless it is asked to"
    assert found.channels == (Web(), Rss())
    assert found.templates is None
    assert found.digest == hashlib.sha256(TOP.encode()).hexdigest()


def test_every_key_is_read(tmp_path: Path) -> None:
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
cron = "5 23 * * fri"
catch_up = 6
on_failure = "file:secrets/hook"
[server]
listen = "[::1]:8080"
proxies = ["127.0.0.1", "10.1.0.0/16", "::1"]
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
    assert found.newsletter.tagline == "写得慢一点"
    assert found.newsletter.site == "docs/slow"
    assert (found.newsletter.lang, found.newsletter.timezone) == ("en", "Europe/Berlin")
    assert (found.newsletter.author, found.newsletter.email) == ("林", "editor@example.org")
    assert found.newsletter.license == "CC-BY-SA-4.0"
    assert found.newsletter.contacts == ("公众号：慢工", "https://example.org")
    assert (found.issues, found.schedule.at) == (("texts/**/*.md",), dt.time(23, 5))
    assert found.listen == ("::1", 8080)
    assert [*map(str, found.proxies)] == ["127.0.0.1/32", "10.1.0.0/16", "::1/128"]
    schedule = found.schedule
    assert schedule.cron
    assert schedule.due_time(dt.date(2021, 7, 18), "rss") == (dt.date(2021, 7, 23), dt.time(23, 5))
    assert schedule.due_time(dt.date(2021, 7, 18), "plain") == (dt.date(2021, 7, 23), dt.time(23, 30))
    assert schedule.catch_up == dt.timedelta(hours=6)
    assert schedule.on_failure == f"file:{tmp_path / 'secrets/hook'}"
    assert found.templates == tmp_path / "templates"
    assert [channel.name for channel in found.channels] == ["rss", "pigeon", "plain"]
    rss, pigeon, plain = found.channels
    assert rss == Rss(path="docs/slow/rss.xml")
    assert pigeon == Pigeon("north", 3.0, ("a", "b"), True, "grey")
    assert (plain.width, plain.to) == (60, ("list@example.org",))


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
    found = load(tmp_path, TOP + f'[server]\nlisten = "{listen}"').listen
    assert found
    assert str(found) == listen
    assert found.is_loopback == is_loopback


def test_a_disabled_channel_need_not_match_the_site(tmp_path: Path) -> None:
    found = load(tmp_path, TOP + 'site = "docs"\n[channels.rss]\nenabled = false')
    assert found.channels == (Web(),)


@pytest.mark.parametrize(
    ("url", "pattern", "base"),
    [
        ("https://example.org", "https://example.org/{date}/", "https://example.org/"),
        ("http://example.org/a/", "http://example.org/a/{date}/", "http://example.org/a/"),
        ("https://example.org/a/no-{id}.html", "https://example.org/a/no-{id}.html", "https://example.org/a/"),
        (
            "https://example.org:8443/{year}/{month}/{day}/",
            "https://example.org:8443/{year}/{month}/{day}/",
            "https://example.org:8443/",
        ),
    ],
)
def test_url_is_a_pattern_with_a_base(tmp_path: Path, url: str, pattern: str, base: str) -> None:
    found = load(tmp_path, TOP.replace("https://example.org/slow/{date}/", url))
    assert (found.newsletter.url, found.newsletter.base) == (pattern, base)


@pytest.mark.parametrize("home", ["https://example.org", "https://example.org/"])
def test_home_may_be_above_the_pattern(tmp_path: Path, home: str) -> None:
    found = load(tmp_path, f'{TOP}home = "{home}"\n')
    assert found.newsletter.base == "https://example.org/"
    assert found.newsletter.output_path("https://example.org/slow/2021-07-18/") == "public/slow/2021-07-18/index.html"


@pytest.mark.parametrize(
    "tag", ["tag:example.org,2021:slow", "tag:lin@mail.example.org,2021-02:a/b?c", "tag:example.org,2021-02-28:"]
)
def test_id_may_be_any_tag_uri(tmp_path: Path, tag: str) -> None:
    assert load(tmp_path, TOP.replace("tag:example.org,2021:slow", tag)).newsletter.id == tag


def test_a_file_from_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "publisher.toml"
    path.write_bytes(b"\xef\xbb\xbf" + TOP.replace("\n", "\r\n").encode())
    assert config.load_config(path, find_channel).newsletter.name == "慢工"


def test_find_config_searches_parent_folders(tmp_path: Path) -> None:
    (tmp_path / "publisher.toml").touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_config(tmp_path / "a" / "b") == tmp_path.resolve() / "publisher.toml"
    assert find_config(tmp_path) == tmp_path.resolve() / "publisher.toml"


def test_find_config_reports_where_it_searched(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        find_config(Path(tmp_path.anchor))
    assert caught.value.message == f"there is no publisher.toml in {tmp_path.anchor} or above it"
    assert caught.value.hint == "create one: publish init"


def test_files_that_are_named_are_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("readers.txt", "cover.png", "issue.md", "other.png"):
        (tmp_path / name).write_text("x")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/a")
    monkeypatch.setenv("HOME", "/home/lin")
    (tmp_path / "publisher.toml").write_text(
        """
        [newsletter]
        name = "慢刊"
        url = "https://e.org/{date}/"
        id = "tag:e.org,2021:slow"
        issues = "issue.md"
        contacts = ["other.png", "none.png"]
        [schedule]
        on_failure = "file:alarm"
        [ledger]
        postgres = "credential:db"
        [channels.wechat]
        cover = "cover.png"
        [channels.email]
        enabled = false
        from = "a@e.org"
        server = "smtp://localhost"
        recipients = "readers.txt"
        user = "a"
        password = "file:~/key"
        """,
        "utf-8",
    )
    found = config.load_config(tmp_path / "publisher.toml", load_channel)
    expected = {str(tmp_path / name) for name in ("readers.txt", "other.png", "alarm")}
    assert {*found.private_files} == expected | {"/home/lin/key", "/run/credentials/a/db"}
    (wechat,) = [channel for channel in found.channels if isinstance(channel, WeChat)]
    assert wechat._private_files == found.private_files
