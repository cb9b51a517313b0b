"""A newsletter to preview, and a client of the server as the page is one."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPMessage
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import watchfiles.main

from publisher import registry
from publisher.config import Config, load_config
from publisher.preview.previewer import Previewer
from publisher.preview.server import run_preview
from publisher.theme import Theme

ISSUES = Path(__file__).parents[1] / "judges" / "issues"
SETTINGS = """\
[newsletter]
name = "潮汐观察"
url = "https://letter.org/tide/{date}/"
id = "tag:letter.org,2024:tide"
author = "潮汐编辑部"

[channels.wechat]
[channels.telegram]
[channels.email]
"""
NOW = dt.datetime(2024, 4, 1, 4, 0, tzinfo=dt.UTC)
MAX_WAIT = 300.0
"""Seconds until something that was asked for must have happened."""


class Folder:
    """A newsletter's folder with three issues and all channels."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ISSUES, root / "issues")
        (root / "publisher.toml").write_text(SETTINGS, "utf-8")
        self.is_watched = Event()
        """Whether a preview would notice a change; one before that is what it begins with."""

    def load(self) -> tuple[Config, Theme]:
        config = load_config(self.root / "publisher.toml", registry.load_channel)
        return config, Theme.load(config.templates)

    def write(self, path: str, text: str) -> str:
        """Write a file at once: the preview never sees it empty."""
        file, elsewhere = self.root / path, self.root.with_name("elsewhere")
        file.parent.mkdir(parents=True, exist_ok=True)
        elsewhere.write_text(text, "utf-8")
        elsewhere.replace(file)
        return path

    def preview(self) -> Previewer:
        return Previewer(self.load, lambda: NOW)

    def list_files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes() for path in self.root.rglob("*") if path.is_file()
        }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder, watch = Folder(tmp_path / "letter"), watchfiles.main.RustNotify

    def begin(*options: Any) -> Any:
        watcher = watch(*options)
        folder.is_watched.set()
        return watcher

    monkeypatch.setattr(watchfiles.main, "RustNotify", begin)
    return folder


class Answer(NamedTuple):
    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Requests as the page sends them, with its cookie; `headers` replace its own."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.host, self.address, self.cookie = parts.netloc, f"{parts.path}?{parts.query}", ""
        self.token = parts.query.partition("=")[2]

    def sign_in(self) -> Answer:
        answer = self.get(self.address)
        self.cookie = (answer.headers["set-cookie"] or "").partition(";")[0]
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, b"", headers)

    def post(self, path: str, value: object, **headers: str) -> Answer:
        return self.send("POST", path, json.dumps(value).encode(), {"content_type": "application/json", **headers})

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        with closing(http.client.HTTPConnection(self.host, timeout=300)) as connection:
            named = {name.replace("_", "-"): value for name, value in {"cookie": self.cookie, **headers}.items()}
            connection.request(method, path, body or None, named)
            found = connection.getresponse()
            return Answer(found.status, found.headers, found.read())

    @property
    def state(self) -> Any:
        return self.get("/state").json

    def wait(self, is_reached: Callable[[Any], bool]) -> Any:
        """Return the first state that all channels have rendered and that fulfils a condition."""
        until = time.monotonic() + MAX_WAIT
        while (state := self.state)["pending"] or not is_reached(state):
            assert time.monotonic() < until, f"not reached: {state}"
            time.sleep(0.02)
        return state

    def pane(self, name: str, state: Any = None) -> str:
        """The document of a pane."""
        answer = self.load_pane(name, state or self.state)
        assert answer.status == 200
        return answer.body.decode()

    def load_pane(self, name: str, state: Any) -> Answer:
        """What is served for a pane: the document, unless two versions have followed the state."""
        (pane,) = [pane for pane in state["panes"] if pane["name"] == name]
        return self.get(pane["url"])


@pytest.fixture
def serve(folder: Folder) -> Iterator[Callable[[str], Client]]:
    """serve("issues/2024-03-14.md") gives a client that is signed in."""
    with ExitStack() as stack:

        def start(path: str) -> Client:
            client = Client(stack.enter_context(run_preview(folder.preview(), path)))
            client.sign_in()
            assert folder.is_watched.wait(MAX_WAIT)
            return client

        yield start
