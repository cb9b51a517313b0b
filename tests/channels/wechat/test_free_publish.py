"""Publishing a draft: handed in once, waited for, every end told. A5 and A7."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from publisher.channels.wechat.draft import PUBLISH_KEY_SUFFIX
from publisher.channels.wechat.errors import PUBLISH_STATUS_MESSAGES
from publisher.channels.wechat.free_publish import POLL_INTERVALS
from publisher.errors import DeliveryError, OutcomeUnknownError
from tests.support.servers.wechat_api import Fault, WeChatServer
from tests.support.servers.wechat_rules import APPID

TO = APPID
URL = "http://mp.weixin.qq.com/s?__biz=Tide==&mid=2247483000&idx=1&sn=0a1b#rd"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.channels.wechat.client.REQUEST_TIMEOUT", 0.3)


def failed(act: Callable[[], object]) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        act()
    return caught.value


def test_the_wish_stays_the_same_after_a_correction(part, wish, letter) -> None:
    assert wish() == wish("## 新闻\n\n雾又来了。")
    assert wish() != wish(page="https://lighthouse.example.org/other/", text="---\nid: x\n---\n文。")
    assert wish().key.endswith(PUBLISH_KEY_SUFFIX)
    assert len(letter("文。").rendering.parts) == 1


def test_without_an_address_the_title_says_which(wish, part, server: WeChatServer, session) -> None:
    page = "http://lighthouse.example.org/1/"
    assert json.loads(wish(page=page).body)["title"] == "灯塔周报 (2024-03-01)"
    session.deliver(part(page=page), TO)
    session._added_media_ids.clear()
    assert session.deliver(wish(page=page), TO).url == URL


def test_a_draft_is_published(server: WeChatServer, connect, part, wish, slept: list[float]) -> None:
    server.api.delay = 3
    with connect(publishes=True) as session:
        assert session.deliver(part(), TO).notes == ()
        server.calls.clear()
        receipt = session.deliver(wish(), TO)
    assert receipt.url == URL
    assert receipt.remote_id == "article/article2247483000"
    assert server.paths == ["freepublish/submit"] + ["freepublish/get"] * 4
    assert slept == [1.0, 2.0, 4.0]
    assert server.drafts == {}


def test_another_run_finds_its_draft(server: WeChatServer, connect, part, wish) -> None:
    with connect() as session:
        session.deliver(part(), TO)
    with connect() as session:
        assert session.deliver(wish("## 新闻\n\n雾又来了。"), TO).url == URL


def test_without_a_draft_there_is_nothing_to_publish(server: WeChatServer, session, wish) -> None:
    error = failed(lambda: session.deliver(wish(), TO))
    assert error.message == "草稿箱里没有这一期的草稿，无法发布"
    assert error.permanent
    assert "freepublish/submit" not in server.paths


@pytest.mark.parametrize("state", PUBLISH_STATUS_MESSAGES)
def test_each_end_is_told(server: WeChatServer, session, part, wish, state: int) -> None:
    server.api.state = state
    session.deliver(part(), TO)
    error = failed(lambda: session.deliver(wish(), TO))
    assert error.message == f"{PUBLISH_STATUS_MESSAGES[state].chinese} (publish_status {state})"
    assert error.hint
    assert error.permanent
    server.api.state = 0
    assert session.deliver(wish(), TO).url == URL.replace("000&", "001&")  # handed in again
    assert server.paths.count("freepublish/submit") == 2


def test_states_have_texts_of_their_own() -> None:
    assert sorted(PUBLISH_STATUS_MESSAGES) == [2, 3, 4, 5, 6]
    for column in zip(*PUBLISH_STATUS_MESSAGES.values(), strict=True):
        assert all(column)
        assert column[0] != column[1]


def test_an_account_that_may_not(server: WeChatServer, session, part, wish) -> None:
    session.deliver(part(), TO)
    server.api.rights.remove("freepublish")
    error = failed(lambda: session.deliver(wish(), TO))
    assert error.permanent
    assert "(48001)" in error.message
    assert "个人主体" in error.hint
    assert len(server.drafts) == 1


# ------------------------------------------------------------------ once and only once


def test_who_waited_too_long_goes_on_waiting(
    server: WeChatServer, connect, part, wish, slept: list[float]
) -> None:
    server.api.delay = 1000
    with connect() as session:
        session.deliver(part(), TO)
        with pytest.raises(OutcomeUnknownError, match="仍在发布"):
            session.deliver(wish(), TO)
        assert sum(slept) == sum(POLL_INTERVALS) == 120
        assert failed(lambda: session.probe(wish(), TO)).message == "微信收下了，仍在发布"
    server.api.delay = 0
    with connect() as session:
        found = session.probe(wish(), TO)
        assert (found.url, found.remote_id) == (URL, "article/article2247483000")
        assert session.deliver(wish(), TO).url == URL
    assert server.paths.count("freepublish/submit") == 1


def test_who_died_while_waiting_goes_on(server: WeChatServer, connect, part, wish) -> None:
    with connect() as session:
        session.deliver(part(), TO)
        session._publisher.submit(json.loads(wish().body)["issue"], next(iter(server.drafts)))
    with connect() as session:
        assert session.deliver(wish(), TO).url == URL
    assert server.paths.count("freepublish/submit") == 1


def test_an_end_that_came_while_nobody_waited(server: WeChatServer, connect, part, wish) -> None:
    with connect() as session:
        session.deliver(part(), TO)
        session._publisher.submit(json.loads(wish().body)["issue"], next(iter(server.drafts)))
    server.api.state, server.api.delay = 4, 0
    with connect() as session:
        assert session.probe(wish(), TO) is None
        assert "审核" in failed(lambda: session.deliver(wish(), TO)).message
    assert server.paths.count("freepublish/submit") == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", ["drop_after", "hang", "busy_after", "html_after"])
def test_an_answer_that_is_lost(server: WeChatServer, session, part, wish, kind: Any) -> None:
    """It was handed in, and nobody knows its number: it is found among the published. Until then it may be
    under review, and is not handed in a second time."""
    session.deliver(part(), TO)
    server.script(Fault(kind, of="freepublish/submit", value=502))
    with pytest.raises(OutcomeUnknownError):
        session.deliver(wish(), TO)
    server.script()
    assert "无法确定草稿是否已提交" in failed(lambda: session.probe(wish(), TO)).message
    (publish_id,) = server.api.publications
    for _ in range(2):
        server.api._freepublish_get({"publish_id": publish_id})
    assert session.probe(wish(), TO).url == URL
    assert server.paths.count("freepublish/submit") == 1


def test_questions_without_answer_are_asked_again(
    server: WeChatServer, session, part, wish, slept: list[float]
) -> None:
    session.deliver(part(), TO)
    server.script(Fault("html", call=1, of="freepublish/get", value=502))
    assert session.deliver(wish(), TO).url == URL
    assert slept == [1.0, 2.0]


# --------------------------------------------------------------------- and afterwards


@pytest.mark.parametrize("remembered", [True, False])
def test_what_is_published_is_not_drafted_again(
    server: WeChatServer, connect, part, wish, environment, remembered: bool
) -> None:
    """A5."""
    with connect(publishes=True) as session:
        name = session.deliver(part(), TO).remote_id
        article = session.deliver(wish(), TO).remote_id
    if not remembered:
        (environment / "publishing.json").unlink()
    with connect(publishes=True) as session:
        error = failed(lambda: session.edit(part("## 新闻\n\n雾又来了。"), TO, name))
        assert error.message == "这一期已经发布，接口不能修改已发布的文章"
        assert error.permanent
        assert failed(lambda: session.edit(wish(), TO, article)).permanent
        stays = session.delete(TO, article)
        assert not stays.changed
        assert "留在原处" in stays.notes[0]
    assert server.drafts == {}
    assert len(server.api.articles) == 1


def test_a_published_article_that_was_deleted_does_not_count(
    server: WeChatServer, connect, part, wish, environment
) -> None:
    with connect(publishes=True) as session:
        session.deliver(part(), TO)
        session.deliver(wish(), TO)
        (environment / "publishing.json").unlink()
        next(iter(server.api.articles.values()))["is_deleted"] = True
        failed(lambda: session.probe(wish(), TO))
