"""The screenshots of the README, of the sample newsletter. `make screenshots` saves them."""

from __future__ import annotations

import json
import shutil
import struct
from html import escape
from pathlib import Path

import pytest

from tests.judges.live_preview import LivePreview, find_newest

# file, page below the newsletter's folder, width and height in CSS pixels, image pixels for each, colours
IMAGES = [
    ("page-desk.png", "public/{issue}/", 1280, 960, 1, "light"),
    ("page-phone.png", "public/{issue}/", 390, 844, 2, "dark"),
    ("feed.png", "public/feed.xml", 800, 800, 1, "light"),
    ("wechat-light.png", "outbox/{issue}/wechat/preview.html", 375, 1200, 1, "light"),
    ("wechat-dark.png", "outbox/{issue}/wechat/preview.html", 375, 1200, 1, "dark"),
    ("telegram.png", "outbox/{issue}/telegram/preview.html", 420, 1000, 1, "light"),
    ("mail.png", "outbox/{issue}/email/terminal.html", 700, 900, 1, "dark"),
]
TERMINAL = """<!doctype html><meta charset="utf-8"><body style="margin:0;background:#1c1c1c;color:#d8d8d8">
<pre style="margin:16px;font:15px/1.35 'Noto Sans Mono CJK SC',monospace">{}</pre>"""


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    kept = request.config.getoption("--screenshots")
    return Path(kept).absolute() if kept else tmp_path


def test_screenshots(sample: Path, publish, chromium, folder: Path, tmp_path: Path) -> None:
    letter = shutil.copytree(sample, tmp_path / "letter")
    publish(folder=letter)
    newest = max(file.stem for file in (letter / "issues").iterdir())
    mail = letter / "outbox" / newest / "email"
    text = (mail / "message.txt").read_text("utf-8")
    (mail / "terminal.html").write_text(TERMINAL.format(escape(text)), "utf-8")
    base = "https://example.org/"
    wanted = [
        {
            "address": base + page.format(issue=newest),
            "file": str(folder / name),
            "view": {
                "viewport": {"width": width, "height": height},
                "deviceScaleFactor": scale,
                "colorScheme": colours,
            },
        }
        for name, page, width, height, scale, colours in IMAGES
    ]
    assert chromium("screenshot.cjs", base, letter, json.dumps(wanted)) == ""
    for name, _, width, height, scale, _ in IMAGES:
        require_image(folder / name, width * scale, height * scale)


def test_screenshot_of_the_preview(sample: Path, chromium, folder: Path, tmp_path: Path) -> None:
    """All panes side by side, with one item lit up in each."""
    letter = shutil.copytree(sample, tmp_path / "letter")
    with LivePreview(find_newest(letter), chromium) as preview:
        preview.look(
            *(preview.pick(7), ("run", "document.activeElement.blur()"), ("shot", str(folder / "preview.png"))),
            window=(1800, 920),
        )
    require_image(folder / "preview.png", 1800, 920)


def require_image(file: Path, width: int, height: int) -> None:
    image = file.read_bytes()
    assert struct.unpack(">II", image[16:24]) == (width, height)
    assert len(image) > 20_000, f"{file.name} is almost empty"
