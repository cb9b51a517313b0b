"""Drafts of an account: added, updated, found again, deleted. A1, A2, A4 and A5."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from publisher.channel import Part, Session
from publisher.channels.wechat import WeChat
from publisher.channels.wechat.draft import is_same_article, parse_draft
from publisher.errors import ConfigError, DeliveryError
from tests.support.servers.wechat_api import Fault, WeChatServer
from tests.support.servers.wechat_rules import APPID

TO = APPID
FIRST = ["stable_token", "material/add_material", "draft/add"]


def edited(part: Part, **fields: str) -> Part:
    """The draft with some fields replaced."""
    envelope = json.loads(part.body)
    envelope["articles"][0].update(fields)
    return replace(part, body=json.dumps(envelope, ensure_ascii=False).encode())


def refused(act: Callable[[], object]) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        act()
    return caught.value


# -------------------------------------------------------------------- drafts


def test_a_draft_is_added(server: WeChatServer, session, part) -> None:
    draft = part("## 新闻\n\n- [雾 & 光](https://e.org/?a=1&b=2)\n摘要：散了。")
    receipt = session.deliver(draft, TO)
    assert server.paths == FIRST
    ((media_id, there),) = server.drafts.items()
    assert receipt.remote_id == media_id
    assert receipt.changed
    assert receipt.notes == ("草稿已放入公众平台的草稿箱; 检查无误后在那里发表",)
    wanted = parse_draft(draft).article
    for key in ("title", "author", "digest", "content", "content_source_url"):
        assert there[key] == wanted[key], key
    assert there["thumb_media_id"] in server.api.covers


def test_request_body_is_unescaped_utf8(server: WeChatServer, session, part) -> None:
    """A2: WeChat counts all six characters of an escape."""
    session.deliver(part("## 新闻\n\n雾散了🙂。"), TO)
    session.edit(part("## 新闻\n\n雾又来了。"), TO, next(iter(server.drafts)))
    for call in server.calls:
        if call.path.startswith("draft/") and call.path != "draft/get":
            assert b"\\u" not in call.body
            assert "雾".encode() in call.body


def test_an_unchanged_draft_is_not_updated(server: WeChatServer, session, part) -> None:
    """A4. WeChat returns URLs HTML-escaped."""
    page = "https://lighthouse.example.org/?a=1&b=2"
    name = session.deliver(part(page=page), TO).remote_id
    server.calls.clear()
    receipt = session.edit(part(page=page), TO, name)
    assert receipt == replace(receipt, changed=False, remote_id=name)
    assert server.paths == ["draft/get"]


def test_a_changed_draft_keeps_its_media_id(server: WeChatServer, session, part) -> None:
    name = session.deliver(part(), TO).remote_id
    server.calls.clear()
    for _ in range(2):  # twice is the same as once
        assert session.edit(part("## 新闻\n\n雾又来了。"), TO, name).remote_id == name
    assert server.paths == ["draft/get", "draft/update", "draft/get"]
    assert list(server.drafts) == [name]
    assert "雾又来了" in server.drafts[name]["content"]


def test_a_deleted_draft_is_added_again_once(server: WeChatServer, session, part) -> None:
    name = session.deliver(part(), TO).remote_id
    server.drafts.clear()
    new = part("## 新闻\n\n雾又来了。")
    receipt = session.edit(new, TO, name)
    assert receipt.remote_id != name
    assert "已不在草稿箱里" in receipt.notes[-1]
    again = session.edit(new, TO, name)  # as after a crash before the new name was on the books
    assert again == replace(again, changed=False, remote_id=receipt.remote_id)
    newer = session.edit(part("## 新闻\n\n雾第三次来。"), TO, name)
    assert newer.remote_id == receipt.remote_id
    assert list(server.drafts) == [receipt.remote_id]


def test_a_draft_is_deleted(server: WeChatServer, session, part) -> None:
    name = session.deliver(part(), TO).remote_id
    assert session.delete(TO, name).changed
    assert server.drafts == {}
    assert not session.delete(TO, name).changed


# ------------------------------------------------------------------ found again


def test_a_draft_is_found_by_its_content(server: WeChatServer, session, part) -> None:
    assert session.probe(part(), TO) is None
    name = session.deliver(part(), TO).remote_id
    assert session.probe(part(), TO).remote_id == name
    assert session.probe(part("## 新闻\n\n雾又来了。"), TO) is None
    assert session.probe(part(page="https://lighthouse.example.org/other/"), TO) is None


def test_a_draft_is_found_on_the_last_page(server: WeChatServer, session, part) -> None:
    name = session.deliver(part(), TO).remote_id
    server.api.drafts |= {f"m{n}": server.drafts[name] | {"content_source_url": ""} for n in range(44)}
    server.calls.clear()
    assert session.probe(part(), TO).remote_id == name
    assert server.paths == ["draft/batchget"] * 3
    assert all(json.loads(call.body)["no_content"] == 1 for call in server.calls)


def test_a_draft_with_an_edited_title_is_found(server: WeChatServer, session, part) -> None:
    name = session.deliver(part(), TO).remote_id
    server.drafts[name]["title"] = "手工改过"
    assert session.probe(part(), TO).remote_id == name


def test_without_a_source_url_a_draft_is_found_by_its_fields(server: WeChatServer, session, part) -> None:
    plain = part(page="http://lighthouse.example.org/1/")
    assert parse_draft(plain).article["content_source_url"] == ""
    name = session.deliver(plain, TO).remote_id
    assert session.probe(plain, TO).remote_id == name
    server.drafts[name]["digest"] = "手工改过"
    assert session.probe(plain, TO) is None


def test_fields_are_compared_unescaped(session, part) -> None:
    """WeChat returns &amp; for an ampersand, here in a URL without room for a marker."""
    long = part(page="https://lighthouse.example.org/?a=1&b=".ljust(1000, "x"))
    assert session.deliver(long, TO).remote_id == session.probe(long, TO).remote_id


def test_marker_identifies_issue_and_content(part) -> None:
    def marks(**keys: Any) -> tuple[str, str]:
        page, _, mark = parse_draft(part(**keys)).article["content_source_url"].partition("#")
        assert page == "https://lighthouse.example.org/letter/2024-03-01/"
        _, issue, content = mark.split("-")
        return issue, content

    first, second = marks(text="## 新闻\n\n雾散了。"), marks(text="## 新闻\n\n雾来了。")
    assert first[0] == second[0]
    assert first[1] != second[1]
    assert marks(cover="a.png")[1] != marks(cover="b.png")[1]


def test_marker_is_left_out_of_a_long_source_url(part) -> None:
    page = "https://lighthouse.example.org/"
    assert "#" in parse_draft(part(page=page.ljust(1024 - 34, "x"))).article["content_source_url"]
    long = page.ljust(1024 - 33, "x")
    assert parse_draft(part(page=long)).article["content_source_url"] == long


def test_is_same_article_compares_every_field(part) -> None:
    article = parse_draft(part(page="http://x.example/1/")).article
    assert is_same_article(article, article)
    for key in ("title", "digest", "content_source_url"):
        assert not is_same_article(article | {key: "别的"}, article)


# ----------------------------------------------------------------------- limits


LONG = "https://lighthouse.example.org/"
TOO_LONG: list[tuple[dict[str, str], str]] = [
    ({"title": "字" * 33}, "标题有 33 个字，超出 1 个：微信最多允许 32 个"),
    ({"author": "字" * 17}, "作者名有 17 个字，超出 1 个：微信最多允许 16 个"),
    ({"digest": "字" * 130}, "摘要有 130 个字，超出 2 个：微信最多允许 128 个"),
    ({"content": "字" * 20_000}, "正文连同标签有 20000 个字符，超出 1 个：微信要求少于 20000 个"),
    ({"content": "🙂" * 10_001}, "正文连同标签有 20002 个字符，超出 3 个：微信要求少于 20000 个"),
    ({"content_source_url": LONG.ljust(1025, "x")}, "「阅读原文」的链接有 1025 字节，超出 1 字节"),
    ({"content_source_url": "http://e.org/"}, "「阅读原文」的链接 http://e.org/ 不是完整的 https 链接"),
    ({"content_source_url": "/1/"}, "「阅读原文」的链接 /1/ 不是完整的 https 链接"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "said"), TOO_LONG, ids=range(len(TOO_LONG)))
def test_a_draft_over_a_limit_is_rejected_before_any_call(
    server: WeChatServer, session: Session, part, fields: dict[str, str], said: str
) -> None:
    """A1."""
    for act in (
        lambda: session.deliver(edited(part(), **fields), TO),
        lambda: session.edit(edited(part(), **fields), TO, "m"),
    ):
        error = refused(act)
        assert error.message.startswith(said)
        assert error.permanent
        assert error.hint
    assert server.calls == []


def test_a_draft_at_every_limit_is_added(server: WeChatServer, session: Session, part) -> None:
    full = {"title": "字" * 32, "author": "字" * 16, "digest": "字" * 128, "content": "字" * 19_999}
    session.deliver(edited(part(), **full, content_source_url=LONG.ljust(1024, "x")), TO)
    assert len(server.drafts) == 1


def test_title_limit_leaves_a_longer_title_to_wechat(server: WeChatServer, connect, part) -> None:
    with connect(title_limit=64) as session:
        error = refused(lambda: session.deliver(edited(part(), title="字" * 33), TO))
    assert error.message == "标题太长，超出微信的限制 (45003)"
    assert server.paths == FIRST


def test_errors_in_english(connect, part) -> None:
    with connect(lang="en-GB") as session:
        error = refused(lambda: session.deliver(edited(part(), title="x" * 40), TO))
    assert (error.message, error.hint) == ("the title has 40 characters, 8 too many: WeChat allows 32", "shorten it")


# ------------------------------------------------------------------------ cover


def test_a_deleted_cover_is_uploaded_again(server: WeChatServer, session, part) -> None:
    name = session.deliver(part(), TO).remote_id
    server.api.covers.clear()
    server.calls.clear()
    session.edit(part("## 新闻\n\n雾又来了。"), TO, name)
    assert server.paths == ["draft/get", "draft/update", "material/add_material", "draft/update"]
    assert server.drafts[name]["thumb_media_id"] in server.api.covers


def test_a_cover_rejected_twice_is_a_permanent_error(server: WeChatServer, session, part) -> None:
    server.script(Fault("refuse", of="draft/add", value=40007, text="invalid media_id"))
    assert refused(lambda: session.deliver(part(), TO)).permanent
    assert server.paths.count("draft/add") == 2


# --------------------------------------------------------------------- settings


def test_the_destination_is_the_account() -> None:
    live = WeChat(appid=APPID, secret="env:TIDE_SECRET")
    assert (live.destination, live.test_recipient, [*live.recipients()]) == (APPID, "drafts", [APPID])
    assert WeChat().destination == ""


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"appid": "wx 1"}, "appid must contain only letters and digits"),
        ({"appid": "../etc"}, "appid must contain only letters and digits"),
        ({"appid": "wx_1"}, "appid must contain only letters and digits"),
        ({"appid": "wx1"}, "appid is set, but secret is not"),
        ({"secret": "env:X"}, "secret is set, but appid is not"),
        ({"api": "http://api.weixin.qq.com"}, "api must be the https URL"),
        ({"api": "https://user@api.weixin.qq.com"}, "api must be the https URL"),
    ],
)
def test_invalid_account_settings_are_rejected(keys: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        WeChat(**keys)  # type: ignore[arg-type]
    assert caught.value.hint


@pytest.mark.parametrize("api", ["https://proxy.example.org/wechat", "http://127.0.0.1:8080", "http://[::1]"])
def test_other_api_urls_are_accepted(api: str) -> None:
    WeChat(api=api)


def test_without_an_account_no_call_is_made(server: WeChatServer, environment, letter, tmp_path) -> None:
    """A10: rendering makes no call, and the preview page copies exactly what would be sent."""
    made = letter("## 新闻\n\n雾散了。", api=server.url, appid=APPID, secret="env:NOT_THERE")
    with WeChat(api=server.url).session() as session:
        for part in (*made.rendering.parts, *made.rendering.previews):
            session.deliver(part, str(tmp_path))
    written = tmp_path / "outbox" / "2024-03-01" / "wechat"
    article = (written / "article.html").read_text("utf-8")
    assert json.loads((written / "draft.json").read_bytes())["articles"][0]["content"] == article
    assert article in (written / "preview.html").read_text("utf-8")
    assert server.calls == []
    assert not environment.exists()
