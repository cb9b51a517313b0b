"""The findings of `doctor` about an account, by read-only calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.channel import Finding, FindingLevel
from publisher.channels.wechat import WeChat, cover
from publisher.errors import ConfigError
from tests.support.servers.wechat_api import WeChatServer
from tests.support.servers.wechat_rules import APPID


@pytest.fixture
def look(server: WeChatServer, environment: Path, monkeypatch: pytest.MonkeyPatch):
    """look(publish=True) returns the findings as (level, message, hint)."""
    monkeypatch.setattr(cover, "has_font", lambda _: True)

    def find(lang: str = "en", **keys: object) -> list[tuple[str, str, str]]:
        channel = WeChat(appid=APPID, secret="env:TIDE_SECRET", api=server.url, _lang=lang, **keys)  # type: ignore[arg-type]
        return [(finding.level.value, finding.message, finding.hint) for finding in channel.diagnose()]

    return find


def test_doctor_reports_a_working_account(server: WeChatServer, look) -> None:
    assert look(publish=True) == [
        ("good", f"the API works for the account {APPID}, which has 0 drafts", ""),
        ("good", "1000 of 1000 drafts can still be added today", ""),
        ("good", "the account is authorized to publish through the API", ""),
    ]
    assert set(server.paths) == {
        "stable_token", "draft/batchget", "openapi/quota/get", "freepublish/batchget"
    }  # fmt: skip


def test_publishing_is_checked_only_if_enabled(server: WeChatServer, look) -> None:
    assert [level for level, _, _ in look()] == ["good", "good"]
    assert "freepublish/batchget" not in server.paths


def test_an_ip_address_not_on_the_allowlist(server: WeChatServer, look) -> None:
    server.api.ips = {"203.0.113.9"}
    ((level, message, hint),) = look()
    assert level == "bad"
    assert message == "the IP address 127.0.0.1 of this machine is not on the allowlist (40164)"
    assert "add 127.0.0.1 to the IP allowlist at mp.weixin.qq.com" in hint
    assert "把 127.0.0.1 加进" in look("zh-CN")[0][2]


def test_an_account_not_authorized_to_publish(server: WeChatServer, look) -> None:
    server.api.rights.remove("freepublish")
    level, message, hint = look(publish=True)[-1]
    assert (level, message) == ("bad", "this account is not authorized to use this API (48001)")
    assert "verified" in hint


def test_an_exhausted_quota(server: WeChatServer, look) -> None:
    server.api.quota = {"draft/add": 0}
    assert look()[1][0] == "good"  # no limit is known
    server.api.quota = {"draft/add": 5}
    server.api.used["draft/add"] = 5
    assert look()[1][:2] == ("bad", "no more drafts can be added today: the quota of 5 is used up")


def test_a_missing_cover_file(look, tmp_path: Path) -> None:
    assert look(cover="front.png", _root=str(tmp_path))[-1][0] == "bad"
    (tmp_path / "front.png").write_bytes(cover.draw_cover("Fog", "2024-03-01"))
    assert look(cover="front.png", _root=str(tmp_path))[-1][0] == "good"


def test_a_missing_qr_code(look, tmp_path: Path) -> None:
    assert [level for level, *_ in look(qr="qr.png", _root=str(tmp_path))].count("bad") == 1
    (tmp_path / "qr.png").write_bytes(cover.draw_cover("Fog", "2024-03-01"))
    assert "bad" not in [level for level, *_ in look(qr="qr.png", _root=str(tmp_path))]


def test_a_missing_chinese_font(look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cover, "has_font", lambda text: text.isascii())
    assert look("zh-CN")[-1][0] == "doubtful"
    assert look("en")[-1][0] == "good"


def test_without_an_account() -> None:
    with pytest.raises(ConfigError, match="no appid is set") as caught:
        WeChat().diagnose()
    assert "mp.weixin.qq.com" in caught.value.hint


def test_findings_have_levels(look, server: WeChatServer) -> None:
    server.down()
    ((level, message, _),) = look()
    assert Finding(FindingLevel(level), message).level is FindingLevel.ERROR
    assert message.startswith("cannot reach WeChat's API")
    server.up()
