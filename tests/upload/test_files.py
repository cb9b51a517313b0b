"""Which files are uploaded, in which order, with which type."""

from __future__ import annotations

from pathlib import Path

from publisher.upload.files import Stage, compute_digest, list_files
from tests.upload.conftest import write_site

SITE = {
    "feed.xml": "<rss version='2.0'>",
    "feed.xml.gz": "x",
    "atom.xml": '<feed xmlns="http://www.w3.org/2005/Atom">',
    "feed.json": '{"version": "https://jsonfeed.org/version/1.1"}',
    "feed.json.br": "x",
    "sitemap.xml": "<urlset>",
    "index.html": "<p>",
    "index.html.gz": "x",
    "2021-07-18/index.html": "<p>",
    "2021-07-18/text.md": "# x",
    "search/search.js": "x",
    "cards/a.png": "x",
    "style.css": "x",
    "lonely.gz": "x",
    ".well-known/security.txt": "x",
    ".nojekyll": "",
    ".htpasswd": "me:secret",
    ".git/config": "x",
    "sub/.publisher-tmp-1": "x",
}


def test_order(tmp_path: Path) -> None:
    write_site(tmp_path, SITE)
    found = list_files(tmp_path / "public", ["2021-07-18/index.html", "2021-07-18/text.md"])
    assert [(file.stage, file.path) for file in found] == [
        (Stage.IMAGES, ".nojekyll"),
        (Stage.IMAGES, "cards/a.png"),
        (Stage.IMAGES, "lonely.gz"),
        (Stage.IMAGES, "search/search.js"),
        (Stage.IMAGES, "style.css"),
        (Stage.PAGES, "2021-07-18/index.html"),
        (Stage.PAGES, "2021-07-18/text.md"),
        (Stage.LISTS, ".well-known/security.txt"),
        (Stage.LISTS, "index.html"),
        (Stage.LISTS, "index.html.gz"),
        (Stage.LISTS, "sitemap.xml"),
        (Stage.FEEDS, "atom.xml"),
        (Stage.FEEDS, "feed.json"),
        (Stage.FEEDS, "feed.json.br"),
        (Stage.FEEDS, "feed.xml"),
        (Stage.FEEDS, "feed.xml.gz"),
    ]


def test_types(tmp_path: Path) -> None:
    write_site(tmp_path, SITE)
    types = {file.path: file.media_type for file in list_files(tmp_path / "public", [])}
    assert types["feed.xml"] == "application/rss+xml; charset=utf-8"
    assert types["feed.xml.gz"] == "application/gzip"
    assert types["2021-07-18/text.md"] == "text/markdown; charset=utf-8"
    assert types["cards/a.png"] == "image/png"


def test_the_id_that_git_has() -> None:
    """`printf 'hello\\n' | git hash-object --stdin`"""
    assert compute_digest(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
