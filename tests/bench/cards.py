"""What a social card costs: processor time and bytes."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable
from statistics import median

from publisher.cards.social import draw_card
from publisher.cards.words import describe_issue_card
from publisher.newsletter import Newsletter

ROUNDS = 9


def cards(name: str, issues: Iterable[tuple[dt.date, str]], table: Callable[[str, float, str, float], None]) -> None:
    """Draw the cards of issues, given by date and text."""
    newsletter = Newsletter(name, "https://example.org/{date}/", "https://example.org/", "tag:example.org,2025:bench")
    made = []
    for date, text in issues:
        title = text.partition("# ")[2].partition("\n")[0]
        made.append(describe_issue_card(title, date, newsletter, "#a4342a"))
    sizes = [len(draw_card(card)) for card in made]  # the fonts are read once per run
    times = []
    for _ in range(ROUNDS):
        for card in made:
            begun = time.process_time()
            draw_card(card)
            times.append(time.process_time() - begun)
    table("a social card", 1000 * median(times), "ms", 25)
    table("a social card, the largest of them", max(sizes) / 1000, "kB", 100)
