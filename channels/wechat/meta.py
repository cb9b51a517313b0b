"""What WeChat wants to know of an article besides its content."""

from __future__ import annotations

from publisher.channels.wechat import settings
from publisher.dataclass import dataclass
from publisher.links import ascii_url
from publisher.model import Issue, Publication
from publisher.transforms import display_title, shorten, summary, topics
from publisher.words import words


@dataclass(frozen=True, slots=True)
class Meta:
    """The fields of a draft that are not its content. `author` is empty when the newsletter's is too long,
    `content_source_url`, where 阅读原文 leads, when WeChat would refuse it."""

    title: str
    author: str
    digest: str
    content_source_url: str


def meta_of(issue: Issue, page: str, publication: Publication, author: str, title_limit: int) -> Meta:
    """The fields for an issue whose page is at `page`. `author` may be empty."""
    author = author or publication.author or publication.name
    return Meta(
        title=short_title(issue, publication, title_limit),
        author=author if len(author) <= settings.AUTHOR else "",
        digest=summary(issue, settings.DIGEST),
        content_source_url=_source(ascii_url(page)),
    )


def short_title(issue: Issue, publication: Publication, limit: int) -> str:
    """The title in at most `limit` characters: with its date, and with as many whole topics as fit.

    A title of another form than NAME (DATE) is cut where a clause or a word ends.
    """
    full, title = display_title(issue, publication), issue.title
    if len(full) <= limit:
        return full
    if title and not title.regular:
        return shorten(full, limit)
    date = f" ({title.date if title else issue.date or issue.id})"
    made = shorten(title.name if title else publication.name, limit - len(date)) + date
    own, separator = title.headline if title else (), words(publication.lang)["colon"]
    for topic in own or topics(issue):
        if len(made + separator + topic) <= limit:
            made += separator + topic
            separator = "/"
        elif separator == "/" or not own:  # only the editor's topics may do without the first
            break
    return made


def _source(page: str) -> str:
    return page if page.startswith("https://") and len(page) <= settings.SOURCE_URL else ""
