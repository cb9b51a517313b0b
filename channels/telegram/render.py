"""Renders an issue as messages, by the settings of the channel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any, cast

import msgspec
from msgspec.structs import asdict

from publisher.channel import Context, Entry, Part, Rendering
from publisher.channels.telegram.digest import build_digest
from publisher.channels.telegram.entities import MAX_MESSAGE_SIZE, QUOTE_CLOSE_TAG, QUOTE_OPEN_TAG, RenderedText
from publisher.channels.telegram.split import build_messages
from publisher.channels.telegram.writer import SpanWriter, normalize_link_url
from publisher.labels import get_labels
from publisher.model import Issue
from publisher.patterns import lazy_pattern

if TYPE_CHECKING:
    from publisher.channels.telegram.settings import Detail, TelegramSettings


# another number for another layout, so that messages already sent are not edited to it
_MEDIA_TYPE = "application/json; layout=2"


def render(settings: TelegramSettings, issue: Issue, context: Context) -> Rendering:
    """Return the messages in order, and their previews. Raises ValueError without `context.entry`."""
    entry, newsletter = context.require_entry(), context.newsletter
    labels = get_labels(newsletter.lang)
    writer = SpanWriter(labels)
    messages = build_messages(build_digest(issue, entry, newsletter, cast("Detail", settings.detail), writer))
    page = normalize_link_url(entry.url)
    buttons = {
        labels["web_version"]: page,
        labels["wechat"]: normalize_link_url(context.article_urls.get(entry.url, "")),
    }
    payloads = [
        _build_payload(settings, message, buttons, page if settings.card else "", is_first=not index)
        for index, message in enumerate(messages)
    ]
    folder = f"outbox/{entry.date}/telegram"
    html = "text/html; charset=utf-8"
    preview = _render_chat_preview(messages, payloads, entry, settings.chat, context)
    warnings = [f"{url} cannot be a link in Telegram, so it is printed in the text" for url in writer.rejected_urls]
    if settings.button and not page:
        warnings.append(f"no button: {entry.url} cannot be a link in Telegram")
    return Rendering(
        tuple(
            Part(
                f"{folder}/message-{number}.json",
                _MEDIA_TYPE,
                # `json` takes ten times as long with an indent
                msgspec.json.format(msgspec.json.encode(payload), indent=1) + b"\n",
            )
            for number, payload in enumerate(payloads, 1)
        ),
        warnings=tuple(warnings),
        report={"messages": len(messages), "sizes": [asdict(message.size) for message in messages]},
        previews=(
            *(
                Part(f"{folder}/message-{number}.html", html, message.html.encode())
                for number, message in enumerate(messages, 1)
            ),
            Part(f"{folder}/preview.html", html, preview.encode(errors="replace")),
        ),
    )


def _build_payload(
    settings: TelegramSettings, message: RenderedText, buttons: Mapping[str, str], card: str, *, is_first: bool
) -> dict[str, Any]:
    """Return the call that sends a message: https://core.telegram.org/bots/api#sendmessage

    The text is sent with entities, not with `parse_mode`. So nothing has to be escaped, and a URL that
    Telegram rejects is an error; in HTML the link would be missing silently. `buttons`: label to URL. `card`
    is the page whose preview the first message shows; by default Telegram shows that of the first link.
    """
    shows_card = card and is_first
    payload: dict[str, Any] = {
        "text": message.text,
        "entities": message.entities,
        "link_preview_options": {"url": card, "prefer_small_media": True} if shows_card else {"is_disabled": True},
        "disable_notification": settings.silent or not is_first,
        "protect_content": settings.protect,
    }
    # a session knows the chat: without it, a message stays the same when the chat is named in another way
    if settings.chat and not (settings.token and settings.send):
        payload["chat_id"] = settings.chat
    if settings.topic:
        payload["message_thread_id"] = settings.topic
    row = [{"text": text, "url": url} for text, url in buttons.items() if url]
    if settings.button and row:
        payload["reply_markup"] = {"inline_keyboard": [row]}
    return payload


# a collapsed quote shows three lines; on a phone that is about so many Chinese characters
_COLLAPSED_QUOTE_LINES, _CHARACTERS_PER_LINE = 3, 22
_QUOTE_HTML = lazy_pattern(f"{QUOTE_OPEN_TAG}(.*?){QUOTE_CLOSE_TAG}", re.DOTALL)
_TAG_OR_CHARACTER_REFERENCE = lazy_pattern(r"<[^<>]*>|&\w+;")
_NARROW_CHARACTERS = lazy_pattern("[\0-\u10ff]+")


def _render_chat_preview(
    messages: list[RenderedText], payloads: list[dict[str, Any]], entry: Entry, chat: str, context: Context
) -> str:
    """Return the preview page: the messages as bubbles, each with what it uses of the limits."""
    labels = get_labels(context.newsletter.lang)

    def show_quote(found: re.Match[str]) -> str:
        lines = _TAG_OR_CHARACTER_REFERENCE.sub("", found[1]).split("\n")
        needed = sum(-(-_measure_line_width(line) // (2 * _CHARACTERS_PER_LINE)) or 1 for line in lines)
        unfold = f'<input type="checkbox" aria-label="{escape(labels["unfold"])}">'
        switch = unfold if needed > _COLLAPSED_QUOTE_LINES else ""
        return f'<div class="quote">{switch}<blockquote>{found[1]}</blockquote></div>'

    return context.templates.render(
        "telegram-preview.html",
        w=labels,
        newsletter=context.newsletter,
        entry=entry,
        chat=chat,
        messages=[
            {
                "html": _QUOTE_HTML.sub(show_quote, message.html),
                "size": message.size,
                "card": payload["link_preview_options"].get("url", ""),
                "buttons": payload.get("reply_markup", {"inline_keyboard": [[]]})["inline_keyboard"][0],
                "silent": payload["disable_notification"],
            }
            for message, payload in zip(messages, payloads, strict=True)
        ],
        limit=MAX_MESSAGE_SIZE,
    )


def _measure_line_width(line: str) -> int:
    return len(line) + len(_NARROW_CHARACTERS.sub("", line))
