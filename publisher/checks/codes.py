"""Problem codes: the severity and the explanation of each, and the classes for problems and edits."""

# no `from __future__ import annotations`: msgspec would compile each field's annotation when it decodes one

from collections.abc import Collection, Iterable
from enum import Enum

from publisher.model import Pos
from publisher.named_tuple import NamedTuple


class Edit(NamedTuple):
    """Replaces the source text at `pos` with `text`; an empty `pos` inserts it."""

    pos: Pos
    text: str


class Problem(NamedTuple):
    """A problem at a position of the source.

    `help` tells the editor how to fix it. `edits` fix it automatically where that is safe; they are applied
    together, and lose no word and no URL. `is_raised`: the newsletter makes an error of it, whatever its code.
    """

    pos: Pos
    code: str
    message: str
    help: str = ""
    edits: tuple[Edit, ...] = ()
    is_raised: bool = False

    @property
    def severity(self) -> "Severity":
        """The severity of the code, or ERROR if the newsletter raised it."""
        return Severity.ERROR if self.is_raised else CODES[self.code].severity

    @property
    def fixable(self) -> bool:
        """Whether `--fix` can fix it."""
        return bool(self.edits)


class Severity(Enum):
    """Errors stop publishing; warnings and information do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


def apply_severities(
    problems: Iterable[Problem], ignored: Collection[str], errors: Collection[str]
) -> tuple[Problem, ...]:
    """Return the problems without the `ignored` codes; those with the codes `errors` become errors."""
    kept = (problem for problem in problems if problem.code not in ignored)
    return tuple(problem._replace(is_raised=problem.code in errors) for problem in kept)


class ProblemKind(NamedTuple):
    """The severity of a code, and its explanation for `publish check --explain`."""

    severity: Severity
    explanation: str


_ERRORS = {
    "address-conflict": """\
The issue cannot have the id or the URL that it has: another issue has it, a page or feed of the site is there, or
the URL cannot be that of a file. Nothing would be published until one of them has another `id:`, `slug:`, `url:` or
date.""",
    "conflict-marker": """\
A merge conflict was not resolved: Git left both versions of a passage between lines of <<<<<<<, =======
and >>>>>>>. Keep the right version and remove the three marker lines.""",
    "date-mismatch": """\
The date in the title differs from the publication date, which is taken from the front matter or, without
one there, from the file name. Often the title was copied from the previous issue. Correct whichever is
wrong.""",
    "dead-link": """\
The link is dead: the server answered 404 or 410, or WeChat reports that the article was deleted. Only
checked with --links. Replace the URL or remove the item.""",
    "double-url": """\
A link has two URLs: [title](url)(url). Markdown shows the second one as text. If both are the same, --fix
removes the second.""",
    "empty-url": """\
A link has an empty URL: [title](). Subscribers would see a title that cannot be opened.""",
    "file-hidden": """\
An image refers to a hidden file: a name in its path, or in the path that a symbolic link leads to, begins with
a dot. Hidden files are never published. Move the image to another folder.""",
    "file-outside": """\
An image refers to a file outside of the newsletter's folder, by its path or through a symbolic link. Copy the
image into the folder and refer to it there.""",
    "file-private": """\
An image refers to publisher.toml or to a file that publisher.toml names, such as the list of recipients or a
key. These files are never published.""",
    "file-too-large": """\
An image file has more than 10 MB. Make it smaller: many mail and web clients would not load it.""",
    "front-matter": """\
The front matter (between the --- or +++ lines at the top) is not valid YAML, TOML or JSON, so a date or an id in it
may be ignored. Or the closing --- is missing, and the front matter would be shown to subscribers.""",
    "fullwidth-paren": """\
The URL is in full-width parentheses, which Markdown does not recognize as a link: [title]（url）. --fix
replaces them.""",
    "impossible-date": """\
There is no such day, as in 2022-02-29: the date in the front matter, in the title or in the file name. Correct it.""",
    "issue-empty": """\
There is nothing below the title: the file was cut short, or has not been written yet. Subscribers would get an empty
message. Write it, or hold it back with draft: true.""",
    "malformed-link": """\
The brackets of a link do not match, as in [title[(url) or 【title】url. --fix writes [title](url) where the
intention is clear.""",
    "malformed-url": """\
The parentheses of a link do not contain a valid URL: there is other text next to the URL, as in
[title](code: https://…), the scheme is damaged (http//, https:/, www.), or it is a placeholder (TODO). Or the
scheme is not for reading (javascript:, tg:, weixin:): no channel makes a link of it, and only the text is shown.
--fix moves text before a URL to after the link.""",
    "missing-url": """\
A title is in brackets, but no URL follows. Write [title](url) or remove the brackets.""",
    "no-date": """\
The issue has no date: not in the front matter, in the file name, or in the title. Without one it cannot be
published. Write it into the title, # NAME (2021-07-18), or into the front matter: date: 2021-07-18.""",
    "not-a-file": """\
An image refers to a folder, a pipe or a device instead of a file.""",
    "not-an-image": """\
An image refers to a file that is not an image by its name (.png, .jpg, .gif, .webp, .avif, .bmp, .svg …) or by
its content. Its alt text would be shown instead. Export it again in one of these formats.""",
    "placeholder-date": """\
The day in the date is still "xx". An issue needs a complete date to be published.""",
    "renamed": """\
The issue was published under another id; without an id in the front matter, the id is the date. Feed
readers would show it as a new issue, and everybody would get it again. Add the old id to the front
matter: id: 2021-07-18. If it is another issue: publish --again.""",
    "reversed-link": """\
The brackets of a link are exchanged: (title)[url]. Subscribers would see them. --fix writes [title](url).""",
    "stale-copy": """\
Nearly all items, and most of the text, already appeared in one earlier issue: it is a copy of that issue that was
not updated.""",
    "unclosed-link": """\
A bracket or parenthesis of a link is never closed, so it does not work as a link. --fix closes a
parenthesis after the URL; where a title ends is for you to decide.""",
    "wechat-temp-url": """\
A WeChat URL with timestamp= and signature= comes from a search result and expires within hours. Open the
article in WeChat and copy its permanent link, https://mp.weixin.qq.com/s/….""",
}

_WARNINGS = {
    "arxiv-mismatch": """\
An item is tagged with one arXiv id, but links to another. One of them belongs to a different paper.""",
    "audio-value": """\
The `audio` of the front matter is neither the URL nor the path of a sound file, or its type or length is wrong. It is
left out. A name that does not end like .mp3 or .m4a needs a type: audio: {url: https://…, type: audio/mpeg}.""",
    "compat-char": """\
Lookalike characters, as copied from PDF files or typed on some phones: radicals (⾯ for 面), ligatures (ﬁ
for fi), full-width letters and digits. Searches do not find them. --fix replaces them. Also invisible
characters such as U+200B, which are pasted by accident and break links and searches: --fix removes them.""",
    "control-char": """\
Characters that are not seen and do harm: control characters, which programs show as a replacement character, and
those that change the direction of text, such as U+202E, by which a link or a name can look like another one.
Pairs of them are allowed in lines with Arabic or Hebrew text. --fix removes them.""",
    "date-value": """\
The date in the front matter cannot be read, like tomorrow, or may be one of two days, like 07/08/2021. It is passed
over: the issue is published on the date of its file name or title. Write it as 2021-07-18.""",
    "draft-value": """\
A key of the front matter that may hold an issue back (draft, published, publish, status) has a value that is
neither yes nor no, nor a date. The issue is held back as a draft until you write true or false.""",
    "duplicate-in-issue": """\
Two items of the issue have the same URL. If one article is about two papers, ignore this with a comment:
<!-- publish: ignore=duplicate-in-issue -->""",
    "duplicate-item": """\
An item links to an article that already appeared in one earlier issue. URLs that differ only in tracking
parameters count as the same. Not reported: what several issues have, such as sponsors; sections that often repeat
items, such as events; home pages; and pages of a repository. A repository may appear again, for example with a new
release; that is reported as repeat-repo.""",
    "duplicate-section": """\
Two sections have the same heading. Merge them, because some channels would show the heading twice.""",
    "empty-item": """\
A bullet has no text, so it is left out; or a link has no title.""",
    "empty-source": """\
There is no source after the bar in [title | source]. Add the source or remove the bar.""",
    "field-empty": """\
A labelled line has no value, as in 代码：. It is omitted when the issue is published.""",
    "file-missing": """\
The file of an image does not exist or cannot be read, or it is at a place that has no URL on the site. Its alt
text is shown instead.""",
    "guide-count": """\
The number of items given in the guide differs from the number of items in the issue.""",
    "guide-empty": """\
There is no text after 导读：. Item titles are used instead in the email subject, the feeds and the WeChat
summary.""",
    "guide-missing": """\
Most issues have a guide (> 导读：…), and this one has none. Item titles are used instead in the email subject,
the feeds and the WeChat summary.""",
    "guide-skeleton": """\
The guide has only its segment labels and no text, as in 【新闻】；【论文】.""",
    "headline-empty": """\
The title ends with a colon, and no topic follows. Add a topic or remove the colon.""",
    "image-hotlink": """\
The image is on a server that blocks other sites from showing it, such as WeChat's mmbiz.qpic.cn, so it
would be missing on the page and in the feeds. Save the image next to the issue and use that file.""",
    "label-colon": """\
The label of a summary is not followed by a full-width colon: 摘要：text. --fix inserts it.""",
    "link-unknown": """\
With --links: the link could not be checked, because the server blocks automated requests, limits their
rate, returned an error, or did not answer in time. Open it in a browser to check.""",
    "local-url": """\
The link leads to localhost or another address of the computer itself: for each subscriber to a different one.
Write the public URL, or put it into code if it is part of an instruction.""",
    "marker-form": """\
A heading or bullet lacks the space required by Markdown (##论文, -[title](url)), or the number of hashes
is wrong: one for the title, two for a section. --fix corrects it.""",
    "punctuation": """\
Doubled punctuation left from editing (，， or 。，), or half-width punctuation between Chinese characters.
--fix corrects it.""",
    "relative-link": """\
A relative link leads nowhere: there is no issue and no file at this path in the newsletter's folder, or no heading for
what follows the #. Only its text is shown. Often the https:// is missing.""",
    "repo-mismatch": """\
The title starts with one owner/repo, but the URL leads to another repository: a fork or a mistake.""",
    "section-empty": """\
A section has a heading and no content. It is omitted when the issue is published.""",
    "stray-line": """\
A line that is probably a mistake, such as a lone IP address that was pasted by accident.""",
    "summary-empty": """\
There is no text after 摘要：. The line is omitted when the issue is published.""",
    "summary-is-url": """\
The summary contains only a URL. Give it a label of its own (链接：…) and write a summary.""",
    "summary-missing": """\
The item has no summary, while most items of the issue, and of other issues, have one.""",
    "template-tag": """\
A tag of a template, such as {% include x %}, {{ name }} or {{< figure >}}: nothing here fills it in, so it is left
out. Write what it stands for, or put it into code.""",
    "title-form": """\
The issue has no title, or its title does not have the form of most other issues: # NAME
(2021-07-18)：topic/topic.""",
    "title-is-url": """\
The title of an item is a URL. Write a descriptive title.""",
    "too-long": """\
The issue exceeds the limit of a channel; for example, a WeChat article must have fewer than 20,000
characters. The message says by how much. The issue is left out of this channel, and published on all others.
To send it nevertheless: publish --force, or ignore the code in the issue.""",
    "two-summaries": """\
An item has two summaries. Often the bullet of the second one's item is missing.""",
    "unbalanced-bold": """\
A line has an odd number of **, so one of them is shown as two asterisks.""",
    "unclosed-code": """\
A code block opened with ``` or ~~~ is never closed. What follows is treated as text.""",
    "unclosed-tag": """\
A comment or an element whose content is hidden, such as <!-- or <script>, is never closed. It is shown as text,
and so is what follows. Close it, or put its name into code: `<script>`.""",
    "undefined-footnote": """\
The text refers to a footnote that is not there, so subscribers would see [^1] itself. Add the footnote,
[^1]: text, or remove the reference.""",
    "undefined-reference": """\
A link refers to a definition that is not there, as in [text][label] or [label][], so subscribers would see the
brackets. Add the definition, [label]: https://…, or write [text](url).""",
    "unformatted-clip": """\
A clipping that is not formatted as an item: title, source and URL are on separate lines. Write
- [title | source](url).""",
    "unused-footnote": """\
Nothing refers to a footnote, so it is left out. Refer to it with [^1], or remove it.""",
    "url-mark": """\
A URL contains quotation marks, or ends with full-width punctuation, which probably belongs to the text around
it. --fix moves a full stop behind the link.""",
    "url-password": """\
A URL contains a user name and a password, which everybody could use: https://user:password@host/. Remove them,
and change the password if it was real.""",
    "warm-up-bullet": """\
A line of the warm-up starts with a dash other than a hyphen, or has no bullet. --fix writes "- ".""",
    "warm-up-placeholder": """\
A line of the warm-up has a subject but no news, or no text at all. It is omitted when the issue is
published.""",
}

_INFORMATION = {
    "dead-archive-link": """\
The list of earlier issues links to one that does not exist; it was renamed or deleted. Subscribers see
a list generated from the published issues instead.""",
    "no-link": """\
An item has no link, while other items of its section have one.""",
    "page-markup": """\
Markup that only makes sense on the page of another program is left out: attributes such as {: .center} or
{#id}, and the place for a table of contents, [TOC].""",
    "plain-http": """\
The URL uses http://, so the connection is not encrypted: others can read or change the page on the way.
Most sites also support https://.""",
    "repeat-repo": """\
An earlier issue has an item about the same repository. This is fine if there is a new release. Links to its issues,
pull requests and files do not count.""",
    "source-form": """\
The source of an item follows a hyphen, while other items of the issue use a bar: [title | source](url).
--fix replaces the hyphen. Or the text after a bar cannot be a source, which has at most 12 Chinese
characters and no ，。！？: it is treated as part of the title.""",
    "tracking-param": """\
The URL has parameters that only record who shared it or how it was found (from=, utm_source=, chksm= …).
It works without them.""",
}

CODES: dict[str, ProblemKind] = {
    **{code: ProblemKind(Severity.ERROR, text) for code, text in _ERRORS.items()},
    **{code: ProblemKind(Severity.WARNING, text) for code, text in _WARNINGS.items()},
    **{code: ProblemKind(Severity.INFO, text) for code, text in _INFORMATION.items()},
}
"""Problem kinds by code. Codes never change: issues (`publish: ignore=CODE`) and scripts refer to them."""
