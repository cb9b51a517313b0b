"""The wechat channel: an issue as an article of a WeChat official account.

draft.json          the draft, as WeChat's interface takes it but for its pictures
publish.json        that it is to be published too, if that is asked for

Beside them lie, for the eye and for WeChat's editor:

article.html        the article alone
preview.html        a page that shows it and puts it on the clipboard
meta.json           its title, author, digest, and what became of every link

Without an `appid` all of it is written as files; with one, the draft goes into the account's drafts. The
article has the same bytes on either way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from publisher.channel import Context, Finding, Rendering, Session
from publisher.channels.wechat.settings import CONTENT_LIMIT, MAX_EDITOR_TITLE_LENGTH, WeChatSettings
from publisher.dataclass import dataclass
from publisher.errors import ConfigError
from publisher.files import FolderSession
from publisher.model import Issue

if TYPE_CHECKING:
    from publisher.channels.wechat.client import WeChatClient


@dataclass(frozen=True, slots=True)
class WeChat(WeChatSettings):
    """An official account at WeChat, with its settings."""

    name: ClassVar[str] = "wechat"
    can_edit: ClassVar[bool] = True
    ordered: ClassVar[bool] = True
    idempotent: ClassVar[bool] = False
    concurrency: ClassVar[int] = 1
    locked_after_publication: ClassVar[bool] = True  # a draft that was published is gone
    timeout: ClassVar[float] = 600.0
    limits: ClassVar[Mapping[str, int]] = {"characters": CONTENT_LIMIT - 1, "title": MAX_EDITOR_TITLE_LENGTH}

    @property
    def destination(self) -> str:
        """The account; empty as long as there is none to deliver to."""
        return self.appid

    @property
    def test_recipient(self) -> str:
        """The editor, or else the drafts, which nobody sees but the editors of the account."""
        from publisher.channels.wechat.test_send import DRAFTS_RECIPIENT

        return (self.me or DRAFTS_RECIPIENT) if self.appid else ""

    def recipients(self) -> Iterator[str]:
        """The account."""
        yield self.destination

    def render(self, issue: Issue, context: Context) -> Rendering:
        """The draft, and beside it the article, its preview page and its facts; needs `context.entry`.

        The issue went through `publishable` and `absolute`. An article that WeChat would not take is made
        all the same, with a warning that says by how much it is too long and what would help.
        """
        from publisher.channels.wechat.render import render

        return render(self, issue, context)

    def session(self) -> AbstractContextManager[Session]:
        """A connection that delivers to the account; without one it writes files below its destination."""
        if not self.appid:
            return FolderSession()
        from publisher.channels.wechat.session import DraftSession

        root = Path(self._root)
        return DraftSession(self._client, root, title_limit=self.title_limit, publishes=self.publish)

    def diagnose(self) -> Iterator[Finding]:
        """Whether it could deliver to the account. Raises ConfigError when there is none."""
        if not self.appid:
            raise ConfigError(
                "there is no appid, so the article is written as files",
                'add appid = "wx…" and secret = "env:WECHAT_SECRET", from mp.weixin.qq.com',
            )
        from publisher.channels.wechat.doctor import diagnose

        front = Path(self._root, self.cover) if self.cover else None
        return diagnose(self._client, self.appid, front, publishes=self.publish)

    @property
    def _client(self) -> WeChatClient:
        from publisher.channels.wechat.client import WeChatClient

        return WeChatClient(self.appid, self.secret, self.api, self._lang)
