"""Problems of image files: each at its place in the text, as the files are now, and only in a newsletter."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from publisher.checks.check import check_single_issue
from publisher.reader import parse_issue
from tests.checks.conftest import Check
from tests.checks.test_codes import SECTION, marked

PNG = b"\x89PNG\r\n\x1a\n"
ISSUE = "# 慢刊 (2021-07-11)\n\n> 导读：潮。\n\n## 新闻\n\n- [盐](https://e.org/salt)\n"


@pytest.mark.parametrize(
    "text",
    [
        "![图](→img/a.png←)",
        "![](→img/a.png←)",
        "![图]( →img/a.png← '题')",
        "![图](<→img/a b.png←>)",
        "![图](→img/潮%20.png←)",
        "![图](→img/a%20b.png←)",
        "- [浪](https://e.org/img/a.png) 与 ![图](→img/a.png←)",
        "img/a.png 在这里：![图](→img/a.png←)",
        "![图][甲]\n\n[甲]: →img/a.png←",
        '<img src="→img/a b.png←">',
        "![图](→img/a_(b).png←)",
        "![图](→img/a&amp;\\_b.png←)",
        "> ![图](→img/a.png←)",
        "- 甲\n  ![图](→img/a.png←)",
        "<img src='→img/a.png←'>",
        "文 <IMG ALT=图 SRC=→img/a.png←> 文",
        "![图](\n→img/a.png←)",
        "[![图](→img/a.png←)](https://e.org/)",
        "| 甲 |\n| --- |\n| ![图](→img/a.png←) |",
        "## ![图](→img/a.png←)\n\n文。",
    ],
)
def test_an_image_is_found_at_its_place(text: str) -> None:
    source, place = marked(SECTION + text + "\n")
    ((_, pos),) = check_single_issue(parse_issue(source, "a.md"), source).summary.images
    assert (pos.line, pos.column, pos.end_column) == place


def test_each_place_of_an_image_is_found() -> None:
    text = SECTION + "![图](a.png) ![图](a.png)\n\n![图](a.png)\n"
    images = check_single_issue(parse_issue(text, "a.md"), text).summary.images
    assert [(pos.line, pos.column) for _, pos in images] == [(7, 6), (7, 18), (9, 6)]


@pytest.mark.parametrize(
    "text",
    [
        "![图](https://e.org/a.png)",
        "![图](//e.org/a.png)",
        "![图](/a.png)",
        "`![图](a.png)`",
        "![图]",
        "[图](a.png)",
        "",
    ],
)
def test_other_images_are_not_files(text: str) -> None:
    source = SECTION + text + "\n"
    assert check_single_issue(parse_issue(source, "a.md"), source).summary.images == ()


@pytest.fixture
def newsletter(letter: Path) -> Path:
    """A newsletter whose one issue has an image."""
    (letter / "issues" / "2021-07-04.md").unlink()
    (letter / "issues" / "2021-07-18.md").unlink()
    (letter / "issues" / "2021-07-11.md").write_text(f"{ISSUE}\n![图](a.png)\n", "utf-8")
    (letter / "issues" / "a.png").write_bytes(PNG)
    os.utime(letter / "issues" / "2021-07-11.md", ns=(1, 1_600_000_000_000_000_001))
    return letter


def test_a_file_is_looked_at_also_if_the_text_is_the_same(check: Check, newsletter: Path) -> None:
    image = newsletter / "issues" / "a.png"
    assert check().code == 0
    for body, code, exit_code in ((b"text", "not-an-image", 1), (None, "file-missing", 0), (PNG, "", 0)):
        if body is None:
            image.unlink()
        else:
            image.write_bytes(body)
        said = check("--format", "concise")
        assert said.code == exit_code
        assert (f"issues/2021-07-11.md:9:6: {'error' if exit_code else 'warning'}[{code}]" in said.out) == bool(code)


def test_a_problem_of_a_file_is_ignored_selected_and_read_from_stdin(check: Check, newsletter: Path) -> None:
    (newsletter / "issues" / "a.png").write_bytes(b"text")
    path = newsletter / "issues" / "2021-07-11.md"
    assert check("--select", "not-an-image").code == 1
    assert check("--ignore", "not-an-image").code == 0
    stdin = path.read_bytes()
    assert "[not-an-image]" in check("--stdin", "--stdin-filename", str(path), stdin=stdin).out
    assert "image" not in check("--stdin", stdin=stdin.replace(b"(a.png)", b"(issues/a.svg)")).out.replace(
        "image issues/a.svg does not exist", ""
    )
    path.write_text(f"{ISSUE}\n![图](a.png)\n\n<!-- publish: ignore=not-an-image -->\n", "utf-8")
    assert check().code == 0


def test_outside_of_a_newsletter_files_are_not_looked_at(check: Check, newsletter: Path) -> None:
    (newsletter / "publisher.toml").unlink()
    (newsletter / "issues" / "a.png").unlink()
    assert "[file" not in check("issues").out


def test_an_issue_that_a_link_leads_to_is_checked_outside_of_a_newsletter(check: Check, newsletter: Path) -> None:
    (newsletter / "publisher.toml").unlink()
    (newsletter / "issues").rename(newsletter / "real")
    (newsletter / "a.md").symlink_to("real/2021-07-11.md")
    assert "1 issue" in check("a.md").out
