"""The text of the next issue: the head of the newest one, and of its body what the issues before it have too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from msgspec import Struct

from publisher.labels import get_labels
from publisher.model import NO_POSITION, Issue, Pos, plain
from publisher.newsletter import Newsletter
from publisher.patterns import lazy_pattern
from publisher.scaffold.blocks import split_blocks
from publisher.scaffold.head import Change, render_head
from publisher.scaffold.stamp import find_next_title, find_stamp, replace_stamp

_DEFINITION = lazy_pattern(r" {0,3}\[([^\]^][^\]]*)\]:\s*\S")
_RULE = lazy_pattern(r" {0,3}(?:-[ \t]*){3,}\Z|\*\s*\*\s*\*\s*\Z")
_BARE_NUMBER = lazy_pattern(r"[\d\s.,、)）]+\Z")


class PastIssue(Struct, frozen=True):
    """An issue of the newsletter: its text, and what was read from it."""

    text: str
    issue: Issue

    @property
    def body(self) -> list[str]:
        """The lines after the front matter."""
        return _split_lines(self.text)[_count_front_lines(self.issue) :]

    @property
    def head(self) -> list[str]:
        """The lines of the front matter."""
        lines = _split_lines(self.text)[: _count_front_lines(self.issue)]
        return lines[next((at for at, line in enumerate(lines) if line.strip()), 0) :]


class NextIssue(Struct, frozen=True):
    """What is known of the next issue: its date, `days` after that of the newest one.

    With `has_path_date`, the date is in its path.
    """

    newsletter: Newsletter
    date: dt.date
    days: int
    has_path_date: bool


def render_first_issue(wanted: NextIssue, newest: Issue | None = None) -> str:
    """Return a draft with the title, and a guide unless `newest` has none, and its sections."""
    front = ["---", "draft: true", *([] if wanted.has_path_date else [f"date: {wanted.date}"]), "---"]
    labels = get_labels(wanted.newsletter.lang)
    colon = labels["colon"].strip()
    tagline = wanted.newsletter.tagline or (plain(newest.tagline) if newest else "")
    label = (newest.guide.label if newest.guide else "") if newest else labels["guide"]
    parts = [
        "\n".join(front),
        f"# {wanted.newsletter.name} ({wanted.date}){colon}",
        *([f"**{tagline}**"] if tagline else []),
        *([f"> {label}{colon}"] if label else []),
        *(_render_headings(newest) if newest else []),
    ]
    return "\n\n".join(parts) + "\n"


def render_next_issue(wanted: NextIssue, earlier: Sequence[PastIssue]) -> str:
    """Return a draft with the head of the newest of `earlier`, which comes first, and its skeleton.

    The skeleton is the title, counted up, and each block that an issue before it has too, word for word or but for
    date and number. If there is none before it, it is the sections.
    """
    newest, *others = earlier
    stamp = find_stamp(newest.issue)
    change = Change(stamp, stamp.count_up(wanted.date), wanted.newsletter.name, wanted.days)
    before = [(other.head, find_stamp(other.issue)) for other in others]
    head = render_head(newest.head, before, change, has_path_date=wanted.has_path_date)
    opening = _render_first_lines(wanted, newest.issue)
    if others:
        body = _find_fixed_blocks(newest, others, change, opening)
    else:
        body = [*opening.values(), *_render_headings(newest.issue)]
    return "\n\n".join([head, *body]) + "\n"


def _split_lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _count_front_lines(issue: Issue) -> int:
    return issue.front_pos.end_line if issue.front_pos != NO_POSITION else 0


def _render_first_lines(wanted: NextIssue, newest: Issue) -> dict[Pos, str]:
    """Return what replaces the title, the tagline and the guide of the newest issue, by their places."""
    colon = get_labels(wanted.newsletter.lang)["colon"].strip()
    found: dict[Pos, str] = {}
    if newest.title and newest.title.pos.line > _count_front_lines(newest):
        found[newest.title.pos] = f"# {_find_title(wanted, newest, colon)}"
    if newest.tagline:
        found[newest.tagline_pos] = f"**{wanted.newsletter.tagline or plain(newest.tagline)}**"
    if newest.guide and newest.guide.label:
        found[newest.guide.pos] = f"> {newest.guide.label}{colon}"
    return found


def _find_title(wanted: NextIssue, newest: Issue, colon: str) -> str:
    dated = f"{wanted.newsletter.name} ({wanted.date}){colon}"
    if newest.title is None or newest.title.date:
        return dated
    return find_next_title(plain(newest.title.text), wanted.days) or (
        dated if wanted.has_path_date else wanted.newsletter.name
    )


def _render_headings(issue: Issue) -> list[str]:
    """Return the heading lines of the top-level sections."""
    top = min((section.level for section in issue.sections), default=2)
    return [f"{'#' * top} {plain(s.title)}" for s in issue.sections if s.level == top and s.title]


def _find_fixed_blocks(
    newest: PastIssue, others: Sequence[PastIssue], change: Change, opening: dict[Pos, str]
) -> list[str]:
    """Return the blocks that recur, with the date and number of the next issue where those of the issue were."""
    before = [(block.words, find_stamp(other.issue)) for other in others for block in split_blocks(other.body)]
    same = {words for words, _ in before}
    counted = {replace_stamp(words, old, change.stamp) for words, old in before}
    first_line = _count_front_lines(newest.issue) + 1
    replaced = dict(sorted(opening.items(), key=lambda pair: pair[0].line))
    kept: list[str] = []
    definitions: list[str] = []
    for block in split_blocks(newest.body):
        start, end = first_line + block.start, first_line + block.end
        here = [pos for pos in replaced if pos.line < end]
        kept += [replaced.pop(pos) for pos in here]
        if any(pos.line >= start for pos in here) or _BARE_NUMBER.match(block.text):
            continue
        if all(_DEFINITION.match(line) for line in block.text.splitlines()):
            definitions += block.text.splitlines()
        elif block.words in same:
            if not (_RULE.match(block.text) and kept and _RULE.match(kept[-1])):
                kept.append(block.text)
        elif block.words in counted:
            kept.append(change.apply(block.text))
    kept += replaced.values()
    text = "\n".join(kept)
    used = [line for line in definitions if (match := _DEFINITION.match(line)) and f"[{match[1]}]" in text]
    return [*kept, "\n".join(used)] if used else kept
