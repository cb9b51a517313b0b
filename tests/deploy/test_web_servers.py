"""The site behind nginx, Caddy and the daemon's HTTP server: the same responses from all three."""

from __future__ import annotations

import gzip
from pathlib import Path

import brotli
import pytest

from tests.server.conftest import Get

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PATHS = ["/", "/subscribe.html", "/feed.xml", "/atom.xml", "/feed.json", "/items.xml", "/items.atom.xml"]
FEEDS = PATHS[2:]


@pytest.mark.parametrize(
    ("path", "kind", "cache"),
    [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/subscribe.html", "text/html; charset=utf-8", "no-cache"),
        ("/feed.xml", "application/rss+xml; charset=utf-8", "public, max-age=3600"),
        ("/items.xml", "application/rss+xml; charset=utf-8", "public, max-age=3600"),
        ("/atom.xml", "application/atom+xml; charset=utf-8", "public, max-age=3600"),
        ("/items.atom.xml", "application/atom+xml; charset=utf-8", "public, max-age=3600"),
        ("/feed.json", "application/feed+json", "public, max-age=3600"),
        ("/items.json", "application/feed+json", "public, max-age=3600"),
        ("/feed.css", "text/css; charset=utf-8", "public, max-age=86400"),
        ("/dot.png", "image/png", "public, max-age=86400"),
    ],
)
def test_types_and_caching(path: str, kind: str, cache: str, web: Get, letter: Path) -> None:
    found = web(path)
    assert found.status == 200
    assert found.headers["Content-Type"] == kind
    assert found.headers.get_all("Cache-Control") == [cache]
    assert found.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert found.body == (letter / "public" / (path[1:] or "index.html")).read_bytes()


@pytest.mark.parametrize("path", ["/feed.xml", "/items.xml", "/atom.xml", "/items.atom.xml"])
@pytest.mark.parametrize("packed", ["identity", "br"])
def test_a_browser_gets_a_feed_that_it_shows(path: str, packed: str, web: Get) -> None:
    found = web(path, Accept=BROWSER, Accept_Encoding=packed)
    assert found.status == 200
    assert found.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert found.headers["Cache-Control"] == "public, max-age=3600"
    assert varies(found.headers.get_all("Vary", [])) == {"accept", "accept-encoding"}
    again = web(path, Accept=BROWSER, Accept_Encoding=packed, If_None_Match=found.headers["ETag"])
    assert again.status == 304


def varies(headers: list[str]) -> set[str]:
    return {name.strip().lower() for header in headers for name in header.split(",")}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("packed", ["identity", "gzip", "br"])
def test_200_once_then_304(path: str, packed: str, web: Get) -> None:
    first = web(path, Accept_Encoding=packed)
    assert first.status == 200
    etag, modified = first.headers["ETag"], first.headers["Last-Modified"]
    assert web(path, Accept_Encoding=packed, If_None_Match=etag).status == 304
    assert web(path, Accept_Encoding=packed, If_Modified_Since=modified).status == 304
    assert web(path, Accept_Encoding=packed, If_None_Match='"other"').status == 200


@pytest.mark.parametrize("path", FEEDS)
def test_precompressed_files_are_served(path: str, web: Get, letter: Path) -> None:
    raw = web(path).body
    tags = {web(path).headers["ETag"]}
    for name, ending, unpacked in (("gzip", ".gz", gzip.decompress), ("br", ".br", brotli.decompress)):
        found = web(path, Accept_Encoding=name)
        assert found.headers["Content-Encoding"] == name
        assert found.body == (letter / "public" / (path[1:] + ending)).read_bytes()
        assert unpacked(found.body) == raw
        assert "accept-encoding" in varies(found.headers.get_all("Vary", []))
        tags.add(found.headers["ETag"])
    assert len(tags) == 3


def test_a_rebuild_keeps_what_readers_have(web: Get, letter: Path, publish) -> None:
    before = {path: web(path).headers["ETag"] for path in PATHS}
    publish("--channel", "web,rss", folder=letter)
    assert {path: web(path, If_None_Match=etag).status for path, etag in before.items()} == dict.fromkeys(PATHS, 304)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/.git/config", 404),
        ("/.publisher-tmp-1-1", 404),
        ("/.well-known/security.txt", 200),
        ("/2024/", 404),
        ("/nothing.html", 404),
        ("/%2e%2e/publisher.toml", (400, 404)),
        ("/..%2fpublisher.toml", (400, 404)),
        ("/.well-known/", (403, 404)),
        ("/.well-known/../.git/config", 404),
    ],
)
def test_hidden_files_are_not_served(path: str, status: int | tuple[int, ...], web: Get) -> None:
    found = web(path)
    assert found.status in ((status,) if isinstance(status, int) else status)
    assert b"[newsletter]" not in found.body


def test_a_folder_is_its_page(web: Get, letter: Path) -> None:
    page = next((letter / "public").glob("2*/index.html"))
    assert web(f"/{page.parent.name}/").body == page.read_bytes()
    moved = web(f"/{page.parent.name}")
    assert moved.status in (301, 308)
    assert moved.headers["Location"].endswith(f"/{page.parent.name}/")


def test_only_get_and_head_are_allowed(web: Get) -> None:
    assert web("/feed.xml", "POST").status == 405
    response = web("/feed.xml", "HEAD")
    assert (response.status, response.body) == (200, b"")
    assert int(response.headers["Content-Length"]) > 0
