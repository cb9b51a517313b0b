"""Test sends: the editor gets a test draft, which never interferes with the draft of the issue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from publisher.channel import Part
from publisher.channels.wechat import WeChat
from publisher.channels.wechat.draft import PUBLISH_KEY_SUFFIX, parse_draft
from publisher.channels.wechat.session import DraftSession
from publisher.channels.wechat.test_send import DRAFTS_RECIPIENT
from publisher.errors import ConfigError, DeliveryError, OutcomeUnknownError
from tests.support.servers.wechat_api import Fault, WeChatServer
from tests.support.servers.wechat_rules import APPID

NAME, OPENID = "lighthouse-lin", "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
NEWER = "## 新闻\n\n雾又来了。"


def marks(server: WeChatServer) -> list[str]:
    """The markers of the drafts, in the URLs of 阅读原文."""
    return [draft["content_source_url"].rpartition("#")[2] for draft in server.drafts.values()]


def mark(part: Part) -> str:
    return str(parse_draft(part).article["content_source_url"]).rpartition("#")[2]


@pytest.mark.parametrize("recipient", [NAME, OPENID])
def test_a_preview_is_sent_to_the_phone(server: WeChatServer, session: DraftSession, part: Any, recipient: str) -> None:
    server.api.followers = {NAME, OPENID}
    receipt = session.deliver(part(), recipient)
    [(media_id, draft)] = server.drafts.items()
    assert server.api.previews == [(recipient, draft["title"])]
    assert draft["title"] == parse_draft(part()).article["title"]
    assert receipt.url.startswith("http://mp.weixin.qq.com/s?")
    assert media_id in receipt.url
    assert "校样已放入草稿箱" in receipt.notes[0]


def test_without_me_the_test_draft_is_only_added(server: WeChatServer, session: DraftSession, part: Any) -> None:
    assert session.deliver(part(), DRAFTS_RECIPIENT).url
    assert len(server.drafts) == 1
    assert server.api.previews == []


def test_a_second_test_send_updates_the_test_draft(server: WeChatServer, session: DraftSession, part: Any) -> None:
    session.deliver(part(), DRAFTS_RECIPIENT)
    session.deliver(part(NEWER), DRAFTS_RECIPIENT)
    [draft] = server.drafts.values()
    assert "雾又来了" in draft["content"]
    server.drafts.clear()  # deleted at WeChat
    session.deliver(part(), DRAFTS_RECIPIENT)
    assert len(server.drafts) == 1


def test_probe_does_not_find_the_test_draft(server: WeChatServer, session: DraftSession, part: Any) -> None:
    session.deliver(part(), DRAFTS_RECIPIENT)
    assert session.probe(part(), APPID) is None
    assert mark(part()) not in marks(server)
    plain = part(page="http://lighthouse.example.org/1/")  # not https, so there is no marker
    session.deliver(plain, DRAFTS_RECIPIENT)
    assert session.probe(plain, APPID) is None


def test_a_test_draft_becomes_the_draft(server: WeChatServer, session: DraftSession, part: Any) -> None:
    session.deliver(part(), DRAFTS_RECIPIENT)
    [media_id] = server.drafts
    assert session.deliver(part(NEWER), APPID).remote_id == media_id
    assert marks(server) == [mark(part(NEWER))]
    session.deliver(part(), DRAFTS_RECIPIENT)  # the next test draft is a new one
    assert marks(server)[0] == mark(part(NEWER))
    assert len(server.drafts) == 2


def test_a_lost_response_when_the_test_draft_becomes_the_draft(
    server: WeChatServer, session: DraftSession, part: Any
) -> None:
    session.deliver(part(), DRAFTS_RECIPIENT)
    [media_id] = server.drafts
    server.script(Fault("drop_after", 1, "draft/update"))
    with pytest.raises(OutcomeUnknownError):
        session.deliver(part(NEWER), APPID)
    found = session.probe(part(NEWER), APPID)
    assert found
    assert found.remote_id == media_id
    session.deliver(part(), DRAFTS_RECIPIENT)
    assert marks(server)[0] == mark(part(NEWER)), "the draft stays what it is"
    session.edit(part(), media_id, media_id)
    assert list(server.drafts) == [media_id]
    assert marks(server) == [mark(part())]


def test_a_correction_deletes_the_test_draft(server: WeChatServer, session: DraftSession, part: Any) -> None:
    media_id = session.deliver(part(), APPID).remote_id
    session.deliver(part(NEWER), DRAFTS_RECIPIENT)
    assert len(server.drafts) == 2
    session.edit(part(NEWER), APPID, media_id)
    assert list(server.drafts) == [media_id]


def test_a_test_draft_is_never_published(
    server: WeChatServer, connect: Any, part: Any, wish: Callable[..., Part]
) -> None:
    with connect(publishes=True) as session:
        session.deliver(part(), DRAFTS_RECIPIENT)
        assert not session.deliver(wish(), DRAFTS_RECIPIENT).changed
        assert wish().key.endswith(PUBLISH_KEY_SUFFIX)
    assert not any(path.startswith("freepublish") for path in server.paths)
    assert server.api.publications == {}


def test_an_account_not_authorized_to_send_previews(server: WeChatServer, session: DraftSession, part: Any) -> None:
    server.api.rights.remove("message")
    receipt = session.deliver(part(), NAME)
    assert receipt.url
    assert "点「预览」" in receipt.notes[1]


@pytest.mark.parametrize(("recipient", "why"), [(NAME, "微信号"), (OPENID, "OpenID")])
def test_an_unknown_recipient_of_a_preview(
    server: WeChatServer, session: DraftSession, part: Any, recipient: str, why: str
) -> None:
    with pytest.raises(DeliveryError, match=why) as caught:
        session.deliver(part(), recipient)
    assert "me" in caught.value.hint
    server.api.followers = {recipient}
    session.deliver(part(), recipient)
    assert len(server.drafts) == 1


def test_recipient_of_test_sends() -> None:
    known = {"appid": APPID, "secret": "env:TIDE_SECRET"}
    assert WeChat().test_recipient == ""
    assert WeChat(**known).test_recipient == DRAFTS_RECIPIENT
    assert WeChat(**known, me=NAME).test_recipient == NAME
    with pytest.raises(ConfigError, match="your WeChat ID"):
        WeChat(**known, me="林 灯塔")
