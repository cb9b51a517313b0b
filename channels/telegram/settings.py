"""The keys of [channels.telegram] and their validation."""

import re
from typing import Literal, get_args

from msgspec import Struct

from publisher.credentials import Reference
from publisher.errors import ConfigError
from publisher.links import is_api_url

Detail = Literal["titles", "summaries", "full"]
"""How much of an issue is sent."""

# https://core.telegram.org/method/account.checkUsername, and a minus before the number of a group
_CHAT_PATTERN = r"@[A-Za-z][A-Za-z0-9_]{3,31}|-?[1-9]\d*"


class TelegramSettings(Struct, frozen=True):
    """`chat`: the destination, @name of a channel or group, or its number. `topic`: the number of a topic
    in a group. `detail`: how much of the issue is sent: titles, summaries or full.

    `button` links to the web page, `card` shows its link preview below the first message. `silent` sends
    without a sound; all messages but the first are silent anyway. `protect` disables forwarding and saving.

    `token`: a reference to the bot's token; without it the channel writes files. `me`: the editor's chat
    with the bot, for test sends. `pin` pins the first message of an issue. `api`: the URL of the Bot API
    server.
    """

    token: Reference = Reference()
    chat: str = ""
    topic: int = 0
    detail: str = "summaries"
    button: bool = True
    card: bool = False
    silent: bool = False
    protect: bool = False
    me: str = ""
    pin: bool = False
    api: str = "https://api.telegram.org"

    def __post_init__(self) -> None:
        if self.detail not in get_args(Detail):
            raise ConfigError(
                f'detail must be one of {", ".join(get_args(Detail))}, not "{self.detail}"',
                'the default is detail = "summaries"',
            )
        for key, value in (("chat", self.chat), ("me", self.me)):
            if value and not re.fullmatch(_CHAT_PATTERN, value):
                raise ConfigError(
                    f'{key} must be a name or a number, not "{value}"',
                    f'like {key} = "@my_channel", or {key} = "-1001234567890" for a private one',
                )
        if self.token and not self.chat:
            raise ConfigError(
                "`token` is set, but `chat` is not", 'add chat = "@my_channel", or remove the token to write files'
            )
        if not is_api_url(self.api):
            raise ConfigError(
                f'api must be the https URL of a Bot API server, not "{self.api}"',
                'the default is api = "https://api.telegram.org"; http is only allowed on this machine',
            )
