"""From an issue to its messages, as the settings of the channel want them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from itertools import chain
from typing import TYPE_CHECKING, cast

from publisher.channel import Context, Entry, Part, Rendering
from publisher.channels.telegram.digest import digest
from publisher.channels.telegram.entities import QUOTE, QUOTE_END
from publisher.channels.telegram.limits import MESSAGE, Counted
from publisher.channels.telegram.payload import Button, Envelope, Keyboard, Payload, body, payload
from publisher.channels.telegram.rich import excess, rich_message
from publisher.channels.telegram.split import messages
from publisher.channels.telegram.writer import Writer, link
from publisher.model import Issue
from publisher.patterns import lazy_pattern
from publisher.words import words

if TYPE_CHECKING:
    from publisher.channels.telegram.settings import Detail, Settings

_JSON, _HTML = "application/json", "text/html; charset=utf-8"


def render(settings: Settings, issue: Issue, context: Context) -> Rendering:
    """The messages in order, and beside them what shows them; needs `context.entry`."""
    entry, publication = context.entry, context.publication
    if entry is None:
        raise ValueError("messages need the issue's entry in the archive")
    say = words(publication.lang)
    writer = Writer(say)
    told = messages(digest(issue, entry, publication, cast("Detail", settings.detail), writer), say)
    page = link(entry.url)
    buttons = {say["web_version"]: page}
    if article := link(context.article_urls.get(entry.url, "")):
        buttons[say["wechat"]] = article
    first, other = (_envelope(settings, buttons, silent=silent) for silent in (False, True))
    calls = [payload(message, "", other) for message in told]
    calls[0] = payload(told[0], page if settings.card else "", first)
    folder = f"outbox/{entry.date}/telegram"
    parts = [Part(f"{folder}/message-{n}.json", _JSON, body(call)) for n, call in enumerate(calls, 1)]
    shown = [
        Part(f"{folder}/message-{n}.html", _HTML, message.html.encode()) for n, message in enumerate(told, 1)
    ]
    warnings = []
    if settings.rich:
        message = rich_message(issue, entry, publication, writer)
        if too_much := excess(message):
            warnings.append(f"no rich message: it would have {' and '.join(too_much)}")
        else:
            shown.append(Part(f"{folder}/rich.json", _JSON, body({"rich_message": message, **first})))
    bubbles = preview_page([*zip(told, calls, strict=True)], entry, settings.chat, context)
    shown.append(Part(f"{folder}/preview.html", _HTML, bubbles.encode(errors="replace")))
    if settings.button and not page:
        warnings.append(f"no button: {entry.url} cannot be a link in Telegram")
    return Rendering(
        tuple(parts),
        warnings=(*map(_refusal, writer.refused), *warnings),
        report={"messages": len(told), "sizes": [asdict(message.size) for message in told]},
        previews=tuple(shown),
    )


def _envelope(settings: Settings, buttons: Mapping[str, str], *, silent: bool) -> Envelope:
    """What a message says besides its text. `buttons` are addresses by what is written on them."""
    made: Envelope = {"disable_notification": settings.silent or silent, "protect_content": settings.protect}
    if settings.chat:
        made["chat_id"] = settings.chat
    if settings.topic:
        made["message_thread_id"] = settings.topic
    row: list[Button] = [{"text": text, "url": url} for text, url in buttons.items() if url]
    if settings.button and row:
        made["reply_markup"] = {"inline_keyboard": [row]}
    return made


def _refusal(url: str) -> str:
    return f"{url} cannot be a link in Telegram, so it stands in the text"


# a quote shows three lines until it is opened; on a phone that is about so many Chinese characters
_LINES, _LINE = 3, 22
_QUOTED = lazy_pattern(f"{QUOTE}(.*?){QUOTE_END}", re.DOTALL)
_MARKUP = lazy_pattern(r"<[^>]*>|&\w+;")
_NARROW = lazy_pattern("[\0-\u10ff]+")


def preview_page(
    messages: Sequence[tuple[Counted, Payload]], entry: Entry, chat: str, context: Context
) -> str:
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
