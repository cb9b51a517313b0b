"""Parses the lines before the first section: tagline, notes, guide and warm-up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from msgspec import Struct, field
from msgspec.structs import replace

from publisher import model as m
from publisher.patterns import lazy_pattern
from publisher.reader.blocks import BlockReader, is_unfinished, join_paragraph_lines
from publisher.reader.inlines import InlineReader
from publisher.reader.lines import Line, compute_span, has_cjk
from publisher.reader.marks import (
    BULLET,
    CODE_INDENT,
    RULE,
    TASK,
    is_list_line,
    meets_cjk,
    parse_marker,
    starts_block,
    strip_quote,
)
from publisher.reader.notes import opens_note, read_note

_TAGLINE = lazy_pattern(r"\s*\*\*(?!\s)([^*]+)\*\*\Z")
_GUIDE = lazy_pattern(r"\s*(?:>\s*)?\*{0,2}((?:本期)?(?:导读|導讀)|In this issue)\*{0,2}\s*[:：]\*{0,2}\s*")
_COUNT = lazy_pattern(r"(?:本[期次]|内容|共)[^。；0-9]{0,8}?(\d{1,3})\s*[条篇则]")
SEGMENT = lazy_pattern(r"[【「]((?:业界)?新闻|论文|开源(?:项目)?|博文|应用|工具|资源|文章)[】」]")
_INTRO = lazy_pattern(r"热身|开胃|小新闻|^(?:好了，)?先是|^首先")
_DASH = lazy_pattern(r"(\s*)([–—])\s*(?=\S)")
_SUBJECT_LIMIT = 14


class Preamble(Struct):
    """The parsed parts of the preamble, named like the fields of an Issue."""

    tagline: m.Inlines = ()
    tagline_pos: m.Pos = m.NO_POSITION
    guide: m.Guide | None = None
    warmup: m.Warmup | None = None
    notes: list[m.Note] = field(default_factory=list)


class PreambleReader:
    """Parses the lines between the title and the first section."""

    def __init__(self, inline_reader: InlineReader, blocks: BlockReader, diagnostics: list[m.Diagnostic]) -> None:
        self._inline_reader = inline_reader
        self._blocks = blocks
        self._diagnostics = diagnostics
        self._title_line = 0

    def read(self, lines: Sequence[Line], *, has_title: bool, title_line: int = 0) -> Preamble:
        """Parse the preamble. Only an issue with a title (`has_title`) can have a tagline.

        `title_line`: the number of the title's line, which is blank here; 0 if it has none.
        """
        self._title_line = title_line
        preamble = Preamble()
        label, label_pos = "", m.NO_POSITION
        guide_lines: list[Line] = []
        guide_blocks: list[m.Block] = []
        intro: list[m.Block] = []
        briefs: list[m.Brief] = []
        warmup_pos = m.NO_POSITION
        first = True
        at = 0
        while at < len(lines):
            line = lines[at]
            if not line.text:
                at += 1
                continue
            if opens_note(line):
                note, at = read_note(lines, at, self._inline_reader)
                preamble.notes.append(note)
            elif has_title and first and (tagline := _TAGLINE.match(line.text)):
                preamble.tagline = self._inline_reader.read(tagline.group(1), line.pos)
                preamble.tagline_pos = line.pos
                at += 1
            elif not (opening := None if label else _GUIDE.match(line.text)) and self._opens_warmup(lines, at):
                pos, at = self._read_warmup(lines, at, intro, briefs)
                warmup_pos = warmup_pos if warmup_pos.line else pos
            else:
                start = at
                if opening:
                    label, label_pos = opening.group(1), line.pos
                    at = self._find_guide_end(lines, start)
                    inside = [line.cut(opening.end()), *map(strip_quote, lines[start + 1 : at])]
                else:
                    at = self._find_paragraph_end(lines, start)
                    inside = [*lines[start:at]]
                guide_lines += lines[start:at]
                guide_blocks += self._blocks.read(inside, prose=True)
            first = False
        if warmup_pos.line:
            preamble.warmup = m.Warmup(tuple(intro), tuple(briefs), (), warmup_pos)
        if guide_lines:
            pos = compute_span(guide_lines)
            text = join_paragraph_lines([*map(strip_quote, guide_lines)])
            text = m.plain(self._inline_reader.read(text, pos))
            count = int(claim.group(1)) if (claim := _COUNT.search(text)) else None
            segments = _split_segments(text)
            preamble.guide = m.Guide(tuple(guide_blocks), label, count, segments, label_pos, pos)
        return preamble

    def _find_guide_end(self, lines: Sequence[Line], at: int) -> int:
        end = at + 1
        while end < len(lines) and (line := lines[end]).text and not line.code:
            if opens_note(line) or self._measure_bullet(line) or self._introduces_bullets(lines, end):
                break
            end += 1
        return end

    def _introduces_bullets(self, lines: Sequence[Line], at: int) -> bool:
        """True for a line that introduces the bullets directly below it."""
        listed = at + 1 < len(lines) and self._measure_bullet(lines[at + 1]) > 0
        return listed and bool(_INTRO.search(lines[at].text)) and lines[at].text.endswith((":", "："))

    def _find_paragraph_end(self, lines: Sequence[Line], at: int) -> int:
        """Return the end of a block of other text: a blank line, a note, the guide or the warm-up ends it.

        Indented text or another number after a blank line in a list continues it, and so does indented code.
        """
        end = at + 1
        while end < len(lines):
            line = lines[end]
            if (
                not line.text
                and not line.code
                and (after := _find_resumed_block(lines, at, end))
                and not line.number <= self._title_line < lines[after].number
            ):
                end = after
                continue
            if not line.code and (not line.text or opens_note(line) or _GUIDE.match(line.text)):
                break
            if not line.code and self._measure_bullet(line):
                break
            end += 1
        return end

    def _measure_bullet(self, line: Line) -> int:
        """Return the length of the bullet of a warm-up line; 0 if there is none."""
        if line.code or line.indent > 1 or (line.text[-1:] in ("-", "*") and RULE.match(line.text)):
            return 0
        match = BULLET.match(line.text) or _DASH.match(line.text)
        if not match and (glued := re.match(r"\s?[-•](?=(.))", line.text)):
            # a comparison, because a character class of this range takes long to compile
            return glued.end() if glued[1] in "[【" or "\u4e00" <= glued[1] <= "\u9fff" else 0
        return match.end() if match else 0

    def _opens_warmup(self, lines: Sequence[Line], at: int) -> bool:
        line = lines[at]
        if BULLET.match(line.text) and self._measure_bullet(line):
            return True
        if starts_block(lines, at):
            return False
        end = self._find_paragraph_end(lines, at)
        text = " ".join(part.text for part in lines[at:end]).strip()
        after = next((index for index in range(end, len(lines)) if lines[index].text), None)
        listed = after is not None and self._measure_bullet(lines[after]) > 0
        return (
            bool(_INTRO.search(text) and text.endswith((":", "：", "~", "。", ")", "）")))
            and (listed or text.endswith((":", "：")))
        ) or (listed and text.endswith((":", "：")) and has_cjk(text))

    def _read_warmup(
        self, lines: Sequence[Line], at: int, intro: list[m.Block], briefs: list[m.Brief]
    ) -> tuple[m.Pos, int]:
        """Add to the introduction and briefs of the warm-up. Return where this part of it is, and the next index."""
        start = at
        if not self._measure_bullet(lines[at]):
            end = self._find_paragraph_end(lines, at)
            intro += self._blocks.read(lines[at:end], prose=True)
            at = end
        end = at
        while True:
            while at < len(lines) and not lines[at].text:
                at += 1
            if at == len(lines) or opens_note(lines[at]) or not self._measure_bullet(lines[at]):
                break
            at = end = self._read_briefs(lines, at, briefs)
        return compute_span(lines[start:end]), max(end, start + 1)

    def _read_briefs(self, lines: Sequence[Line], at: int, briefs: list[m.Brief]) -> int:
        """Parse bulleted lines up to a blank one; a line between them without a bullet is a brief too."""
        while at < len(lines) and lines[at].text and not opens_note(lines[at]):
            line = lines[at]
            cut = self._measure_bullet(line)
            if cut and (bullet := _DASH.match(line.text)):
                self._report("warm-up-bullet", f'the bullet is "{bullet.group(2)}", not "-"', line)
            end = at + 1
            if briefs and not briefs[-1].body and self._continues_brief(line):
                last, more = briefs[-1], [*briefs[-1].text]
                while at < len(lines) and self._continues_brief(lines[at]):
                    line = lines[at]
                    more += (m.Text(" "), *self._inline_reader.read(line.text.strip(), line.pos))
                    at += 1
                pos = replace(last.pos, end_line=line.pos.end_line, end_column=line.pos.end_column)
                briefs[-1] = replace(last, text=tuple(more), pos=pos)
                continue
            if not cut:
                self._report("warm-up-bullet", "the bullet is missing", line)
            source = line.text[cut:].strip()
            if task := TASK.match(source):
                source = f"{'☐' if task[1] == ' ' else '☑'} {source[task.end() :]}"
            while end < len(lines) and is_unfinished(source, lines[end].text):  # a link over two lines
                source = f"{source} {lines[end].text.strip()}"
                end += 1
            wrapped = [source]
            while end < len(lines) and _is_wrapped_brief(lines, end):
                wrapped.append(lines[end].text.strip())
                end += 1
            pos = compute_span(lines[at:end])
            text = self._inline_reader.read(" ".join(wrapped), pos)
            start = end
            end = self._find_brief_end(lines, end, cut)
            body = self._blocks.read(lines[start:end])
            briefs.append(m.Brief(text, _extract_subject(m.plain(text)), body, pos))
            at = end
        return at

    def _continues_brief(self, line: Line) -> bool:
        """True for a line of English below a brief, without a bullet of its own."""
        if not line.text or opens_note(line) or self._measure_bullet(line):
            return False
        return not has_cjk(line.text)

    def _find_brief_end(self, lines: Sequence[Line], at: int, width: int) -> int:
        """Return the end of the indented lines below a brief whose bullet is `width` columns wide; after a blank
        line, only text as far right as its own belongs to it."""
        end = at
        while end < len(lines):
            is_in_code = end > at and lines[end].code and lines[end - 1].code
            if not (lines[end].text or is_in_code):
                after = _find_resumed_text(lines, end, max(width, 2))
                if not after or lines[end].number <= self._title_line < lines[after].number:
                    break
                end = after
            elif lines[end].indent < 2 and not is_in_code:
                break
            end += 1
        return end

    def _report(self, code: str, message: str, line: Line) -> None:
        start = line.pos
        self._diagnostics.append(m.Diagnostic(code, message, replace(start, end_column=start.column + 1)))


def _find_resumed_text(lines: Sequence[Line], blank: int, indent: int) -> int:
    """Return where text with at least this indent continues after a blank line; 0 if other text follows."""
    after = next((at for at in range(blank, len(lines)) if lines[at].text), 0)
    return after if lines[after].indent >= indent else 0


def _find_resumed_block(lines: Sequence[Line], start: int, blank: int) -> int:
    """Return where a list or indented code that starts at `start` continues after a blank line; 0 if it does not."""
    first = lines[start]
    if not is_list_line(first):
        return _find_resumed_text(lines, blank, CODE_INDENT) if first.indent >= CODE_INDENT else 0
    after = next((at for at in range(blank, len(lines)) if lines[at].text), 0)
    is_same_list = is_list_line(lines[after]) and parse_marker(lines[after])[0] == parse_marker(first)[0]
    return after if is_same_list or lines[after].indent >= 2 else 0


def _is_wrapped_brief(lines: Sequence[Line], at: int) -> bool:
    """True for an indented line of text that was wrapped by hand."""
    before, line = lines[at - 1], lines[at]
    return (
        line.indent >= 2
        and bool(line.text)
        and not (line.code or before.hard or is_list_line(line) or starts_block(lines, at))
        and not (line.text.lstrip().startswith(("![", "<img")) or meets_cjk(before, line))
    )


def _extract_subject(text: str) -> str:
    match = re.match(rf"([^:：，。；,;]{{1,{_SUBJECT_LIMIT}}})[:：]", text)
    return match.group(1).strip() if match and not text[match.end() :].startswith("//") else ""


def _split_segments(text: str) -> tuple[m.Segment, ...]:
    marks = list(SEGMENT.finditer(text))
    return tuple(
        m.Segment(mark.group(1), text[mark.end() : after.start() if after else len(text)].strip(" ，。；;"))
        for mark, after in zip_longest(marks, marks[1:])
    )
