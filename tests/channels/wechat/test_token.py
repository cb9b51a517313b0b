"""The access token: shared by all processes, never shown, replaced once if rejected. A3 and row 33."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher import redaction
from publisher.channels.wechat.client import EXPIRY_MARGIN, TokenCache
from publisher.channels.wechat.state import AccountState
from publisher.errors import ConfigError, DeliveryError
from publisher.redaction import redact
from tests.support.servers.wechat_api import Fault, WeChatServer
from tests.support.servers.wechat_rules import APPID, SECRET

ASK = """
import sys
from publisher.channels.wechat.client import WeChatClient
with WeChatClient(sys.argv[1], "env:TIDE_SECRET", sys.argv[2], "zh-CN") as account:
    print(account.call("draft/batchget", {"offset": 0, "count": 1, "no_content": 1})["total_count"])
"""


class Shop:
    """A token endpoint and a clock for tests."""

    def __init__(self, store: AccountState) -> None:
        self.now = 1_000_000.0
        self.given = 0
        self.tokens = TokenCache(store, self.fetch, lambda: self.now)

    def fetch(self) -> tuple[str, float]:
        self.given += 1
        return f"token{self.given}", 7200.0


@pytest.fixture
def shop(environment: Path) -> Shop:
    return Shop(AccountState(APPID, "en"))


def test_a_token_is_kept_until_shortly_before_its_expiry(shop: Shop) -> None:
    assert EXPIRY_MARGIN >= 300
    assert [shop.tokens.get_token() for _ in range(2)] == ["token1"] * 2
    shop.now += 7200 - EXPIRY_MARGIN - 1
    assert shop.tokens.get_token() == "token1"
    shop.now += 1
    assert shop.tokens.get_token() == "token2"


def test_a_token_is_a_secret_also_when_it_was_stored(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in ("fetched", "stored"):
        monkeypatch.setattr(redaction, "_known_secrets", set())
        shop.tokens.get_token()
        assert redact("errmsg: token1 rid: 1") == "errmsg: [secret] rid: 1"


def test_a_rejected_token_is_replaced_by_one_process(shop: Shop) -> None:
    shop.tokens.get_token()
    assert shop.tokens.get_token(rejected="token1") == "token2"
    assert shop.tokens.get_token(rejected="token1") == "token2"  # another process with the same rejected token
    assert shop.given == 2


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"token": 1}', '{"token": "x", "until": "soon"}'])
def test_an_invalid_token_file_is_replaced(shop: Shop, environment: Path, kept: str) -> None:
    shop.tokens.get_token()
    (environment / "token.json").write_text(kept, "utf-8")
    assert shop.tokens.get_token() == "token2"


@pytest.mark.skipif(os.name != "posix", reason="modes are posix")
def test_token_file_is_readable_by_its_owner_only(shop: Shop, environment: Path) -> None:
    old = os.umask(0)
    try:
        shop.tokens.get_token()
    finally:
        os.umask(old)
    assert environment.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in environment.iterdir()} == {
        "token.json": 0o600,
        "lock": 0o600,
    }


def test_a_cache_folder_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DeliveryError, match=r"cannot read or write .*file") as caught:
        shop.tokens.get_token()
    assert "XDG_CACHE_HOME" in caught.value.hint


# ----------------------------------------------------------------- with the API


def test_two_processes_share_one_token(server: WeChatServer, environment: Path) -> None:
    server.script(Fault("slow", of="stable_token", value=1.5))  # so that all need a token before there is one
    command = [sys.executable, "-c", ASK, APPID, server.url]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        output, errors = process.communicate(timeout=1800)
        assert output == "0\n", errors
    assert sorted(server.paths) == ["draft/batchget"] * 3 + ["stable_token"]


def test_token_is_requested_without_force_refresh(server: WeChatServer, session, part) -> None:
    session.deliver(part(), APPID)
    asked = json.loads(server.calls[0].body)
    assert asked == {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, "force_refresh": False}
    assert SECRET not in "".join(str(call) for call in server.calls[1:])


def test_40001_for_the_token_request_is_about_the_secret(server: WeChatServer, session, part) -> None:
    server.script(Fault("refuse", of="stable_token", value=40001))
    with pytest.raises(DeliveryError, match=r"AppSecret 错误，或者已被重置 \(40001\)") as caught:
        session.deliver(part(), APPID)
    assert caught.value.permanent
    assert server.paths == ["stable_token"]


def test_an_expired_token_is_replaced_once(server: WeChatServer, session, part) -> None:
    session.deliver(part(), APPID)
    server.api.expire()
    server.calls.clear()
    assert session.probe(part(), APPID)
    assert server.paths == ["draft/batchget", "stable_token", "draft/batchget"]


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_draft_is_added_once_with_the_new_token(server: WeChatServer, session, part, code: int) -> None:
    server.script(Fault("refuse", call=1, of="draft/add", value=code))
    session.deliver(part(), APPID)
    assert server.paths[2:] == ["draft/add", "stable_token", "draft/add"]
    assert len(server.drafts) == 1


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_second_rejected_token_is_a_permanent_error(server: WeChatServer, session, part, code: int) -> None:
    server.script(Fault("refuse", of="draft/add", value=code))
    with pytest.raises(DeliveryError, match=rf"仍被微信拒绝 \({code}\)") as caught:
        session.deliver(part(), APPID)
    assert caught.value.permanent
    assert server.paths[2:] == ["draft/add", "stable_token", "draft/add"]


def test_a_secret_that_is_not_set(connect: Callable, monkeypatch: pytest.MonkeyPatch, server: WeChatServer) -> None:
    monkeypatch.delenv("TIDE_SECRET")
    with pytest.raises(ConfigError, match="env:TIDE_SECRET: the variable is not set"), connect():
        pass
    assert server.calls == []
