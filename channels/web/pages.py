"""Renders the pages of the web archive, each from its template."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from urllib.parse import quote

from publisher.channel import Context, Entry, Part, PartGroup
from publisher.channels.web.issue import (
    build_contents,
    build_page_opening,
    build_page_sections,
    format_own_date,
    heading_topics,
    shorten_title,
    split_topics,
)
from publisher.channels.web.items import ItemWriter
from publisher.channels.web.overview import NewestEntry, Year, build_newest, build_years
from publisher.channels.web.search import list_search_years
from publisher.labels import get_labels
from publisher.links import build_license_link, to_ascii_url
from publisher.localized import count_issues, count_links, count_minutes, format_date, format_day, is_right_to_left
from publisher.model import Issue
from publisher.newsletter import Newsletter
from publisher.outline import build_outline

_MEDIA_TYPE = "text/html; charset=utf-8"
_SUBSCRIBE = "subscribe.html"
_SEARCH = "search/"
_FEEDS = {
    "rss": ("RSS", "application/rss+xml"),
    "atom": ("Atom", "application/atom+xml"),
    "json": ("JSON Feed", "application/feed+json"),
}


def render_issue_page(issue: Issue, context: Context) -> Part:
    """Render the page of an issue. Raises ValueError without `context.entry`."""
    entry = context.require_entry()
    layout = build_outline(issue, "web")
    sections = build_page_sections(layout)
    items = ItemWriter(context.newsletter.lang, get_labels(context.newsletter.lang), layout.counts_items)
    return _render_page(
        "issue.html",
        entry.url,
        context,
        title=entry.title,
        description=entry.summary,
        data=_build_article_data(entry, context),
        entry=entry,
        title_name=issue.title.name if issue.title and issue.title.regular else "",
        date=format_own_date(issue, entry, context.newsletter.lang),
        heading=heading_topics(issue, entry, context.newsletter),
        tagline=issue.tagline,
        opening=build_page_opening(issue, counts_items=layout.counts_items),
        notes=layout.notes,
        audio=issue.audio,
        chapters=sections,
        numbered=layout.counts_items,
        head=items.head,
        about=items.about,
        full=items.full,
        contents=build_contents(issue, sections, get_labels(context.newsletter.lang)["briefs"]),
        contents_css=context.templates.text("contents.css"),
        footer=issue.footer,
    )


def render_alias_pages(context: Context) -> Iterator[Part]:
    """Yield a page for each former address of an issue, which leads to its page."""
    entry, newsletter = context.entry, context.newsletter
    for alias in entry.aliases if entry else ():
        key = newsletter.output_path(alias)
        text = context.templates.render(
            "moved.html",
            newsletter=newsletter,
            entry=entry,
            to=partial(_relative_url, newsletter, key),
            address=to_ascii_url(entry.url) if entry else "",
            right_to_left=is_right_to_left(newsletter.lang),
        )
        yield Part(key, _MEDIA_TYPE, text.encode())


def build_overview_pages(entries: Sequence[Entry], context: Context) -> Iterator[PartGroup]:
    """Yield the subscribe page, the pages of older years, the search and the index.

    Each is rendered only if its digest changes.
    """
    base, lang = context.newsletter.base, context.newsletter.lang
    newest = build_newest(entries[0]) if entries else None
    years, found = tuple(build_years(entries, base, lang)), list_search_years(entries)
    shown = tuple([year._replace(groups=()) if year.url else year for year in years])
    feeds = (sorted(context.feeds.items()), [*context.section_feeds.items()])
    common = (context.newsletter, feeds, context.subscribe_options, context.templates.fingerprint, context.card)
    pages: list[tuple[str, str, Callable[[str, Context], Iterator[Part]], object]] = [
        ("subscribe", base + _SUBSCRIBE, _render_subscribe_page, ()),
        *((f"archive:{year.number}", year.url, partial(_render_year_page, year), year) for year in years if year.url),
        ("search", base + _SEARCH, partial(_render_search_page, found), found),
        ("index", base, partial(_render_index_page, newest, shown, len(entries)), (newest, shown)),
    ]
    for name, url, render, content in pages:
        digest = hashlib.sha256(repr((common, content)).encode()).hexdigest()
        yield PartGroup(name, digest, partial(render, url, context))


def _render_page(template: str, url: str, context: Context, **values: object) -> Part:
    newsletter, lang = context.newsletter, context.newsletter.lang
    key = newsletter.output_path(url)
    text = context.templates.render(
        template,
        w=get_labels(lang),
        newsletter=newsletter,
        address=url,
        right_to_left=is_right_to_left(lang),
        locale=_open_graph_locale(lang),
        previous=context.previous,
        next=context.next,
        short=partial(shorten_title, newsletter=newsletter),
        topics=partial(split_topics, newsletter=newsletter),
        long_date=partial(format_date, lang=lang),
        day=partial(format_day, lang=lang),
        count_links=partial(count_links, lang=lang),
        count_issues=partial(count_issues, lang=lang),
        count_minutes=partial(count_minutes, lang=lang),
        to=cache(partial(_relative_url, newsletter, key)),  # a page has each of its links several times
        subscribe=newsletter.base + _SUBSCRIBE,
        card=context.card,
        search=newsletter.base + _SEARCH,
        feeds=[(*_FEEDS[kind], context.feeds[kind]) for kind in _FEEDS if kind in context.feeds],
        section_feeds=[*context.section_feeds.items()],
        options=context.subscribe_options,
        license=build_license_link(newsletter.license) if newsletter.license else None,
        contacts=[_parse_contact(text) for text in newsletter.contacts],
        css=context.templates.text("style.css"),
        **values,
    )
    return Part(key, _MEDIA_TYPE, text.encode())


def _render_index_page(
    newest: NewestEntry | None, years: Sequence[Year], count: int, url: str, context: Context
) -> Iterator[Part]:
    newsletter = context.newsletter
    yield _render_page(
        "index.html",
        url,
        context,
        title=newsletter.name,
        description=newsletter.tagline,
        data=_build_website_data(newsletter),
        newest=newest,
        years=years,
        count=count,
    )


def _render_year_page(year: Year, url: str, context: Context) -> Iterator[Part]:
    title = f"{get_labels(context.newsletter.lang)['archive']} {year.number}"
    data = _build_part_data("CollectionPage", title, url, context.newsletter)
    yield _render_page("archive.html", url, context, title=title, description="", data=data, year=year)


def _render_search_page(years: Sequence[object], url: str, context: Context) -> Iterator[Part]:
    """Yield the script of the search, then its page, which without the script is an index of all issues."""
    newsletter = context.newsletter
    labels = get_labels(newsletter.lang)
    script = newsletter.output_path(url).replace("index.html", "search.js")
    yield Part(script, "text/javascript; charset=utf-8", context.templates.text("search.js").encode())
    yield _render_page(
        "search.html",
        url,
        context,
        title=labels["search"],
        description=labels["search_label"],
        data=_build_part_data("WebPage", labels["search"], url, newsletter),
        years=years,
    )


def _render_subscribe_page(url: str, context: Context) -> Iterator[Part]:
    newsletter = context.newsletter
    labels = get_labels(newsletter.lang)
    yield _render_page(
        "subscribe.html",
        url,
        context,
        title=labels["subscribe"],
        description=labels["how_to_subscribe" if context.feeds else "get_next_issue"],
        data=_build_part_data("WebPage", labels["subscribe"], url, newsletter),
    )


def _relative_url(newsletter: Newsletter, key: str, url: str) -> str:
    """Return the relative URL from the page in file `key` to another page of the site."""
    folders, path = key.split("/")[:-1], newsletter.output_path(url).split("/")
    shared = len(posixpath.commonprefix([folders, path]))  # not relpath, which asks for the working directory
    return quote("/".join([*[".."] * (len(folders) - shared), *path[shared:]]))


def _open_graph_locale(lang: str) -> str:
    """Return the language as in Open Graph, like zh_CN; '' without a territory (ogp.me/#optional)."""
    return lang.replace("-", "_") if re.match(r"[a-z]{2}-[A-Z]{2}\Z", lang) else ""


def _parse_contact(text: str) -> tuple[str, str]:
    """Return the text of a contact and the URL it links to ('' when it is only text)."""
    if re.match(r"https?://\S+\Z", text):
        return text.partition("://")[2].rstrip("/"), text
    return text, f"mailto:{text}" if re.match(r"[^\s@:]+@[^\s@]+\.[^\s@]+\Z", text) else ""


# ---------------------------------------------------------- structured data
# https://schema.org/Article, https://schema.org/WebSite


def _build_website_data(newsletter: Newsletter) -> dict[str, object]:
    return {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": newsletter.name,
        "description": newsletter.tagline,
        "url": to_ascii_url(newsletter.base),
        "inLanguage": newsletter.lang,
    }


def _build_part_data(kind: str, name: str, url: str, newsletter: Newsletter) -> dict[str, object]:
    return {
        "@context": "https://schema.org",
        "@type": kind,
        "name": name,
        "url": to_ascii_url(url),
        "inLanguage": newsletter.lang,
        "isPartOf": {"@type": "WebSite", "name": newsletter.name, "url": to_ascii_url(newsletter.base)},
    }


def _build_article_data(entry: Entry, context: Context) -> dict[str, object]:
    newsletter = context.newsletter
    author = newsletter.author or newsletter.name
    return {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": entry.title,
        "description": entry.summary,
        "url": to_ascii_url(entry.url),
        "mainEntityOfPage": to_ascii_url(entry.url),
        "datePublished": entry.published.isoformat(),
        "dateModified": entry.updated.isoformat(),
        "inLanguage": newsletter.lang,
        "author": {"@type": "Organization" if author == newsletter.name else "Person", "name": author},
        **({"image": to_ascii_url(context.card.url)} if context.card else {}),
        **({"license": build_license_link(newsletter.license)[1]} if newsletter.license else {}),
        "isPartOf": {"@type": "Periodical", "name": newsletter.name, "url": to_ascii_url(newsletter.base)},
    }
