"""Renders an issue: its draft, and the preview files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec.structs import replace

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
from publisher.labels import get_labels
from publisher.model import Issue

if TYPE_CHECKING:
    from publisher.channels.wechat.settings import WeChatSettings

_HTML_TYPE = "text/html; charset=utf-8"


def render(settings: WeChatSettings, issue: Issue, context: Context) -> Rendering:
    """Return the draft, and the article, preview page and meta.json; `context.entry` is required."""
    if context.entry is None:
        raise ValueError("context.entry is required to render an article")
    issue = link_to_articles(issue, context)
    page = context.entry.url
    meta = build_meta(issue, page, context.newsletter, settings.author, settings.title_limit)
    options = ArticleOptions(
        title=meta.title,
        has_source_url=bool(meta.content_source_url),
        labels=get_labels(context.newsletter.lang),
        footnotes=settings.links == "footnote",
        footer=settings.footer,
        earlier_issues=find_earlier_issues(context),
    )
    article = build_article(issue, options)
    warnings = list(find_warnings(article, meta, page))
    if count_excess(article.html):
        other = build_article(issue, replace(options, footnotes=not options.footnotes))
        warnings.insert(
            0, format_length_warning(article, other, "inline" if options.footnotes else "footnote")
        )
    facts = collect_facts(article, meta)
    folder = f"outbox/{context.entry.date}/wechat"
    draft = build_draft(
        meta, article.html, _build_cover_spec(settings, issue, context), context.entry, context.newsletter
    )
    parts = [build_draft_part(draft, f"{folder}/draft.json")]
    if settings.publish:
        parts.append(build_publish_part(draft, f"{folder}{PUBLISH_KEY_SUFFIX}"))
    preview = render_article_preview(article, meta, warnings, context)
    previews = (
        Part(f"{folder}/article.html", _HTML_TYPE, article.html.encode()),
        Part(f"{folder}/preview.html", _HTML_TYPE, preview.encode()),
        Part(f"{folder}/meta.json", "application/json", _dump_facts(facts | {"warnings": warnings})),
    )
    clickable = sum(use.clickable for use in article.link_uses)
    report = {
        "characters": facts["characters"],
        "title": len(meta.title),
        "clickable": clickable,
        "as_text": len(article.link_uses) - clickable,
    }
    return Rendering(tuple(parts), tuple(warnings), report, previews=previews)


def _build_cover_spec(settings: WeChatSettings, issue: Issue, context: Context) -> dict[str, str]:
    """Return the image file of the cover, or the title and date to draw."""
    if settings.cover:
        return {"file": settings.cover}
    assert context.entry
    title = issue.title and (issue.title.name or "")
    return {"title": title or context.newsletter.name, "date": context.entry.date.isoformat()}


def _dump_facts(facts: dict[str, object]) -> bytes:
    return (json.dumps(facts, ensure_ascii=False, indent=2) + "\n").encode()
