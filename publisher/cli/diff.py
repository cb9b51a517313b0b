"""`publish diff`: show how the text differs from what is published, and what publishing would change."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import TYPE_CHECKING

from publisher.calendar.held_back import explain_none_due
from publisher.cli.actions import build_request, open_run
from publisher.cli.excerpt import measure_columns
from publisher.cli.output import DIFF_STYLES, Output
from publisher.cli.parser import CommandParser
from publisher.cli.table import cut_text

if TYPE_CHECKING:
    from publisher.reports.diff import Comparison, TextChange
    from publisher.reports.word_diff import Line

_DEFAULT_COLUMNS = 80
_KEPT_COLUMNS = 30
"""How much of the text before and after a change is shown."""

_STYLES = {"same": "", "old": "red", "new": "green"}
_MARKS = {"same": ("", ""), "old": ("[-", "-]"), "new": ("{+", "+}")}
"""What is around a piece of text where there is no colour, as `git diff --word-diff` has it."""


def define(parser: CommandParser) -> None:
    parser.add_issue_argument()
    parser.add_channel_option()
    parser.options.add_argument(
        "--full", action="store_true", help="Show the difference of every file and message, line by line"
    )


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    from publisher.reports.diff import compare_with_published

    with open_run(output, now) as run:
        found = compare_with_published(run, build_request(arguments))
        today = run.now.date()
    if found.issue is None:
        output.info(explain_none_due(found.records, today))
    elif not found.differences:
        output.info(f"no unpublished changes in {found.issue.path}")
    elif arguments.full:
        _print_differences(found, output)
    else:
        _print_text_and_effects(found, output)
    return output.finish(
        0,
        issue=found.issue and found.issue.id,
        differences=[difference._asdict() for difference in found.differences],
        text=[_format_marked(line) for passage in found.text.passages for line in passage] if found.text else [],
        effects=dict(found.effects),
    )


def _print_differences(found: Comparison, output: Output) -> None:
    for difference in found.differences:
        heading = " · ".join(filter(None, (difference.channel, difference.destination, difference.part)))
        is_invisible = not difference.lines and difference.kind != "new"
        note = ", no difference in the text" if is_invisible else ""
        output.line(f"{heading} · {difference.kind}{note}", "bold")
        for line in difference.lines:
            output.line(line, DIFF_STYLES.get(line[0], ""))


def _print_text_and_effects(found: Comparison, output: Output) -> None:
    path = found.issue.path if found.issue else ""
    if found.text:
        output.line(f"{path} · compared with {found.text.source}", "bold")
        _print_text(found.text, output)
        output.line("")
    elif any(difference.kind != "new" for difference in found.differences):
        output.line(f"{path} · the text that readers see is the same; --full shows what differs", "bold")
    else:
        output.line(f"{path} · not published yet", "bold")
    width = max((len(name) for name, _ in found.effects), default=0)
    for name, effect in found.effects:
        output.line(f"{output.styled(f'{name}:'.ljust(width + 1), 'bold')} {effect}")


def _print_text(text: TextChange, output: Output) -> None:
    columns = output.columns or _DEFAULT_COLUMNS
    for number, passage in enumerate(text.passages):
        if number:
            output.line("…")
        for line in passage:
            if len(line) == 1 and line[0].kind.value == "same":
                output.line(cut_text(f"  {line[0].text}", columns))
            elif output.has_colours:
                styled = "".join(output.styled(piece.text, _STYLES[piece.kind.value]) for piece in _shorten(line))
                output.line(f"  {styled}")
            else:
                output.line(f"  {_format_marked(_shorten(line))}")


def _shorten(line: Line) -> Line:
    """Shorten what is the same in a line: the text around a change is enough to find it."""
    pieces = []
    for number, piece in enumerate(line):
        before = _KEPT_COLUMNS if number else 0
        after = _KEPT_COLUMNS if number < len(line) - 1 else 0
        if piece.kind.value == "same" and measure_columns(piece.text) > before + after + 2:
            start = cut_text(piece.text, before + 1) if before else "…"
            end = cut_text(piece.text[::-1], after + 1)[::-1] if after else "…"
            piece = piece._replace(text=f"{start.removesuffix('…')}…{end.removeprefix('…')}")
        pieces.append(piece)
    return tuple(pieces)


def _format_marked(line: Line) -> str:
    return "".join(piece.text.join(_MARKS[piece.kind.value]) for piece in line)
