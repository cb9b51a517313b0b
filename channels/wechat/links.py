"""What becomes of each link. WeChat opens its own articles only, so any other address has to be read.

An article that links to another host is refused ("请勿插入非mp.weixin.qq.com域名的链接"), and an address
that is not printed is lost. So each address of the issue is either a link or readable text, in the form that
suits its kind, and it is printed once, where the reader needs it.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from publisher.links import ARXIV, canonical, link_class, repository, site
from publisher.model import Link, plain
from publisher.patterns import lazy_pattern
from publisher.transforms import every

_SPACE = lazy_pattern(r"\s")
_WECHAT = lazy_pattern(r"https?://mp\.weixin\.qq\.com(?:[/?#]|\Z)", re.IGNORECASE)


class Form(StrEnum):
    """How an address stands in the article."""

    LINK = "link"  # a link that opens
    SHOWN = "shown"  # its text is the address
    ABOVE = "above"  # readable elsewhere in the same item or paragraph
    LINE = "line"  # on a line of its own, behind a label
    NAME = "name"  # owner/repo, with a note on how to complete it
    BRACKETS = "brackets"  # behind the text: text（address）
    NUMBER = "number"  # a number that leads to the list at the end


class Use(NamedTuple):
    """One link of the issue: its text, its address, the form it got."""

    text: str
    url: str
    form: Form

    @property
    def clickable(self) -> bool:
        """Whether it opens inside WeChat."""
        return self.form is Form.LINK


def opens(url: str) -> bool:
    """Whether WeChat lets readers open the address: its host is exactly mp.weixin.qq.com."""
    return bool(_WECHAT.match(url))


def reads(text: str, url: str) -> bool:
    """Whether a text is the address itself, with or without its scheme."""
    text = text.strip()
    if not text or _SPACE.search(text):
        return False
    if url in (text, f"mailto:{text}"):
        return True
    # most texts have no address in them: they need no closer look
    return site(url) in text.lower() and canonical(url) in (canonical(text), canonical(f"https://{text}"))


def is_front_page(url: str) -> bool:
    """Whether a repository's owner and name are all there is to know of the address."""
    repo = repository(url)
    return repo is not None and canonical(url) == f"https://github.com/{repo.lower()}"


class Links:
    """The links of one article, in reading order: `uses` is what became of each, `numbered` the addresses
    of the list at the end. `spelled` are the addresses that the words of the part begun last spell out."""

    def __init__(self, *, footnotes: bool) -> None:
        self.footnotes = footnotes
        self.uses: list[Use] = []
        self.numbered: list[str] = []
        self.spelled: list[str] = []
        self._numbers: dict[str, int] = {}
        self._shown: set[str] = set()

    def begin(self, *nodes: object) -> None:
        """Begin a part of the issue, within which no address is printed twice."""
        links = every(Link, nodes)
        self.spelled = [link.url for link in links if reads(plain(link.children), link.url)]
        self._shown = set(map(canonical, self.spelled))

    def in_text(self, text: str, url: str) -> Form:
        """The form of a link in running text."""
        return self._note(text, url, self._in_text(text, url))

    def of_item(self, text: str, url: str, place: Form) -> Form:
        """The form of the address an item leads to; `place` is where it is printed if it has to be."""
        form = self._in_text(text, url)
        if form is Form.BRACKETS:
            form = Form.NAME if is_front_page(url) else place
        return self._note(text, url, form)

    def further(self, text: str, url: str, place: Form) -> Form:
        """The form of a further link of an item."""
        form = self._in_text(text, url)
        return self._note(text, url, place if form is Form.BRACKETS else form)

    def number(self, url: str) -> int:
        """The number of an address in the list at the end; one number per address."""
        key = canonical(url)
        if key not in self._numbers:
            self.numbered.append(url)
            self._numbers[key] = len(self.numbered)
        return self._numbers[key]

    def _in_text(self, text: str, url: str) -> Form:
        if opens(url):
            return Form.LINK
        if not url or reads(text, url):
            return Form.SHOWN
        if canonical(url) in self._shown:
            return Form.ABOVE
        return Form.NUMBER if self.footnotes else Form.BRACKETS

    def _note(self, text: str, url: str, form: Form) -> Form:
        if form in (Form.BRACKETS, Form.LINE):
            self._shown.add(canonical(url))
        self.uses.append(Use(" ".join(text.split()) or url, url, form))
        return form


def preferred(url: str) -> str:
    """The address of an item to print: papers by their abstract, all others as they are."""
    return canonical(url) if link_class(url) == ARXIV else url
