"""Every code a check can give: how bad it is, and what it means."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from publisher.dataclass import dataclass
from publisher.model import Pos


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Text to put in the place of a stretch of the source; an empty stretch is a place between characters."""

    pos: Pos
    text: str


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong, at a stretch of the source. `help` says how to mend it; `edits` do it, where that is
    safe: they belong together, and none loses a word or an address."""

    pos: Pos
    code: str
    message: str
    help: str = ""
    edits: tuple[Edit, ...] = ()

    @property
    def severity(self) -> Severity:
        """How bad it is, which only the code decides."""
        return CODES[self.code].severity

    @property
    def fixable(self) -> bool:
        """Whether `--fix` mends it."""
        return bool(self.edits)


class Severity(Enum):
    """An error stops publishing, a warning does not, information is only told."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class ProblemKind(NamedTuple):
    """A kind of problem; `text` explains it to an editor who asks."""

    severity: Severity
    explanation: str


_ERRORS = {
    "conflict-marker": """\
Git could not merge two versions of a passage and left both, between lines of <<<<<<<, ======= and
>>>>>>>. Keep what is right, and take the three lines out.""",
    "date-mismatch": """\
The date in the title is not the date the issue goes out on, which is that of the front matter or else
of the file's name. Mostly the title was copied from the issue before. Correct the one that is wrong.""",
    "dead-link": """\
The address leads nowhere: its host answers 404 or 410, or WeChat says that the article was deleted.
Only found with --links. Replace the address, or take the item out.""",
    "double-url": """\
A link has two addresses behind it: [title](address)(address). Markdown shows the second as text. Where
both are the same, --fix takes the second away.""",
    "duplicate-item": """\
An item leads to an article that an earlier issue had. Addresses count as the same when they differ only
in what tells who shared them. A repository may come back with a new release: that is repeat-repo, and
no error.""",
    "empty-url": """\
A link has nothing between its parentheses: [title](). Readers would get a title that leads nowhere.""",
    "front-matter": """\
The lines between the dashes at the top are not valid YAML, so a date or an id in them may not be seen.
Or no second line of dashes ends them, so readers would see them.""",
    "fullwidth-paren": """\
The address stands in full-width parentheses, which Markdown does not take for a link:
[title]（address）. --fix replaces them.""",
    "malformed-link": """\
The brackets of a link are mixed up, as in [title[(address) or 【title】address. --fix writes
[title](address) where it is clear what was meant.""",
    "malformed-url": """\
What stands in the parentheses of a link is no address: words stand around it, as in [title](code:
https://…), its beginning is damaged (http//, https:/, www.), or it is still to be written (TODO). --fix
moves words in front of an address behind the link.""",
    "missing-url": """\
A title stands in brackets and no address follows. Write [title](address), or take the brackets away.""",
    "placeholder-date": """\
The day of the issue is still xx. An issue cannot be published without the day it goes out on.""",
    "stale-copy": """\
Half of the items or more stood in one earlier issue: this is a copy of it that was never filled anew.""",
    "title-form": """\
The issue has no title, or one of another form than the issues before it: # NAME
(2021-07-18)：topic/topic. Without a date in the title, the file's name or the front matter, an issue
cannot be published.""",
    "too-long": """\
A channel cannot carry so much: a WeChat article has fewer than 20,000 characters. The message says by
how much it is too long.""",
    "unclosed-link": """\
A bracket or parenthesis of a link is never closed, so it is no link. A parenthesis is closed by --fix,
behind the address; where a title ends only you know.""",
    "wechat-temp-url": """\
An address with timestamp= and signature= is one of WeChat's search results; it dies within hours. Open
the article in WeChat and copy its own address, https://mp.weixin.qq.com/s/….""",
}

_WARNINGS = {
    "arxiv-mismatch": """\
An item is tagged with one arXiv number and its links lead to another. One of them belongs to another
paper.""",
    "compat-char": """\
Characters that only look like the usual ones, as PDF files and some phones give them: radicals (⾯ for
面), ligatures (ﬁ for fi), full-width letters and digits. Nobody finds them by search. --fix replaces
them. Or characters that nobody sees, such as U+200B, which come with a paste and break links and
searches: --fix takes them out.""",
    "duplicate-in-issue": """\
Two items of the issue lead to the same address. When one article is about two papers, say so with a
comment: <!-- publish: ignore=duplicate-in-issue -->""",
    "duplicate-section": """\
Two sections have the same heading. Merge them: some channels would show the heading twice.""",
    "empty-item": """\
A bullet has no text, or a link has no title. It is left out when the issue is published.""",
    "empty-source": """\
Nothing follows the bar in [title | source]. Write the source, or take the bar away.""",
    "field-empty": """\
A labelled line has no value, as in 代码：. It is left out when the issue is published.""",
    "guide-count": """\
The guide says how many items there are, and there is another number of them.""",
    "guide-empty": """\
Nothing follows 导读：. The mail's subject, the feed and WeChat's summary will use the titles instead.""",
    "guide-missing": """\
There is no guide (> 导读：…). The mail's subject, the feed and WeChat's summary will use the titles
instead.""",
    "guide-skeleton": """\
The guide still has only the marks of its parts, as in 【新闻】；【论文】.""",
    "headline-empty": """\
A colon ends the title and no topic follows. Write a topic or two, or take the colon away.""",
    "image-hotlink": """\
The picture lies on a server that shows it on its own pages only, such as WeChat's mmbiz.qpic.cn:
readers of the feed and the page see a hole. Save it beside the issue and name that file.""",
    "label-colon": """\
A summary is not followed by a full-width colon: 摘要：text. --fix writes it.""",
    "link-unknown": """\
With --links: nobody can say whether the address works, because its host refuses programs, asks for
patience, fails, or did not answer in time. Have a look yourself.""",
    "marker-form": """\
A heading or a bullet lacks the space that Markdown wants (##论文, -[title](address)), or the title has
more than one hash. --fix writes it as other programs read it too.""",
    "punctuation": """\
Marks that were left over from editing (，， or 。，), or half-width marks between Chinese characters.
--fix leaves the one that counts.""",
    "renamed": """\
The issue went out under another id, which is its date unless the front matter says otherwise. Feed
readers would show it as new. Write the old id into the front matter: id: 2021-07-18.""",
    "repo-mismatch": """\
The title begins with one owner/repo and its address leads to another repository: a fork, or a slip.""",
    "section-empty": """\
A heading has nothing below it. It is left out when the issue is published.""",
    "stray-line": """\
A line that nobody can have meant, such as a lone IP address that slipped in with a paste.""",
    "summary-empty": """\
Nothing follows 摘要：. The line is left out when the issue is published.""",
    "summary-is-url": """\
A summary is only an address. Label it as what it is (链接：…), and write what it says.""",
    "summary-missing": """\
The item has no summary, and most items of the issue do.""",
    "title-is-url": """\
The title of an item is an address. Write what it leads to.""",
    "two-summaries": """\
An item has two summaries. Mostly the bullet before the second one's item is missing.""",
    "unbalanced-bold": """\
A line has an odd number of **, so one of them shows as two asterisks.""",
    "unclosed-code": """\
A line of ``` or ~~~ begins code, and none like it ends it. All that follows is taken for text.""",
    "unformatted-clip": """\
A clipping that was never made an item: title, source and address on lines of their own. Write it as -
[title | source](address).""",
    "warm-up-bullet": """\
A line of the warm-up begins with a dash of another kind, or with none. --fix writes "- ".""",
    "warm-up-placeholder": """\
A line of the warm-up has a subject and no news, or nothing at all. It is left out when the issue is
published.""",
}

_INFORMATION = {
    "dead-archive-link": """\
The list of earlier issues leads to one that is not there: it was renamed or deleted. Readers are not
shown this list but one made from the issues that are out.""",
    "no-link": """\
An item has no address.""",
    "plain-http": """\
The address begins with http://, so nobody between can be kept from reading along or changing the page.
Most hosts answer https:// too: try it.""",
    "repeat-repo": """\
An earlier issue had the same repository. With a new release that is as it should be.""",
    "source-form": """\
A hyphen stands before the source of an item, where the issue's other items have a bar:
[title | source](address). --fix writes it. Or a bar stands there, and what follows is no source, which
has at most 12 Chinese characters and no ，。！？: it is read as part of the title.""",
    "tracking-param": """\
The address says who shared it or how it was found (from=, utm_source=, chksm= …). It works without.""",
}

CODES: dict[str, ProblemKind] = {
    **{code: ProblemKind(Severity.ERROR, text) for code, text in _ERRORS.items()},
    **{code: ProblemKind(Severity.WARNING, text) for code, text in _WARNINGS.items()},
    **{code: ProblemKind(Severity.INFO, text) for code, text in _INFORMATION.items()},
}
"""By name. The names never change: they stand in comments of issues and in scripts."""
