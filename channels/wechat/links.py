"""Chooses the form of each link in the article, and finds the articles of other issues.

WeChat rejects articles that link to other hosts ("请勿插入非mp.weixin.qq.com域名的链接"). So only URLs of
mp.weixin.qq.com become links; every other URL is printed as text, once in its item or paragraph, in a form
that suits its kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from publisher import model as m
from publisher.links import ARXIV, build_link_key, canonicalize_url, classify_link, extract_host
from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern
from publisher.transforms import find_nodes, map_urls

_MARK = "\0"
"""Around numbers that are not final; no issue contains it."""

_MARKED_NUMBER = lazy_pattern(f"{_MARK}(\\d+){_MARK}")
_WHITESPACE = lazy_pattern(r"\s")
_WECHAT_URL = lazy_pattern(r"https?://mp\.weixin\.qq\.com(?:[/?#]|\Z)", re.IGNORECASE)


class LinkForm(StrEnum):
    """How a URL appears in the article. The values are written to meta.json."""

    LINK = "link"  # a clickable link
    URL_TEXT = "shown"  # the link text is the URL
    NEARBY = "above"  # printed elsewhere in the same item or paragraph
    OWN_LINE = "line"  # on a separate line, after a label
    BRACKETS = "brackets"  # after the text: text（URL）
    FOOTNOTE = "number"  # a number that refers to the list at the end


class LinkUse(NamedTuple):
    """One link of the issue: its text, its URL, and its form in the article."""

    text: str
    url: str
    form: LinkForm

    @property
    def clickable(self) -> bool:
        """Whether the link opens inside WeChat."""
        return self.form is LinkForm.LINK


def is_clickable_url(url: str) -> bool:
    """Return whether WeChat opens the URL: whether its host is exactly mp.weixin.qq.com."""
    return bool(_WECHAT_URL.match(url))


def is_url_text(text: str, url: str) -> bool:
    """Return whether the text is the URL itself, with or without its scheme."""
    text = text.strip()
    if not text or _WHITESPACE.search(text):
        return False
    if url in (text, f"mailto:{text}"):
        return True
    # fast path: most texts contain no URL
    return extract_host(url) in text.lower() and build_link_key(url) in (
        build_link_key(text),
        build_link_key(f"https://{text}"),
    )


class ArticleLinks:
    """Decides on the links of one article, in reading order.

    `link_uses` has the decision on each link, `footnote_urls` the list at the end. Its numbers follow
    `last_note`, the number of the last footnote that is written in the issue itself. With `marks_numbers`, they are
    those of one item, and marked for `insert_footnote_numbers`.
    """

    def __init__(self, *, footnotes: bool, last_note: int = 0, marks_numbers: bool = False) -> None:
        self.footnotes = footnotes
        self.last_note = last_note
        self._mark = _MARK if marks_numbers else ""
        self.link_uses: list[LinkUse] = []
        self.footnote_urls: list[str] = []
        self._footnote_numbers: dict[str, int] = {}
        self._printed_urls: set[str] = set()

    def start_part(self, *nodes: object) -> None:
        """Begin a part of the issue, such as an item. No URL is printed twice within a part."""
        self._printed_urls = {
            build_link_key(link.url)
            for link in find_nodes(m.Link, nodes)
            if is_url_text(m.plain(link.children), link.url)
        }

    def resolve_inline(self, text: str, url: str) -> LinkForm:
        """Return the form of a link in running text, and record it."""
        return self._record_use(text, url, self._choose_inline_form(text, url))

    def resolve_beside(self, text: str, url: str, printed_form: LinkForm) -> LinkForm:
        """Return the form of a link of an item's head, and record it; `printed_form` for a printed URL."""
        form = self._choose_inline_form(text, url)
        return self._record_use(text, url, printed_form if form is LinkForm.BRACKETS else form)

    def get_footnote_number(self, url: str) -> int:
        """Return the number of a URL in the list at the end; the same URL always has the same number."""
        key = build_link_key(url)
        if key not in self._footnote_numbers:
            self.footnote_urls.append(url)
            self._footnote_numbers[key] = self.last_note + len(self.footnote_urls)
        return self._footnote_numbers[key]

    def format_footnote_number(self, url: str) -> str:
        """Return the number of a URL as text of the article."""
        return f"{self._mark}{self.get_footnote_number(url)}{self._mark}"

    def _choose_inline_form(self, text: str, url: str) -> LinkForm:
        if is_clickable_url(url):
            return LinkForm.LINK
        if not url or is_url_text(text, url):
            return LinkForm.URL_TEXT
        if build_link_key(url) in self._printed_urls:
            return LinkForm.NEARBY
        return LinkForm.FOOTNOTE if self.footnotes else LinkForm.BRACKETS

    def _record_use(self, text: str, url: str, form: LinkForm) -> LinkForm:
        if form in (LinkForm.BRACKETS, LinkForm.OWN_LINE):
            self._printed_urls.add(build_link_key(url))
        self.link_uses.append(LinkUse(" ".join(text.split()) or url, url, form))
        return form


def insert_footnote_numbers(html: str, numbers: Sequence[int]) -> str:
    """Return the HTML of an item with these numbers in place of the marked ones, which are 1, 2, …"""
    return _MARKED_NUMBER.sub(lambda match: str(numbers[int(match[1]) - 1]), html) if numbers else html


def get_printed_url(url: str) -> str:
    """Return the URL to print for an item: arXiv papers in canonical form, all others unchanged, and so a place
    in a paper."""
    return canonicalize_url(url) if classify_link(url) == ARXIV and "#" not in url else url


_MAX_EARLIER_ISSUES = 3
_PLACEHOLDER_PATTERNS = {
    "date": r"\d{4}-\d\d-\d\d",
    "year": r"\d{4}",
    "month": r"\d\d",
    "day": r"\d\d",
    "id": r"[^/]+?",
}


class EarlierIssue(NamedTuple):
    """An earlier issue: its date, or else its id, and the URL of its article."""

    label: str
    url: str


def find_earlier_issues(articles: Mapping[str, str], page_pattern: str, before: str) -> list[EarlierIssue]:
    """Return up to 3 issues dated before the ISO date `before`, newest first.

    `articles` maps the pages of issues to their articles, `page_pattern` is the newsletter's URL pattern.
    """
    pattern = re.escape(page_pattern)
    for name, value in _PLACEHOLDER_PATTERNS.items():
        escaped = re.escape(f"{{{name}}}")
        pattern = pattern.replace(escaped, f"(?P<{name}>{value})", 1).replace(escaped, f"(?P={name})")
    issues = []
    for page, url in articles.items():
        if (match := re.fullmatch(pattern, page)) and is_clickable_url(url):
            values = match.groupdict()
            date = values.get("date") or "-".join(filter(None, map(values.get, ("year", "month", "day"))))
            if not date or date < before[: len(date)]:
                issues.append(EarlierIssue(date or values.get("id") or page, url))
    return sorted(issues, reverse=True)[:_MAX_EARLIER_ISSUES]


def link_to_articles(issue: m.Issue, articles: Mapping[str, str]) -> m.Issue:
    """Return the issue with its links to pages of other issues replaced by links to their articles."""
    known = {canonicalize_url(page): url for page, url in articles.items()}
    return map_urls(issue, lambda url: known.get(canonicalize_url(url), url)) if known else issue
