"""Channels for tests with keys of every type, and a valid publisher.toml."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from msgspec import defstruct

from publisher import config
from publisher.channel import Channel, Rendering, Session
from publisher.errors import ConfigError
from publisher.newsletter import Newsletter


class Silent(Channel, frozen=True):
    name: ClassVar[str] = ""

    def render(self, *_: object) -> Rendering:
        return Rendering(())

    def session(self) -> Session:
        raise NotImplementedError


class Web(Silent, frozen=True):
    name: ClassVar[str] = "web"


class Rss(Silent, frozen=True):
    name: ClassVar[str] = "rss"
    path: str = "public/feed.xml"
    entries: int = 20

    def feed_urls(self, newsletter: Newsletter) -> dict[str, str]:
        if not self.path.startswith(f"{newsletter.site}/"):
            raise ConfigError(f"{self.path} is not below {newsletter.site}", "move it")
        return {}


class Pigeon(Silent, frozen=True):
    name: ClassVar[str] = "pigeon"
    loft: str
    height: float = 1.5
    rings: tuple[str, ...] = ()
    night: bool = False
    colour: str | None = None

    def __post_init__(self) -> None:
        if self.height > 100:
            raise ConfigError("height is more than a pigeon flies", "at most 100")


# its annotations are types, not text: a channel need not import annotations from the future
Plain = defstruct(
    "Plain",
    [("width", int, 72), ("to", tuple[str, ...], ()), ("subject", str | None, None)],
    bases=(Silent,),
    namespace={"name": "plain"},
    frozen=True,
)


def find_channel(name: str) -> type[Channel]:
    known: dict[str, type] = {"web": Web, "rss": Rss, "pigeon": Pigeon, "plain": Plain}
    if name not in known:
        raise ConfigError(f"there is no channel {name}", f"channels: {', '.join(known)}")
    return known[name]


TOP = """\
[newsletter]
name = "慢工"
url = "https://example.org/slow/{date}/"
id = "tag:example.org,2021:slow"
"""


def load(folder: Path, text: str) -> config.Config:
    path = folder / "publisher.toml"
    path.write_text(text, "utf-8")
    return config.load_config(path, find_channel)
