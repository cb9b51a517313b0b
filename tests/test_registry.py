"""Channels by name: the table first, entry points second, everything strange refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints
from types import ModuleType
from typing import ClassVar

import pytest

from publisher import registry
from publisher.channel import ArchiveChannel, Capabilities, Channel
from publisher.errors import ConfigError

OURS = ("web", "rss", "wechat", "telegram", "email")


class Pigeon(Channel, frozen=True):
    name: ClassVar[str] = "pigeon"

    def render(self, *_: object) -> None: ...

    def session(self) -> None: ...


class Eager(Pigeon, frozen=True):
    name: ClassVar[str] = "eager"
    capabilities: ClassVar[Capabilities] = Capabilities(can_ping=True)


class Idle(ArchiveChannel, frozen=True):
    name: ClassVar[str] = "idle"

    def render(self, *_: object) -> None: ...

    def session(self) -> None: ...


class Mute(Channel, frozen=True):
    name: ClassVar[str] = "mute"

    def render(self, *_: object) -> None: ...


class Odd:
    name: ClassVar[str] = "odd"


Bring = Callable[..., None]


@pytest.fixture
def bring(monkeypatch: pytest.MonkeyPatch) -> Bring:
    """bring(pigeon="birds:Pigeon") makes entry points; the module birds holds the classes above."""
    birds = ModuleType("birds")
    birds.__dict__.update(Pigeon=Pigeon, Mute=Mute, Eager=Eager, Idle=Idle, Odd=Odd, nothing=None)
    monkeypatch.setitem(sys.modules, "birds", birds)

    def set_points(*pairs: tuple[str, str]) -> None:
        points = EntryPoints(EntryPoint(name, value, registry.ENTRY_POINT_GROUP) for name, value in pairs)
        monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: points.select(group=group))

    return set_points


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        call()
    return caught.value.message, caught.value.hint


def test_the_table_comes_first(bring: Bring) -> None:
    bring(("pigeon", "birds:Pigeon"))
    assert registry.channel_names() == (*OURS, "pigeon")


def test_a_package_brings_a_channel(bring: Bring) -> None:
    bring(("pigeon", "birds:Pigeon"))
    assert registry.load_channel("pigeon") is Pigeon


def test_an_unknown_name_gets_a_suggestion_and_the_list(bring: Bring) -> None:
    bring(("pigeon", "birds:Pigeon"))
    assert refusal(lambda: registry.load_channel("Pidgeon")) == (
        "there is no channel Pidgeon",
        f"did you mean pigeon? channels: {', '.join(OURS)}, pigeon",
    )
    assert refusal(lambda: registry.load_channel("xyz"))[1] == f"channels: {', '.join(OURS)}, pigeon"


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([("rss", "birds:Pigeon")], "two channels are named rss: publisher.channels.rss:Rss and birds:Pigeon"),
        (
            [("pigeon", "birds:Pigeon"), ("pigeon", "dovecote:Pigeon")],
            "two channels are named pigeon: birds:Pigeon and dovecote:Pigeon",
        ),
    ],
)
def test_one_name_is_one_channel(bring: Bring, points: list[tuple[str, str]], message: str) -> None:
    bring(*points)
    assert refusal(registry.channel_names) == (message, "uninstall the package of one of them")


def test_a_package_found_twice_is_one(bring: Bring) -> None:
    bring(("pigeon", "birds:Pigeon"), ("pigeon", "birds:Pigeon"))
    assert registry.channel_names() == (*OURS, "pigeon")


@pytest.mark.parametrize(
    ("name", "place", "message"),
    [
        ("mute", "birds:Mute", "the channel mute is not usable: birds:Mute has no session"),
        ("eager", "birds:Eager", "the channel eager is not usable: birds:Eager has no build_ping"),
        ("idle", "birds:Idle", "the channel idle is not usable: birds:Idle has no render_archive"),
        ("odd", "birds:Odd", "the channel odd is not usable: birds:Odd is not a Channel"),
        ("nothing", "birds:nothing", "the channel nothing is not usable: birds:nothing is not a Channel"),
        ("dove", "birds:Pigeon", "the channel dove is not usable: birds:Pigeon is named 'pigeon'"),
        ("owl", "birds:Owl", "the channel owl cannot be loaded from birds:Owl: module 'birds' has no attribute 'Owl'"),
        ("carp", "fishes:Carp", "the channel carp cannot be loaded from fishes:Carp: No module named 'fishes'"),
    ],
)
def test_what_is_not_a_channel_is_refused(bring: Bring, name: str, place: str, message: str) -> None:
    bring((name, place))
    assert refusal(lambda: registry.load_channel(name))[0] == message


def test_a_channel_of_ours_is_found_without_reading_entry_points() -> None:
    """They cost more than all the rest of a start."""
    lines = (
        "import sys",
        "from publisher import registry",
        "registry.import_module = lambda name: sys.exit('importlib.metadata' in sys.modules)",
        "registry.load_channel('web')",
    )
    assert subprocess.run([sys.executable, "-c", "\n".join(lines)]).returncode == 0
