"""WeChat from the command line to the drafts: an issue has one draft, whatever fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.newsletter import ProcessProject
from tests.support.servers.wechat_api import Fault, WeChatServer
from tests.support.servers.wechat_rules import APPID, SECRET

SEND = ("--channel", "wechat", "--yes")


class WeChatProject(ProcessProject):
    """A newsletter with an account on the server, and the output of publishing it."""

    def __init__(self, root: Path, server: WeChatServer) -> None:
        self.server = server
        env = {"TIDE_SECRET": SECRET, "NO_PROXY": "*", "XDG_CACHE_HOME": str(root / "caches")}
        super().__init__(root, self._channel(), env)
        self.write_item()

    def _channel(self, more: str = "") -> str:
        return f"""[channels.wechat]
appid = "{APPID}"
secret = "env:TIDE_SECRET"
api = "{self.server.url}"
{more}"""

    def configure(self, more: str = "") -> None:
        self.configure_channel(self._channel(more))

    def write_item(self, text: str = "涨潮了。") -> None:
        issue = f"# 慢工 (2021-07-18)：题\n\n## 新闻\n\n- [潮](https://e.org/1)\n摘要：{text}\n"
        (self.root / "issues" / "2021-07-18.md").write_text(issue, "utf-8")

    def publish(self, *words: str, code: int = 0, env: dict[str, str] | None = None) -> dict[str, Any]:
        """Return the outcome of the channel. No secret is ever printed."""
        result = super().publish(*(words or SEND), code=code, env=env)
        assert SECRET not in self.said
        assert not any(token in self.said for token in self.server.api.tokens)
        outcome: dict[str, Any] = result.get("channels", {}).get("wechat", {})
        return outcome

    @property
    def calls(self) -> list[str]:
        """The calls since this property was last read."""
        made = self.server.paths
        fresh, self._seen = made[getattr(self, "_seen", 0) :], len(made)
        return fresh


@pytest.fixture
def letter(tmp_path: Path, server: WeChatServer) -> WeChatProject:
    return WeChatProject(tmp_path / "letter", server)


def test_a_test_draft_becomes_the_draft(letter: WeChatProject) -> None:
    result = letter.publish("--channel", "wechat", "--to-me")
    assert result["destination"] == "drafts"
    assert result["url"].startswith("http://mp.weixin.qq.com/s?")
    assert "校样已放入草稿箱" in letter.said
    [media_id] = letter.server.drafts
    letter.publish("--channel", "wechat", "--to-me")
    assert letter.publish()["sent"] == 1
    assert list(letter.server.drafts) == [media_id]
    assert letter.server.paths.count("draft/add") == 1
    letter.publish()
    assert list(letter.server.drafts) == [media_id]


def test_an_issue_is_delivered_exactly_once(letter: WeChatProject) -> None:
    assert letter.publish()["sent"] == 1
    assert letter.calls == ["stable_token", "material/add_material", "draft/add"]
    letter.publish()
    (letter.root / ".publisher" / "cache" / "site.json").unlink()
    letter.publish()
    assert letter.calls == []
    letter.write_item("退潮了。")
    assert letter.publish()["changed"] == 1
    assert letter.calls == ["draft/get", "draft/update"]
    (draft,) = letter.server.drafts.values()
    assert "退潮了" in draft["content"]


def test_a_draft_with_a_lost_response_is_found_and_kept(letter: WeChatProject) -> None:
    """Row 39."""
    letter.server.script(Fault("drop_after", call=1, of="draft/add"))
    assert letter.publish()["sent"] == 1
    assert letter.calls[2:] == ["draft/add", "draft/batchget"]
    letter.write_item("退潮了。")
    letter.publish()
    (draft,) = letter.server.drafts.values()
    assert "退潮了" in draft["content"]


@pytest.mark.parametrize("place", ["sending", "acted"])
def test_a_killed_run_leaves_one_draft(letter: WeChatProject, place: str) -> None:
    env = {"PUBLISHER_FAILPOINT": f"{place}:kill"}
    letter.publish(code=-9, env=env)
    assert len(letter.server.drafts) == (place == "acted")
    if place == "acted":
        letter.publish()
        assert list(letter.server.drafts) == ["draft_0003"]


def test_an_issue_that_is_too_long_fails_on_this_channel_only(letter: WeChatProject) -> None:
    letter.write_item("涨" * 20_000)
    outcome = letter.publish("--yes", code=3)
    assert "is too long, so it is left out: 20," in outcome["error"]["message"]
    assert (letter.root / "public" / "2021-07-18" / "index.html").exists()
    assert letter.calls == []
    letter.write_item()
    assert letter.publish("--yes")["sent"] == 1


def test_a_rejected_token_stops_only_this_channel(letter: WeChatProject) -> None:
    """Row 33."""
    letter.server.script(Fault("refuse", value=40001))
    letter.publish("--yes", code=3)
    assert "(40001)" in letter.said
    assert letter.calls == ["stable_token"]
    assert (letter.root / "public" / "feed.xml").exists()


def test_a_dry_run_makes_no_call(letter: WeChatProject) -> None:
    """A10."""
    letter.publish("--channel", "wechat", "--dry-run")
    letter.publish("--channel", "wechat", "--out", "copy")
    assert letter.calls == []
    assert (letter.root / "copy" / "outbox" / "2021-07-18" / "wechat" / "article.html").exists()


def test_an_issue_is_published(letter: WeChatProject) -> None:
    letter.configure("publish = true")
    assert letter.publish()["url"].startswith("http://mp.weixin.qq.com/s?")
    assert letter.server.drafts == {}
    letter.calls.clear()
    letter.publish()
    assert letter.calls == []


def test_a_draft_under_review_is_not_submitted_again(letter: WeChatProject) -> None:
    """The response is lost, and WeChat lists no article before its review has ended."""
    letter.configure("publish = true")
    letter.server.script(Fault("drop_after", call=1, of="freepublish/submit"))
    letter.publish(code=4)
    letter.publish(code=4)
    assert "publish resolve 2021-07-18 --channel wechat" in letter.said
    (number,) = letter.server.api.publications
    for _ in range(2):
        letter.server.api._freepublish_get({"publish_id": number})
    assert letter.publish()["url"].startswith("http://mp.weixin.qq.com/s?")
    assert letter.server.paths.count("freepublish/submit") == 1


def test_an_account_not_authorized_to_publish_keeps_the_draft(letter: WeChatProject) -> None:
    """Without `publish` the draft is all there is to deliver, and no error remains."""
    letter.configure("publish = true")
    letter.server.api.rights.remove("freepublish")
    letter.publish(code=3)
    assert "去掉 publish = true，再运行 publish correct" in letter.said
    letter.configure()
    letter.publish("correct", "2021-07-18", *SEND)
    letter.publish()
    assert len(letter.server.drafts) == 1
    assert letter.server.paths.count("freepublish/submit") == 1


def test_an_issue_published_by_hand_gets_no_draft(letter: WeChatProject) -> None:
    """A5: an issue whose URL was recorded has already been published."""
    letter.publish("resolve", "2021-07-18", "--url", "wechat", "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOp")
    letter.publish()
    assert letter.calls == []
    assert letter.server.drafts == {}


def test_another_theme_replaces_a_draft(letter: WeChatProject) -> None:
    letter.publish()
    [(media_id, before)] = letter.server.drafts.items()
    letter.configure('theme = "tech"')
    letter.publish()
    [(again, after)] = letter.server.drafts.items()
    assert again == media_id
    assert after["content"] != before["content"]
    letter.publish()
    assert letter.server.paths.count("draft/update") == 1


def test_another_theme_leaves_a_published_article_alone(letter: WeChatProject) -> None:
    letter.publish()
    letter.publish("resolve", "latest", "--url", "wechat", "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv")
    calls = len(letter.server.paths)
    letter.configure('theme = "warm"')
    letter.publish()
    assert len(letter.server.paths) == calls
