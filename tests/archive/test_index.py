"""What is remembered between runs: which files are issues, what is known of them, and that damage heals."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from publisher.archive.home import Home
from publisher.archive.index import Index
from publisher.archive.output_folder import BuiltFiles, OutputFolder, SiteSetup, UpToDateMark
from tests.archive.records import record


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "publisher.toml").write_text("[newsletter]")
    return Home(tmp_path)


def test_the_index_remembers(home: Home) -> None:
    one = record("1.md", problems=("3:1 empty-url",))
    with closing(Index(home, "key")) as index:
        assert not index.dirty
        index.put_record(one)
        index.store_body("rss", "1.md", "made from", b"body")
        assert index.dirty
        index.save()
    with closing(Index(home, "key")) as again:
        assert again.records == {"1.md": one}
        assert again.load_body("rss", "1.md", "made from") == b"body"
        assert again.load_body("rss", "1.md", "something else") is None
        assert again.find_digest("rss", "1.md") == "made from"
        assert not again.dirty
        again.remove({"1.md"})
        again.save()
    assert Index(home, "key").records == {}
    assert Index(home, "key").find_digest("rss", "1.md") == ""


def test_the_index_starts_anew_with_another_key(home: Home) -> None:
    index = Index(home, "key")
    index.put_record(record("1.md"))
    index.save()
    assert Index(home, "another").records == {}


def test_bodies_without_their_pack_are_forgotten(home: Home) -> None:
    with closing(Index(home, "key")) as index:
        index.put_record(record("1.md"))
        index.store_body("rss", "1.md", "made from", b"body")
        index.save()
    (home.cache / "bodies-0.pack").write_bytes(b"bod")
    with closing(Index(home, "key")) as again:
        assert list(again.records) == ["1.md"]
        assert again.find_digest("rss", "1.md") == ""
        again.store_body("rss", "1.md", "made from", b"body")
        again.save()
    with closing(Index(home, "key")) as healed:
        assert healed.load_body("rss", "1.md", "made from") == b"body"


def test_the_pack_is_tidied_when_half_of_it_is_of_no_use(home: Home) -> None:
    body = b"x" * 600_000
    for number in range(4):
        with closing(Index(home, "key")) as index:
            index.store_body("rss", "1.md", str(number), body)
            index.store_body("rss", "2.md", str(number), b"small")
            index.save()
    packs = sorted(home.cache.glob("bodies-*"))
    assert len(packs) == 1
    assert packs[0].stat().st_size <= 2 * 600_100
    with closing(Index(home, "key")) as tidied:
        assert tidied.load_body("rss", "1.md", "3") == body
        assert tidied.load_body("rss", "2.md", "3") == b"small"


def test_the_site_remembers_each_output_folder(home: Home, tmp_path: Path) -> None:
    setup = SiteSetup(("issues/*.md",), "UTC", ("web",))
    settled = UpToDateMark("sources", "2021-07-18", "", record("1.md"), ("a warning",))
    site = OutputFolder(home.root, home)
    assert site.setup is None
    site.channel_files("web").pages["1.md"] = BuiltFiles("made from", {"public/1.html": 3})
    site.mark("web", settled)
    site.save(setup)
    again = OutputFolder(home.root, home)
    assert again.setup == setup
    assert again.marks == {"web": settled}
    assert list(again.channel_files("web").files) == ["public/1.html"]
    assert OutputFolder(tmp_path / "elsewhere", home).channels == {}


def test_a_file_that_is_gone_or_cut_short_is_noticed(home: Home) -> None:
    site = OutputFolder(home.root, home)
    made = BuiltFiles("made from", {"public/1.html": 3})
    assert not site.has_files(made)
    (home.root / "public").mkdir()
    page = home.root / "public" / "1.html"
    page.write_text("abc")
    assert site.has_files(made)
    page.write_text("")
    assert not site.has_files(made)
