"""Secrets: a canary goes through every source and every way out, and is seen nowhere."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar, NoReturn
from urllib.parse import quote

import keyring
import keyring.backend
import keyring.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import config, credentials
from publisher.channel import Channel, Rendering, Session
from publisher.channels.rss import Rss
from publisher.channels.web import Web
from publisher.cli import publish as publish_module
from publisher.cli.main import main
from publisher.cli.output import Output
from publisher.credentials import Reference, redact, redact_logs, resolve_secret
from publisher.errors import ConfigError
from publisher.toml import collect_field_types

CANARY = 'ca/na"ry \\of+é'
BOT = "bot" + "7654321098:AAH" + "x" * 32
NOW = dt.datetime(2021, 7, 18, 4, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test knows the secrets of another."""
    monkeypatch.setattr(credentials, "_known_secrets", set())


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> str:
    """A secret that was resolved."""
    monkeypatch.setenv("CANARY", CANARY)
    return resolve_secret("env:CANARY")


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
    assert error.hint == "pip install 'newsletter-publisher[keyring]'"


@pytest.mark.parametrize("given", [CANARY, f"bare:{CANARY}", "7654321098:AAHxyz", ""])
def test_what_is_no_reference_is_not_repeated(given: str) -> None:
    error = refused(given)
    assert error.message == "this is not a reference to a secret"
    assert error.hint == "begin it with env, file, keyring, credential and a colon"


# ------------------------------------------------------------ publisher.toml

TOP = """\
[newsletter]
name = "慢工"
url = "https://example.org/slow/{date}/"
id = "tag:example.org,2021:slow"

[channels.dove]
"""


@dataclass(frozen=True, slots=True)
class Dove:
    name: ClassVar[str] = "dove"
    token: Reference = ""
    spare: Reference | None = None

    def render(self, *_: object) -> Rendering:
        return Rendering(())

    def session(self) -> AbstractContextManager[Session]:
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
    [
        "env:TOKEN_2",
        "keyring:https://api.example.org/me",
        "credential:bot.token",
        "file:~/token",
        "file:/run/t",
    ],
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
        assert caught.value.hint == (
            'write "env:NAME", "file:PATH", "keyring:SERVICE/USER" or "credential:NAME"'
        )


def test_a_reference_is_known_without_annotations_from_the_future() -> None:
    assert collect_field_types(dataclass(type("Eager", (), {"__annotations__": {"token": Reference}}))) == {
        "token": "Reference"
    }
    assert [field.type for field in fields(Dove)] == ["Reference", "Reference | None"]


# ----------------------------------------------------------------- redaction


@pytest.mark.parametrize("spelt", [str, quote, lambda text: quote(text, safe=""), repr, json.dumps])
def test_a_known_secret_is_hidden(canary: str, spelt) -> None:
    shown = spelt(canary).strip("\"'")
    assert redact(f"<{shown}> and <{shown}>") == "<[secret]> and <[secret]>"


def test_a_secret_in_another_is_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SHORT", "abc"), ("LONG", "xabcx")):
        monkeypatch.setenv(name, value)
        resolve_secret(f"env:{name}")
    assert redact("xabcx, abc") == "[secret], [secret]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"POST https://api.telegram.org/{BOT}/sendMessage", "POST https://api.telegram.org/[secret]/sendMessage"),
        (f"/{BOT.replace(':', '%3A')}/x", "/[secret]/x"),
        (f"token {BOT[3:]}!", "token [secret]!"),
        ("?grant_type=a&appid=wx1&secret=5e9a&b=c", "?grant_type=a&appid=wx1&secret=[secret]&b=c"),
        ("?access_token=81_Qx-y_z&type=image", "?access_token=[secret]&type=image"),
        ('{"appid": "wx1", "secret": "5e9a"}', '{"appid": "wx1", "secret": "[secret]"}'),
        ("{'access_token': '81_Qx', 'expires_in': 7200}", "{'access_token': '[secret]', 'expires_in': 7200}"),
        (r'"{\"access_token\":\"81_Qx\"}"', r'"{\"access_token\":\"[secret]\"}"'),
        ("appsecret=5e9a", "appsecret=[secret]"),
        ("AppSecret: 5e9a", "AppSecret: [secret]"),
        ('"app_secret":"5e9a"', '"app_secret":"[secret]"'),
        ("smtp://me:p@ss@mail.example.org:25", "smtp://me:[secret]@mail.example.org:25"),
        ("redis://:pass@[::1]/0", "redis://:[secret]@[::1]/0"),
        ("Authorization: Bearer abc.def\nHost: e.org", "Authorization: [secret]\nHost: e.org"),
        ("{'authorization': 'Basic bWU=', 'x': '*'}", "{'authorization': '[secret]', 'x': '*'}"),
        ("[(b'Proxy-Authorization', b'Bearer abc')]", "[(b'Proxy-Authorization', b'[secret]')]"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_hidden(text: str, shown: str) -> None:
    assert redact(text) == shown
    assert redact(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "nothing to do",
        "publisher.toml:6:1: token in [channels.dove] must be a reference to the secret: see README",
        "env:TOKEN: the variable is not set",
        "http://e.org:8080/a@b and mailto:me@e.org, https://me@e.org/",
        "robot1: done at 2021-07-18T09:45:00+08:00 · 12345678:90",
        "invalid appsecret, check authorization of the account",
        f"sha256:{'0123456789abcdef' * 4}",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


WORDS = [*"ab1:/@=, \"'\n", "secret", "bot1:", "authorization", "access_token=", "[secret]", "://"]


@given(st.lists(st.sampled_from(WORDS)))
def test_redacted_once_is_enough(words: list[str]) -> None:
    once = redact("".join(words))
    assert redact(once) == once


# ---------------------------------------------------------------------- logs


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a handler of the root logger writes."""
    root, stream = logging.getLogger(), io.StringIO()
    handler = logging.StreamHandler(stream)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)
    for name in ("httpx", "httpcore", "telegram"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_logs_show_no_secret(log: io.StringIO, canary: str) -> None:
    logger = logging.getLogger("anybody")
    logger.info("in the message: " + canary)
    logger.info("in an argument: %s %r %d", canary, [canary], 1)
    logger.info("in a mapping: %(it)s", {"it": BOT})
    logger.info("in wrong arguments: %s %s", canary)
    try:
        try:
            raise KeyError(canary)
        except KeyError as error:
            raise ConnectionError(f"https://api.example.org/{BOT}/") from error
    except ConnectionError:
        logger.exception("in an exception")
    logger.info("in a stack", stack_info=True)
    text = log.getvalue()
    assert canary not in text
    assert "AAHxxx" not in text
    assert "in an argument: [secret] ['[secret]'] 1\n" in text
    assert "in wrong arguments: %s %s ('[secret]',)\n" in text
    assert "KeyError: '[secret]'" in text
    assert "ConnectionError: https://api.example.org/[secret]/" in text
    assert "Stack (most recent call last)" in text


def test_libraries_that_log_addresses_are_silenced(log: io.StringIO, canary: str) -> None:
    for name in ("httpx", "httpcore.connection", "telegram.Bot"):
        logging.getLogger(name).info("an address")
        logging.getLogger(name).warning("a warning")
    assert log.getvalue() == "a warning\n" * 3


def test_the_handler_of_last_resort_is_redacted(canary: str) -> None:
    code = (
        "import logging, os\n"
        "from publisher.credentials import resolve_secret\n"
        "logging.getLogger('x').error(resolve_secret('env:CANARY'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[secret]\n"


def test_quiet_twice_is_quiet_once(log: io.StringIO) -> None:
    redact_logs()
    filters = [list(handler.filters) for handler in logging.getLogger().handlers]
    redact_logs()
    assert [list(handler.filters) for handler in logging.getLogger().handlers] == filters


def test_the_log_is_not_loaded_before_a_secret_is() -> None:
    code = "import sys, publisher.credentials; sys.exit('logging' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# --------------------------------------------------------------- the command


@pytest.mark.parametrize("words", [(), ("--json",), ("--debug",), ("--debug", "--json")], ids=" ".join)
def test_an_internal_error_shows_no_secret(
    tmp_path: Path,
    canary: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
) -> None:
    def fail(*_: object) -> None:
        raise ConnectionError(f"{canary} at https://api.example.org/{BOT}/")

    monkeypatch.setattr(publish_module, "check_up_to_date", fail)
    monkeypatch.delenv("PUBLISHER_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "publisher.toml").write_text(TOP.partition("\n\n")[0], "utf-8")
    assert main(words, NOW) == 70
    said = capsys.readouterr()
    shown = said.out + said.err
    assert "ConnectionError: [secret] at https://api.example.org/[secret]/" in said.err
    assert ("Traceback (most recent call last)" in said.err) == ("--debug" in words)
    assert canary not in shown
    assert json.dumps(canary)[1:-1] not in shown
    assert "AAHxxx" not in shown
    if "--json" in words:
        assert json.loads(said.out)["exit"] == 70


def test_nothing_that_is_printed_shows_a_secret(canary: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    for as_json in (False, True):
        output = Output(out, err, json=as_json)
        output.line(canary)
        output.info(canary)
        output.warning(canary)
        output.finish_with_error(canary, f"look at {BOT}", 3)
        output.finish({"list": [canary, 7, None], "tuple": (canary,), "deep": {"hint": canary}})
    shown = out.getvalue() + err.getvalue()
    assert shown.count("[secret]") == 1 + 2 * 4 + 2 + 3
    assert canary not in shown
    assert json.dumps(canary, ensure_ascii=False)[1:-1] not in shown
    assert "AAHxxx" not in shown
