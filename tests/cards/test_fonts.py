"""A face is chosen by the characters that it has, read from the file itself."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from PIL import ImageFont

from publisher.cards import fonts
from publisher.cards.fonts import Face, choose_face, forget_fonts, has_glyphs, list_font_files

BOX = "\U0010fffe"  # no font has it


def make_font(path: Path, subtable: bytes, *, before: bytes = b"", start: int = 0) -> Path:
    """Write the tables that say which characters a font has, and no more."""
    head = struct.pack(">IHHHH", 0x00010000, 1, 0, 0, 0)
    place = start + len(head) + 16
    cmap = struct.pack(">HHHHI", 0, 1, 3, 10, 12) + subtable
    path.write_bytes(before + head + struct.pack(">4sIII", b"cmap", 0, place, len(cmap)) + cmap)
    return path


def format_12(*groups: tuple[int, int, int]) -> bytes:
    packed = b"".join(struct.pack(">III", *group) for group in groups)
    return struct.pack(">HHIII", 12, 0, 16 + len(packed), 0, len(groups)) + packed


def format_4(*segments: tuple[int, int, int, int], glyphs: tuple[int, ...] = ()) -> bytes:
    ends, starts, deltas, offsets = (
        struct.pack(f">{len(segments)}H", *values)
        for values in zip(*[(last, first, delta, offset) for first, last, delta, offset in segments], strict=True)
    )
    body = ends + b"\0\0" + starts + deltas + offsets + struct.pack(f">{len(glyphs)}H", *glyphs)
    return struct.pack(">HHHHHHH", 4, 14 + len(body), 0, 2 * len(segments), 0, 0, 0) + body


def covered(path: Path, number: int = 0) -> set[str]:
    return {char for char in map(chr, range(0x20, 0x80)) if has_glyphs(Face(str(path), number), char)}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The files made here have too few tables to draw with."""
    forget_fonts()
    monkeypatch.setattr(fonts, "can_open", cache(lambda _: True))
    yield
    forget_fonts()


def test_ranges_of_groups(tmp_path: Path) -> None:
    made = make_font(tmp_path / "a.ttf", format_12((0x41, 0x43, 5), (0x61, 0x62, 0), (0x1F600, 0x1F601, 9)))
    assert covered(made) == {*"ABCb"}, "glyph 0 is the box for what is missing"
    assert has_glyphs(Face(str(made)), "\U0001f601")
    assert not has_glyphs(Face(str(made)), "\U0001f602")


def test_ranges_of_segments(tmp_path: Path) -> None:
    # a range by its delta, one whose third character is glyph 0, one by a list of glyphs, and the end mark
    made = make_font(
        tmp_path / "a.ttf",
        format_4(
            (0x41, 0x42, 3, 0),
            (0x43, 0x45, 0x10000 - 0x45, 0),
            (0x61, 0x63, 0, 4),
            (0xFFFF, 0xFFFF, 1, 0),
            glyphs=(7, 0, 8),
        ),
    )
    assert covered(made) == {*"ABCDac"}


def test_a_face_of_a_collection(tmp_path: Path) -> None:
    first = make_font(tmp_path / "x.ttf", format_12((0x41, 0x41, 1)), start=20).read_bytes()
    before = b"ttcf" + struct.pack(">IIII", 0x00010000, 2, 20, 20 + len(first)) + first
    made = make_font(tmp_path / "a.ttc", format_12((0x42, 0x42, 1)), before=before, start=len(before))
    assert (covered(made, 0), covered(made, 1), covered(made, 2)) == ({"A"}, {"B"}, set())


@pytest.mark.parametrize("size", [0, 3, 12, 30, 44, 60])
def test_a_damaged_file_has_no_glyphs(tmp_path: Path, size: int) -> None:
    made = make_font(tmp_path / "a.ttf", format_12((0x41, 0x43, 5), (0x61, 0x61, 9)))
    made.write_bytes(made.read_bytes()[:size])
    assert covered(made) == set()
    assert not has_glyphs(Face(str(tmp_path / "missing.ttf")), "A")


def test_a_file_that_cannot_be_drawn_with_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_font(tmp_path / "NotoSerifSC-Bold.otf", format_12((0x20, 0x2FFFF, 1)))
    monkeypatch.undo()
    monkeypatch.setattr(fonts, "_list_folders", lambda: (str(tmp_path),))
    monkeypatch.setattr(fonts, "_find_fc_list", lambda: None)
    assert choose_face("Fog", "en", bold=True) == Face("")
    assert choose_face("雾", "en", bold=True) is None


def test_the_tables_agree_with_what_is_drawn() -> None:
    """A character without a glyph is drawn as the same box as one that no font has."""
    files = [path for path in fonts.list_font_files() if "Math" not in path]
    if not files:
        pytest.skip("no fonts are installed")
    text = "Aé字ا한あЖ„…/€\u0e01"
    for path in files[:12]:
        font = ImageFont.truetype(path, 40, layout_engine=ImageFont.Layout.BASIC)
        box = bytes(font.getmask(BOX))
        drawn = {char for char in text if bytes(font.getmask(char)) != box}
        assert {char for char in text if has_glyphs(Face(path), char)} == drawn, path


def test_a_user_without_a_home_folder_has_the_fonts_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container."""
    expected = [path for path in list_font_files() if not path.startswith(str(Path.home()))]

    def fail() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", fail)
    forget_fonts()
    assert [*list_font_files()] == expected


def test_without_fonts_there_are_latin_letters(no_fonts: None) -> None:
    assert choose_face("Fog: a view, 2026", "en", bold=True) == Face("")
    assert choose_face("déjà-vu", "en", bold=True) is None
    assert choose_face("雾", "zh-CN", bold=True) is None
    assert choose_face("Fog 雾", "zh-CN", bold=True) is None


@pytest.mark.parametrize("text", ["سلام", "שלום", "नमस्ते", "สวัสดี", "a\u0300\u0301"])
def test_without_shaping_there_is_no_face(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = make_font(tmp_path / "Every-Bold.ttf", format_12((0x20, 0x2FFFF, 1)))
    monkeypatch.setattr(fonts, "_list_folders", lambda: (str(tmp_path),))
    monkeypatch.setattr(fonts, "_find_fc_list", lambda: None)
    monkeypatch.setattr(fonts, "can_shape", lambda: True)
    assert choose_face(text, "ar", bold=True) == Face(str(made), 0, True)
    monkeypatch.setattr(fonts, "can_shape", lambda: False)
    assert choose_face(text, "ar", bold=True) is None
    assert choose_face("雾", "ar", bold=True) == Face(str(made), 0, True)


def test_known_fonts_come_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    everything = format_12((0x20, 0x2FFFF, 1))
    for name in ("AAA-Italic.ttf", "ZZZ-Bold.ttf", "BBB-Regular.ttf"):
        make_font(tmp_path / name, everything)
    monkeypatch.setattr(fonts, "_list_folders", lambda: (str(tmp_path), str(tmp_path / "missing")))
    monkeypatch.setattr(fonts, "_find_fc_list", lambda: None)
    assert choose_face("雾", "zh", bold=True) == Face(str(tmp_path / "ZZZ-Bold.ttf"), 0, True)
    assert choose_face("雾", "zh", bold=False) == Face(str(tmp_path / "BBB-Regular.ttf"))
    make_font(tmp_path / "DejaVuSerif-Bold.ttf", everything)
    make_font(tmp_path / "NotoSerifSC-Bold.otf", format_12((0x20, 0x7F, 1)))
    fonts.forget_fonts()
    assert choose_face("雾", "zh", bold=True) == Face(str(tmp_path / "DejaVuSerif-Bold.ttf"), 0, True)


@pytest.mark.parametrize(
    ("lang", "number"), [("zh-CN", 2), ("zh", 2), ("zh-Hant-TW", 3), ("zh-HK", 4), ("ja", 0), ("ko-KR", 1), ("en", 2)]
)
def test_ideographs_in_the_form_of_the_language(
    lang: str, number: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    font = make_font(tmp_path / "x.ttf", format_12((0x20, 0x2FFFF, 1)), start=32).read_bytes()
    (tmp_path / "NotoSerifCJK-Bold.ttc").write_bytes(b"ttcf" + struct.pack(">II5I", 0x00010000, 5, *[32] * 5) + font)
    monkeypatch.setattr(fonts, "_list_folders", lambda: (str(tmp_path),))
    monkeypatch.setattr(fonts, "_find_fc_list", lambda: None)
    assert choose_face("雾", lang, bold=True) == Face(str(tmp_path / "NotoSerifCJK-Bold.ttc"), number, True)


def test_fonts_that_only_fontconfig_knows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = make_font(tmp_path / "Somewhere.ttf", format_12((0x20, 0x2FFFF, 1)))
    program = tmp_path / "fc-list"
    program.write_text(f"#!/bin/sh\necho {made}\necho {tmp_path}/gone.ttf\necho {tmp_path}/bitmap.pcf.gz\n")
    program.chmod(0o755)
    monkeypatch.setattr(fonts, "_list_folders", lambda: ())
    monkeypatch.setattr(fonts, "_find_fc_list", lambda: str(program))
    assert choose_face("雾", "zh", bold=False) == Face(str(made))
    program.write_text("#!/bin/sh\nexit 1\n")
    fonts.forget_fonts()
    assert choose_face("雾", "zh", bold=False) is None
