"""A cache is asked to forget each address that changed, also after a process died, until it agrees."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from msgspec.structs import replace

from publisher.credentials import Reference
from publisher.errors import ConfigError
from publisher.upload.purge import list_addresses, purge_addresses
from publisher.upload.target import UploadError
from tests.support.servers.hub import Hub
from tests.support.uploads import SECRET, BranchPlace, Place, list_pages, open_uploader
from tests.upload.conftest import FIRST, write_site


@pytest.fixture
def cache() -> Iterator[Hub]:
    server = Hub()
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def purged(cache: Hub) -> list[str]:
    paths = [path for path, _, _ in cache.pings]
    cache.pings.clear()
    return sorted(paths)


def test_addresses() -> None:
    paths = ["index.html", "2021-07-18/index.html", "feed.xml", "图.png"]
    assert list_addresses("https://e.org/n/", paths) == [
        "https://e.org/n/",
        "https://e.org/n/2021-07-18/",
        "https://e.org/n/feed.xml",
        "https://e.org/n/%E5%9B%BE.png",
    ]


def test_templates(cache: Hub) -> None:
    purge_addresses(f"{cache.url}?url={{url}}", ["https://e.org/n/a?b"])
    purge_addresses(f"{cache.url}/{{path}}", ["https://e.org/n/feed.xml"])
    assert purged(cache) == ["/hub/n/feed.xml", "/hub?url=https%3A%2F%2Fe.org%2Fn%2Fa%3Fb"]


def test_all_at_once(cache: Hub) -> None:
    """As Cloudflare has it: at most 30 in a request."""
    addresses = [f"https://e.org/{number}/" for number in range(31)]
    purge_addresses(f"{cache.url}/zones/z/purge_cache", addresses)
    assert [(path, kind) for path, kind, _ in cache.pings] == [("/hub/zones/z/purge_cache", "application/json")] * 2
    assert [json.loads(body) for _, _, body in cache.pings] == [{"files": addresses[:30]}, {"files": addresses[30:]}]
    cache.status = 403
    with pytest.raises(UploadError, match=r"did not forget https://e\.org/0/ and 29 more: 403"):
        purge_addresses(f"{cache.url}/purge_cache", addresses)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        (f"AccessKey: {SECRET}", "AccessKey", SECRET),
        (f"Authorization: Bearer {SECRET}", "Authorization", f"Bearer {SECRET}"),
        (f"Fastly-Key:{SECRET}", "Fastly-Key", SECRET),
    ],
)
def test_the_header_of_an_account(
    cache: Hub, monkeypatch: pytest.MonkeyPatch, line: str, name: str, value: str
) -> None:
    monkeypatch.setenv("HEADER", line)
    purge_addresses(f"{cache.url}/{{path}}", ["https://e.org/a", "https://e.org/b"], Reference("env:HEADER"))
    assert [headers[name] for headers in cache.received] == [value] * 2
    cache.status = 401
    with pytest.raises(UploadError) as refused:
        purge_addresses(f"{cache.url}/{{path}}", ["https://e.org/a"], Reference("env:HEADER"))
    assert SECRET not in refused.value.message + refused.value.hint


@pytest.mark.parametrize(
    "line", [SECRET, f"Key\x0b: {SECRET}", f": {SECRET}", f"A B: {SECRET}", "Key:", f"Key: é{SECRET}"]
)
def test_what_is_no_header(cache: Hub, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setenv("HEADER", line)
    with pytest.raises(ConfigError, match="env:HEADER has no header") as refused:
        purge_addresses(f"{cache.url}/{{path}}", ["https://e.org/a"], Reference("env:HEADER"))
    assert SECRET not in refused.value.message + refused.value.hint
    assert cache.received == []


def test_only_what_changed_and_until_it_is_done(tmp_path: Path, open_place: Callable[[str], Place], cache: Hub) -> None:
    place, folder = open_place("git"), tmp_path / "letter"
    write_site(folder, FIRST)
    assert isinstance(place, BranchPlace)
    place.link(folder)
    settings = replace(place.settings, purge=f"{cache.url}/{{path}}")

    def upload() -> int:
        return open_uploader(folder, settings).upload(list_pages(folder))

    upload()
    assert len(purged(cache)) == len(FIRST)
    upload()
    assert purged(cache) == []
    write_site(folder, {**FIRST, "index.html": "new"})
    cache.status = 503
    with pytest.raises(UploadError, match=r"the cache did not forget https://e\.org/: 503"):
        upload()
    purged(cache)
    cache.status = 200
    upload()
    assert purged(cache) == ["/hub/"], "though the file is there already"
    upload()
    assert purged(cache) == []


def test_a_secret_address(cache: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PURGE", f"{cache.url}/{SECRET}?url={{url}}")
    cache.does = "drop"
    with pytest.raises(UploadError) as caught:
        purge_addresses(Reference("env:PURGE"), ["https://e.org/"])
    assert SECRET not in caught.value.message + caught.value.hint
    monkeypatch.setenv("PURGE", SECRET)
    with pytest.raises(ConfigError) as refused:
        purge_addresses(Reference("env:PURGE"), ["https://e.org/"])
    assert SECRET not in refused.value.message + refused.value.hint
