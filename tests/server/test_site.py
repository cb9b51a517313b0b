"""The site as the server shows it: types, validators, compressed forms, and nothing that is not public."""

from __future__ import annotations

import gzip
import os
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import brotli
import pytest

from publisher.media_types import detect_media_type
from tests.server.conftest import Get

PAGES = ["/", "/feed.xml", "/atom.xml", "/feed.json", "/feed.css", "/subscribe.html"]
FEEDS = ["/feed.xml", "/atom.xml", "/feed.json"]
YESTERDAY = "Mon, 01 Jan 2001 00:00:00 GMT"


def page_of(site: Path) -> str:
    return next(site.glob("2*/index.html")).parent.name


@pytest.mark.parametrize(
    ("path", "kind", "cache"),
    [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/subscribe.html", "text/html; charset=utf-8", "no-cache"),
        ("/feed.xml", "application/rss+xml; charset=utf-8", "public, max-age=3600"),
        ("/atom.xml", "application/atom+xml; charset=utf-8", "public, max-age=3600"),
        ("/feed.json", "application/feed+json", "public, max-age=3600"),
        ("/feed.css", "text/css; charset=utf-8", "public, max-age=86400"),
        ("/feed.xml.gz", "application/gzip", "public, max-age=86400"),
    ],
)
def test_types(path: str, kind: str, cache: str, get: Get, site: Path) -> None:
    found = get(path)
    assert found.status == 200
    assert found.headers["Content-Type"] == kind
    assert found.headers["Cache-Control"] == cache
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert found.headers["Content-Encoding"] is None
    assert found.body == (site / (path[1:] or "index.html")).read_bytes()


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.PNG", b"\x89PNG", "image/png"),
        ("a.jpg", b"", "image/jpeg"),
        ("a.svg", b"<svg>", "image/svg+xml"),
        ("sitemap.xml", b"<?xml version='1.0'?><urlset>", "application/xml; charset=utf-8"),
        ("weekly.xml", b"<?xml version='1.0'?>\n<rss version='2.0'>", "application/rss+xml; charset=utf-8"),
        ("feedback.xml", b"<feedback>", "application/xml; charset=utf-8"),
        ("data.json", b'{"version": "1"}', "application/json"),
        ("CNAME", b"example.org", "application/octet-stream"),
        ("a.exe", b"MZ", "application/octet-stream"),
    ],
)
def test_types_of_what_others_put_there(name: str, head: bytes, kind: str) -> None:
    assert detect_media_type(name, head) == kind


@pytest.mark.parametrize("path", FEEDS[:2])
def test_a_browser_gets_a_feed_that_it_shows(path: str, get: Get) -> None:
    """Browsers style application/xml, and show the source of what says it is a feed."""
    found = get(path, Accept="text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
    assert found.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert "Accept" in found.headers["Vary"].split(", ")
    assert get("/feed.json", Accept="text/html").headers["Content-Type"] == "application/feed+json"


@pytest.mark.parametrize("path", PAGES)
def test_200_once_then_304(path: str, get: Get) -> None:
    first = get(path)
    etag, modified = first.headers["ETag"], first.headers["Last-Modified"]
    assert etag.startswith('"'), "a strong validator"
    for conditions in (
        {"If_None_Match": etag},
        {"If_None_Match": f'"other", W/{etag}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": modified},
        {"If_None_Match": etag, "If_Modified_Since": YESTERDAY},
    ):
        again = get(path, **conditions)
        assert (again.status, again.body) == (304, b""), conditions
        for kept in ("ETag", "Last-Modified", "Cache-Control", "Vary"):
            assert again.headers[kept] == first.headers[kept]
    for conditions in (
        {"If_None_Match": '"other"'},
        {"If_None_Match": '"other"', "If_Modified_Since": modified},
        {"If_Modified_Since": YESTERDAY},
        {"If_Modified_Since": "the day before"},
        {"If_Modified_Since": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"},
        {"If_Modified_Since": "Mon, 01 Jan 2020 00:00:00 +99999999999999"},
    ):
        assert get(path, **conditions).status == 200, conditions


def test_a_rebuild_keeps_what_readers_have(get: Get, site: Path, publish) -> None:
    before = {path: get(path).headers["ETag"] for path in PAGES}
    publish("--channel", "web,rss", folder=site.parent)
    for path, etag in before.items():
        assert get(path, If_None_Match=etag).status == 304, path


def test_a_change_is_seen(get: Get, site: Path) -> None:
    file = site / "note.txt"
    file.write_text("ebb", "utf-8")
    first = get("/note.txt")
    file.with_suffix(".new").write_text("low", "utf-8")
    file.with_suffix(".new").replace(file)
    found = get("/note.txt", If_None_Match=first.headers["ETag"])
    assert (found.status, found.body) == (200, b"low")


@pytest.mark.parametrize("path", FEEDS)
def test_compressed_forms_are_the_same_document(path: str, get: Get, site: Path) -> None:
    raw = get(path)
    assert "Accept-Encoding" in raw.headers["Vary"].split(", ")
    tags = {raw.headers["ETag"]}
    for name, open_ in (("gzip", gzip.decompress), ("br", brotli.decompress)):
        packed = get(path, Accept_Encoding=name)
        assert packed.headers["Content-Encoding"] == name
        assert packed.headers["Content-Type"] == raw.headers["Content-Type"]
        assert packed.headers["Vary"] == raw.headers["Vary"]
        assert int(packed.headers["Content-Length"]) == len(packed.body) < len(raw.body)
        assert open_(packed.body) == raw.body
        tag = packed.headers["ETag"]
        assert get(path, Accept_Encoding=name, If_None_Match=tag).status == 304
        tags.add(tag)
    assert len(tags) == 3, "each form has a tag of its own"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("GZIP", "gzip"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("br;q=0, gzip;q=0", None),
        ("*", "br"),
        ("*;q=0.5, br;q=0", "gzip"),
        ("identity", None),
        ("deflate", None),
        ("br;q=much", None),
        (",;,", None),
    ],
)
def test_which_form_is_sent(accepted: str, coding: str | None, get: Get) -> None:
    assert get("/feed.xml", Accept_Encoding=accepted).headers["Content-Encoding"] == coding


def test_a_compressed_form_of_an_older_version_is_not_sent(get: Get, site: Path) -> None:
    (site / "old.css").write_text("a{}", "utf-8")
    (site / "old.css.gz").write_bytes(gzip.compress(b"b{}"))
    os.utime(site / "old.css.gz", ns=(1, (site / "old.css").stat().st_mtime_ns - 1))
    found = get("/old.css", Accept_Encoding="gzip")
    assert (found.headers["Content-Encoding"], found.body) == (None, b"a{}")


@pytest.mark.parametrize("path", PAGES)
def test_head_is_get_without_a_body(path: str, get: Get) -> None:
    asked, reported = get(path), get(path, "HEAD")
    assert reported.body == b""
    for headers in (asked.headers, reported.headers):
        del headers["Date"]
    assert (reported.status, reported.headers.items()) == (asked.status, asked.headers.items())
    assert get(path, "HEAD", If_None_Match=reported.headers["ETag"]).status == 304


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/feed.xml", "/healthz", "/metrics"])
def test_nothing_can_be_done_but_read(method: str, path: str, get: Get) -> None:
    found = get(path, method)
    assert found.status == 405
    assert {name.strip() for name in found.headers["Allow"].split(",")} == {"GET", "HEAD"}


def test_a_folder_is_its_page(get: Get, site: Path) -> None:
    name = page_of(site)
    assert get(f"/{name}/").body == (site / name / "index.html").read_bytes()
    moved = get(f"/{name}")
    assert (moved.status, moved.headers["Location"]) == (308, f"./{name}/")


def test_a_folder_without_a_page_is_not_listed(get: Get, site: Path) -> None:
    (site / "img").mkdir()
    (site / "img" / "a.png").write_bytes(b"\x89PNG")
    assert get("/img/a.png").status == 200
    assert get("/img/").status == get("/img").status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "/.%2e/secret.txt",
        "/%252e%252e/secret.txt",
        "/subscribe.html/../../secret.txt",
        "//secret.txt",
        "/./secret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/secret.txt%00.html",
        "/feed.xml%00",
        "/feed.xml/",
        "/feed.xml/index.html",
        "//etc/passwd",
        "//example.org/%2e%2e",
        "/nothing.html",
        "/feed.xml%0a",
        "/" + "a" * 5000,
        "/" + "a/" * 3000,
    ],
)
def test_nothing_else_is_there(path: str, get: Get, site: Path) -> None:
    assert (site.parent / "secret.txt").read_text("utf-8") == "tide"
    found = get(path)
    assert (found.status, found.body) in ((404, b"not found\n"), (404, b"Not Found"))


def test_links_lead_nowhere_else(get: Get, site: Path) -> None:
    (site / "inside.xml").symlink_to("feed.xml")
    assert get("/inside.xml").body == (site / "feed.xml").read_bytes()
    (site / "way-out.txt").symlink_to(site.parent / "secret.txt")
    (site / "upstairs").symlink_to(site.parent)
    (site / "loop").symlink_to("loop")
    os.mkfifo(site / "pipe")
    (site / "packed.css").write_text("a{}", "utf-8")
    (site / "packed.css.gz").symlink_to(site.parent / "secret.txt")
    for path in ("/way-out.txt", "/upstairs/secret.txt", "/upstairs/", "/loop", "/loop/", "/pipe"):
        assert get(path).status == 404, path
    assert get("/packed.css", Accept_Encoding="gzip").body == b"a{}"


def test_unfinished_and_hidden_files_are_not_there(get: Get, site: Path) -> None:
    (site / ".publisher-tmp-1-1").write_text("half", "utf-8")
    (site / ".git").mkdir()
    (site / ".git" / "config").write_text("x", "utf-8")
    (site / ".well-known").mkdir()
    (site / ".well-known" / "security.txt").write_text("Contact: mailto:a@example.org", "utf-8")
    assert get("/.publisher-tmp-1-1").status == get("/.git/config").status == 404
    assert get("/.well-known/security.txt").status == 200


def test_what_cannot_be_read_is_not_there(get: Get, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "open", gone)  # it was still there when it was looked for
    assert get("/feed.xml").status == 404


def test_a_reader_gets_one_version_whole(get: Get, site: Path) -> None:
    """Also when the next version takes its place while the first pieces are on their way."""
    file = site / "long.txt"
    file.write_bytes(b"old " * 2_000_000)
    with closing(HTTPConnection("127.0.0.1", get.port, timeout=300)) as connection:
        connection.request("GET", "/long.txt")
        answer = connection.getresponse()
        begun = answer.read(4)
        (site / "long.new").write_bytes(b"new")
        (site / "long.new").replace(file)
        assert begun + answer.read() == b"old " * 2_000_000
    assert get("/long.txt").body == b"new"
