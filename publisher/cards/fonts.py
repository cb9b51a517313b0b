"""Finds the fonts of this machine that have the characters of a text, by the tables of the font files.

A table `cmap` maps characters to glyphs: learn.microsoft.com/typography/opentype/spec/cmap
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from publisher.named_tuple import NamedTuple

_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
_MAX_OTHERS = 300  # files that are looked into when no known font has the characters
_FC_LIST_SECONDS = 10

# In Noto and Source Han collections, the faces of a weight in this order.
_COLLECTION_FACES = {"ja": 0, "ko": 1, "zh": 2, "zh-hans": 2, "zh-hant": 3, "zh-tw": 3, "zh-hk": 4, "zh-mo": 4}
_COLLECTIONS = ("NotoSerifCJK", "NotoSansCJK", "SourceHanSerif", "SourceHanSans")

# Serif fonts for words in large letters, in order of preference: first those of an alphabet.
_BOLD = (
    "NotoSerif-Bold.ttf", "SourceSerif4-Bold.otf", "SourceSerifPro-Bold.otf", "CharisSIL-Bold.ttf", "CharisSIL-B.ttf",
    "Georgia Bold.ttf", "georgiab.ttf",
    "NotoSerifCJK-Bold.ttc", "NotoSerifCJKsc-Bold.otf", "NotoSerifSC-Bold.otf", "SourceHanSerif-Bold.ttc",
    "SourceHanSerifSC-Bold.otf", "SourceHanSerifCN-Bold.otf", "Songti.ttc",
    "NotoNaskhArabic-Bold.ttf", "Amiri-Bold.ttf", "NotoSerifHebrew-Bold.ttf", "NotoSerifThai-Bold.ttf",
    "NotoSerifDevanagari-Bold.ttf",
    "NotoSansCJK-Bold.ttc", "NotoSansCJKsc-Bold.otf", "NotoSansSC-Bold.otf", "SourceHanSans-Bold.ttc",
    "SourceHanSansSC-Bold.otf", "SourceHanSansCN-Bold.otf", "PingFang.ttc", "STHeiti Medium.ttc",
    "Hiragino Sans GB.ttc", "msyhbd.ttc", "msyh.ttc", "simhei.ttf", "YuGothB.ttc", "malgunbd.ttf",
    "wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf",
    "LibertinusSerif-Bold.otf", "LiberationSerif-Bold.ttf", "DejaVuSerif-Bold.ttf", "DejaVuSans-Bold.ttf",
    "NotoSans-Bold.ttf", "Arial Unicode.ttf", "segoeuib.ttf",
)  # fmt: skip
# Sans-serif fonts for what is said in small letters.
_REGULAR = (
    "NotoSans-Regular.ttf", "SourceSans3-Regular.otf", "HelveticaNeue.ttc", "segoeui.ttf",
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf", "SourceHanSans-Regular.ttc",
    "SourceHanSansSC-Regular.otf", "SourceHanSansCN-Regular.otf", "PingFang.ttc", "STHeiti Light.ttc",
    "Hiragino Sans GB.ttc", "msyh.ttc", "simhei.ttf", "YuGothR.ttc", "malgun.ttf",
    "NotoNaskhArabic-Regular.ttf", "Amiri-Regular.ttf", "NotoSansHebrew-Regular.ttf", "NotoSansThai-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf", "wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf",
    "LiberationSans-Regular.ttf", "DejaVuSans.ttf", "Arial Unicode.ttf",
)  # fmt: skip

# Scripts whose letters change with their neighbours, run from right to left or carry marks: these need libraqm.
_SHAPED = (
    (0x0300, 0x036F), (0x0590, 0x08FF), (0x0900, 0x109F), (0x1780, 0x18AF), (0x1A00, 0x1CFF), (0xA800, 0xAAFF),
    (0xFB1D, 0xFDFF), (0xFE70, 0xFEFC), (0x10A00, 0x10FFF), (0x11000, 0x11FFF), (0x1E800, 0x1E95F),
)  # fmt: skip
_INVISIBLE = frozenset("\u200c\u200d \n\t\u3000\u00a0")  # a font need not have them


class Face(NamedTuple):
    """A face of a font file, by its number in there; "" is the one that Pillow brings, for Latin text."""

    path: str
    number: int = 0
    is_bold: bool = False


def choose_face(text: str, lang: str, *, bold: bool) -> Face | None:
    """Return the preferred face of this machine that has every character of a text; None if there is none.

    None too for a script that has to be shaped, if Pillow cannot do that.
    """
    wanted = frozenset(text) - _INVISIBLE
    if any(first <= ord(char) <= last for char in wanted for first, last in _SHAPED) and not can_shape():
        return None
    known = (Face(path, _pick_index(path, lang), bold) for path in _list_known_files(_BOLD if bold else _REGULAR))
    found = next((face for face in (*known, Face("")) if has_glyphs(face, wanted) and can_open(face)), None)
    others = (Face(path, 0, bold) for path in ([] if found else _other_files(bold=bold)))
    return found or next((face for face in others if has_glyphs(face, wanted) and can_open(face)), None)


def find_lacking(text: str, lang: str) -> list[str]:
    """Return the characters of a text that no face of this machine has, each once."""
    return [char for char in dict.fromkeys(text) if choose_face(char, lang, bold=True) is None]


@cache
def can_shape() -> bool:
    """Return whether Pillow can shape text, for which it needs libraqm. Cached: the check looks for libraries."""
    from PIL import features

    return bool(features.check("raqm"))


@cache
def can_open(face: Face) -> bool:
    """Whether Pillow can draw with a face: the file may be damaged, and Pillow built without FreeType. Cached like
    `list_font_files`."""
    from PIL import ImageFont

    try:
        return not face.path or bool(ImageFont.truetype(face.path, 20, index=face.number))
    except (OSError, ImportError, ValueError):
        return False


def forget_fonts() -> None:
    """Look for fonts again: a program that runs for days sees those that were installed meanwhile."""
    list_font_files.cache_clear()
    _list_fontconfig_files.cache_clear()
    _list_known_files.cache_clear()
    _read_coverage.cache_clear()
    can_open.cache_clear()


@cache
def list_font_files() -> tuple[str, ...]:
    """Return the font files in the known folders, sorted by name. Cached: one walk serves all cards of a run."""
    found: dict[str, str] = {}
    for folder in _list_folders():
        for parent, _, names in os.walk(folder):
            for name in names:
                if name.lower().endswith(_SUFFIXES):
                    found.setdefault(name, os.path.join(parent, name))  # noqa: PTH118 - thousands of files
    return tuple(path for _, path in sorted(found.items()))


def _list_folders() -> Iterator[str]:
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home folder, as in a container
        home = Path(os.devnull)
    match sys.platform:
        case "darwin":
            yield from (f"{home}/Library/Fonts", "/Library/Fonts", "/System/Library/Fonts")
        case "win32":
            yield from (f"{home}/AppData/Local/Microsoft/Windows/Fonts", "C:/Windows/Fonts")
        case _:
            yield from (f"{home}/.local/share/fonts", f"{home}/.fonts", "/usr/local/share/fonts", "/usr/share/fonts")


def _find_fc_list() -> str | None:
    return shutil.which("fc-list")


@cache
def _list_fontconfig_files() -> tuple[str, ...]:
    """Return the font files that fontconfig knows, in folders of its own. Cached like `list_font_files`."""
    program = _find_fc_list()
    if program is None:
        return ()
    with suppress(OSError, subprocess.SubprocessError):
        listed = subprocess.run(
            [program, "--format=%{file}\n"], capture_output=True, timeout=_FC_LIST_SECONDS, check=True
        )
        paths = set(os.fsdecode(listed.stdout).splitlines()) - set(list_font_files())
        return tuple(sorted(path for path in paths if path.lower().endswith(_SUFFIXES)))
    return ()


@cache
def _list_known_files(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the files of this machine with these names. Cached like `list_font_files`."""
    by_name = {os.path.basename(path): path for path in (*_list_fontconfig_files(), *list_font_files())}  # noqa: PTH119
    return tuple(by_name[name] for name in names if name in by_name)


def _other_files(*, bold: bool) -> list[str]:
    """Return the other files, those of the wanted weight first."""

    def rank(path: str) -> tuple[bool, bool, str]:
        name = os.path.basename(path).lower()  # noqa: PTH119
        odd = any(
            word in name for word in ("italic", "oblique", "mono", "condensed", "thin", "light", "black", "emoji")
        )
        return odd, ("bold" in name) != bold, name

    return sorted((*list_font_files(), *_list_fontconfig_files()), key=rank)[:_MAX_OTHERS]


def _pick_index(path: str, lang: str) -> int:
    """Return which face of a collection is for a language."""
    name = os.path.basename(path)  # noqa: PTH119
    if name == "Songti.ttc":
        return 1  # bold, for simplified characters
    if not (name.startswith(_COLLECTIONS) and name.endswith(".ttc")):
        return 0
    language, *subtags = lang.lower().split("-")
    variants = [f"{language}-{subtag}" for subtag in subtags]
    return next((_COLLECTION_FACES[name] for name in (*variants, language) if name in _COLLECTION_FACES), 2)


# --------------------------------------------------------------------- coverage


def has_glyphs(face: Face, wanted: Iterable[str]) -> bool:
    """Return whether a face has every one of these characters."""
    starts, ends = _read_coverage(face)
    for char in wanted:
        place = bisect_right(starts, ord(char)) - 1
        if place < 0 or ord(char) > ends[place]:
            return False
    return bool(starts)


@cache
def _read_coverage(face: Face) -> tuple[array[int], array[int]]:
    """Return the first and the last characters of the ranges that a face has glyphs for; nothing if it is damaged.

    Cached: the cards of a run need the same faces. A Chinese one has 16,000 ranges, as lists 2 MB.
    """
    ranges: list[tuple[int, int]] = []
    with suppress(OSError, struct.error, ValueError, IndexError), _open_font(face) as file:
        ranges = sorted(_read_ranges(file, face.number))
    return array("q", [first for first, _ in ranges]), array("q", [last for _, last in ranges])


def _open_font(face: Face) -> BinaryIO:
    if face.path:
        return open(face.path, "rb")  # noqa: PTH123
    from PIL import ImageFont

    font = ImageFont.load_default(20)
    body = font.path if isinstance(font, ImageFont.FreeTypeFont) else b""
    return BytesIO(body.getvalue()) if isinstance(body, BytesIO) else BytesIO()


def _read_at(file: BinaryIO, place: int, form: str) -> tuple[int, ...]:
    file.seek(place)
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _read_ranges(file: BinaryIO, index: int) -> list[tuple[int, int]]:
    """Return the ranges of characters with a glyph in the `cmap` of a face."""
    start = _read_at(file, 12 + 4 * index, ">I")[0] if file.read(4) == b"ttcf" else 0
    (count,) = _read_at(file, start + 4, ">H")
    tables = {_read_at(file, start + 12 + 16 * number, ">4sIII")[0]: number for number in range(count)}
    # mypy takes the bytes of a table's name for any object
    place = _read_at(file, start + 12 + 16 * tables.get(b"cmap", count), ">4sIII")[2]  # type: ignore[call-overload]
    (count,) = _read_at(file, place + 2, ">H")
    subtables = [_read_at(file, place + 4 + 8 * number, ">HHI") for number in range(count)]
    by_format = {}
    for platform, encoding, offset in subtables:
        if platform == 0 or (platform == 3 and encoding in (1, 10)):
            by_format[_read_at(file, place + offset, ">H")[0]] = place + offset
    if 12 in by_format:
        return _read_format_12(file, by_format[12])
    return _read_format_4(file, by_format[4]) if 4 in by_format else []


def _read_format_12(file: BinaryIO, place: int) -> list[tuple[int, int]]:
    (count,) = _read_at(file, place + 12, ">I")
    groups = file.read(12 * count)
    return [
        (first + (not glyph), last)  # glyph 0 is the box for what is missing
        for first, last, glyph in struct.iter_unpack(">III", groups)
        if first + (not glyph) <= last
    ]


def _read_format_4(file: BinaryIO, place: int) -> list[tuple[int, int]]:
    (length,) = _read_at(file, place + 2, ">H")
    file.seek(place)
    body = file.read(length)
    count = struct.unpack_from(">H", body, 6)[0] // 2
    ends, starts, deltas, offsets = (
        struct.unpack_from(f">{count}H", body, 14 + 2 * number * count + (2 if number else 0)) for number in range(4)
    )
    ranges = []
    for number, (first, last, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        if not offset:
            ranges += [(char, char) for char in range(first, last + 1) if (char + delta) & 0xFFFF and char < 0xFFFF]
            continue
        base = 16 + 6 * count + 2 * number + offset
        for char in range(first, last + 1):
            where = base + 2 * (char - first)
            if where + 2 <= len(body) and struct.unpack_from(">H", body, where)[0]:
                ranges.append((char, char))
    return ranges
