"""Renders an issue as messages, by the settings of the channel."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from itertools import chain
from typing import TYPE_CHECKING, cast

from msgspec.structs import asdict

from publisher.channel import Context, Entry, Part, Rendering
from publisher.channels.telegram.digest import build_digest
from publisher.channels.telegram.entities import QUOTE_CLOSE_TAG, QUOTE_OPEN_TAG
from publisher.channels.telegram.limits import MAX_MESSAGE_SIZE, RenderedText
from publisher.channels.telegram.payload import (
    CommonParameters,
    InlineButton,
    InlineKeyboard,
    Payload,
    build_payload,
    serialize_payload,
)
from publisher.channels.telegram.split import build_messages
from publisher.channels.telegram.writer import SpanWriter, normalize_link_url
from publisher.labels import get_labels
from publisher.model import Issue
from publisher.patterns import lazy_pattern

if TYPE_CHECKING:
    from publisher.channels.telegram.settings import Detail, TelegramSettings

_JSON_TYPE, _HTML_TYPE = "application/json", "text/html; charset=utf-8"


def render(settings: TelegramSettings, issue: Issue, context: Context) -> Rendering:
    """Return the messages in order, and their previews. Needs `context.entry`."""
    entry, newsletter = context.entry, context.newsletter
    if entry is None:
        raise ValueError("messages need the entry of the issue")
    labels = get_labels(newsletter.lang)
    writer = SpanWriter(labels)
    messages = build_messages(
        build_digest(issue, entry, newsletter, cast("Detail", settings.detail), writer), labels
    )
    page = normalize_link_url(entry.url)
    buttons = {labels["web_version"]: page}
    if article := normalize_link_url(context.article_urls.get(entry.url, "")):
        buttons[labels["wechat"]] = article
    first, other = (_build_common_parameters(settings, buttons, silent=silent) for silent in (False, True))
    calls = [build_payload(message, "", other) for message in messages]
    calls[0] = build_payload(messages[0], page if settings.card else "", first)
    folder = f"outbox/{entry.date}/telegram"
    parts = [
        Part(f"{folder}/message-{n}.json", _JSON_TYPE, serialize_payload(call))
        for n, call in enumerate(calls, 1)
    ]
    shown = [
        Part(f"{folder}/message-{n}.html", _HTML_TYPE, message.html.encode())
        for n, message in enumerate(messages, 1)
    ]
    warnings = []
    bubbles = render_chat_preview([*zip(messages, calls, strict=True)], entry, settings.chat, context)
    shown.append(Part(f"{folder}/preview.html", _HTML_TYPE, bubbles.encode(errors="replace")))
    if settings.button and not page:
        warnings.append(f"no button: {entry.url} cannot be a link in Telegram")
    return Rendering(
        tuple(parts),
        warnings=(*map(_format_link_warning, writer.rejected_urls), *warnings),
        report={"messages": len(messages), "sizes": [asdict(message.size) for message in messages]},
        previews=tuple(shown),
    )


def _build_common_parameters(
    settings: TelegramSettings, buttons: Mapping[str, str], *, silent: bool
) -> CommonParameters:
    """Return the parameters besides the text. `buttons`: label to URL."""
    made: CommonParameters = {
        "disable_notification": settings.silent or silent,
        "protect_content": settings.protect,
    }
    if settings.chat:
        made["chat_id"] = settings.chat
    if settings.topic:
        made["message_thread_id"] = settings.topic
    row: list[InlineButton] = [{"text": text, "url": url} for text, url in buttons.items() if url]
    if settings.button and row:
        made["reply_markup"] = {"inline_keyboard": [row]}
    return made


def _format_link_warning(url: str) -> str:
    return f"{url} cannot be a link in Telegram, so it is printed in the text"


# a collapsed quote shows three lines; on a phone that is about so many Chinese characters
_COLLAPSED_QUOTE_LINES, _CHARACTERS_PER_LINE = 3, 22
_QUOTE_HTML = lazy_pattern(f"{QUOTE_OPEN_TAG}(.*?){QUOTE_CLOSE_TAG}", re.DOTALL)
_TAG_OR_CHARACTER_REFERENCE = lazy_pattern(r"<[^>]*>|&\w+;")
_NARROW_CHARACTERS = lazy_pattern("[\0-\u10ff]+")


def render_chat_preview(
    messages: Sequence[tuple[RenderedText, Payload]], entry: Entry, chat: str, context: Context
) -> str:
    """Return the preview page: the messages as bubbles, each with what it uses of the limits."""
    newsletter, labels = context.newsletter, get_labels(context.newsletter.lang)
    return context.templates.render(
        "telegram-preview.html",
        w=labels,
        newsletter=newsletter,
        entry=entry,
        chat=chat,
        messages=[_build_preview_message(message, call, labels["unfold"]) for message, call in messages],
        limit=MAX_MESSAGE_SIZE,
    )


def _build_preview_message(message: RenderedText, payload: Payload, unfold_label: str) -> dict[str, object]:
    keyboard = payload.get("reply_markup") or InlineKeyboard(inline_keyboard=[])
    return {
        "html": _QUOTE_HTML.sub(lambda found: _render_preview_quote(unfold_label, found[1]), message.html),
        "size": message.size,
        "card": payload["link_preview_options"].get("url", ""),
        "buttons": list(chain.from_iterable(keyboard["inline_keyboard"])),
        "silent": payload["disable_notification"],
    }


def _render_preview_quote(unfold_label: str, content: str) -> str:
    shown = _TAG_OR_CHARACTER_REFERENCE.sub("", content)
    needed = sum(
        -(-_measure_line_width(line) // (2 * _CHARACTERS_PER_LINE)) or 1 for line in shown.split("\n")
    )
    switch = (
        f'<input type="checkbox" aria-label="{escape(unfold_label)}">'
        if needed > _COLLAPSED_QUOTE_LINES
        else ""
    )
    return f'<div class="quote">{switch}<blockquote>{content}</blockquote></div>'


def _measure_line_width(line: str) -> int:
    return len(line) + len(_NARROW_CHARACTERS.sub("", line))
