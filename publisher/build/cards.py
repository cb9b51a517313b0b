"""The social cards of a site: which pages have one of their own, and which are still to be drawn.

A card is a file named by the digest of what it says: what is there already is never drawn again, and a page whose
words change names another file. Drawing is slow, so it is done when the files are written and the lock is released.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from publisher.archive.output_folder import BuiltFiles, OutputFolder, UpToDateMark
from publisher.archive.records import Record
from publisher.archive.revisions import Revisions
from publisher.cards.words import HEIGHT, WIDTH, Card, describe_issue_card, describe_site_card, find_brand
from publisher.channel import CardImage, Channel, Entry, Finding, FindingLevel, Part
from publisher.errors import BusyError, PublisherError
from publisher.events import Outcome
from publisher.folder_session import FolderSession
from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern
from publisher.run import RunContext

OWN_CARDS = 20
"""So many of the newest issues get a card of their own when the first cards are drawn; later ones as they come."""

_GROUP = "card:"  # the groups of an output folder that are cards begin with this

_FILE_NAME = lazy_pattern(r"[0-9a-f]{16}\.png")
_MAX_NAMED = 8  # characters

_LAST_CHUNK = b"\0\0\0\0IEND\xaeB`\x82"
"""How a whole PNG ends: https://www.w3.org/TR/png-3/#11IEND"""


class CardFile(NamedTuple):
    """A card and where it is: below the output folder, and on the web. `size` is in bytes, 0 if it is not drawn."""

    card: Card
    key: str
    image: CardImage
    size: int


class SiteCards:
    """The cards of the pages, for the channels that name them: without such a channel there are none.

    Which file a card is in is found out when it is asked for, as that may need fonts. With `knows_fonts`, fonts that
    were installed since they were looked for are not found.
    """

    def __init__(
        self, run: RunContext, entries: Sequence[Entry], revisions: Revisions, *, knows_fonts: bool = False
    ) -> None:
        self._run = run
        self._site: Card | None = None
        self._own: dict[str, Card] = {}
        self._found: dict[Card, CardFile] = {}
        self._knows_fonts = knows_fonts
        if any(channel.capabilities.names_cards for channel in run.channels):
            newsletter, brand = run.config.newsletter, find_brand(run.theme.text("style.css"))
            self._site = describe_site_card(newsletter, brand)
            since = revisions.first_card_date([entry.date for entry in entries[:OWN_CARDS]])
            for position, entry in enumerate(entries):
                if position < OWN_CARDS or entry.date >= since:
                    self._own[entry.id] = describe_issue_card(entry.title, entry.date, newsletter, brand)

    @property
    def missing(self) -> tuple[CardFile, ...]:
        """The files that pages name and that are not there."""
        return tuple({file.key: file for file in self._files if not file.size}.values())

    @property
    def are_final(self) -> bool:
        """Whether all are drawn, and with words: or else the next run may find a font for them."""
        return not any(file.card.plain or not file.size for file in self._files)

    def draw(self) -> None:
        """Draw the missing ones now. Raises StorageError."""
        for _ in _write_cards(self._run, self.missing):
            pass
        self._found.clear()

    def find_image(self, entry_id: str = "") -> CardImage | None:
        """Return the image for the page of an issue: its own, or that of the newsletter, as for other pages."""
        card = self._own.get(entry_id, self._site)
        return self._find_file(card).image if card else None

    def keep(self, channel: Channel) -> dict[str, BuiltFiles]:
        """Return the groups of the cards that are drawn, for the record of a channel, and delete the cards that no page
        names any more: they have no readers of their own."""
        if not (self._site and channel.capabilities.names_cards):
            return {}
        needed = {PurePosixPath(file.key).name for file in self._files}
        folder = (self._run.output_folder / self._find_file(self._site).key).parent
        with suppress(OSError):  # none is there yet, or that will be reported when one is written
            for path in () if self._run.dry_run else folder.iterdir():
                if path.name not in needed and _FILE_NAME.fullmatch(path.name):
                    path.unlink()
        return _build_groups({file.key: file.size for file in self._files if file.size})

    @property
    def _files(self) -> Iterator[CardFile]:
        if self._site:
            yield from map(self._find_file, (self._site, *self._own.values()))

    def _find_file(self, card: Card) -> CardFile:
        """Return the file of a card, or if this machine has no font for its words, of one without words."""
        if card not in self._found:
            self._found[card] = self._choose_file(card)
        return self._found[card]

    def _choose_file(self, card: Card) -> CardFile:
        file = self._locate(card)
        if file.size:
            return file
        from publisher.cards import fonts, social  # only now: a page in a hundred gets a new card

        if not self._knows_fonts:
            fonts.forget_fonts()
            self._knows_fonts = True
        return file if social.can_draw(card) else self._locate(card.without_words())

    def _locate(self, card: Card) -> CardFile:
        newsletter = self._run.config.newsletter
        url = f"{newsletter.base}cards/{card.digest}.png"
        key = newsletter.output_path(url)
        size = _measure_png(self._run.output_folder / key)
        return CardFile(card, key, CardImage(url, WIDTH, HEIGHT, card.alt), size)


def draw_missing_cards(
    run: RunContext, cards: SiteCards, outcome: Outcome, marks: Mapping[str, UpToDateMark]
) -> Outcome:
    """Draw the cards that pages name already, and return the outcome with them.

    `marks` are those of the channels, which are up to date only with their cards. Call it without the lock: it is taken
    to record the files, unless another run holds it, which then sees them by itself.
    """
    missing = cards.missing
    names = [c.name for c in run.channels if c.capabilities.names_cards and c.name in outcome.channels]
    if not (missing and names):
        return outcome
    sizes: dict[str, int] = {}
    error: PublisherError | None = None
    try:
        sizes = {part.key: len(part.body) for part in _write_cards(run, missing)}
    except PublisherError as failure:
        error = failure
    channels = dict(outcome.channels)
    for name in names:
        channel = channels[name]
        channels[name] = channel._replace(written=(*channel.written, *sizes), error=channel.error or error)
        if error:  # the files before it were reported as written
            run.report(channels[name])
    if sizes and not run.dry_run:
        with suppress(BusyError), run.lock():
            site = OutputFolder(run.output_folder, run.home)
            for name in names:
                site.channel_files(name).groups.update(_build_groups(sizes))
                if not (channels[name].error or any(file.card.plain for file in missing)):
                    site.mark(name, marks.get(name), changed=True)
            if site.setup:
                site.save(site.setup)
    return outcome._replace(channels=channels)


def diagnose_cards(run: RunContext, records: Sequence[Record]) -> Iterator[Finding]:
    """Check whether this machine has fonts for the words of the cards: of the newsletter, and of its newest issues."""
    from publisher.cards.fonts import can_shape, find_lacking
    from publisher.cards.social import can_draw

    newsletter, brand = run.config.newsletter, find_brand(run.theme.text("style.css"))
    cards = [describe_site_card(newsletter, brand)]
    for record in records[:OWN_CARDS]:
        cards.append(describe_issue_card(record.title, dt.date.fromisoformat(record.date), newsletter, brand))
    undrawn = [card for card in cards if not can_draw(card)]
    if not undrawn:
        yield Finding(FindingLevel.OK, "fonts for the social cards")
        return
    lacking = find_lacking("".join(card.text for card in undrawn), newsletter.lang)
    named = " ".join(lacking[:_MAX_NAMED]) + (" …" if len(lacking) > _MAX_NAMED else "")
    reason = f"no font on this machine has {named}" if lacking else f"no single font has all of “{undrawn[0].headline}”"
    hint = "install one that has them, such as Noto Serif (fonts-noto-cjk for Chinese), then publish"
    if not can_shape():
        hint += "; scripts such as Arabic need libraqm as well"
    yield Finding(FindingLevel.WARNING, f"{len(undrawn)} of {len(cards)} social cards have no words: {reason}", hint)


def _write_cards(run: RunContext, files: Iterable[CardFile]) -> Iterator[Part]:
    """Draw cards and yield the files as they are written; a dry run only names them."""
    from publisher.cards.social import draw_card

    with FolderSession() as session:
        for file in files:
            part = Part(file.key, "image/png", b"" if run.dry_run else draw_card(file.card))
            if not run.dry_run:
                session.deliver(part, str(run.output_folder))
            yield part


def _measure_png(path: Path) -> int:
    """Return the size in bytes; 0 if there is no such file, or it was cut short, as by a power failure."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - len(_LAST_CHUNK), 0))
            return size if file.read() == _LAST_CHUNK else 0
    except OSError:
        return 0


def _build_groups(sizes: Mapping[str, int]) -> dict[str, BuiltFiles]:
    return {f"{_GROUP}{key}": BuiltFiles(key, {key: size}) for key, size in sizes.items()}
