"""What a card looks like: its size, that nothing leaves its margins, and that it is the same every time."""

from __future__ import annotations

from io import BytesIO

import pytest
from msgspec.structs import replace
from PIL import Image

from publisher.cards import drawing, social
from publisher.cards.fonts import can_shape
from publisher.cards.words import Card

MARGIN = 84
CARD = Card("Fog", ("Dew", "Rain"), "Harbour Notes", "August 9, 2026", "example.org")
CARDS = {
    "short": CARD,
    "no date": replace(CARD, date=""),
    "no topics": replace(CARD, topics=()),
    "site": Card("Harbour Notes", ("What the tide brought in",), host="example.org"),
    "long": replace(
        CARD, headline="Seventeen lighthouses " * 20, topics=("fog and dew " * 30, "x"), name="Notes " * 40
    ),
    "one word": replace(CARD, headline="x" * 300, topics=("y" * 300,), name="z" * 300, host="h" * 300),
    "all of one": replace(CARD, headline="W", topics=tuple("abcdefghijklmnopqrstuvwxyz" * 5)),
    "chinese": Card("灯塔周报，" * 30, ("雾" * 60, "露"), "灯塔周报", "2026年8月9日", "example.org", lang="zh-CN"),
    "japanese": Card("港の便り「霧」", ("露", "データー"), "港の便り", "2026年8月9日", "example.jp", lang="ja"),
    "arabic": Card(
        "خرائط البحر القديمة " * 12, ("قوارب", "خط النسخ"), "رسائل المرفأ", "2026-08-09", "e.org", lang="ar"
    ),
}


def opened(body: bytes) -> Image.Image:
    return Image.open(BytesIO(body))


def ink(body: bytes) -> Image.Image:
    """Where the card is darker than the paper and its lines, without the strip at its lower edge."""
    return opened(body).convert("L").crop((0, 0, 1200, 610)).point(lambda value: 255 if value < 200 else 0)


def ink_box(body: bytes) -> tuple[int, int, int, int]:
    box = ink(body).getbbox()
    assert box
    return box


def need_fonts(card: Card) -> None:
    if not social.can_draw(card):
        pytest.skip("no font for it")


@pytest.mark.parametrize("name", CARDS)
def test_a_card(name: str) -> None:
    card = CARDS[name]
    need_fonts(card)
    body = social.draw_card(card)
    image = opened(body)
    assert (image.size, image.format) == ((1200, 630), "PNG")
    assert len(body) <= 100_000
    left, top, right, bottom = ink_box(body)
    assert left >= MARGIN - 6, "letters may stick out a little"
    assert right <= 1200 - MARGIN + 6
    assert top >= 60
    assert bottom <= 580
    assert social.draw_card(card) == body
    assert body != social.draw_card(replace(card, headline="Another"))


def test_there_is_no_time_in_it() -> None:
    body = social.draw_card(CARD)
    kinds, place = [], 8
    while place < len(body):
        length = int.from_bytes(body[place : place + 4])
        kinds.append(body[place + 4 : place + 8])
        place += 12 + length
    assert {*kinds} == {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


@pytest.mark.parametrize("brand", ["#a4342a", "#ffd400", "#111111", "#005fcc"])
def test_the_color_of_the_newsletter(brand: str) -> None:
    for card in (replace(CARD, brand=brand), replace(CARD, brand=brand).without_words()):
        body = social.draw_card(card)
        image = opened(body).convert("RGB")
        assert image.getpixel((600, 625)) == tuple(bytes.fromhex(brand[1:]))
        assert image.getpixel((2, 2)) == (0xFC, 0xFB, 0xF8)


@pytest.mark.parametrize("brand", ["#a4342a", "#ffd400", "#111111", "#00ffff", "#ffffff", "#fcfbf8"])
def test_marks_between_topics_can_be_seen(brand: str) -> None:
    made = drawing.darken(brand)
    paper = (0xFC, 0xFB, 0xF8)
    assert drawing.compute_contrast(tuple(bytes.fromhex(made[1:])), paper) >= 4.5
    assert drawing.darken("#a4342a") == "#a4342a"


def test_contrast_is_that_of_wcag() -> None:
    assert drawing.compute_contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert drawing.compute_contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.005)


def test_a_title_of_one_line_is_as_large_as_possible() -> None:
    """The headline is between the rule and the foot; longer ones are smaller, but not below 52 pixels."""
    heights = []
    for words in (1, 6, 14, 40):
        rows = ink(social.draw_card(replace(CARD, headline="Hg " * words, topics=()))).crop((0, 160, 1200, 530))
        ink_rows = [bool(rows.crop((0, y, 1200, y + 1)).getbbox()) for y in range(rows.height)]
        heights.append(_first_run(ink_rows))
    assert heights == sorted(heights, reverse=True)
    assert heights[0] > 1.4 * heights[-1]


def _first_run(rows: list[bool]) -> int:
    first = rows.index(True)
    return next(place for place in range(first, len(rows)) if not rows[place]) - first


def test_right_to_left_begins_at_the_right() -> None:
    card = replace(CARDS["arabic"], headline="بحر", topics=("خط",))
    if not can_shape():
        pytest.skip("Pillow cannot shape Arabic")
    need_fonts(card)
    made = ink(social.draw_card(card))
    name, headline = (made.crop((0, top, 1200, bottom)).getbbox() for top, bottom in ((60, 125), (170, 500)))
    assert name
    assert headline
    assert name[2] > 1200 - MARGIN - 12
    assert headline[2] > 1200 - MARGIN - 20
    assert headline[0] > 600


def test_without_a_font_there_are_shapes_only(no_fonts: None) -> None:
    card = replace(CARD, headline="雾", lang="zh-CN")
    assert not social.can_draw(card)
    plain = card.without_words()
    assert social.can_draw(plain)
    assert social.draw_card(card) == social.draw_card(plain) == social.draw_card(replace(plain, headline="露"))
    assert social.can_draw(CARD), "Pillow brings a font for Latin letters"
    assert social.draw_card(CARD) != social.draw_card(plain)


def test_a_damaged_glyph_leaves_the_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("unknown file format")

    monkeypatch.setattr(drawing.Canvas, "write", fail)
    assert social.draw_card(CARD) == social.draw_card(CARD.without_words())


def test_one_missing_character_is_enough() -> None:
    assert not social.can_draw(replace(CARD, topics=("Dew", "\U0010fffe")))
    assert not social.can_draw(replace(CARD, host="\U0010fffe.example"))


def test_cards_are_drawn_in_several_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    card = CARDS["long"]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: social.draw_card(card), range(8)))
    assert {*made} == {social.draw_card(card)}
