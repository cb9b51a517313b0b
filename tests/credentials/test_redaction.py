"""A canary goes through every way out, and is seen nowhere."""

from __future__ import annotations

import io
import json
import logging
import re
import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.cli import publish as publish_module
from publisher.cli.main import main
from publisher.cli.output import Output
from publisher.credentials import resolve_secret
from publisher.redaction import _HINT, _SECRET_PATTERN, redact, redact_logs, register_secret
from tests.credentials.conftest import BOT, NOW, TOP

# ----------------------------------------------------------------- redaction


@pytest.mark.parametrize("spelt", [str, quote, lambda text: quote(text, safe=""), repr, json.dumps])
def test_a_known_secret_is_hidden(canary: str, spelt) -> None:
    shown = spelt(canary).strip("\"'")
    assert redact(f"<{shown}> and <{shown}>") == "<[secret]> and <[secret]>"


def lower_escapes(text: str) -> str:
    return re.sub("%..", lambda escape: escape[0].lower(), text)


@pytest.mark.parametrize(
    "encode",
    [
        lambda body: b64encode(body).decode(),
        lambda body: b64encode(body).decode().rstrip("="),
        lambda body: urlsafe_b64encode(body).decode(),
        lambda body: quote(b64encode(body).decode(), safe=""),
        lambda body: lower_escapes(quote(b64encode(body).decode(), safe="")),
        lambda body: body.hex(),
        lambda body: body.hex().upper(),
        lambda body: quote(body, safe=""),
        lambda body: lower_escapes(quote(body, safe="")),
        quote_plus,
    ],
)
@pytest.mark.parametrize("secret", ["slack-water-4711", "p/a+s=s?>>>~~", "é~ÿ word"])
def test_a_secret_is_hidden_in_every_encoding(
    secret: str, encode: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S", secret)
    resolve_secret("env:S")
    shown = redact(f"<{encode(secret.encode())}>")
    assert re.sub("=|%3[Dd]", "", shown) == "<[secret]>"


@given(st.binary(max_size=7), st.binary(max_size=7))
def test_a_secret_within_longer_base64_is_hidden(before: bytes, after: bytes) -> None:
    register_secret("slack-water-4711")
    shown = redact(b64encode(before + b"slack-water-4711" + after).decode())
    assert "[secret]" in shown
    rest = "".join(shown.split("[secret]"))
    assert len(rest) <= 4 + -(-8 * (len(before) + len(after) + 3) // 6)


def test_what_was_registered_is_hidden() -> None:
    register_secret("81_Qx-y_z")
    assert redact("token 81_Qx-y_z") == "token [secret]"


def test_short_encodings_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S", "ab")
    resolve_secret("env:S")
    assert redact("hY 6162 Fi YWI= YWI") == "hY [secret] Fi [secret] YWI"


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
    code = "import sys, publisher.credentials, publisher.redaction; sys.exit('logging' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@given(st.from_regex(re.compile(_SECRET_PATTERN)))
def test_the_hint_misses_no_secret(text: str) -> None:
    assert _HINT.search(text.casefold())


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
        output.finish(0, list=[canary, 7, None], tuple=(canary,), deep={"hint": canary})
    shown = out.getvalue() + err.getvalue()
    assert shown.count("[secret]") == 1 + 2 * 4 + 2 + 3
    assert canary not in shown
    assert json.dumps(canary, ensure_ascii=False)[1:-1] not in shown
    assert "AAHxxx" not in shown
