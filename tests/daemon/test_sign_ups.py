"""The daemon as a real process with a list of subscribers: from the form to the mail, to the list, and out of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from publisher.ledger import Ledger
from publisher.server.forms import MIN_AGE
from publisher.signing import SigningKeys
from publisher.subscribers.models import SubscriberState as S
from publisher.subscribers.subscriber_list import SubscriberList
from tests.support.servers.smtp_sink import PROGRAM, SmtpSink, free_port

ROOT = Path(__file__).parents[2]
TIMEOUT = 1800.0
NEWSLETTER = "tag:example.org,2021:harbour"
SETTINGS = """\
[newsletter]
name = "Harbour Notes"
url = "https://harbour-notes.org/{date}/"
id = "tag:example.org,2021:harbour"
lang = "en"
"""


def run_daemon(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "publisher", "daemon"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "KEY": "a secret of the harbour", "XDG_CACHE_HOME": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def sink(need: Callable[[str], str]) -> Iterator[SmtpSink]:
    need(PROGRAM)
    with SmtpSink() as sink:
        yield sink


def fetch(url: str, fields: dict[str, str] | None = None) -> str:
    body = urlencode(fields).encode() if fields else None
    with urllib.request.urlopen(url, body, timeout=TIMEOUT) as answer:
        text: str = answer.read().decode()
    return text


def wait_for(true: Callable[[], object]) -> None:
    end = time.monotonic() + TIMEOUT
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


class Harbour:
    """A newsletter with a list whose confirmations go through `server`, and its daemon, while the block lasts."""

    def __init__(self, folder: Path, server: str, settings: str = "") -> None:
        self.url, self.folder = f"http://127.0.0.1:{free_port()}/list", folder
        (folder / "issues").mkdir()
        (folder / "issues" / "2021-07-18.md").write_text(
            "# Harbour Notes (2021-07-18)：Tides\n\n- [Tides](https://e.org)\n"
        )
        (folder / "publisher.toml").write_text(
            f'{SETTINGS}[server]\nlisten = "{urlsplit(self.url).netloc}"\n{settings}'
            f'[subscribers]\nurl = "{self.url}"\nkey = "env:KEY"\n'
            f'[channels.email]\nfrom = "news@harbour-notes.org"\nserver = "{server}"\n'
        )

    def __enter__(self) -> Harbour:
        self.process = run_daemon(self.folder)
        assert self.process.stdout
        self.lines = [self.process.stdout.readline().strip() for _ in range(2)]
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        out, self.err = self.process.communicate(timeout=TIMEOUT)
        self.lines += out.splitlines()

    def sign_up(self, address: str) -> None:
        """Fill in the form, as slowly as a person."""
        form = re.search(r'name="form" value="([^"]+)"', fetch(f"{self.url}/subscribe"))
        assert form
        time.sleep(MIN_AGE.total_seconds() + 1)
        fetch(f"{self.url}/subscribe", {"address": address, "form": form[1], "website": ""})

    def state(self, address: str) -> S | None:
        with closing(Ledger(self.folder / ".publisher" / "ledger.db")) as ledger:
            found = SubscriberList(ledger, NEWSLETTER, SigningKeys("a secret of the harbour")).find(address)
        return found.state if found else None


def test_from_the_form_to_the_list_and_out_of_it(tmp_path: Path, sink: SmtpSink) -> None:
    with Harbour(tmp_path, sink.url) as harbour:
        assert harbour.lines[1] == f"listening: {harbour.url}/subscribe"
        harbour.sign_up("ana@example.org")
        wait_for(lambda: sink.readers["ana@example.org"])
        assert harbour.state("ana@example.org") is S.ASKED
        text = b64decode(sink.mails[0].body.partition(b"\n\n")[2]).decode()
        confirm_url, refuse_url = re.findall(rf"{re.escape(harbour.url)}/\w+/\w+", text)
        assert "/refuse/" in refuse_url
        assert "You are subscribed to Harbour Notes." in fetch(confirm_url, {"act": "confirm"})
        assert harbour.state("ana@example.org") is S.CONFIRMED
        fetch(refuse_url, {"act": "refuse"})
        assert harbour.state("ana@example.org") is S.LEFT
    assert (harbour.process.returncode, harbour.err, harbour.lines[-1]) == (0, "", "stopped")
    assert "a secret" not in "".join(harbour.lines)
    assert sink.readers == {"ana@example.org": 1}


def test_the_editor_hears_that_no_confirmation_can_be_sent(tmp_path: Path) -> None:
    server, settings = f"smtp://127.0.0.1:{free_port()}", '[schedule]\non_failure = "tee -a alarms"\n'
    with Harbour(tmp_path, server, settings) as harbour:
        harbour.sign_up("ana@example.org")
        wait_for(lambda: (tmp_path / "alarms").exists() and "sign-ups" in (tmp_path / "alarms").read_text())
        assert harbour.state("ana@example.org") is S.ASKED
    assert (harbour.process.returncode, harbour.err) == (0, "")


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ("", "the pages of [subscribers] are not served: [server] listen is missing"),
        ('[server]\nlisten = "127.0.0.1:0"\n', "the pages of [subscribers] need a web server with https in front"),
        ('[server]\nlisten = "0.0.0.0:0"\n', "the pages of [subscribers] need a web server with https in front"),
    ],
)
def test_pages_that_would_not_be_private_are_refused(tmp_path: Path, server: str, message: str) -> None:
    list_settings = '[subscribers]\nurl = "https://harbour-notes.org/list"\nkey = "env:KEY"\n'
    (tmp_path / "publisher.toml").write_text(SETTINGS + server + list_settings)
    process = run_daemon(tmp_path)
    out, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 2
    assert message in out + err
    assert "Traceback" not in err
