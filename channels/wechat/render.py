"""From an issue to its draft, and to the files that show it, as the settings of the channel want them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from publisher.channel import Context, Part, Rendering
from publisher.channels.wechat.article import (
    ArticleOptions,
    build_article,
    find_earlier_issues,
    link_to_articles,
)
from publisher.channels.wechat.draft import (
    PUBLISH_KEY_SUFFIX,
    build_draft,
    build_draft_part,
    build_publish_part,
)
from publisher.channels.wechat.meta import build_meta
from publisher.channels.wechat.preview import (
    collect_facts,
    find_warnings,
    format_length_warning,
    render_article_preview,
)
from publisher.channels.wechat.settings import count_excess
from publisher.model import Issue
from publisher.words import get_labels

if TYPE_CHECKING:
    from publisher.channels.wechat.settings import WeChatSettings

_HTML_TYPE = "text/html; charset=utf-8"


def render(settings: WeChatSettings, issue: Issue, context: Context) -> Rendering:
    """The draft, and beside it what shows the article; needs `context.entry`."""
    if context.entry is None:
        raise ValueError("an article needs the issue's entry in the archive")
    issue = link_to_articles(issue, context)
    page = context.entry.url
    meta = build_meta(issue, page, context.newsletter, settings.author, settings.title_limit)
    setting = ArticleOptions(
        title=meta.title,
        has_source_url=bool(meta.content_source_url),
        labels=get_labels(context.newsletter.lang),
        footnotes=settings.links == "footnote",
        footer=settings.footer,
        earlier_issues=find_earlier_issues(context),
    )
    made = build_article(issue, setting)
    told = list(find_warnings(made, meta, page))
    if count_excess(made.html):
        other = build_article(issue, replace(setting, footnotes=not setting.footnotes))
        told.insert(0, format_length_warning(made, other, "inline" if setting.footnotes else "footnote"))
    known = collect_facts(made, meta)
    folder = f"outbox/{context.entry.date}/wechat"
    draft = build_draft(
        meta, made.html, _build_cover_spec(settings, issue, context), context.entry, context.newsletter
    )
    parts = [build_draft_part(draft, f"{folder}/draft.json")]
    if settings.publish:
        parts.append(build_publish_part(draft, f"{folder}{PUBLISH_KEY_SUFFIX}"))
    shown = (
        Part(f"{folder}/article.html", _HTML_TYPE, made.html.encode()),
        Part(
            f"{folder}/preview.html", _HTML_TYPE, render_article_preview(made, meta, told, context).encode()
        ),
        Part(f"{folder}/meta.json", "application/json", _dump_facts(known | {"warnings": told})),
    )
    clickable = sum(use.clickable for use in made.link_uses)
    report = {
        "characters": known["characters"],
        "title": len(meta.title),
        "clickable": clickable,
        "as_text": len(made.link_uses) - clickable,
    }
    return Rendering(tuple(parts), tuple(told), report, previews=shown)


def _build_cover_spec(settings: WeChatSettings, issue: Issue, context: Context) -> dict[str, str]:
    """What the cover is made of."""
    if settings.cover:
        return {"file": settings.cover}
    assert context.entry
    named = issue.title and (issue.title.name or "")
    return {"title": named or context.newsletter.name, "date": context.entry.date.isoformat()}


def _dump_facts(facts: dict[str, object]) -> bytes:
    return (json.dumps(facts, ensure_ascii=False, indent=2) + "\n").encode()
