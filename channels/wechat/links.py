"""What becomes of each link. WeChat opens its own articles only, so any other address has to be read.

An article that links to another host is refused ("请勿插入非mp.weixin.qq.com域名的链接"), and an address
that is not printed is lost. So each address of the issue is either a link or readable text, in the form that
suits its kind, and it is printed once, where the reader needs it.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from publisher.links import ARXIV, canonicalize_url, classify_link, extract_host, parse_repository
from publisher.model import Link, plain
from publisher.patterns import lazy_pattern
from publisher.transforms import find_nodes

_WHITESPACE = lazy_pattern(r"\s")
_WECHAT_URL = lazy_pattern(r"https?://mp\.weixin\.qq\.com(?:[/?#]|\Z)", re.IGNORECASE)


class LinkForm(StrEnum):
    """How an address stands in the article."""

    LINK = "link"  # a link that opens
    URL_TEXT = "shown"  # its text is the address
    NEARBY = "above"  # readable elsewhere in the same item or paragraph
    OWN_LINE = "line"  # on a line of its own, behind a label
    REPOSITORY = "name"  # owner/repo, with a note on how to complete it
    BRACKETS = "brackets"  # behind the text: text（address）
    FOOTNOTE = "number"  # a number that leads to the list at the end


class LinkUse(NamedTuple):
    """One link of the issue: its text, its address, the form it got."""

    text: str
    url: str
    form: LinkForm

    @property
    def clickable(self) -> bool:
        """Whether it opens inside WeChat."""
        return self.form is LinkForm.LINK


def is_clickable_url(url: str) -> bool:
    """Whether WeChat lets readers open the address: its host is exactly mp.weixin.qq.com."""
    return bool(_WECHAT_URL.match(url))


def is_url_text(text: str, url: str) -> bool:
    """Whether a text is the address itself, with or without its scheme."""
    text = text.strip()
    if not text or _WHITESPACE.search(text):
        return False
    if url in (text, f"mailto:{text}"):
        return True
    # most texts have no address in them: they need no closer look
    return extract_host(url) in text.lower() and canonicalize_url(url) in (
        canonicalize_url(text),
        canonicalize_url(f"https://{text}"),
    )


def is_repository_root(url: str) -> bool:
    """Whether a repository's owner and name are all there is to know of the address."""
    repo = parse_repository(url)
    return repo is not None and canonicalize_url(url) == f"https://github.com/{repo.lower()}"


class ArticleLinks:
    """The links of one article, in reading order: `uses` is what became of each, `numbered` the addresses
    of the list at the end. `spelled` are the addresses that the words of the part begun last spell out."""

    def __init__(self, *, footnotes: bool) -> None:
        self.footnotes = footnotes
        self.link_uses: list[LinkUse] = []
        self.footnote_urls: list[str] = []
        self.spelled_out_urls: list[str] = []
        self._footnote_numbers: dict[str, int] = {}
        self._printed_urls: set[str] = set()

    def start_part(self, *nodes: object) -> None:
        """Begin a part of the issue, within which no address is printed twice."""
        links = find_nodes(Link, nodes)
        self.spelled_out_urls = [link.url for link in links if is_url_text(plain(link.children), link.url)]
        self._printed_urls = set(map(canonicalize_url, self.spelled_out_urls))

    def resolve_inline(self, text: str, url: str) -> LinkForm:
        """The form of a link in running text."""
        return self._record_use(text, url, self._choose_inline_form(text, url))

    def resolve_item_link(self, text: str, url: str, printed_form: LinkForm) -> LinkForm:
        """The form of the address an item leads to; `place` is where it is printed if it has to be."""
        form = self._choose_inline_form(text, url)
        if form is LinkForm.BRACKETS:
            form = LinkForm.REPOSITORY if is_repository_root(url) else printed_form
        return self._record_use(text, url, form)

    def resolve_extra_link(self, text: str, url: str, printed_form: LinkForm) -> LinkForm:
        """The form of a further link of an item."""
        form = self._choose_inline_form(text, url)
        return self._record_use(text, url, printed_form if form is LinkForm.BRACKETS else form)

    def get_footnote_number(self, url: str) -> int:
        """The number of an address in the list at the end; one number per address."""
        key = canonicalize_url(url)
        if key not in self._footnote_numbers:
            self.footnote_urls.append(url)
            self._footnote_numbers[key] = len(self.footnote_urls)
        return self._footnote_numbers[key]

    def _choose_inline_form(self, text: str, url: str) -> LinkForm:
        if is_clickable_url(url):
            return LinkForm.LINK
        if not url or is_url_text(text, url):
            return LinkForm.URL_TEXT
        if canonicalize_url(url) in self._printed_urls:
            return LinkForm.NEARBY
        return LinkForm.FOOTNOTE if self.footnotes else LinkForm.BRACKETS

    def _record_use(self, text: str, url: str, form: LinkForm) -> LinkForm:
        if form in (LinkForm.BRACKETS, LinkForm.OWN_LINE):
            self._printed_urls.add(canonicalize_url(url))
        self.link_uses.append(LinkUse(" ".join(text.split()) or url, url, form))
        return form


def get_printed_url(url: str) -> str:
    """The address of an item to print: papers by their abstract, all others as they are."""
    return canonicalize_url(url) if classify_link(url) == ARXIV else url
