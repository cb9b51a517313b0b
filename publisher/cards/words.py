"""What a card says: pure, from what the archive knows of an issue. The address of a card follows from its words."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata

from msgspec import Struct

from publisher.localized import format_date, is_right_to_left
from publisher.newsletter import Newsletter
from publisher.patterns import lazy_pattern

_DESIGN = 1
"""Goes up with every change of how cards look, so that those that were drawn before get another address."""

WIDTH, HEIGHT = 1200, 630
"""The size of a card in pixels."""

DEFAULT_BRAND = "#a4342a"

# what a style sheet sets: the color of the newsletter, or else its accent
_BRAND = lazy_pattern(r"--(?P<name>brand|accent):[ \t]*(?P<color>#(?:[0-9a-f]{6}|[0-9a-f]{3}))\b", re.IGNORECASE)

# pictographs, flags and what joins and colors them: decoration, which few fonts for text have; and what is invisible:
# soft hyphens and marks of direction, which the layout sets
_DECORATION = lazy_pattern(
    "[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\U000e0000-\U000e01ef\ufe00-\ufe0f\u20e3\u200d"
    "\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffc\ufffd]"
)
# between a Latin character and one of any other script
_BETWEEN_SCRIPTS = lazy_pattern(r"(?<=[^\x00-\x7f])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[^\x00-\x7f])")


class Card(Struct, frozen=True):
    """What a card says: `headline` and the other `topics` of an issue, and the `name` of the newsletter; at its foot,
    the `date` and the `host` of the site. `brand` is a color such as "#a4342a", `lang` a BCP 47 tag.

    A card with `plain` has no words, only shapes in the color of the newsletter.
    """

    headline: str
    topics: tuple[str, ...] = ()
    name: str = ""
    date: str = ""
    host: str = ""
    brand: str = DEFAULT_BRAND
    lang: str = "en"
    plain: bool = False

    @property
    def digest(self) -> str:
        """The name of its file: 16 hex digits over all that it says, and how it looks."""
        return hashlib.sha256(repr((_DESIGN, self)).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def is_right_to_left(self) -> bool:
        """Whether its language is written from right to left."""
        return is_right_to_left(self.lang)

    @property
    def text(self) -> str:
        """All its words."""
        return "\n".join((self.headline, *self.topics, self.name, self.date, self.host))

    @property
    def alt(self) -> str:
        """What the card says, for those who do not see it."""
        said = (self.name, " / ".join(filter(None, (self.headline, *self.topics))), self.date)
        return " · ".join(filter(None, said))

    def without_words(self) -> Card:
        """Return the card for a machine that has no font for the words."""
        return Card(self.headline if not self.name else self.name, brand=self.brand, lang=self.lang, plain=True)


def describe_issue_card(title: str, date: dt.date, newsletter: Newsletter, brand: str) -> Card:
    """Return the card of an issue with a display title: the first topic is the headline."""
    headline, *topics = _split_topics(title, date) or [newsletter.name]
    name = polish(newsletter.name)
    return Card(
        polish(headline) or name,
        tuple(filter(None, map(polish, topics))),
        name,
        format_date(date, newsletter.lang),
        _find_host(newsletter),
        brand,
        newsletter.lang,
    )


def describe_site_card(newsletter: Newsletter, brand: str) -> Card:
    """Return the card of the newsletter itself: its name and its tagline."""
    tagline = polish(newsletter.tagline)
    return Card(
        polish(newsletter.name) or newsletter.name,
        (tagline,) if tagline else (),
        host=_find_host(newsletter),
        brand=brand,
        lang=newsletter.lang,
    )


def _split_topics(title: str, date: dt.date) -> list[str]:
    """Return the topics of a title, without the name and the date before them, which a card shows elsewhere."""
    name, dated, rest = title.partition(f"({date})")
    if not dated:
        name, dated, rest = title.partition(f"（{date}）")
    if not dated:  # an irregular title
        topics = re.split(r"\s[/／]\s", title)
    else:
        topics = re.split(r"[/／]", rest.lstrip(" ：:")) if rest.strip(" ：:") else [name]
    return [topic for topic in map(str.strip, topics) if topic]


def polish(text: str) -> str:
    """Return a text on one line, without decoration, and with a space between Chinese or Japanese and Latin words."""
    composed = unicodedata.normalize("NFC", _DECORATION.sub("", text))
    return _BETWEEN_SCRIPTS.sub(_separate, " ".join(composed.split()))


def _separate(place: re.Match[str]) -> str:
    """Return a space for a place between Chinese or Japanese and Latin, nothing for others."""
    around = place.string[place.start() - 1 : place.start() + 1]
    return " " if any("\u3040" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff" for char in around) else ""


def find_brand(style_sheet: str) -> str:
    """Return the color of the newsletter that a style sheet sets as `--brand`, or else as `--accent`."""
    found = {match["name"].lower(): match["color"].lower() for match in reversed([*_BRAND.finditer(style_sheet)])}
    color = found.get("brand") or found.get("accent") or DEFAULT_BRAND
    return color if len(color) == 7 else "#" + "".join(digit * 2 for digit in color[1:])


def _find_host(newsletter: Newsletter) -> str:
    """Return the address of the site as people say it."""
    return newsletter.base.partition("://")[2].rstrip("/").removeprefix("www.")
