"""A message as the call that sends it: https://core.telegram.org/bots/api#sendmessage

The text of a message goes with entities and not with `parse_mode`. Nothing in it has to be escaped, and an
address that Telegram does not take is an error; in HTML it would be a link that is silently not there.
"""

from __future__ import annotations

import json
from typing import NotRequired, TypedDict

from publisher.channels.telegram.entities import MessageEntity
from publisher.channels.telegram.limits import RenderedText
from publisher.channels.telegram.rich import RichMessage


class LinkPreviewOptions(TypedDict, total=False):
    """The card of a page below the text: https://core.telegram.org/bots/api#linkpreviewoptions"""

    is_disabled: bool
    url: str
    prefer_small_media: bool


class InlineButton(TypedDict):
    """A button that opens an address."""

    text: str
    url: str


class InlineKeyboard(TypedDict):
    """The rows of buttons below a message."""

    inline_keyboard: list[list[InlineButton]]


class CommonParameters(TypedDict):
    """The parameters that any message has. Only `chat_id` may be missing from a complete call."""

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


class RichPayload(CommonParameters):
    """The parameters of sendRichMessage: https://core.telegram.org/bots/api#sendrichmessage"""

    rich_message: RichMessage


def build_payload(message: RenderedText, card_url: str, common: CommonParameters) -> Payload:
    """The call for a message. `card` is the address of the page whose card it shows, empty for none: left
    to itself, Telegram would show that of the first link."""
    shown: LinkPreviewOptions = (
        {"url": card_url, "prefer_small_media": True} if card_url else {"is_disabled": True}
    )
    return {
        "text": message.text,
        "entities": message.entities,
        "link_preview_options": shown,
        **common,
    }


def serialize_payload(payload: Payload | RichPayload) -> bytes:
    """The payload as JSON that people can read."""
    return json.dumps(payload, ensure_ascii=False, indent=1).encode() + b"\n"
