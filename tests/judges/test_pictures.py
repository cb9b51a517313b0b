"""The pictures of the README, taken of the sample newsletter. `make pictures` keeps them."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import pytest

# file, page, width and height in CSS pixels, picture pixels for each of them, colours
PICTURES = [
    ("page-desk.png", "{issue}", 1280, 960, 1, "light"),
    ("page-phone.png", "{issue}", 390, 844, 2, "dark"),
    ("feed.png", "feed.xml", 800, 800, 1, "light"),
]


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    kept = request.config.getoption("--pictures")
    return Path(kept).absolute() if kept else tmp_path


def test_pictures(sample: Path, publish, chromium, folder: Path, tmp_path: Path) -> None:
    letter = shutil.copytree(sample, tmp_path / "letter")
    publish(folder=letter)
    base = "https://example.org/slow-craft/"
    newest = max(file.stem for file in (letter / "issues").iterdir())
    wanted = [
        {
            "address": base + page.format(issue=f"{newest}/"),
            "file": str(folder / name),
            "view": {
                "viewport": {"width": width, "height": height},
                "deviceScaleFactor": scale,
                "colorScheme": colours,
            },
        }
        for name, page, width, height, scale, colours in PICTURES
    ]
    assert chromium("photograph.cjs", base, letter / "public", json.dumps(wanted)) == ""
    for name, _, width, height, scale, _ in PICTURES:
        picture = (folder / name).read_bytes()
        assert struct.unpack(">II", picture[16:24]) == (width * scale, height * scale)
        assert len(picture) > 20_000, f"{name} is next to empty"
