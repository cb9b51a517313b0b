"""The call that sends a message: https://core.telegram.org/bots/api#sendmessage

The text is sent with entities, not with `parse_mode`. So nothing has to be escaped, and a URL that Telegram
rejects is an error; in HTML the link would be missing silently.
"""

from __future__ import annotations

import json
from typing import NotRequired, TypedDict

from publisher.channels.telegram.entities import MessageEntity
from publisher.channels.telegram.limits import RenderedText


class LinkPreviewOptions(TypedDict, total=False):
    """The link preview below the text: https://core.telegram.org/bots/api#linkpreviewoptions"""

    is_disabled: bool
    url: str
    prefer_small_media: bool


class InlineButton(TypedDict):
    """A button that opens a URL."""

    text: str
    url: str


class InlineKeyboard(TypedDict):
    """Rows of buttons below a message."""

    inline_keyboard: list[list[InlineButton]]


class CommonParameters(TypedDict):
    """The parameters of every message. Only `chat_id` may be missing from a complete call."""

    chat_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    disable_notification: bool
    protect_content: bool
    reply_markup: NotRequired[InlineKeyboard]


class Payload(CommonParameters):
    """The parameters of sendMessage."""

    text: str
    entities: list[MessageEntity]
    link_preview_options: LinkPreviewOptions


def build_payload(message: RenderedText, card_url: str, common: CommonParameters) -> Payload:
    """Return the call for a message. `card_url` is the page of its link preview, empty for none: by default
    Telegram shows a preview of the first link."""
    shown: LinkPreviewOptions = (
        {"url": card_url, "prefer_small_media": True} if card_url else {"is_disabled": True}
    )
    return {
        "text": message.text,
        "entities": message.entities,
        "link_preview_options": shown,
        **common,
    }


def serialize_payload(payload: Payload) -> bytes:
    """Return the payload as indented JSON."""
    return json.dumps(payload, ensure_ascii=False, indent=1).encode() + b"\n"
