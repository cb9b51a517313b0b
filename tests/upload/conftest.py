"""A site, and the places it may be uploaded to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.uploads import PLACES, BranchPlace, Place

FIRST = {
    "images/one.png": "\x89PNG 1",
    "style.css": "body {}",
    "2021-01/index.html": "<p>one",
    "index.html": '<a href="2021-01/">',
    "feed.xml": "<rss><link>https://e.org/2021-01/</link></rss>",
    "feed.xml.gz": "compressed 1",
}
SECOND = {
    "images/two.png": "\x89PNG 2",
    "style.css": "body { color: red }",
    "2021-01/index.html": "<p>one",
    "2021-02/index.html": "<p>two",
    "index.html": '<a href="2021-01/"> <a href="2021-02/">',
    "feed.xml": "<rss><link>https://e.org/2021-01/</link> <link>https://e.org/2021-02/</link></rss>",
    "feed.xml.gz": "compressed 2",
}
"""What follows: a page and a image more, a image less."""


def write_site(folder: Path, files: Mapping[str, str]) -> None:
    """Make these the files of the site of a newsletter's folder."""
    site = folder / "public"
    site.mkdir(parents=True, exist_ok=True)
    for path in site.rglob("*"):
        if path.is_file() and path.relative_to(site).as_posix() not in files:
            path.unlink()
    for name, text in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_bytes(text.encode())


def as_bytes(files: Mapping[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in files.items()}


@pytest.fixture
def open_place(
    tmp_path: Path, need: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Place]]:
    """Opens a place of a kind."""
    opened: list[Place] = []
    monkeypatch.setenv("UPLOAD_KEY", "")  # so that it is gone afterwards

    def open_one(kind: str) -> Place:
        for program in {"s3": (), "moto": (), "rsync": ("rsync",), "git": ("git",)}[kind]:
            need(program)
        opened.append(PLACES[kind](tmp_path))
        return opened[-1]

    yield open_one
    for place in opened:
        place.close()


@pytest.fixture(params=[*PLACES])
def place(request: pytest.FixtureRequest, open_place: Callable[[str], Place]) -> Place:
    """A place of every kind."""
    return open_place(request.param)


@pytest.fixture
def new_folder(tmp_path: Path, place: Place) -> Callable[[str], Path]:
    """Makes the folder of a newsletter, as on one machine of several."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        if isinstance(place, BranchPlace):
            place.link(folder)
        return folder

    return make
