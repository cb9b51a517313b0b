"""Renders an issue: its draft, and the preview files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from publisher.channel import Context, Part, Rendering
from publisher.channels.wechat.article import ArticleOptions, build_article, measure_article
from publisher.channels.wechat.draft import (
    PUBLISH_KEY_SUFFIX,
    build_draft,
    build_draft_part,
    build_json_part,
    build_publish_part,
)
from publisher.channels.wechat.links import find_earlier_issues, link_to_articles
from publisher.channels.wechat.meta import build_meta
from publisher.channels.wechat.preview import build_length_warning, collect_facts, find_warnings, render_article_preview
from publisher.channels.wechat.settings import ROOT_FROM_PREVIEW
from publisher.channels.wechat.themes import THEMES
from publisher.model import Issue
from publisher.outline import build_outline

if TYPE_CHECKING:
    from publisher.channels.wechat.settings import WeChatSettings

_HTML_TYPE = "text/html; charset=utf-8"


def render(settings: WeChatSettings, issue: Issue, context: Context) -> Rendering:
    """Return the draft, and the article, preview page and meta.json. Raises ValueError without `context.entry`."""
    entry, newsletter = context.require_entry(), context.newsletter
    articles = {page: url for page, url in context.article_urls.items() if page != entry.url}
    issue = link_to_articles(issue, articles)
    meta = build_meta(issue, entry.url, newsletter, settings.author, settings.title_limit)
    options = ArticleOptions(
        meta.title,
        newsletter.lang,
        THEMES[settings.theme],
        has_source_url=bool(meta.content_source_url),
        footnotes=settings.links == "footnote",
        footer=settings.footer,
        earlier_issues=tuple(find_earlier_issues(articles, newsletter.url, entry.date.isoformat())),
        qr=f"{ROOT_FROM_PREVIEW}{settings.qr}" if settings.qr else "",
    )
    outline = build_outline(issue, "wechat")
    article = build_article(issue, outline, options)
    warnings = list(find_warnings(article, meta, entry.url))
    if article.size.excess:
        other = measure_article(issue, outline, replace(options, footnotes=not options.footnotes))
        warnings.insert(0, build_length_warning(article, other, "inline" if options.footnotes else "footnote"))
    texts = [one.english for one in warnings]
    title = issue.title.name if issue.title else ""
    drawn = {"title": title or newsletter.name, "date": entry.date.isoformat()}
    cover = {"file": settings.cover} if settings.cover else drawn
    draft = build_draft(meta, article.html, cover, entry, newsletter)
    folder = f"outbox/{entry.date}/wechat"
    parts = [build_draft_part(draft, f"{folder}/draft.json")]
    if settings.publish:
        parts.append(build_publish_part(draft, f"{folder}{PUBLISH_KEY_SUFFIX}"))
    preview = render_article_preview(article, meta, warnings, context)
    clickable = sum(use.clickable for use in article.link_uses)
    return Rendering(
        tuple(parts),
        tuple(texts),
        {
            "characters": article.size.characters,
            "title": len(meta.title),
            "clickable": clickable,
            "as_text": len(article.link_uses) - clickable,
            "left_out": list(article.left_out),
        },
        previews=(
            Part(f"{folder}/article.html", _HTML_TYPE, article.html.encode()),
            Part(f"{folder}/preview.html", _HTML_TYPE, preview.encode()),
            build_json_part(f"{folder}/meta.json", collect_facts(article, meta) | {"warnings": texts}),
        ),
    )
