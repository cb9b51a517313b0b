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

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from publisher.channel import Context, Finding, Part, Rendering, Session
from publisher.channels.wechat.article import Setting, article
from publisher.channels.wechat.draft import PUBLISH, draft_of, part_of, wanted_part
from publisher.channels.wechat.earlier import earlier, with_articles
from publisher.channels.wechat.limits import AUTHOR, CONTENT, EDITOR_TITLE, TITLE, excess
from publisher.channels.wechat.meta import meta_of
from publisher.channels.wechat.preview import preview
from publisher.channels.wechat.report import facts, too_long, warnings
from publisher.credentials import Reference
from publisher.dataclass import dataclass
from publisher.errors import ConfigError
from publisher.files import FolderSession
from publisher.model import Issue
from publisher.words import words

if TYPE_CHECKING:
    from publisher.channels.wechat.account import Account

_INLINE, _FOOTNOTE = "inline", "footnote"
_SHORTEST_TITLE = 16  # a date, and a few characters of the name
_HTML = "text/html; charset=utf-8"
_LOOPBACK = r"localhost|127\.\d+\.\d+\.\d+|\[::1\]"
_API = rf"(?:https://[^\s/?#@]+|http://(?:{_LOOPBACK})(?::\d+)?)(?:/[^\s?#]*)?"


@dataclass(frozen=True, slots=True)
class Wechat:
    """`links` says where an address stands that WeChat does not open: "inline" in its place, "footnote" in a
    list at the end. `author` is who WeChat says wrote it, the newsletter's author if empty. A title has at
    most `title_limit` characters. `footer` are lines to print in place of the issue's own footer.

    `appid` is the account, and `secret` says where its AppSecret is; without them the channel writes files.
    `cover` is a picture's file, and without one a cover is drawn. `publish` publishes the draft too. `me` is
    the editor at WeChat, for proofs on the phone: the name there, or the OpenID. `api` is the address of
    WeChat's interface. `_lang` and `_root` are the newsletter's language and folder.
    """

    name: ClassVar[str] = "wechat"
    updates: ClassVar[bool] = True
    ordered: ClassVar[bool] = True
    repeatable: ClassVar[bool] = False
    window: ClassVar[int] = 1
    ends_with_address: ClassVar[bool] = True  # a draft that was published is gone
    patience: ClassVar[float] = 600.0
    limits: ClassVar[Mapping[str, int]] = {"characters": CONTENT - 1, "title": EDITOR_TITLE}

    links: str = _INLINE
    author: str = ""
    title_limit: int = TITLE
    footer: tuple[str, ...] = ()
    appid: str = ""
    secret: Reference = ""
    cover: str = ""
    publish: bool = False
    me: str = ""
    api: str = "https://api.weixin.qq.com"
    _lang: str = ""
    _root: str = "."

    def __post_init__(self) -> None:
        if self.links not in (_INLINE, _FOOTNOTE):
            raise ConfigError(
                f'links must be "{_INLINE}" or "{_FOOTNOTE}", not "{self.links}"',
                f"{_INLINE} prints addresses in their place, {_FOOTNOTE} in a list at the end",
            )
        if len(self.author) > AUTHOR:
            raise ConfigError(
                f"author has {len(self.author)} characters, WeChat takes {AUTHOR}", "shorten it"
            )
        if not _SHORTEST_TITLE <= self.title_limit <= EDITOR_TITLE:
            raise ConfigError(
                f"title_limit must be {_SHORTEST_TITLE} to {EDITOR_TITLE}, not {self.title_limit}",
                f"WeChat's draft interface takes {TITLE}, its editor {EDITOR_TITLE}",
            )
        if not re.fullmatch(r"\w*", self.appid, re.ASCII):
            raise ConfigError(
                f'appid must be letters and digits, not "{self.appid}"', 'like appid = "wx0123456789abcdef"'
            )
        if bool(self.appid) != bool(self.secret):
            have, lack = ("appid", "secret") if self.appid else ("secret", "appid")
            raise ConfigError(
                f"there is {have} and no {lack}",
                'add appid = "wx…" and secret = "env:WECHAT_SECRET", or leave out both to write files',
            )
        if not re.fullmatch(r"[\w-]*", self.me, re.ASCII):
            raise ConfigError(
                f'me must be your name at WeChat or your OpenID, not "{self.me}"',
                "you find the name in the app: 我 → 微信号",
            )
        if not re.fullmatch(_API, self.api):
            raise ConfigError(
                f'api must be the https address of WeChat\'s interface, not "{self.api}"',
                'without it, it is api = "https://api.weixin.qq.com"; http is for this machine alone',
            )

    @property
    def destination(self) -> str:
        """The account; empty as long as there is none to deliver to."""
        return self.appid

    @property
    def own(self) -> str:
        """The editor, or else the drafts, which nobody sees but the editors of the account."""
        from publisher.channels.wechat.proofs import DRAFTS

        return (self.me or DRAFTS) if self.appid else ""

    def recipients(self) -> Iterator[str]:
        """The account."""
        yield self.destination

    def render(self, issue: Issue, context: Context) -> Rendering:
        """The draft, and beside it the article, its preview page and its facts; needs `context.entry`.

        The issue went through `publishable` and `absolute`. An article that WeChat would not take is made
        all the same, with a warning that says by how much it is too long and what would help.
        """
        if context.entry is None:
            raise ValueError("an article needs the issue's entry in the archive")
        issue = with_articles(issue, context)
        page = context.entry.url
        meta = meta_of(issue, page, context.publication, self.author, self.title_limit)
        setting = Setting(
            title=meta.title,
            original=bool(meta.content_source_url),
            say=words(context.publication.lang),
            footnotes=self.links == _FOOTNOTE,
            footer=self.footer,
            earlier=earlier(context),
        )
        made = article(issue, setting)
        told = list(warnings(made, meta, page))
        if excess(made.html):
            other = article(issue, replace(setting, footnotes=not setting.footnotes))
            told.insert(0, too_long(made, other, _INLINE if setting.footnotes else _FOOTNOTE))
        known = facts(made, meta)
        folder = f"outbox/{context.entry.date}/{self.name}"
        draft = draft_of(meta, made.html, self._front(issue, context), context.entry, context.publication)
        parts = [part_of(draft, f"{folder}/draft.json")]
        if self.publish:
            parts.append(wanted_part(draft, f"{folder}{PUBLISH}"))
        shown = (
            Part(f"{folder}/article.html", _HTML, made.html.encode()),
            Part(f"{folder}/preview.html", _HTML, preview(made, meta, told, context).encode()),
            Part(f"{folder}/meta.json", "application/json", _json(known | {"warnings": told})),
        )
        clickable = sum(use.clickable for use in made.uses)
        report = {
            "characters": known["characters"],
            "title": len(meta.title),
            "clickable": clickable,
            "as_text": len(made.uses) - clickable,
        }
        return Rendering(tuple(parts), tuple(told), report, previews=shown)

    def session(self) -> AbstractContextManager[Session]:
        """A connection that delivers to the account; without one it writes files below its destination."""
        if not self.appid:
            return FolderSession()
        from publisher.channels.wechat.session import DraftSession

        root = Path(self._root)
        return DraftSession(self._account, root, title_limit=self.title_limit, publishes=self.publish)

    def examine(self) -> Iterator[Finding]:
        """Whether it could deliver to the account. Raises ConfigError when there is none."""
        if not self.appid:
            raise ConfigError(
                "there is no appid, so the article is written as files",
                'add appid = "wx…" and secret = "env:WECHAT_SECRET", from mp.weixin.qq.com',
            )
        from publisher.channels.wechat.examination import examine

        front = Path(self._root, self.cover) if self.cover else None
        return examine(self._account, self.appid, front, publishes=self.publish)

    @property
    def _account(self) -> Account:
        from publisher.channels.wechat.account import Account

        return Account(self.appid, self.secret, self.api, self._lang)

    def _front(self, issue: Issue, context: Context) -> dict[str, str]:
        """What the cover is made of."""
        if self.cover:
            return {"file": self.cover}
        assert context.entry
        named = issue.title and (issue.title.name or "")
        return {"title": named or context.publication.name, "date": context.entry.date.isoformat()}


def _json(facts: dict[str, object]) -> bytes:
    return (json.dumps(facts, ensure_ascii=False, indent=2) + "\n").encode()
