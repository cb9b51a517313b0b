"""The keys of [channels.telegram] and their validation."""

import re
from typing import Annotated, Literal, get_args

from msgspec import Meta

from publisher.channel import ChannelSettings
from publisher.credentials import Reference
from publisher.errors import ConfigError
from publisher.links import is_api_url

Detail = Literal["titles", "summaries", "full"]
"""How much of an issue is sent."""

# https://core.telegram.org/method/account.checkUsername, and a minus before the number of a group
_CHAT_PATTERN = r"@[A-Za-z][A-Za-z0-9_]{3,31}|-?[1-9]\d*"


class TelegramSettings(ChannelSettings, frozen=True):
    """The keys of [channels.telegram]. Raises ConfigError when one is invalid."""

    token: Annotated[
        Reference,
        Meta(
            description="reference to your bot's token, such as `env:TELEGRAM_TOKEN`; without it, only files are "
            "written",
            examples=["env:TELEGRAM_TOKEN"],
        ),
    ] = Reference()
    chat: Annotated[
        str,
        Meta(
            description="destination: `@name` of a channel or group, or its numeric id",
            examples=["@my_channel"],
            extra_json_schema={"pattern": f"^({_CHAT_PATTERN})?$"},
        ),
    ] = ""
    topic: Annotated[int, Meta(description="id of a topic in a group")] = 0
    detail: Annotated[
        str,
        Meta(
            description="how much of an issue to include: `titles`, `summaries` or `full`",
            extra_json_schema={"enum": [*get_args(Detail)]},
        ),
    ] = "summaries"
    button: Annotated[bool, Meta(description="add a button that links to the page below each message")] = True
    card: Annotated[bool, Meta(description="show a link preview of the page below the first message")] = False
    silent: Annotated[
        bool, Meta(description="send without notification sound; by default, the first message of an issue makes one")
    ] = False
    protect: Annotated[bool, Meta(description="prevent forwarding and saving")] = False
    me: Annotated[
        str,
        Meta(
            description="id of your own chat with the bot, to receive test sends",
            examples=["123456789"],
            extra_json_schema={"pattern": f"^({_CHAT_PATTERN})?$"},
        ),
    ] = ""
    pin: Annotated[bool, Meta(description="pin the first message of an issue")] = False
    api: Annotated[str, Meta(description="URL of your own Bot API server; https, or http on this machine")] = (
        "https://api.telegram.org"
    )

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
        if self.send and self.token and not self.chat:
            raise ConfigError(
                "`token` is set, but `chat` is not", 'add chat = "@my_channel", or send = false to write files'
            )
        if not is_api_url(self.api):
            raise ConfigError(
                f'api must be the https URL of a Bot API server, not "{self.api}"',
                'the default is api = "https://api.telegram.org"; http is only allowed on this machine',
            )
