"""Publishing a draft: it is submitted once, and every final status is reported. A5 and A7."""

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


def failed(act: Callable[[], object]) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        act()
    return caught.value


def test_a_correction_does_not_change_the_publish_part(part, wish, letter) -> None:
    assert wish() == wish("## 新闻\n\n雾又来了。")
    assert wish() != wish(page="https://lighthouse.example.org/other/", text="---\nid: x\n---\n文。")
    assert wish().key.endswith(PUBLISH_KEY_SUFFIX)
    assert len(letter("文。").rendering.parts) == 1


def test_without_a_source_url_the_title_identifies_the_issue(wish, part, server: WeChatServer, session) -> None:
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


def test_another_run_finds_the_draft_to_publish(server: WeChatServer, connect, part, wish) -> None:
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
def test_each_final_status_has_a_message(server: WeChatServer, session, part, wish, state: int) -> None:
    server.api.state = state
    session.deliver(part(), TO)
    error = failed(lambda: session.deliver(wish(), TO))
    assert error.message == f"{PUBLISH_STATUS_MESSAGES[state].chinese} (publish_status {state})"
    assert error.hint
    assert error.permanent
    server.api.state = 0
    assert session.deliver(wish(), TO).url == URL.replace("000&", "001&")  # handed in again
    assert server.paths.count("freepublish/submit") == 2


def test_messages_of_final_statuses_differ() -> None:
    assert sorted(PUBLISH_STATUS_MESSAGES) == [2, 3, 4, 5, 6]
    for column in zip(*PUBLISH_STATUS_MESSAGES.values(), strict=True):
        assert all(column)
        assert column[0] != column[1]


def test_an_account_not_authorized_to_publish(server: WeChatServer, session, part, wish) -> None:
    session.deliver(part(), TO)
    server.api.rights.remove("freepublish")
    error = failed(lambda: session.deliver(wish(), TO))
    assert error.permanent
    assert "(48001)" in error.message
    assert "个人主体" in error.hint
    assert len(server.drafts) == 1


# ------------------------------------------------------------------ once and only once


def test_a_second_run_waits_for_the_same_publication(
    server: WeChatServer, connect, part, wish, slept: list[float]
) -> None:
    server.api.delay = 1000
    with connect() as session:
        session.deliver(part(), TO)
        with pytest.raises(OutcomeUnknownError, match="仍在发布"):
            session.deliver(wish(), TO)
        assert sum(slept) == sum(POLL_INTERVALS) == 120
        assert failed(lambda: session.probe(wish(), TO)).message == "微信已接受提交，仍在发布中"
    server.api.delay = 0
    with connect() as session:
        found = session.probe(wish(), TO)
        assert (found.url, found.remote_id) == (URL, "article/article2247483000")
        assert session.deliver(wish(), TO).url == URL
    assert server.paths.count("freepublish/submit") == 1


def test_a_run_after_a_crash_waits_for_the_same_publication(server: WeChatServer, connect, part, wish) -> None:
    with connect() as session:
        session.deliver(part(), TO)
        session._publisher.submit(json.loads(wish().body)["issue"], next(iter(server.drafts)))
    with connect() as session:
        assert session.deliver(wish(), TO).url == URL
    assert server.paths.count("freepublish/submit") == 1


def test_a_final_status_reached_between_two_runs(server: WeChatServer, connect, part, wish) -> None:
    with connect() as session:
        session.deliver(part(), TO)
        session._publisher.submit(json.loads(wish().body)["issue"], next(iter(server.drafts)))
    server.api.state, server.api.delay = 4, 0
    with connect() as session:
        assert session.probe(wish(), TO) is None
        assert "审核" in failed(lambda: session.deliver(wish(), TO)).message
    assert server.paths.count("freepublish/submit") == 1


@pytest.mark.usefixtures("hurry")
@pytest.mark.parametrize("kind", ["drop_after", "hang", "busy_after", "html_after"])
def test_a_lost_response_to_the_submission(server: WeChatServer, session, part, wish, kind: Any) -> None:
    """The draft was submitted, but its publish_id is unknown: it is found among the published articles.

    Until then it may be under review, and is not submitted again.
    """
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


def test_a_poll_without_response_is_repeated(server: WeChatServer, session, part, wish, slept: list[float]) -> None:
    session.deliver(part(), TO)
    server.script(Fault("html", call=1, of="freepublish/get", value=502))
    assert session.deliver(wish(), TO).url == URL
    assert slept == [1.0, 2.0]


# --------------------------------------------------------------------- and afterwards


@pytest.mark.parametrize("remembered", [True, False])
def test_a_published_issue_gets_no_new_draft(
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
        assert "没有删除" in stays.notes[0]
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
