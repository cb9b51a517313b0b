"""The keys below [channels.telegram], and what is wrong with one."""

from __future__ import annotations

import re
from typing import Literal, get_args

from publisher.credentials import Reference
from publisher.dataclass import dataclass
from publisher.errors import ConfigError

Detail = Literal["titles", "summaries", "full"]
"""How much of an issue is told."""

# https://core.telegram.org/method/account.checkUsername, and a minus before the number of a group
_CHAT_PATTERN = r"@[A-Za-z][A-Za-z0-9_]{3,31}|-?[1-9]\d*"
_LOOPBACK_PATTERN = r"localhost|127\.\d+\.\d+\.\d+|\[::1\]"
_API_URL_PATTERN = rf"(?:https://[^\s/?#@]+|http://(?:{_LOOPBACK_PATTERN})(?::\d+)?)(?:/[^\s?#]*)?"


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    """`chat` is where the messages go: @name of a channel or group, or its number; `topic` the number of a
    topic in a group. `detail` is how much of the issue is told: titles, summaries or full.

    `button` leads to the web page, `card` shows the page's card below the first message. `silent` delivers
    without a sound; all messages but the first do so anyway. `protect` keeps readers from forwarding.
    `rich` makes a rich message of the whole issue as well.

    `token` says where the token of the bot is that sends; without it the channel writes files. `me` is the
    editor's own chat with the bot, for proofs. `pin` pins the first message of an issue. `api` is the address
    of the Bot API server.
    """

    token: Reference = ""
    chat: str = ""
    topic: int = 0
    detail: str = "summaries"
    button: bool = True
    card: bool = False
    silent: bool = False
    protect: bool = False
    rich: bool = False
    me: str = ""
    pin: bool = False
    api: str = "https://api.telegram.org"

    def __post_init__(self) -> None:
        if self.detail not in get_args(Detail):
            raise ConfigError(
                f'detail must be one of {", ".join(get_args(Detail))}, not "{self.detail}"',
                'without it, it is detail = "summaries"',
            )
        for key, value in (("chat", self.chat), ("me", self.me)):
            if value and not re.fullmatch(_CHAT_PATTERN, value):
                raise ConfigError(
                    f'{key} must be a name or a number, not "{value}"',
                    f'like {key} = "@my_channel", or {key} = "-1001234567890" for a private one',
                )
        if self.token and not self.chat:
            raise ConfigError(
                "there is a token and no chat to send to",
                'add chat = "@my_channel", or leave out the token to write files',
            )
        if not re.fullmatch(_API_URL_PATTERN, self.api):
            raise ConfigError(
                f'api must be the https address of a Bot API server, not "{self.api}"',
                'without it, it is api = "https://api.telegram.org"; http is for this machine alone',
            )
