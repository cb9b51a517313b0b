"""Proofs: what an editor sees before there is a draft of the issue, and that it never is in its way."""

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
    """What tells the drafts apart, in the address behind 阅读原文."""
    return [draft["content_source_url"].rpartition("#")[2] for draft in server.drafts.values()]


def mark(part: Part) -> str:
    return str(parse_draft(part).article["content_source_url"]).rpartition("#")[2]


@pytest.mark.parametrize("reader", [NAME, OPENID])
def test_it_comes_to_the_phone(server: WeChatServer, session: DraftSession, part: Any, reader: str) -> None:
    server.api.followers = {NAME, OPENID}
    receipt = session.deliver(part(), reader)
    [(media_id, draft)] = server.drafts.items()
    assert server.api.previews == [(reader, draft["title"])]
    assert draft["title"] == parse_draft(part()).article["title"]
    assert receipt.url.startswith("http://mp.weixin.qq.com/s?")
    assert media_id in receipt.url
    assert "校样已放入草稿箱" in receipt.notes[0]


def test_without_a_phone_it_is_among_the_drafts(
    server: WeChatServer, session: DraftSession, part: Any
) -> None:
    assert session.deliver(part(), DRAFTS_RECIPIENT).url
    assert len(server.drafts) == 1
    assert server.api.previews == []


def test_a_second_proof_takes_the_place_of_the_first(
    server: WeChatServer, session: DraftSession, part: Any
) -> None:
    session.deliver(part(), DRAFTS_RECIPIENT)
    session.deliver(part(NEWER), DRAFTS_RECIPIENT)
    [draft] = server.drafts.values()
    assert "雾又来了" in draft["content"]
    server.drafts.clear()  # somebody deleted it
    session.deliver(part(), DRAFTS_RECIPIENT)
    assert len(server.drafts) == 1


def test_nobody_takes_it_for_the_draft(server: WeChatServer, session: DraftSession, part: Any) -> None:
    session.deliver(part(), DRAFTS_RECIPIENT)
    assert session.probe(part(), APPID) is None
    assert mark(part()) not in marks(server)
    plain = part(page="http://lighthouse.example.org/1/")  # WeChat wants no such address, so no mark
    session.deliver(plain, DRAFTS_RECIPIENT)
    assert session.probe(plain, APPID) is None


def test_it_becomes_the_draft(server: WeChatServer, session: DraftSession, part: Any) -> None:
    session.deliver(part(), DRAFTS_RECIPIENT)
    [media_id] = server.drafts
    assert session.deliver(part(NEWER), APPID).remote_id == media_id
    assert marks(server) == [mark(part(NEWER))]
    session.deliver(part(), DRAFTS_RECIPIENT)  # and is none any more
    assert marks(server)[0] == mark(part(NEWER))
    assert len(server.drafts) == 2


def test_an_answer_that_is_lost_when_it_becomes_the_draft(
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


def test_a_correction_takes_the_proof_away(server: WeChatServer, session: DraftSession, part: Any) -> None:
    media_id = session.deliver(part(), APPID).remote_id
    session.deliver(part(NEWER), DRAFTS_RECIPIENT)
    assert len(server.drafts) == 2
    session.edit(part(NEWER), APPID, media_id)
    assert list(server.drafts) == [media_id]


def test_a_proof_is_never_published(
    server: WeChatServer, connect: Any, part: Any, wish: Callable[..., Part]
) -> None:
    with connect(publishes=True) as session:
        session.deliver(part(), DRAFTS_RECIPIENT)
        assert not session.deliver(wish(), DRAFTS_RECIPIENT).changed
        assert wish().key.endswith(PUBLISH_KEY_SUFFIX)
    assert not any(path.startswith("freepublish") for path in server.paths)
    assert server.api.publications == {}


def test_an_account_that_may_not_send_previews(
    server: WeChatServer, session: DraftSession, part: Any
) -> None:
    server.api.rights.remove("message")
    receipt = session.deliver(part(), NAME)
    assert receipt.url
    assert "点「预览」" in receipt.notes[1]


@pytest.mark.parametrize(("reader", "why"), [(NAME, "微信号"), (OPENID, "OpenID")])
def test_who_is_not_there(
    server: WeChatServer, session: DraftSession, part: Any, reader: str, why: str
) -> None:
    with pytest.raises(DeliveryError, match=why) as caught:
        session.deliver(part(), reader)
    assert "me" in caught.value.hint
    server.api.followers = {reader}
    session.deliver(part(), reader)
    assert len(server.drafts) == 1


def test_where_a_proof_goes() -> None:
    known = {"appid": APPID, "secret": "env:TIDE_SECRET"}
    assert WeChat().test_recipient == ""
    assert WeChat(**known).test_recipient == DRAFTS_RECIPIENT
    assert WeChat(**known, me=NAME).test_recipient == NAME
    with pytest.raises(ConfigError, match="your WeChat ID"):
        WeChat(**known, me="林 灯塔")
