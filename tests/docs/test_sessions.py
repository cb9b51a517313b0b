"""Every console session of the pages is what the commands print, on a newsletter made for it."""

from __future__ import annotations

import datetime as dt
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace
from telegram.error import TimedOut

from publisher import registry
from publisher.channel import Receipt
from publisher.cli.main import main
from publisher.delivery import ledger_guard
from tests.docs.pages import CHINESE_README, DEPLOY, README, SAMPLES, SETTINGS, Sample
from tests.support.fake_channel import Call, Chat
from tests.support.servers.mail_server import MailServer

NOON = dt.datetime(2021, 7, 18, 4, 0, tzinfo=dt.UTC)
"""12:00 in Shanghai."""

CHINESE, ENGLISH = README.texts("markdown")
_, SHORT_CHINESE = CHINESE_README.texts("markdown")

TESTED_ELSEWHERE = {"make demo", "publish check 2021-08-01", "publish preview 2021-07-18 --no-open"}
"""The commands of the Makefile, what tests/checks/test_outside.py compares, and what runs until it is stopped."""

SESSIONS = [
    sample
    for sample in SAMPLES
    if sample.language == "console" and not {line.partition("  ")[0] for line in sample.commands} & TESTED_ELSEWHERE
]


class Telegram(Chat):
    """The fake chat under another name, whose URLs and errors are those of Telegram."""

    name: ClassVar[str] = "telegram"

    def _behave(self, call: Call, effect: Callable[[], Receipt]) -> Receipt:
        try:
            receipt = super()._behave(call, effect)
        except TimeoutError:
            raise TimedOut from None
        return replace(receipt, url=f"https://t.me/readers/{receipt.remote_id}")


class Newsletter:
    """A newsletter in the working directory, with one issue, and the commands of a session."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.patch = patch
        self.now = NOON
        (root / "issues").mkdir()

    def write(self, date: str, text: str) -> None:
        text = text.replace("2021-07-18", date).replace("/paper", f"/{date}")
        (self.root / "issues" / f"{date}.md").write_text(text, "utf-8")

    def configure(self, channels: str) -> None:
        settings = f'{SETTINGS}timezone = "Asia/Shanghai"\n[channels.rss]\nenabled = false\n{channels}'
        (self.root / "publisher.toml").write_text(settings, "utf-8")

    def use_telegram(self) -> None:
        """With web pages and a fake channel of the name telegram: an issue is one message per topic."""
        load: Callable[[str], Any] = registry.load_channel
        self.patch.setattr(registry, "load_channel", lambda name: Telegram if name == "telegram" else load(name))
        self.configure('[channels.telegram]\nroom = "@readers"\nat = "10:00"\n')
        self.write("2021-07-18", CHINESE)

    def run(self, line: str) -> str:
        """Run a command line and return what it prints, on both streams, without durations."""
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            main(shlex.split(line)[1:], self.now)
        return without_durations(out.getvalue())


def without_durations(text: str) -> str:
    return re.sub(r"  \d+\.\d s$", "  0.0 s", text, flags=re.MULTILINE)


Setup = Callable[[Newsletter], AbstractContextManager[None]]


@contextmanager
def first_minute(newsletter: Newsletter) -> Iterator[None]:
    newsletter.write("2021-07-18", ENGLISH)
    yield


@contextmanager
def first_minute_in_chinese(newsletter: Newsletter) -> Iterator[None]:
    newsletter.write("2021-07-18", SHORT_CHINESE)
    yield


@contextmanager
def unknown_outcome(newsletter: Newsletter) -> Iterator[None]:
    newsletter.use_telegram()
    (newsletter.root / "orders").write_text("2 vanish")
    newsletter.run("publish --yes")
    yield


@contextmanager
def errors(newsletter: Newsletter) -> Iterator[None]:
    newsletter.use_telegram()
    newsletter.now += dt.timedelta(days=14)
    newsletter.write("2021-08-01", f"{CHINESE}\n- [浮标联网]()\n- [浪高预报\n")
    yield


@contextmanager
def upcoming(newsletter: Newsletter) -> Iterator[None]:
    newsletter.use_telegram()
    newsletter.run("publish --yes")
    newsletter.now += dt.timedelta(days=13)
    newsletter.write("2021-08-01", f"{CHINESE}\n- [浮标联网]()\n")
    yield


@contextmanager
def restored(newsletter: Newsletter) -> Iterator[None]:
    """The commands of the page are run as they are; only the place of the copies is another."""
    newsletter.use_telegram()
    newsletter.patch.setattr(ledger_guard, "identify_machine", lambda: "old-machine")
    newsletter.run("publish --yes")
    (newsletter.root / ".publisher").rename(newsletter.root / "copies")
    newsletter.patch.setattr(ledger_guard, "identify_machine", lambda: "new-machine")
    (script,) = (text for text in DEPLOY.texts("sh") if "ledger.backup" in text)
    subprocess.run(["bash", "-e"], input=script.replace("/mnt/backup", "copies"), text=True, check=True)
    newsletter.write("2021-07-18", CHINESE.replace("第一个话题", "第一个话题!"))
    yield


@contextmanager
def corrected(newsletter: Newsletter) -> Iterator[None]:
    """Sent to twenty recipients, one of whom has left since."""
    readers = [f"reader{number}@example.net\n" for number in range(20)]
    with MailServer() as server:
        newsletter.configure(
            f'[channels.email]\nfrom = "n@example.org"\nserver = "{server.url}"\nrecipients = "readers"\n'
        )
        newsletter.write("2021-07-18", ENGLISH)
        (newsletter.root / "readers").write_text("".join(readers))
        newsletter.run("publish --yes")
        (newsletter.root / "readers").write_text("".join(readers[1:]))
        yield


SETUPS: dict[tuple[str, str], Setup] = {
    ("README.md", "publish init"): first_minute,
    ("README.zh-CN.md", "publish init"): first_minute_in_chinese,
    ("publisher/README.md", "publish status"): unknown_outcome,
    ("publisher/README.md", "publish"): errors,
    ("channels/README.md", "publish correct 2021-07-18 --channel email --yes"): corrected,
    ("deploy/README.md", "publish status"): upcoming,
    ("deploy/README.md", "publish --channel telegram --yes"): restored,
}
"""What comes before a session, by its page and first command without a text in quotes."""


@pytest.mark.parametrize("session", SESSIONS, ids=str)
def test_a_session_is_what_the_commands_print(session: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of `…` stands for any lines."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    (tmp_path / "newsletter").mkdir()
    monkeypatch.chdir(tmp_path / "newsletter")
    newsletter = Newsletter(tmp_path / "newsletter", monkeypatch)
    setup = SETUPS[session.page, session.commands[0].partition(" --notice")[0]]
    with setup(newsletter):
        printed = "".join(f"$ {line}\n{newsletter.run(line)}" for line in session.commands)
    pieces = without_durations(session.text).split("…\n")
    assert re.fullmatch("(?s:.+)".join(map(re.escape, pieces)), printed), printed
