"""Local images of an issue are published with its page; a missing one is replaced by its alt text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from publisher.images import LocalImage, find_local_images, replace_missing_images
from publisher.model import plain
from publisher.newsletter import Newsletter
from publisher.reader import parse_issue

PUBLICATION = Newsletter("周刊", "https://e.org/w/{date}/", "https://e.org/w/", "tag:e.org,2021:w")
PAGE = "https://e.org/w/2021-07-18/"
PNG = b"\x89PNG\r\n\x1a\n"
TEXT = """# 周刊 (2021-07-18)

## 新闻

- [甲](https://e.org/1)
  ![图一](img/a%20b.png?x=1)
- ![二](../qr.png) 与 ![远](https://e.org/far.png) 与 ![又](../qr.png)
"""
OUTSIDE = "\n![外](../../../secret.png)\n"


def test_each_local_image_is_found_once() -> None:
    assert find_local_images(parse_issue(TEXT + OUTSIDE), "issues/2021-07-18.md", PAGE, PUBLICATION) == (
        LocalImage("img/a%20b.png?x=1", "issues/img/a b.png", "public/2021-07-18/img/a b.png"),
        LocalImage("../qr.png", "qr.png", "public/qr.png"),
        LocalImage("../../../secret.png", "", ""),
    )


def test_alt_text_replaces_a_missing_image() -> None:
    issue = replace_missing_images(parse_issue(TEXT + OUTSIDE), frozenset({"img/a%20b.png?x=1", "../qr.png"}))
    first, second = issue.items
    assert [plain(block.children) for block in first.body] == ["图一"]  # type: ignore[union-attr]
    assert plain(second.title) == "二 与 远 与 又"
    assert [one.url for one in find_local_images(issue, "a.md", PAGE, PUBLICATION)] == ["../../../secret.png"]


@pytest.fixture
def newsletter(tmp_path: Path) -> Path:
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "2021-07-18.md").write_text(TEXT, "utf-8")
    (tmp_path / "qr.png").write_bytes(PNG + b"one")
    (tmp_path / "publisher.toml").write_text(
        '[newsletter]\nname = "周刊"\nurl = "https://e.org/w/{date}/"\nid = "tag:e.org,2021:w"\n', "utf-8"
    )
    return tmp_path


def test_nothing_is_left_of_a_missing_image_without_words(newsletter: Path, publish) -> None:
    text = "# 周刊 (2021-07-18)\n\n文。\n\n![](none.png)\n\n## 新闻\n\n- [甲](https://e.org/1)\n\n![](none.png)\n"
    (newsletter / "issues" / "2021-07-18.md").write_text(text, "utf-8")
    publish(folder=newsletter)
    page = (newsletter / "public" / "2021-07-18" / "index.html").read_text("utf-8")
    assert "文。" in page
    assert "<p></p>" not in page


def test_images_are_copied_tracked_and_reported_missing(newsletter: Path, publish) -> None:
    page = newsletter / "public" / "2021-07-18" / "index.html"
    publish(folder=newsletter)
    assert (newsletter / "public" / "qr.png").read_bytes() == PNG + b"one"
    assert 'src="https://e.org/w/qr.png"' in page.read_text("utf-8")
    assert "a%20b.png" not in page.read_text("utf-8")
    assert "nothing to do" in publish(folder=newsletter)

    (newsletter / "qr.png").write_bytes(PNG + b"three")
    os.utime(newsletter / "qr.png", (1, 1))
    publish(folder=newsletter)
    assert (newsletter / "public" / "qr.png").read_bytes() == PNG + b"three"

    (newsletter / "issues" / "img").mkdir()
    (newsletter / "issues" / "img" / "a b.png").write_bytes(PNG + b"new")
    publish(folder=newsletter)
    assert (newsletter / "public" / "2021-07-18" / "img" / "a b.png").read_bytes() == PNG + b"new"
    assert "img/a%20b.png" in page.read_text("utf-8")
    assert "nothing to do" in publish(folder=newsletter)

    (newsletter / "qr.png").unlink()
    publish(folder=newsletter)
    assert "qr.png" not in page.read_text("utf-8")


def test_a_missing_image_is_reported(newsletter: Path, publish) -> None:
    (newsletter / "qr.png").unlink()
    shown = publish("--json", folder=newsletter)
    assert "no image ../qr.png" in shown


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_images_are_found_in_any_case_and_encoding(newsletter: Path, publish, encoding: str) -> None:
    text = "# 周刊 (2021-07-18)\n\n## 新闻\n\n- 甲\n\n<IMG SRC='../qr.png' ALT=码>\n\n<IMG SRC='no.png' ALT=无>\n"
    (newsletter / "issues" / "2021-07-18.md").write_text(text, encoding)
    publish(folder=newsletter)
    assert (newsletter / "public" / "qr.png").exists()
    page = (newsletter / "public" / "2021-07-18" / "index.html").read_text("utf-8")
    assert "qr.png" in page
    assert "no.png" not in page
