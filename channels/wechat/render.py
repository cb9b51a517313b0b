"""From an issue to its draft, and to the files that show it, as the settings of the channel want them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from publisher.channel import Context, Part, Rendering
from publisher.channels.wechat.article import Setting, article, earlier, with_articles
from publisher.channels.wechat.draft import PUBLISH, draft_of, part_of, wanted_part
from publisher.channels.wechat.meta import meta_of
from publisher.channels.wechat.preview import facts, preview, too_long, warnings
from publisher.channels.wechat.settings import excess
from publisher.model import Issue
from publisher.words import words

if TYPE_CHECKING:
    from publisher.channels.wechat.settings import Settings

_HTML = "text/html; charset=utf-8"


def render(settings: Settings, issue: Issue, context: Context) -> Rendering:
    """The draft, and beside it what shows the article; needs `context.entry`."""
    if context.entry is None:
        raise ValueError("an article needs the issue's entry in the archive")
    issue = with_articles(issue, context)
    page = context.entry.url
    meta = meta_of(issue, page, context.publication, settings.author, settings.title_limit)
    setting = Setting(
        title=meta.title,
        original=bool(meta.content_source_url),
        say=words(context.publication.lang),
        footnotes=settings.links == "footnote",
        footer=settings.footer,
        earlier=earlier(context),
    )
    made = article(issue, setting)
    told = list(warnings(made, meta, page))
    if excess(made.html):
        other = article(issue, replace(setting, footnotes=not setting.footnotes))
        told.insert(0, too_long(made, other, "inline" if setting.footnotes else "footnote"))
    known = facts(made, meta)
    folder = f"outbox/{context.entry.date}/wechat"
    draft = draft_of(meta, made.html, _front(settings, issue, context), context.entry, context.publication)
    parts = [part_of(draft, f"{folder}/draft.json")]
    if settings.publish:
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


def _front(settings: Settings, issue: Issue, context: Context) -> dict[str, str]:
    """What the cover is made of."""
    if settings.cover:
        return {"file": settings.cover}
    assert context.entry
    named = issue.title and (issue.title.name or "")
    return {"title": named or context.publication.name, "date": context.entry.date.isoformat()}


def _json(facts: dict[str, object]) -> bytes:
    return (json.dumps(facts, ensure_ascii=False, indent=2) + "\n").encode()
