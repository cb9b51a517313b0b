"""Failed calls: nothing was changed, or the outcome is unknown. No error shows a secret.

A8, A9; rows 32, 39 and 40, as far as they are a session's.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from publisher.channels.wechat import WeChat
from publisher.channels.wechat.client import build_api_error
from publisher.channels.wechat.errors import ERROR_CODE_RULES
from publisher.errors import DeliveryError, OutcomeUnknownError, PublisherError
from tests.support.servers.wechat_api import Fault, WeChatServer
from tests.support.servers.wechat_rules import APPID, SECRET, RefusedError, WeChatRules

TO = APPID


pytestmark = pytest.mark.usefixtures("hurry")


def outcome(act: Callable[[], object]) -> PublisherError:
    with pytest.raises(PublisherError) as caught:
        act()
    return caught.value


# -------------------------------------------------------------- lost responses

LOST = [
    (Fault("hang", of="draft/add"), 1, "ReadTimeout"),
    (Fault("drop_after", of="draft/add"), 1, "RemoteProtocolError"),
    (Fault("drop_before", of="draft/add"), 0, "RemoteProtocolError"),
    (Fault("reset", of="draft/add"), 0, "ReadError"),
    (Fault("html", of="draft/add", value=502), 0, "HTTP 502"),
    (Fault("html_after", of="draft/add", value=504), 1, "HTTP 504"),
    (Fault("html", of="draft/add", value=200), 0, "HTTP 200"),
    (Fault("refuse", of="draft/add", value=-1, text="system error"), 0, "system error (-1)"),
    (Fault("busy_after", of="draft/add"), 1, "system error (-1)"),
]


@pytest.mark.parametrize(("fault", "there", "said"), LOST, ids=lambda value: getattr(value, "kind", None))
def test_a_lost_response_is_an_unknown_outcome(
    server: WeChatServer, session, part, fault: Fault, there: int, said: str
) -> None:
    """Rows 32, 39 and 40. Whether the draft was added is unknown until a probe."""
    server.script(fault)
    error = outcome(lambda: session.deliver(part(), TO))
    assert isinstance(error, OutcomeUnknownError)
    assert error.message == f"无法确定微信是否完成了这一步：{said}"
    assert len(server.drafts) == there
    server.script()
    found = [session.probe(part(), TO) for _ in range(2)]
    assert [receipt and receipt.remote_id for receipt in found] == [*server.drafts] * 2 or [None, None]
    if not there:
        assert found == [None, None]
        session.deliver(part(), TO)
    assert len(server.drafts) == 1


@pytest.mark.parametrize("text", ['{"message": "blocked"}', "{}", "[" * 200_000], ids=["said", "empty", "endless"])
@pytest.mark.parametrize("path", ["stable_token", "draft/batchget", "draft/add"])
def test_a_body_that_is_not_wechats(server: WeChatServer, session, part, path: str, text: str) -> None:
    """Least of all is it a list of drafts in which one is missing: the next step would add it again."""
    session.deliver(part(), TO)
    server.api.expire()
    server.script(Fault("body", of=path, value=200, text=text))
    act = session.probe if path == "draft/batchget" else session.deliver
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, the sender takes it for unknown
        act(part(), TO)
    assert isinstance(caught.value, DeliveryError) == (path != "draft/add")
    assert len(server.drafts) == 1


def test_a_slow_response_is_accepted(server: WeChatServer, session, part) -> None:
    server.script(Fault("slow", of="draft/add", value=0.05))
    session.deliver(part(), TO)


@pytest.mark.parametrize("path", ["stable_token", "material/add_material", "draft/batchget"])
@pytest.mark.parametrize("kind", ["hang", "drop_after", "html"])
def test_a_repeatable_call_never_has_an_unknown_outcome(
    server: WeChatServer, session, part, path: str, kind: Any
) -> None:
    server.script(Fault(kind, of=path, value=502))
    act = session.probe if path == "draft/batchget" else session.deliver
    error = outcome(lambda: act(part(), TO))
    assert isinstance(error, DeliveryError)
    assert not error.permanent
    assert error.message.startswith("微信没有返回结果：")
    assert server.drafts == {}


def test_an_unreachable_server_is_a_temporary_error(server: WeChatServer, session, part) -> None:
    server.down()
    error = outcome(lambda: session.deliver(part(), TO))
    assert isinstance(error, DeliveryError)
    assert not error.permanent
    assert error.message.startswith("连不上微信的接口：")
    server.up()
    session.deliver(part(), TO)


def test_a_failed_connection_sends_nothing(server: WeChatServer, session, part) -> None:
    """The draft cannot have been added if no connection was made."""
    session.deliver(part(), TO)
    server.down()
    other = part("## 新闻\n\n雾又来了。")
    assert isinstance(outcome(lambda: session.deliver(other, TO)), DeliveryError)
    server.up()
    assert len(server.drafts) == 1


def test_an_invalid_certificate_sends_nothing(server: WeChatServer, connect, part) -> None:
    with connect(api=server.url.replace("http:", "https:")) as session:
        error = outcome(lambda: session.deliver(part(), TO))
    assert isinstance(error, DeliveryError)
    assert server.calls == []


def test_an_update_with_a_lost_response_can_be_repeated(server: WeChatServer, session, part) -> None:
    name = session.deliver(part(), TO).remote_id
    new = part("## 新闻\n\n雾又来了。")
    server.script(Fault("drop_after", of="draft/update"))
    assert isinstance(outcome(lambda: session.edit(new, TO, name)), OutcomeUnknownError)
    assert not session.edit(new, TO, name).changed
    assert list(server.drafts) == [name]


# ---------------------------------------------------------------------- refusals

REFUSALS = [
    (40013, "invalid appid", True, "AppID", "appid"),
    (40125, "invalid appsecret", True, "AppSecret", "secret"),
    (40164, "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 6", False,
     "203.0.113.7", "把 203.0.113.7 加进"),
    (40243, "AppSecret is frozen", True, "冻结", "解冻"),
    (45009, "reach max api daily quota limit", False, "次数用完", "明天"),
    (45011, "api minute-quota reach limit", False, "太快", "一分钟"),
    (45166, "invalid content", True, "不接受的内容", "preview.html"),
    (48001, "api unauthorized", True, "没有这个接口的权限", "个人主体"),
    (53503, "draft check failed", True, "要求人工", "保存一次"),
    (53504, "must use web", True, "要求人工", "保存一次"),
    (53505, "save by hand", True, "要求人工", "保存一次"),
    (88000, "without comment privilege", True, "没有留言功能", "关闭"),
    (89503, "wait for admin", False, "管理员", "确认"),
    (89507, "refused by admin", False, "1 小时", "一小时"),
    (99999, "storm", True, "微信拒绝了：storm", "什么都没有发出"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "said", "permanent", "message", "step"), REFUSALS)
def test_an_error_code_has_a_message_and_a_hint(
    server: WeChatServer, session, part, code: int, said: str, permanent: bool, message: str, step: str
) -> None:
    server.script(Fault("refuse", of="draft/add", value=code, text=said))
    error = outcome(lambda: session.deliver(part(), TO))
    assert isinstance(error, DeliveryError)
    assert error.permanent is permanent
    assert (error.retry_after is None) is permanent
    assert message in error.message
    assert error.message.endswith(f" ({code})")
    assert step in error.hint
    assert server.paths.count("draft/add") == 1
    assert server.drafts == {}


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize("code", ERROR_CODE_RULES)
def test_every_code_has_a_message_in_both_languages(code: int, lang: str) -> None:
    error = build_api_error(code, "invalid ip 203.0.113.7", lang, 0.0)
    words = error.message.replace("阅读原文", "")  # its name at WeChat
    chinese = any("一" <= char <= "鿿" for char in words)
    assert chinese is (lang == "zh-CN")
    assert "{" not in error.message + error.hint
    assert error.hint
    assert "\n" not in error.message + error.hint


@pytest.mark.parametrize(
    ("code", "now", "wait"),
    [
        # 1970-01-01 00:00 UTC is 08:00 in Beijing, 16 hours before midnight
        (45009, 0.0, 57600.0),
        (45009, 57600.0 - 1, 1.0),
        (48006, 86400.0, 57600.0),
        (45011, 5.0, 60.0),
        (40164, 5.0, 300.0),
        (89503, 5.0, 300.0),
        (89506, 5.0, 86400.0),
        (89507, 5.0, 3600.0),
    ],
)
def test_retry_delay_of_a_code(code: int, now: float, wait: float) -> None:
    error = build_api_error(code, "", "zh-CN", now)
    assert error.retry_after == wait
    assert not error.permanent


def test_refusals_of_the_test_server_are_reported(server: WeChatServer, session, part) -> None:
    """Errors that the test server detects by itself."""
    server.api.ips = {"203.0.113.9"}
    assert "127.0.0.1" in outcome(lambda: session.deliver(part(), TO)).message
    server.api.ips = set()
    server.api.quota = {"draft/add": 0}
    assert "(45009)" in outcome(lambda: session.deliver(part(), TO)).message
    server.api.rights.remove("draft")
    assert "(48001)" in outcome(lambda: session.deliver(part(), TO)).message
    server.api.secret = "another"
    server.api.expire()
    assert "(40125)" in outcome(lambda: session.deliver(part(), TO)).message


# ----------------------------------------------------------------------- secrets

FAULTS = ["none", "hang", "drop_after", "reset", "html", "refuse", "busy_after", "expire"]


def test_secret_and_token_are_never_shown(
    server: WeChatServer,
    connect,
    part,
    wish,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A9."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    with connect() as session:
        session.deliver(part(), TO)
    for fault, code in [*((kind, 40014) for kind in FAULTS), ("refuse", 99999)]:
        with connect() as session:
            text = f"access_token={next(iter(server.api.tokens))} secret={SECRET}"
            faults = [] if fault == "none" else [Fault(fault, value=code, text=text)]  # type: ignore[arg-type]
            for act in (
                lambda: session.deliver(part(), TO),
                lambda: session.edit(part("## 新闻\n\n雾又来了。"), TO, next(iter(server.drafts), "x")),
                lambda: session.probe(part(), TO),
                lambda: session.deliver(wish(), TO),
                lambda: session.delete(TO, "x"),
            ):
                server.script(*faults)
                try:
                    shown.append(repr(act()))
                except PublisherError as error:
                    shown += [repr(error), error.hint, *traceback.format_exception(error)]
        shown += [repr(session), repr(session._client), repr(session._client._tokens)]
    server.script()
    channel = WeChat(appid=APPID, secret="env:TIDE_SECRET", api=server.url)
    shown += [repr(channel), *map(repr, channel.diagnose())]
    out, err = capfd.readouterr()
    everything = "".join([*shown, caplog.text, out, err])
    assert len(shown) > 40
    assert SECRET not in everything
    assert server.api.tokens
    for token in server.api.tokens:
        assert token not in everything


def test_state_files_contain_no_secret(session, part, environment) -> None:
    session.deliver(part(), TO)
    for path in environment.iterdir():
        assert SECRET not in path.read_text("utf-8")
        assert ("access" in path.read_text("utf-8")) is (path.name == "token.json")


def test_the_test_server_rejects_an_unknown_token() -> None:
    with pytest.raises(RefusedError) as caught:
        WeChatRules().answer("draft/add", {"access_token": "x"}, b"{}", "application/json")
    assert caught.value.code == 40001
