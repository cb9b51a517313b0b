"""Calls, downloads and waits end, and what an error code is about."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from publisher.channel import Part
from publisher.channels.wechat import WeChat, client, free_publish, images
from publisher.channels.wechat import session as delivery
from publisher.channels.wechat.client import build_api_error
from publisher.channels.wechat.errors import ERROR_CODE_KINDS, ERROR_CODE_RULES
from publisher.channels.wechat.session import DraftSession
from publisher.deadline import Deadline
from publisher.errors import DeliveryError, OutcomeUnknownError, RefusalKind
from tests.support.servers.trickling import STAGES, TricklingServer, start_limits_when_held_back
from tests.support.servers.wechat_api import Fault, WeChatServer
from tests.support.servers.wechat_rules import APPID

TO = APPID
MakePart = Callable[..., Part]


@pytest.mark.parametrize("stage", STAGES)
def test_a_draft_whose_response_trickles_may_be_there(
    hurry: None, server: WeChatServer, session: DraftSession, part: MakePart, stage: str
) -> None:
    server.script(Fault("trickle", of="draft/add", text=stage))
    with pytest.raises(OutcomeUnknownError, match="无法确定微信是否完成了这一步：ReadTimeout"):
        session.deliver(part(), TO)
    assert len(server.drafts) == 1


@pytest.mark.parametrize("path", ["stable_token", "material/add_material"])
@pytest.mark.parametrize("stage", ["headers", "chunks"])
def test_a_call_without_an_effect_may_be_repeated(
    hurry: None, server: WeChatServer, session: DraftSession, part: MakePart, path: str, stage: str
) -> None:
    server.script(Fault("trickle", of=path, text=stage))
    with pytest.raises(DeliveryError) as caught:
        session.deliver(part(), TO)
    assert (caught.value.permanent, caught.value.kind) == (False, RefusalKind.LATER)
    assert server.drafts == {}
    server.script()
    session.deliver(part(), TO)


def test_a_response_without_end(
    server: WeChatServer, session: DraftSession, part: MakePart, monkeypatch: pytest.MonkeyPatch
) -> None:
    session._client._http._max_bytes = 1000
    server.script(Fault("body", of="draft/add", value=200, text=" " * 2000))
    with pytest.raises(OutcomeUnknownError, match="ResponseTooLargeError"):
        session.deliver(part(), TO)


def test_all_calls_of_a_delivery_have_one_time_limit(
    server: WeChatServer, session: DraftSession, part: MakePart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "DELIVERY_TIMEOUT", 0.0)
    for act in (session.deliver, session.probe):
        with pytest.raises(DeliveryError) as caught:
            act(part(), TO)
        assert not caught.value.permanent
    assert server.calls == []


def test_waiting_for_an_article_ends_with_the_delivery(
    server: WeChatServer,
    connect: Callable[..., DraftSession],
    part: MakePart,
    wish: MakePart,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with connect(publishes=True) as opened:
        opened.deliver(part(), TO)
        get = ["freepublish/get"]
        start_limits_when_held_back(monkeypatch)
        monkeypatch.setattr(delivery, "Deadline", lambda _: Deadline(0.5, lambda: float(server.paths[-1:] == get)))
        server.calls.clear()
        server.script(Fault("trickle", of="freepublish/get", text="body"))
        with pytest.raises(OutcomeUnknownError, match="微信已接受提交"):
            opened.deliver(wish(), TO)
    assert server.paths == ["freepublish/submit", "freepublish/get"]


def test_a_list_without_end(
    server: WeChatServer, session: DraftSession, part: MakePart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that always has another page is asked until the time is up, and then it is not known what there is."""
    session.deliver(part(), TO)
    monkeypatch.setattr(delivery, "DELIVERY_TIMEOUT", 1.0)
    (article,) = server.drafts.values()
    item = {"media_id": "x", "content": {"news_item": [{**article, "title": "another"}]}}
    page = json.dumps({"total_count": 10**9, "item_count": 1, "item": [item]})
    server.script(Fault("body", of="draft/batchget", value=200, text=page))
    with pytest.raises(DeliveryError):
        session.probe(part("## 新闻\n\n别的。"), TO)


def test_an_image_that_trickles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "DOWNLOAD_TIMEOUT", 0.5)
    start_limits_when_held_back(monkeypatch)
    with (
        TricklingServer(*STAGES["body"]) as server,
        pytest.raises(DeliveryError, match="cannot load the image") as caught,
    ):
        images.download_image(f"{server.url}/a.png", "en")
    assert not caught.value.permanent


def test_an_image_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_IMAGE_BYTES", 1000)
    head = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000
    with (
        TricklingServer(head, b"") as server,
        pytest.raises(DeliveryError, match="cannot be converted: > 0 MB") as caught,
    ):
        images.download_image(f"{server.url}/a.png", "en")
    assert caught.value.permanent


def test_a_delivery_ends_before_the_channels_timeout() -> None:
    assert WeChat.capabilities.timeout > delivery.DELIVERY_TIMEOUT
    assert sum(free_publish.POLL_INTERVALS) + client.CALL_TIMEOUT < delivery.DELIVERY_TIMEOUT


# ---------------------------------------------------------------------- numbers


@pytest.mark.parametrize("lifetime", ['"soon"', "null", "[]", "1e999", "NaN"])
def test_a_token_without_a_lifetime(server: WeChatServer, session: DraftSession, part: MakePart, lifetime: str) -> None:
    text = f'{{"access_token": "x", "expires_in": {lifetime}}}'
    server.script(Fault("body", of="stable_token", value=200, text=text))
    with pytest.raises(DeliveryError, match="微信没有返回结果") as caught:
        session.deliver(part(), TO)
    assert not caught.value.permanent
    assert server.drafts == {}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (40001, RefusalKind.SENDER),
        (40164, RefusalKind.SENDER),
        (48001, RefusalKind.SENDER),
        (45009, RefusalKind.LATER),
        (45011, RefusalKind.LATER),
        (40003, RefusalKind.NO_RECIPIENT),
        (43004, RefusalKind.NO_RECIPIENT),
        (45002, RefusalKind.CONTENT),
        (45166, RefusalKind.CONTENT),
        (40007, RefusalKind.UNKNOWN),
        (99999, RefusalKind.UNKNOWN),
    ],
)
def test_what_an_error_code_is_about(code: int, kind: RefusalKind) -> None:
    assert build_api_error(code, "no", "en", 0.0).kind is kind


def test_every_code_with_a_kind_is_known() -> None:
    assert ERROR_CODE_KINDS.keys() <= ERROR_CODE_RULES.keys()
    for code, kind in ERROR_CODE_KINDS.items():
        assert kind is not RefusalKind.LATER or not build_api_error(code, "no", "en", 0.0).permanent
