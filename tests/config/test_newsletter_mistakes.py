"""Mistakes in the table [newsletter], and files and channels that cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from publisher import config
from publisher.channel import Channel
from publisher.errors import ConfigError
from tests.config.channels import TOP, Silent, find_channel, load

URL_LIKE = 'like url = "https://example.org/news/{date}/"'
PLACEHOLDERS = "there are {date} {year} {month} {day} {id} {slug} {number}"
LIST_LIKE = 'write each entry in quotes, with a comma between, and ] at the end: {} = ["…", "…"]'
ID_LIKE = 'tag:HOST,YEAR:NAME, a host that was yours in that year: id = "tag:example.org,2021:news"'

# a value in TOP, what stands in its place, then place and message, then hint
CHANGED = [
    ('"慢工"', '" "', "2:1: name must be one line of text", 'write the newsletter\'s name: name = "…"'),
    ('"慢工"', '"""\na\nb"""', "2:1: name must be one line of text", 'write the newsletter\'s name: name = "…"'),
    (
        "https://example.org/slow/",
        "example.org/",
        "3:1: url must be an absolute http or https URL, not example.org/{date}/",
        URL_LIKE,
    ),
    ("https:", "ftp:", "3:1: url must be an absolute http or https URL, not ftp://example.org/slow/{date}/", URL_LIKE),
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
    *[
        (
            "https://",
            f"https://{user}@",
            "3:1: url must not have a user or a password",
            "every page would show it: remove what is before @",
        )
        for user in ("lin", "lin:hunter2", ":hunter2", "")
    ],
    ("/slow/{date}/", "/?date={date}", "3:1: url must not have a ? or # part", "each page is a file: use only a path"),
    ("{date}", "{data}", "3:1: url has the unknown placeholder {data}", "did you mean {date}?"),
    ("{date}", "{}", "3:1: url has the unknown placeholder {}", PLACEHOLDERS),
    ("{date}", "{date:%Y}", "3:1: url has the unknown placeholder {date:%Y}", "did you mean {date}?"),
    ("{date}", "{date", "3:1: url has an unmatched brace", PLACEHOLDERS),
    ("{date}", "{{date}}", "3:1: url has an unmatched brace", PLACEHOLDERS),
    (
        'url = "',
        'home = "https://other.example/"\nurl = "',
        "3:1: home must be the beginning of url, not https://other.example/",
        'like home = "https://example.org/"',
    ),
    (
        'url = "',
        'home = "https://"\nurl = "',
        "3:1: home must be the beginning of url, not https://",
        'like home = "https://example.org/"',
    ),
    (
        "tag:example.org,2021:slow",
        "https://example.org/",
        '4:1: id must be a tag: URI, not "https://example.org/"',
        ID_LIKE,
    ),
    ("2021:slow", "2021-13:slow", '4:1: id must be a tag: URI, not "tag:example.org,2021-13:slow"', ID_LIKE),
    ("2021:slow", "2021:慢", '4:1: id must be a tag: URI, not "tag:example.org,2021:慢"', ID_LIKE),
    ('name = "慢工"\n', "", "1:1: [newsletter] has no name", 'add below [newsletter]: name = "…"'),
    (
        'url = "https://example.org/slow/{date}/"\n',
        "",
        "1:1: [newsletter] has no url",
        'add below [newsletter]: url = "https://example.org/news/{date}/"',
    ),
    ("[newsletter]", "[newsleter]", "1:1: unknown table [newsleter]", "did you mean newsletter?"),
    (
        "[newsletter]",
        "[[newsletter]]",
        "1:1: newsletter must be a table, not a list with a table in it",
        "write [newsletter] on its own line and its keys below it",
    ),
    ("[newsletter]\n", "", "1:1: unknown key name", "put it below [newsletter]"),
    (TOP, "# nothing yet\n", "1:1: there is no table [newsletter]", "add [newsletter], or run publish init"),
    # not TOML at all
    ('name = "慢工"', "name = 慢工", "2:8: invalid value", 'quote it: name = "慢工"'),
    ('"tag:example.org,2021:slow"\n', "[", "4:7: invalid value", LIST_LIKE.format("id")),
    ("id =", "name =", "4:1: name is set twice", "remove one of the two lines"),
]


@pytest.mark.parametrize(("old", "new", "message", "hint"), CHANGED, ids=[row[2] for row in CHANGED])
def test_error_in_the_newsletter_table(tmp_path: Path, old: str, new: str, message: str, hint: str) -> None:
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


def test_bytes_that_are_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "publisher.toml"
    path.write_bytes("[newsletter]\n名 = ".encode() + "慢工".encode("gb18030"))
    with pytest.raises(ConfigError) as caught:
        config.load_config(path, find_channel)
    assert caught.value.message == "publisher.toml:2:5: not UTF-8"
    assert caught.value.hint == "save the file as UTF-8"


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load_config(tmp_path / "other.toml", find_channel)
    assert caught.value.message == f"cannot read {tmp_path / 'other.toml'}: No such file or directory"


def test_a_default_channel_that_cannot_be_found(tmp_path: Path) -> None:
    path = tmp_path / "publisher.toml"
    path.write_text(TOP, "utf-8")

    def nothing(name: str) -> type[Channel]:
        raise ConfigError(f"the channel {name} cannot be loaded", "install it")

    with pytest.raises(ConfigError) as caught:
        config.load_config(path, nothing)
    assert caught.value.message == "publisher.toml:1:1: the channel web cannot be loaded"
    assert caught.value.hint == "install it"


def test_a_channel_with_an_unsupported_field_type(tmp_path: Path) -> None:
    class Odd(Silent, frozen=True):
        nest: tuple[str, ...] | Path = ()

    path = tmp_path / "publisher.toml"
    path.write_text(TOP + "[channels.odd]\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load_config(path, lambda name: Odd if name == "odd" else find_channel(name))
    assert caught.value.message.startswith("publisher.toml:5:1: Odd: Type unions containing a custom type")
    assert caught.value.hint == "report it to its author"


def test_a_channel_receives_language_and_folder(tmp_path: Path) -> None:
    class Dove(Silent, frozen=True):
        wings: int = 2
        _lang: str = ""
        _root: str = ""

    def find(name: str) -> type[Channel]:
        return Dove if name == "dove" else find_channel(name)

    path = tmp_path / "publisher.toml"
    path.write_text(TOP + 'lang = "en"\n[channels.dove]\nwings = 4\n', "utf-8")
    assert config.load_config(path, find).channels[-1] == Dove(4, "en", str(tmp_path))
    path.write_text(TOP + '[channels.dove]\n_lang = "en"\n', "utf-8")
    with pytest.raises(ConfigError, match=r"unknown key _lang"):
        config.load_config(path, find)


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "1" * 6000], ids=["brackets", "digits"])
def test_what_no_parser_takes_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "publisher.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"^publisher\.toml:\d+:\d+: [^\n]+$"):
        config.load_config(tmp_path / "publisher.toml", find_channel)


def test_a_value_of_several_lines_is_reported_on_one_line(tmp_path: Path) -> None:
    (tmp_path / "publisher.toml").write_text('[newsletter]\nname = "a"\nurl = """x\ny"""\n', "utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load_config(tmp_path / "publisher.toml", find_channel)
    assert "\n" not in caught.value.message
