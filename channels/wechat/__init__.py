"""The wechat channel: an issue as an article of a WeChat official account.

The same bytes are what the preview page puts on the clipboard, for WeChat's editor, and what its draft
interface takes as `content`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import ClassVar

from publisher.channel import Context, Part, Rendering, Session
from publisher.channels.wechat.article import Setting, article
from publisher.channels.wechat.limits import AUTHOR, CONTENT, EDITOR_TITLE, TITLE, excess
from publisher.channels.wechat.meta import meta_of
from publisher.channels.wechat.preview import preview
from publisher.channels.wechat.report import facts, too_long, warnings
from publisher.dataclass import dataclass
from publisher.errors import ConfigError
from publisher.files import FolderSession
from publisher.model import Issue
from publisher.words import words

_INLINE, _FOOTNOTE = "inline", "footnote"
_SHORTEST_TITLE = 16  # a date, and a few characters of the name
_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Wechat:
    """`links` says where an address stands that WeChat does not open: "inline" in its place, "footnote" in a
    list at the end. `author` is who WeChat says wrote it, the newsletter's author if empty. A title has at
    most `title_limit` characters. `footer` are lines to print in place of the issue's own footer.
    """

    name: ClassVar[str] = "wechat"
    limits: ClassVar[Mapping[str, int]] = {"characters": CONTENT - 1, "title": EDITOR_TITLE}

    links: str = _INLINE
    author: str = ""
    title_limit: int = TITLE
    footer: tuple[str, ...] = ()

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

    def render(self, issue: Issue, context: Context) -> Rendering:
        """The article, its preview page and its facts; needs `context.entry`.

        The issue went through `publishable` and `absolute`. An article that WeChat would not take is made
        all the same, with a warning that says by how much it is too long and what would help.
        """
        if context.entry is None:
            raise ValueError("an article needs the issue's entry in the archive")
        page = context.entry.url
        meta = meta_of(issue, page, context.publication, self.author, self.title_limit)
        setting = Setting(
            title=meta.title,
            original=bool(meta.content_source_url),
            say=words(context.publication.lang),
            footnotes=self.links == _FOOTNOTE,
            footer=self.footer,
        )
        made = article(issue, setting)
        told = list(warnings(made, meta, page))
        if excess(made.html):
            other = article(issue, replace(setting, footnotes=not setting.footnotes))
            told.insert(0, too_long(made, other, _INLINE if setting.footnotes else _FOOTNOTE))
        known = facts(made, meta)
        folder = f"outbox/{context.entry.date}/{self.name}"
        parts = (
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
        return Rendering(parts, tuple(told), report)

    def session(self) -> AbstractContextManager[Session]:
        """A connection that writes files below its destination."""
        return FolderSession()


def _json(facts: dict[str, object]) -> bytes:
    return (json.dumps(facts, ensure_ascii=False, indent=2) + "\n").encode()
