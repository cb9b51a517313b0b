"""A file is an image if its name and its first bytes say so."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from publisher.file_kinds import IMAGE


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "ICO", "TIFF"])
@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_images_are_recognized(form: str, mode: str) -> None:
    file = BytesIO()
    try:
        Image.new(mode, (40, 30), 7).save(file, form)
    except (KeyError, OSError):
        pytest.skip(f"Pillow writes no {form} here")
    assert IMAGE.refuse_head("a.png", file.getvalue()) is None
    assert IMAGE.refuse_head("a.svg", file.getvalue())


# heads of formats that Pillow does not write here, or of other variants
HEADS = [
    b"GIF89a\x01\0\x01\0",
    b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf",
    b"\0\0\0\x20ftypavis\0\0\0\0",
    b"MM\0*\0\0\0\x08",
    b"\xff\xd8\xff\xe1\0\0Exif",
    b"BM\x36\x10\0\0\0\0\0\0\x1a\0\0\0\x0c\0\0\0",
]


@pytest.mark.parametrize("head", HEADS)
def test_variants_are_recognized(head: bytes) -> None:
    assert IMAGE.refuse_head("a.png", head) is None


@pytest.mark.parametrize(
    "text",
    [
        "<svg/>",
        '<svg xmlns="http://www.w3.org/2000/svg">',
        "\ufeff\n <svg>",
        "<svg:svg xmlns:svg='http://www.w3.org/2000/svg'>",
        "<?xml version='1.0' encoding='UTF-8'?>\n<!-- drawn by <hand> -->\n<svg\nwidth='1'>",
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://e.org/svg11.dtd" [\n'
        '<!ENTITY ns "http://e.org/">\n]><svg>',
        f"<!-- {'long ' * 2_000} --><svg>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_svg_is_recognized(text: str, encoding: str) -> None:
    body = text.encode(encoding)
    assert IMAGE.refuse_head("a.SVG", body) is None
    assert IMAGE.refuse_head("a.png", body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"lin@example.org\n",
        b"-----BEGIN PRIVATE KEY-----\n",
        b"[newsletter]\n",
        b"SQLite format 3\0",
        b"PATH=/bin\0TOKEN=1",
        b"BMW <bm@example.org>\nGIF <gif@example.org>\n",
        b"RIFF@example.org WEBP",
        b"II@example.org",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"\x7fELF",
        b"<html><svg></svg></html>",
        b"<!-- <svg> -->",
        b"<!-- <svg>",
        b"<svgx>",
        b"<!DOCTYPE html><svg>x"[:15],
        b"version https://git-lfs.github.com/spec/v1\n",
        b" " * 16_384,
        b"<!-- -->" * 2_048,
        b"<!DOCTYPE []" * 1_365,
    ],
)
def test_other_files_are_not_images(body: bytes) -> None:
    for name in ("a.png", "a.jpg", "a.svg"):
        refusal = IMAGE.refuse_head(name, body)
        assert refusal
        assert refusal.code == "not-an-image"


@pytest.mark.parametrize(
    ("name", "is_image"),
    [
        ("a.png", True), ("a.PNG", True), ("a.b/潮.jpeg", True), ("a.svg", True), ("a.webp", True),
        ("a.tar.avif", True),
        ("a", False), ("png", False), ("a.txt", False), ("a.png.txt", False), ("a.pngx", False), ("a.png/b", False),
        ("a.svgz", False), ("a.html", False), ("a.toml", False), ("a.png ", False),
    ],
)  # fmt: skip
def test_names_of_images(name: str, is_image: bool) -> None:
    assert (IMAGE.refuse_name(name) is None) == is_image
