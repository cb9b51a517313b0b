"""Draws social cards: 1200 × 630 pixels, the size that the documentation of Open Graph readers asks for."""

from __future__ import annotations

import re
from contextlib import suppress

from publisher.cards import drawing
from publisher.cards.drawing import Canvas, Font, FontCase
from publisher.cards.fonts import Face, choose_face, has_glyphs
from publisher.cards.lines import fit_text
from publisher.cards.words import HEIGHT, WIDTH, Card
from publisher.named_tuple import NamedTuple

_MARGIN = 84
_TEXT_WIDTH = WIDTH - 2 * _MARGIN
_NAME_BASELINE, _RULE, _TOP, _BOTTOM, _FOOT_BASELINE = 108, 144, 164, 484, HEIGHT - 70
_BAR = 110  # at the start of the rule, in the color of the newsletter
_NAME_SIZES, _FOOT_SIZE = (34, 30, 26), 30
_HEADLINE_SIZES = (88, 80, 72, 64, 58, 52)
_TOPIC_SIZES = (42, 38, 34)
_HEADLINE_SPACING, _TOPIC_SPACING = 1.24, 1.42
_MAX_HEADLINE_ROWS = 4
_TOPICS_HEIGHT = 112  # reserved for them below a long headline
_STRIP = 12  # at the lower edge, in the color of the newsletter
_GAP = 20  # between headline and topics
_SEPARATORS = ("/", "·", "—", "،")  # not all faces have each


class _Side(NamedTuple):
    """Where lines start and end, the anchors of text there, and in which direction they run."""

    start: int
    end: int
    anchor: str
    end_anchor: str
    step: int

    @classmethod
    def of(cls, card: Card) -> _Side:
        """Return the sides of a card by its language."""
        if card.is_right_to_left:
            return cls(WIDTH - _MARGIN, _MARGIN, "rs", "ls", -1)
        return cls(_MARGIN, WIDTH - _MARGIN, "ls", "rs", 1)


class _CardFaces(NamedTuple):
    """The faces of the texts on a card."""

    name: Face
    headline: Face
    topics: Face
    foot: Face


def can_draw(card: Card) -> bool:
    """Return whether this machine has fonts for all words of a card."""
    return card.plain or _choose_faces(card) is not None


def draw_card(card: Card) -> bytes:
    """Return a PNG of `WIDTH` × `HEIGHT` pixels; without words if the card is plain or no font has them."""
    faces = None if card.plain else _choose_faces(card)
    canvas = Canvas(WIDTH, HEIGHT)
    if faces is not None:
        with suppress(OSError):  # a glyph is damaged
            _draw_words(canvas, card, faces)
            return canvas.to_png()
        canvas = Canvas(WIDTH, HEIGHT)
    _draw_shapes(canvas, card.brand)
    return canvas.to_png()


def _choose_faces(card: Card) -> _CardFaces | None:
    """Return the faces: one for all large words, if there is one that has them all."""
    topics = "".join(card.topics)
    large = f"{card.name}{card.headline}{topics}"
    shared = choose_face(f"{large}/…", card.lang, bold=True) or choose_face(large, card.lang, bold=True)
    faces = [
        shared or choose_face(card.name, card.lang, bold=True),
        shared or choose_face(card.headline, card.lang, bold=True),
        shared or choose_face(topics, card.lang, bold=True),
        choose_face(card.date + card.host, card.lang, bold=False),
    ]
    found = [face for face in faces if face is not None]
    return _CardFaces(*found) if len(found) == len(faces) else None


def _draw_shapes(canvas: Canvas, brand: str) -> None:
    """Draw an envelope in the color of the newsletter."""
    left, top, right, bottom, middle = 430, 195, 770, 415, WIDTH // 2
    canvas.fill_polygon([(left + 16, top), (right - 16, top), (middle, top + 124)], brand)
    sheet = [(left, top + 10), (middle, top + 152), (right, top + 10), (right, bottom), (left, bottom)]
    canvas.fill_polygon(sheet, brand)
    canvas.fill((0, HEIGHT - _STRIP, WIDTH, HEIGHT), brand)


def _draw_words(canvas: Canvas, card: Card, faces: _CardFaces) -> None:
    side, fonts = _Side.of(card), FontCase(is_right_to_left=card.is_right_to_left)
    if card.name:
        fitted = fit_text(card.name, fonts.build_measure(faces.name), _TEXT_WIDTH, _NAME_SIZES, lambda _: 1)
        font = fonts.get(faces.name, fitted.size)
        canvas.write((side.start, _NAME_BASELINE), fitted.lines[0], font, drawing.INK, side.anchor)
    bar_end = side.start + side.step * _BAR
    canvas.fill((min(side.start, bar_end), _RULE, max(side.start, bar_end), _RULE + 6), card.brand)
    canvas.fill((min(side.end, bar_end), _RULE + 2, max(side.end, bar_end), _RULE + 4), drawing.LINE)
    canvas.fill((0, HEIGHT - _STRIP, WIDTH, HEIGHT), card.brand)
    room = _BOTTOM - _TOP - (_TOPICS_HEIGHT if card.topics else 0)
    fitted = fit_text(
        card.headline,
        fonts.build_measure(faces.headline),
        _TEXT_WIDTH,
        _HEADLINE_SIZES,
        lambda size: min(_MAX_HEADLINE_ROWS, int(room / size / _HEADLINE_SPACING)),
    )
    y = _TOP
    for line in fitted.lines:
        y += round(fitted.size * _HEADLINE_SPACING)
        canvas.write((side.start, y), line, fonts.get(faces.headline, fitted.size), drawing.INK, side.anchor)
    if card.topics:
        _draw_topics(canvas, card, faces.topics, y + _GAP, fonts)
    _draw_foot(canvas, card, fonts.get(faces.foot, _FOOT_SIZE), side)


def _draw_topics(canvas: Canvas, card: Card, face: Face, top: int, fonts: FontCase) -> None:
    """Write the other topics, smaller, with a mark between them in the color of the newsletter."""
    side = _Side.of(card)
    mark = next((mark for mark in _SEPARATORS if has_glyphs(face, mark)), "")
    fitted = fit_text(
        f" {mark} ".join(card.topics),
        fonts.build_measure(face),
        _TEXT_WIDTH,
        _TOPIC_SIZES,
        lambda size: max(1, int((_BOTTOM - top) / size / _TOPIC_SPACING)),
    )
    font = fonts.get(face, fitted.size)
    for number, line in enumerate(fitted.lines, 1):
        y = top + round(number * fitted.size * _TOPIC_SPACING)
        if card.is_right_to_left or not mark:  # a line is shaped as a whole
            canvas.write((side.start, y), line, font, drawing.MUTED, side.anchor)
            continue
        x, *pieces = float(_MARGIN), *re.split(rf"(?<=\s)({re.escape(mark)})(?=\s|$)", line)
        for piece in filter(None, pieces):
            color = drawing.darken(card.brand) if piece == mark else drawing.MUTED
            canvas.write((x, y), piece, font, color)
            x += font.measure(piece)


def _draw_foot(canvas: Canvas, card: Card, font: Font, side: _Side) -> None:
    """Write the date at the start of the line and the host of the site at its end; without a date, the host first."""
    first, last = (card.date, card.host) if card.date else (card.host, "")
    if font.measure(first) + font.measure(last) > _TEXT_WIDTH - 60:  # a long host is no loss
        last = ""
    for text, x, anchor in ((first, side.start, side.anchor), (last, side.end, side.end_anchor)):
        if text and font.measure(text) <= _TEXT_WIDTH:
            canvas.write((x, _FOOT_BASELINE), text, font, drawing.SOFT, anchor)
