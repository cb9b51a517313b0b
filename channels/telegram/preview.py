"""The messages as a page that looks like the app."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import chain

from publisher.channel import Context, Entry
from publisher.channels.telegram.limits import MESSAGE, Counted
from publisher.channels.telegram.markup import QUOTE, QUOTE_END
from publisher.channels.telegram.payload import Keyboard, Payload
from publisher.words import words

# a quote shows three lines until it is opened; on a phone that is about so many Chinese characters
_LINES, _LINE = 3, 22
_QUOTED = re.compile(f"{QUOTE}(.*?){QUOTE_END}", re.DOTALL)
_MARKUP = re.compile(r"<[^>]*>|&\w+;")
_NARROW = re.compile("[\0-\u10ff]+")


def page(messages: Sequence[tuple[Counted, Payload]], entry: Entry, chat: str, context: Context) -> str:
    """HTML of the messages in their bubbles, below each what it takes of the limits."""
    publication, say = context.publication, words(context.publication.lang)
    return context.templates.render(
        "telegram-preview.html",
        w=say,
        publication=publication,
        entry=entry,
        chat=chat,
        messages=[_shown(message, call, say["unfold"]) for message, call in messages],
        limit=MESSAGE,
    )


def _shown(message: Counted, call: Payload, unfold: str) -> dict[str, object]:
    keyboard = call.get("reply_markup") or Keyboard(inline_keyboard=[])
    return {
        "html": _QUOTED.sub(lambda found: _quote(unfold, found[1]), message.html),
        "size": message.size,
        "card": call["link_preview_options"].get("url", ""),
        "buttons": list(chain.from_iterable(keyboard["inline_keyboard"])),
        "silent": call["disable_notification"],
    }


def _quote(unfold: str, inside: str) -> str:
    shown = _MARKUP.sub("", inside)
    needed = sum(-(-_width(line) // (2 * _LINE)) or 1 for line in shown.split("\n"))
    switch = f'<input type="checkbox" aria-label="{escape(unfold)}">' if needed > _LINES else ""
    return f'<div class="quote">{switch}<blockquote>{inside}</blockquote></div>'


def _width(line: str) -> int:
    return len(line) + len(_NARROW.sub("", line))
