"""Old feeds: which entry is which issue, and that no reader gets an issue again."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import feedparser
import pytest

from publisher.channels.rss.old_feed import OldEntry
from publisher.cli.main import main
from publisher.reports.adopt_feed import derive_ids, match_entries
from tests.archive.records import record
from tests.support.newsletter import HOUR, NOON, Said, write_settled

OLD = "https://old.example.org"


def entry(id_: str, url: str = "", title: str = "", day: int = 0) -> OldEntry:
    return OldEntry(id_, url, title, dt.datetime(2021, 7, day, 23, 0, tzinfo=dt.UTC) if day else None)


A = record("a.md", "2021-07-01", id="1", url="https://e.org/posts/boats/", slug="boats", title="Boats")
B = record("b.md", "2021-07-08", id="2", url="https://e.org/posts/船/", slug="船", title="Tides  and Quays")

MATCHES = [
    ([entry("x", f"{OLD}/posts/boats/")], {"1": "x"}),
    ([entry("x", f"{OLD}/posts/boats.html?")], {"1": "x"}),
    ([entry("x", f"{OLD}/posts/boats/index.html")], {"1": "x"}),
    ([entry("x", f"{OLD}/posts/%E8%88%B9")], {"2": "x"}),
    ([entry("x", f"{OLD}/p/boats")], {"1": "x"}),  # by slug
    ([entry("x", f"{OLD}/?p=12", "tides and quays")], {"2": "x"}),  # by title
    ([entry("x", f"{OLD}/?p=12", "Other", day=8)], {"2": "x"}),  # by date
    ([entry("x", f"{OLD}/?p=12", "Other", day=9)], {}),
    ([entry("x", "", "", day=8), entry("y", "", "", day=8)], {}),  # two of one day
    ([entry("x", f"{OLD}/posts/boats/", "Tides and Quays", day=8)], {"1": "x"}),  # the address is what counts
    ([entry("x", f"{OLD}/posts/boats/"), entry("x", f"{OLD}/posts/boats/")], {"1": "x"}),  # twice in two feeds
    ([entry("x", "http://[bad", "Boats")], {"1": "x"}),
]


@pytest.mark.parametrize(("entries", "ids"), MATCHES)
def test_which_entry_is_which_issue(entries: list[OldEntry], ids: dict[str, str]) -> None:
    assert match_entries(entries, [A, B], dt.UTC) == ids


def test_the_day_is_that_of_the_newsletter() -> None:
    assert match_entries([entry("x", day=7)], [A, B], dt.timezone(dt.timedelta(hours=8))) == {"2": "x"}


def test_an_alias_is_an_address_too() -> None:
    moved = A._replace(aliases=("https://e.org/2021/boats.html",), slug="")
    assert match_entries([entry("x", f"{OLD}/2021/boats")], [moved, B], dt.UTC) == {"1": "x"}


DERIVED = [
    ({"1": f"{OLD}/posts/boats/"}, f"{OLD}/posts/%E8%88%B9/"),
    ({"1": f"{OLD}/posts/boats"}, f"{OLD}/posts/%E8%88%B9"),  # as Jekyll makes ids
    ({"1": f"{OLD}/?p=12"}, ""),
    ({"1": "60f4c0"}, ""),
]


@pytest.mark.parametrize(("ids", "id_"), DERIVED)
def test_older_issues_get_ids_made_in_the_same_way(ids: dict[str, str], id_: str) -> None:
    assert derive_ids(ids, [A, B], [B]) == ({"2": id_} if id_ else {})


# ---------------------------------------------------------------------- the command

SETTINGS = """[newsletter]
name = "Boats"
url = "https://e.org/posts/{slug}/"
home = "https://e.org/"
id = "tag:e.org,2021:boats"
issues = "posts/*.md"
timezone = "UTC"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A newsletter of three issues that moves here, with the old feed, which has two of them and one more."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "letter"
    (root / "posts").mkdir(parents=True)
    (root / "publisher.toml").write_text(SETTINGS)
    for day in (4, 11, 18):
        write_settled(root / "posts" / f"2021-07-{day:02}-boats-{day}.md", f"# Boats of the {day}th\n\nText {day}.\n")
    items = "".join(
        f"<item><guid>{escape(f'{OLD}/?p={number}&x')}</guid><link>{OLD}/posts/{slug}</link><title>{slug}</title></item>"
        for number, slug in ((3, "boats-18"), (2, "boats-11"), (1, "gone"))
    )
    (root / "old.xml").write_text(f"<rss><channel>{items}</channel></rss>")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def publish(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def call(*words: str) -> Said:
        return Said(main(list(words), NOON + 24 * HOUR), *capsys.readouterr())

    return call


KEPT = [f"{OLD}/?p=3&x", f"{OLD}/?p=2&x", "tag:e.org,2021:boats/2021-07-04"]


def ids_in_feeds(folder: Path) -> list[list[str]]:
    """The ids of the entries in RSS, Atom and JSON Feed, as a reader sees them."""
    parsed = [feedparser.parse((folder / "public" / name).read_bytes()) for name in ("feed.xml", "atom.xml")]
    feed = json.loads((folder / "public" / "feed.json").read_bytes())
    return [*([one.id for one in feed.entries] for feed in parsed), [item["id"] for item in feed["items"]]]


def test_all_feeds_keep_the_ids_also_in_later_runs(folder: Path, publish: Callable[..., Said]) -> None:
    texts = {path: path.read_bytes() for path in folder.glob("posts/*")}
    said = publish("adopt", "--feed", "old.xml")
    assert said.code == 0
    assert said.out.startswith("✓ feed  2 issues with the ids of the feed\n  no issue for the entry: gone\n")
    assert ids_in_feeds(folder) == [KEPT, KEPT, KEPT]
    write_settled(folder / "posts" / "2021-07-11-boats-11.md", "# Boats of the 11th\n\nText, corrected.\n")
    assert publish("--yes").code == 0
    for path in (folder / ".publisher" / "cache").rglob("*"):
        if path.is_file():
            path.unlink()
    assert publish("--yes").code == 0
    assert ids_in_feeds(folder) == [KEPT, KEPT, KEPT]
    assert texts.keys() == {*folder.glob("posts/*")}
    assert "feed_ids" not in (folder / ".publisher" / ".gitignore").read_text()


def test_front_matter_comes_before_the_adopted_ids(folder: Path, publish: Callable[..., Said]) -> None:
    write_settled(folder / "posts" / "2021-07-18-boats-18.md", "---\nfeed_id: my own\n---\n# Boats\n\nText.\n")
    publish("adopt", "--feed", "old.xml")
    assert [ids[0] for ids in ids_in_feeds(folder)] == ["my own"] * 3


def test_issues_too_old_for_the_feed_are_reported(folder: Path, publish: Callable[..., Said]) -> None:
    assert "1 issue not in the feed: feed readers may show them as new" in publish("adopt", "--feed", "old.xml").err


def test_a_feed_without_any_issue_changes_nothing(folder: Path, publish: Callable[..., Said]) -> None:
    (folder / "other.xml").write_text("<rss><channel><item><guid>1</guid></item></channel></rss>")
    said = publish("adopt", "--feed", "other.xml")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: no entry of other.xml is an issue of this newsletter · ")
    assert not (folder / ".publisher" / "feed_ids.json").exists()
    assert publish("adopt", "--feed", "missing.xml").code == 6


def test_the_feed_of_another_program_is_not_replaced(folder: Path, publish: Callable[..., Said]) -> None:
    (folder / "public").mkdir()
    feed = folder / "public" / "feed.xml"
    feed.write_bytes((folder / "old.xml").read_bytes())
    for words in ((), ("adopt",), ("--channel", "rss")):
        said = publish(*words)
        assert said.code == 2
        assert "publish adopt --feed public/feed.xml" in said.err
        assert feed.read_bytes() == (folder / "old.xml").read_bytes()
    assert publish("adopt", "--feed", "public/feed.xml").code == 0
    assert ids_in_feeds(folder) == [KEPT, KEPT, KEPT]
    assert publish().code == 0


def test_a_feed_id_that_changes_later_is_an_error(folder: Path, publish: Callable[..., Said]) -> None:
    publish("adopt", "--feed", "old.xml")
    path = folder / "posts" / "2021-07-18-boats-18.md"
    write_settled(path, f"---\nfeed_id: other\n---\n{path.read_text()}")
    said = publish()
    assert said.code == 2
    assert said.err == (
        'error: posts/2021-07-18-boats-18.md has the feed_id "other" now, but was published as '
        f'"{OLD}/?p=3&x": feed readers would show every subscriber the issue again · '
        f"write `feed_id: {OLD}/?p=3&x` into its front matter, or go on with publish --accept-new-id\n"
    )
    assert ids_in_feeds(folder) == [KEPT, KEPT, KEPT]
    assert publish("--accept-new-id").code == 0
    assert ids_in_feeds(folder)[0][0] == "other"
    assert publish().code == 0


def test_lost_ids_are_an_error_and_not_new_ids(folder: Path, publish: Callable[..., Said]) -> None:
    publish("adopt", "--feed", "old.xml")
    kept = folder / ".publisher" / "feed_ids.json"
    for damage in (b"{", b"[]", b'{"a": 1}', b"\xff"):
        kept.write_bytes(damage)
        said = publish()
        assert said.code == 6
        assert re.match(r"error: \S+feed_ids.json is damaged", said.err)
    kept.unlink()
    assert publish().code == 2
    assert ids_in_feeds(folder) == [KEPT, KEPT, KEPT]
