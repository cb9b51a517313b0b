"""The feeds in independent programs: the grammar of Atom, and a feed reader."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

GRAMMAR = Path(__file__).with_name("atom.rnc")
BROKEN = """<feed xmlns="http://www.w3.org/2005/Atom"><id>tag:example.org,2024:x</id>
<title type="CDATA">x</title><updated>2024-02-29T09:45:00</updated></feed>"""


@pytest.fixture(scope="session")
def atom_findings(need: Callable[[str], str]) -> Callable[[Path], str]:
    """What jing says of a file that is to be an Atom feed."""
    jing = need("jing")
    return lambda file: subprocess.run([jing, "-c", GRAMMAR, file], capture_output=True, text=True).stdout


def test_atom_follows_its_grammar(site, atom_findings) -> None:
    feeds = [file for file in site.folder.rglob("*.xml") if b"<feed" in file.read_bytes()[:1000]]
    assert feeds
    assert "".join(atom_findings(file) for file in feeds) == ""


def test_grammar_notices(tmp_path: Path, atom_findings) -> None:
    (tmp_path / "broken.xml").write_text(BROKEN, "utf-8")
    found = atom_findings(tmp_path / "broken.xml")
    assert 'attribute "type" is invalid' in found
    assert 'element "updated" invalid' in found


@pytest.mark.parametrize("name", ["feed.xml", "atom.xml"])
def test_a_reader_sees_what_the_json_feed_says(name: str, site, tmp_path: Path, need: Callable[[str], str]) -> None:
    """newsboat keeps what it read in a database: address, title and time of each entry."""
    newsboat = need("newsboat")
    (tmp_path / "urls").write_text(f"file://{site.folder / name}\n", "utf-8")
    (tmp_path / "config").touch()
    command = [newsboat, "-u", "urls", "-c", "cache.db", "-C", "config", "-x", "reload"]
    home = os.environ | {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    subprocess.run(command, cwd=tmp_path, env=home, check=True, capture_output=True, timeout=1800)
    with closing(sqlite3.connect(tmp_path / "cache.db")) as cache:
        query = "select guid, url, title, pubDate, length(content) > 100 from rss_item"
        seen = set(cache.execute(query).fetchall())
    feed = json.loads((site.folder / "feed.json").read_text("utf-8"))
    assert feed["items"]
    assert seen == {
        (
            entry["id"],
            entry["url"],
            entry["title"],
            int(dt.datetime.fromisoformat(entry["date_published"]).timestamp()),
            True,
        )
        for entry in feed["items"]
    }
