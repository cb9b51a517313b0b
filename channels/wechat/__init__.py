"""The wechat channel: an issue as an article of a WeChat official account.

Parts to deliver:

draft.json          the draft as WeChat's API takes it, with the original image URLs
publish.json        the request to publish the draft, only with `publish = true`

Previews, for the editor and for pasting into WeChat's web editor:

article.html        the article alone
preview.html        a page that shows the article and copies it to the clipboard
meta.json           title, author, digest, and the form of every link

Without an `appid` all of these are written as files; with one, the draft is added to the account's drafts.
The bytes of the article are the same in both cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from publisher.channel import Capabilities, Context, Finding, MessageChannel, Rendering, Session
from publisher.channels.wechat.settings import CONTENT_LIMIT, MAX_EDITOR_TITLE_LENGTH, WeChatSettings
from publisher.errors import ConfigError
from publisher.folder_session import FolderSession
from publisher.labels import get_labels
from publisher.links import is_loopback_url
from publisher.local_files import FileAccess
from publisher.model import Issue
from publisher.newsletter import Newsletter
from publisher.subscription import SubscribeOption

if TYPE_CHECKING:
    from publisher.channels.wechat.client import WeChatClient


class WeChat(WeChatSettings, MessageChannel, frozen=True):
    """An article for a WeChat official account."""

    name: ClassVar[str] = "wechat"
    capabilities: ClassVar[Capabilities] = Capabilities(
        limits={"characters": CONTENT_LIMIT - 1, "title": MAX_EDITOR_TITLE_LENGTH},
        templates=("wechat-preview.html",),
        can_edit=True,
        can_probe=True,
        ordered=True,
        timeout=600.0,
        locked_after_publication=True,  # publishing a draft removes it from the drafts
    )

    @property
    def destination(self) -> str:
        """Return the AppID of the account; empty when none is configured."""
        return self.appid

    @property
    def test_recipient(self) -> str:
        """Return `me`, or else the account's drafts, which only its editors see; empty without an account."""
        from publisher.channels.wechat.test_send import DRAFTS_RECIPIENT

        return (self.me or DRAFTS_RECIPIENT) if self.appid else ""

    @property
    def is_local(self) -> bool:
        """Whether the server of the API is on this machine."""
        return is_loopback_url(self.api)

    def build_subscribe_option(self, newsletter: Newsletter) -> SubscribeOption | None:
        """Return the account, by the name of the newsletter: WeChat has no link that opens one."""
        labels = get_labels(newsletter.lang)
        option = SubscribeOption(labels["wechat"], labels["subscribe_wechat"], newsletter.name)
        return option if self.active_destination else None

    def render(self, issue: Issue, context: Context) -> Rendering:
        """Return the draft, with the article, its preview page and meta.json as previews.

        `issue` has been through the transforms `publishable` and `absolute`; `context.entry` is required. An
        article over WeChat's size limit is rendered anyway, with a warning about its length.
        """
        from publisher.channels.wechat.render import render

        return render(self, issue, context)

    def session(self) -> Session:
        """Return a session that delivers to the account, or without an account one that writes files."""
        if not self.appid:
            return FolderSession()
        from publisher.channels.wechat.session import DraftSession

        root = Path(self._root)
        return DraftSession(
            self._client, root, title_limit=self.title_limit, publishes=self.publish, private_files=self._private_files
        )

    def diagnose(self) -> Iterator[Finding]:
        """Yield what read-only API calls find out about the account. Raise ConfigError without an account."""
        if not self.appid:
            raise ConfigError(
                "no appid is set, so the article is only written to files",
                'add appid = "wx…" and secret = "env:WECHAT_SECRET", from mp.weixin.qq.com',
            )
        from publisher.channels.wechat.doctor import diagnose

        files = FileAccess(self._root, self._private_files)
        return diagnose(self._client, self.appid, files, self.cover, self.qr, publishes=self.publish)

    @property
    def _client(self) -> WeChatClient:
        from publisher.channels.wechat.client import WeChatClient

        return WeChatClient(self.appid, self.secret, self.api, self._lang)
