"""Secrets: where they come from, and what is refused."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, NoReturn

import keyring
import keyring.backend
import keyring.errors
import pytest
from msgspec import defstruct
from msgspec.structs import asdict

from publisher import config
from publisher.channel import Channel, Rendering, Session
from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.credentials import Reference, resolve_secret
from publisher.errors import ConfigError
from publisher.installation import install_command
from publisher.toml import TomlDocument
from tests.credentials.conftest import CANARY, TOP


def secret_file(folder: Path, body: bytes = CANARY.encode(), mode: int = 0o600) -> Path:
    path = folder / "token"
    path.write_bytes(body)
    path.chmod(mode)
    return path


def refused(reference: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        resolve_secret(reference)
    assert CANARY not in f"{caught.value.message} {caught.value.hint}"
    return caught.value


# ------------------------------------------------------------------- sources


def test_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", f"{CANARY}\n")
    assert resolve_secret("env:TOKEN") == CANARY
    monkeypatch.setenv("TOKEN", "")
    assert refused("env:TOKEN").message == "env:TOKEN: the secret is empty"
    monkeypatch.delenv("TOKEN")
    error = refused("env:TOKEN")
    assert error.message == "env:TOKEN: the variable is not set"
    assert error.hint == "export TOKEN=… before you publish"


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_file(tmp_path: Path, end: bytes) -> None:
    assert resolve_secret(f"file:{secret_file(tmp_path, CANARY.encode() + end)}") == CANARY


def test_a_file_at_home_and_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret_file(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve_secret("file:~/token") == CANARY
    monkeypatch.chdir(tmp_path)
    assert resolve_secret("file:token") == CANARY


@pytest.mark.skipif(os.name != "posix", reason="modes mean something else there")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read(tmp_path: Path, mode: int) -> None:
    path = secret_file(tmp_path, mode=mode)
    error = refused(f"file:{path}")
    assert error.message == f"file:{path}: other users can read the file (mode {mode:o})"
    assert error.hint == f"chmod 600 {path}"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "token"
    error = refused(f"file:{path}")
    assert error.message == f"file:{path}: No such file or directory"
    assert error.hint == f"write the secret to {path}, then chmod 600"
    assert refused("file:~nobody-of-this-name/token").hint == "write the full path"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "the secret is empty"),
        (b"\n", "the secret is empty"),
        (CANARY.encode() + b"\nX: y", "the secret has more than one line"),
        (CANARY.encode() + b"\rX", "the secret has more than one line"),
        (CANARY.encode() + b"\n\n", "the secret has more than one line"),
        (CANARY.encode() + b"\0", "the secret has more than one line"),
        (CANARY.encode() + b"\xff", "the secret is not UTF-8"),
    ],
)
def test_a_file_that_holds_no_secret(tmp_path: Path, body: bytes, fault: str) -> None:
    path = secret_file(tmp_path, body)
    assert refused(f"file:{path}").message == f"file:{path}: {fault}"


def test_a_credential_of_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    error = refused("credential:token")
    assert error.message == "credential:token: $CREDENTIALS_DIRECTORY is not set"
    assert error.hint == "in the systemd unit: LoadCredential=token:/path/to/the/file"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert refused("credential:token").message == "credential:token: No such file or directory"
    secret_file(tmp_path, mode=0o440)  # as systemd leaves it, whose folder keeps the others out
    assert resolve_secret("credential:token") == CANARY


class Ring(keyring.backend.KeyringBackend):
    """A keyring of one entry, which can be locked."""

    priority = 1.0
    locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked("it is locked")
        return CANARY if (service, username) == ("https://news.example.org/", "bot") else None

    def set_password(self, service: str, username: str, password: str) -> NoReturn:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> NoReturn:
        raise NotImplementedError


@pytest.fixture
def ring() -> Iterator[Ring]:
    before, own = keyring.get_keyring(), Ring()
    keyring.set_keyring(own)
    yield own
    keyring.set_keyring(before)


def test_the_keyring(ring: Ring) -> None:
    assert resolve_secret("keyring:https://news.example.org//bot") == CANARY
    error = refused("keyring:news/bot")
    assert error.message == "keyring:news/bot: the keyring has no such entry"
    assert error.hint == "keyring set news bot"
    ring.locked = True
    assert refused("keyring:news/bot").message == "keyring:news/bot: the keyring cannot be read: it is locked"


def test_without_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    error = refused("keyring:news/bot")
    assert error.message == "keyring:news/bot: keyring is not installed"
    assert error.hint == install_command("keyring")


@pytest.mark.parametrize("given", [CANARY, f"bare:{CANARY}", "7654321098:AAHxyz", ""])
def test_what_is_no_reference_is_not_repeated(given: str) -> None:
    error = refused(given)
    assert error.message == "this is not a reference to a secret"
    assert error.hint == "begin it with env, file, keyring, credential and a colon"


class Dove(Channel, frozen=True):
    name: ClassVar[str] = "dove"
    token: Reference = Reference()
    spare: Reference | None = None

    def render(self, *_: object) -> Rendering:
        return Rendering(())

    def session(self) -> Session:
        raise ConnectionError(f"https://api.example.org/{resolve_secret(self.token)}/send")


def find_channel(name: str) -> type[Channel]:
    known: dict[str, type[Channel]] = {"web": Web, "rss": Rss, "dove": Dove}
    return known[name]


def dove(folder: Path, line: str) -> Dove:
    path = folder / "publisher.toml"
    path.write_text(TOP + line, "utf-8")
    found = config.load_config(path, find_channel).channels[-1]
    assert isinstance(found, Dove)
    return found


@pytest.mark.parametrize(
    "reference",
    ["env:TOKEN_2", "keyring:https://api.example.org/me", "credential:bot.token", "file:~/token", "file:/run/t"],
)
def test_a_reference_arrives(tmp_path: Path, reference: str) -> None:
    assert dove(tmp_path, f'token = "{reference}"').token == reference
    assert dove(tmp_path, f'spare = "{reference}"') == Dove(spare=reference)


def test_a_path_counts_from_publisher_toml(tmp_path: Path) -> None:
    assert dove(tmp_path, 'token = "file:keys/bot"').token == f"file:{tmp_path / 'keys' / 'bot'}"


@pytest.mark.parametrize(
    "value",
    [
        '"7654321098:AAHcanary"', '"canary"', '"env:"', '"env:7654321098:AAHcanary"', '"env:a-canary"',
        '"file:"', '"file:a\\u0000"', '"keyring:canary"', '"keyring:canary/"', '"credential:../canary"',
        '"credential:a/canary"', '" env:CANARY"', '"ENV:CANARY"', '"env:CANARY\\n"', '""', "7654321098",
        '["canary"]', "{ canary = 1 }",
    ],
)  # fmt: skip
def test_a_secret_in_publisher_toml_is_refused_and_not_repeated(tmp_path: Path, value: str) -> None:
    for key in ("token", "spare"):
        with pytest.raises(ConfigError) as caught:
            dove(tmp_path, f"{key} = {value}")
        assert caught.value.message == (
            f"publisher.toml:7:1: {key} in [channels.dove] must be a reference to the secret: "
            "publisher.toml never contains the secret itself"
        )
        assert caught.value.hint == ('write "env:NAME", "file:PATH", "keyring:SERVICE/USER" or "credential:NAME"')


def test_a_reference_is_known_without_annotations_from_the_future(tmp_path: Path) -> None:
    swift = defstruct("Swift", [("token", Reference)])
    (tmp_path / "publisher.toml").write_text('token = "file:key"', "utf-8")
    found = TomlDocument(tmp_path / "publisher.toml").decode((), swift)
    assert asdict(found) == {"token": f"file:{tmp_path / 'key'}"}
