"""The contract of channels: ours keep it, and each way of breaking it is noticed."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec import field
from msgspec.structs import replace

from publisher import registry, testing
from publisher.channel import (
    ArchiveChannel,
    Capabilities,
    Channel,
    Context,
    Entry,
    MessageChannel,
    Part,
    PartGroup,
    Rendering,
    Session,
)
from publisher.folder_session import FolderSession
from publisher.model import Issue, plain
from publisher.testing import check_channel


def titles(issue: Issue, context: Context) -> tuple[Part, ...]:
    lines = "\n".join(f"{plain(item.title)} {item.url or ''}" for item in issue.items)
    return (Part(f"outbox/{issue.id}.txt", "text/plain", lines.encode()),)


class Titles(Channel, frozen=True):
    """A channel such as somebody else might write."""

    name: ClassVar[str] = "titles"
    capabilities: ClassVar[Capabilities] = Capabilities(limits={"characters": 1000})
    parts: Callable[[Issue, Context], tuple[Part, ...]] = titles
    report: dict[str, int] = field(default_factory=lambda: {"characters": 10})
    previews: tuple[Part, ...] = ()

    def render(self, issue: Issue, context: Context) -> Rendering:
        return Rendering(self.parts(issue, context), report=self.report, previews=self.previews)

    def session(self) -> FolderSession:
        return FolderSession()


@pytest.mark.parametrize("name", registry.channel_names())
def test_our_channels_keep_the_contract(name: str) -> None:
    check_channel(registry.load_channel(name)())


def test_a_channel_of_somebody_else_keeps_it() -> None:
    assert check_channel(Titles()).parts[0].key == "outbox/2021-07-18.txt"


def with_body(body: Callable[[], object]) -> Callable[[Issue, Context], tuple[Part, ...]]:
    def parts(issue: Issue, context: Context) -> tuple[Part, ...]:
        body()
        return titles(issue, context)

    return parts


def fixed(*parts: Part) -> Callable[[Issue, Context], tuple[Part, ...]]:
    return lambda *_: parts


SEEN: list[int] = []


def another_every_time(issue: Issue, context: Context) -> tuple[Part, ...]:
    SEEN.append(1)
    return (Part("a", "text/plain", b"x" * len(SEEN)),)


BROKEN = {
    "renders otherwise twice": another_every_time,
    "uses the same key twice": lambda issue, context: titles(issue, context) * 2,
    "renders no part": fixed(),
    "is empty": fixed(Part("a", "text/plain", b"")),
    "the body of a is not bytes": fixed(Part("a", "text/plain", "https://")),  # type: ignore[arg-type]
    "has no media type": fixed(Part("a", "", b"x")),
    "loses the URL": fixed(Part("a", "text/plain", b"x")),
    "opens a file": with_body(lambda: Path(__file__).read_text("utf-8")),
    "reads the clock": with_body(lambda: dt.datetime.now(dt.UTC)),
    "reads the clock by time": with_body(lambda: time.time()),
    "reads the day": with_body(lambda: dt.date.today()),
}
SAID = {
    "renders otherwise twice": "second time",
    "reads the clock by time": "reads the clock",
    "reads the day": "reads the clock",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_channel_is_noticed(fault: str) -> None:
    with pytest.raises(AssertionError, match=SAID.get(fault, fault)):
        check_channel(Titles(parts=BROKEN[fault]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("preview", "said"),
    [
        (Part("outbox/2021-07-18.txt", "text/plain", b"x"), "uses the same key twice"),
        (Part("a", "text", b"x"), "has no media type"),
        (Part("a", "text/plain", b""), "is empty"),
    ],
)
def test_a_broken_preview_is_noticed(preview: Part, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_channel(Titles(previews=(preview,)))


def test_a_limit_not_kept_or_not_reported_is_noticed() -> None:
    with pytest.raises(AssertionError, match="characters is 1001, above the limit of 1000"):
        check_channel(Titles(report={"characters": 1001}))
    with pytest.raises(AssertionError, match="does not report it"):
        check_channel(Titles(report={}))


class Wire(Session):
    """A connection that can do everything."""

    def deliver(self, *_: Any) -> Any:
        raise AssertionError("something is sent")

    edit = delete = probe = deliver


class TimelessWire(Wire):
    """A connection that does not learn when a message was first tried."""

    def deliver(self, part: Part, destination: str) -> Any:  # type: ignore[override]
        raise AssertionError(f"{part.key} is sent to {destination}")


class AddresslessWire(Wire):
    """A connection that is not handed the address of a subscriber."""

    def deliver(self, part: Part, destination: str, first_attempt: object = None) -> Any:  # type: ignore[override]
        raise AssertionError(f"{part.key} is sent to {destination} at {first_attempt}")


ABLE = Capabilities(can_edit=True, can_probe=True, can_send_notices=True)


class Telegraph(MessageChannel, frozen=True):
    """A channel that sends, and can do everything."""

    name: ClassVar[str] = "telegraph"
    can: Capabilities = ABLE
    destination: str = "office"
    concurrency: int = 1
    on_unknown: str = "ask"
    to: tuple[str, ...] = ("office",)
    recipients_changed_at: dt.datetime | None = None
    subscribers_of: str = ""
    wire: object = field(default_factory=Wire)
    notice: Callable[[], str] = lambda: "text"

    @property
    def capabilities(self) -> Capabilities:  # type: ignore[override]
        return self.can

    def render(self, issue: Issue, context: Context) -> Rendering:
        return Rendering(titles(issue, context))

    def render_notice(self, *_: Any) -> Rendering:
        return Rendering((Part("notice", "text/plain", self.notice().encode()),))

    def recipients(self) -> tuple[str, ...]:
        return self.to

    def session(self) -> Session:
        return self.wire  # type: ignore[return-value]


MISFITS: dict[str, dict[str, Any]] = {
    "method edit is there, but in no capability": {"can": replace(ABLE, can_edit=False)},
    "method probe is there, but in no capability": {"can": replace(ABLE, can_probe=False)},
    "method render_notice is there, but in no capability": {"can": replace(ABLE, can_send_notices=False)},
    "method edit is missing, but promised": {"wire": FolderSession()},
    "method build_ping is missing": {"can": replace(ABLE, can_ping=True)},
    "caches entries, but is no ArchiveChannel": {"can": replace(ABLE, caches_entries=True)},
    "no time to deliver: its timeout is 0": {"can": replace(ABLE, timeout=0)},
    "its concurrency cannot be 0": {"concurrency": 0},
    "its concurrency cannot be 2": {"concurrency": 2, "can": replace(ABLE, ordered=True)},
    "on_unknown cannot be 'hope'": {"on_unknown": "hope"},
    "no recipient": {"to": ()},
    "recipients_changed_at has no time zone": {"recipients_changed_at": dt.datetime(2021, 7, 18)},
    "is not a subclass of Session": {"wire": object()},
    "method deliver is missing": {"wire": Session(), "can": Capabilities(can_send_notices=True)},
    "TimelessWire: deliver takes other arguments than Session.deliver": {"wire": TimelessWire()},
    "AddresslessWire: deliver takes other arguments": {"wire": AddresslessWire(), "subscribers_of": "tag:e.org,2021:n"},
    "the same notice differently": {"notice": lambda: SEEN.append(1) or str(len(SEEN))},
}


def test_a_channel_that_can_do_everything_keeps_it() -> None:
    check_channel(Telegraph())
    check_channel(Telegraph(concurrency=2))


@pytest.mark.parametrize("fault", MISFITS)
def test_a_capability_that_is_not_true_is_noticed(fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        check_channel(Telegraph(**MISFITS[fault]))


class Loose(Titles, frozen=False):
    """A channel whose fields can be changed."""


class Empty(Titles, frozen=True):
    def render(self, *_: object) -> None:  # type: ignore[override]
        return None


@pytest.mark.parametrize(("channel", "said"), [(Loose, "is not frozen"), (Empty, "no Rendering, but NoneType")])
def test_a_channel_of_another_form_is_noticed(channel: type[Channel], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_channel(channel())


def test_what_only_messages_have_is_noticed_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Titles, "capabilities", replace(Titles.capabilities, can_edit=True))
    with pytest.raises(AssertionError, match="sends, but is no MessageChannel"):
        check_channel(Titles())


class Library(ArchiveChannel, frozen=True):
    """A channel with an archive of these groups; `digests` are counted up with each one."""

    name: ClassVar[str] = "library"
    keys: tuple[str, ...] = ("a", "b")
    reads: bool = False
    digests: Callable[[], str] = lambda: "same"

    def render(self, issue: Issue, context: Context) -> Rendering:
        return Rendering(titles(issue, context))

    def render_archive(
        self, entries: Sequence[Entry], body: Callable[[Entry], bytes], _: Context
    ) -> Iterator[PartGroup]:
        for key in self.keys:
            text = body(entries[0]) if self.reads else b"x"
            yield PartGroup(key, self.digests(), lambda text=text: [Part("a", "text/plain", text)])

    def session(self) -> FolderSession:
        return FolderSession()


def test_a_broken_archive_is_noticed() -> None:
    check_channel(Library())
    with pytest.raises(AssertionError, match="uses the same group twice"):
        check_channel(Library(keys=("a", "a")))
    with pytest.raises(AssertionError, match="calls `body` without caches_entries"):
        check_channel(Library(reads=True))
    with pytest.raises(AssertionError, match="the same archive differently"):
        check_channel(Library(digests=lambda: SEEN.append(1) or str(len(SEEN))))


def test_an_entry_point_suffices(tmp_path: Path, publish) -> None:
    package = tmp_path / "site"
    (package / "titles-1.dist-info").mkdir(parents=True)
    (package / "titles-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: titles\nVersion: 1\n")
    (package / "titles-1.dist-info" / "entry_points.txt").write_text(
        "[publisher.channels]\ntitles = their_channel:Titles\n"
    )
    page = (Path(__file__).parents[1] / "channels" / "README.md").read_text("utf-8")
    (package / "their_channel.py").write_text(page.split("```python\n")[1].split("```")[0], "utf-8")
    newsletter = tmp_path / "newsletter"
    publish("init", "--lang", "zh", str(newsletter), folder=tmp_path)
    with (newsletter / "publisher.toml").open("a", encoding="utf-8") as config:
        config.write("\n[channels.titles]\nenabled = true\n")
    publish("--channel", "titles", folder=newsletter, env={"PYTHONPATH": str(package)})
    (made,) = (newsletter / "outbox").iterdir()
    assert len(made.read_text("utf-8").splitlines()) >= 5


def test_only_the_thread_that_renders_is_restricted() -> None:
    """A server of another test, in another thread, may read the clock in the meantime."""
    results = []

    def serve() -> None:
        results.append((time.monotonic() > 0, bool(Path(__file__).read_bytes())))

    thread = threading.Thread(target=serve)
    with testing._sandbox():
        thread.start()
        thread.join()
        with pytest.raises(AssertionError, match="reads the clock"):
            time.monotonic()
    assert results == [(True, True)]
