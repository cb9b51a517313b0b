"""The fields of a draft besides its content: title, author, digest and source URL."""

from __future__ import annotations

from msgspec import Struct

from publisher.channels.wechat import settings
from publisher.derived_texts import build_display_title, build_summary, find_topics, shorten
from publisher.labels import get_labels
from publisher.links import to_ascii_url
from publisher.model import Issue
from publisher.newsletter import Newsletter


class ArticleMeta(Struct, frozen=True):
    """The fields of a draft besides its content.

    `author` is empty if it would be too long. `content_source_url` is the target of 阅读原文, empty if WeChat
    would reject it.
    """

    title: str
    author: str
    digest: str
    content_source_url: str


def build_meta(issue: Issue, page_url: str, newsletter: Newsletter, author: str, title_limit: int) -> ArticleMeta:
    """Return the fields for an issue whose page is `page_url`. An empty `author` means the newsletter's."""
    author = author or newsletter.author or newsletter.name
    return ArticleMeta(
        title=fit_title(issue, newsletter, title_limit),
        author=author if len(author) <= settings.MAX_AUTHOR_LENGTH else "",
        digest=build_summary(issue, settings.MAX_DIGEST_LENGTH),
        content_source_url=_accept_source_url(to_ascii_url(page_url)),
    )


def fit_title(issue: Issue, newsletter: Newsletter, limit: int) -> str:
    """Return the title in at most `limit` characters, with its date and as many whole topics as fit.

    A title of another form than NAME (DATE) is cut at the end of a clause or word.
    """
    full, title = build_display_title(issue, newsletter), issue.title
    if len(full) <= limit:
        return full
    if title and not title.regular:
        return shorten(full, limit)
    date = f" ({title.date if title else issue.date or issue.id})"
    fitted = shorten(title.name if title else newsletter.name, limit - len(date)) + date
    editor_topics, separator = title.headline if title else (), get_labels(newsletter.lang)["colon"]
    for topic in editor_topics or find_topics(issue):
        if len(fitted + separator + topic) <= limit:
            fitted += separator + topic
            separator = "/"
        elif separator == "/" or not editor_topics:  # only among the editor's may leading topics be skipped
            break
    return fitted


def _accept_source_url(page_url: str) -> str:
    """Return the URL, or "" if WeChat would reject it as the target of 阅读原文."""
    return page_url if page_url.startswith("https://") and len(page_url) <= settings.MAX_SOURCE_URL_BYTES else ""
