"""`publish check`: what is wrong with issues, where, and how to mend it."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publisher.cli.output import Output
from publisher.cli.selection import (
    CheckScope,
    display_path,
    load_current_config,
    read_source_lines,
    relative_to_root,
    select_files,
)
from publisher.errors import ConfigError, PublisherError

if TYPE_CHECKING:
    from publisher.archive.sources import SourceFile
    from publisher.checker import CheckedFile
    from publisher.cli.links import LinkReport
    from publisher.cli.parser import CommandParser

_FORMATS = ("full", "concise", "github", "sarif")


def define(parser: CommandParser) -> None:
    """Add the arguments."""
    parser.arguments.add_argument(
        "files",
        nargs="*",
        metavar="ISSUE",
        help="issues by file, folder or date (every issue of the newsletter)",
    )
    option = parser.options.add_argument
    option("--fix", action="store_true", help="mend what can be mended without loss")
    option("--diff", action="store_true", help="show what --fix would change, and write nothing")
    option("--select", metavar="CODES", action="append", default=[], help="only these, separated by commas")
    option("--ignore", metavar="CODES", action="append", default=[], help="all but these")
    option("--explain", metavar="CODE", help="say what a code means")
    option(
        "--format",
        metavar="FORM",
        choices=_FORMATS,
        default="full",
        help="full, concise, github or sarif (full)",
    )
    option("--links", action="store_true", help="ask over the network whether the links lead anywhere")
    option(
        "--allow",
        metavar="IP:PORT",
        action="append",
        default=[],
        help="let --links go to this address, which is not public",
    )
    option("--stdin", action="store_true", help="check the text on standard input; --fix prints it mended")
    option("--stdin-filename", metavar="FILE", default="", help="the file that text is to be")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Check; the exit code."""
    if arguments.explain:
        return _explain_code(arguments.explain, output)
    if arguments.stdin and arguments.files:
        raise ConfigError("--stdin checks one text, and files are named too", "one or the other")
    job = CheckScope(_select_codes(arguments.select, arguments.ignore), load_current_config(), now)
    if arguments.stdin:
        return _check_stdin(arguments, output, job)
    found, wanted = select_files(job, arguments.files)
    worst = 0
    if arguments.fix or arguments.diff:
        worst = _fix_files(arguments, output, job, wanted)
        found, wanted = select_files(job, arguments.files)
    return _check_issues(arguments, output, job, found, wanted, {}, worst)


def _select_codes(select: list[str], ignore: list[str]) -> frozenset[str]:
    from publisher.checks.codes import CODES

    def named(words: list[str]) -> set[str]:
        names = {name.strip() for word in words for name in word.split(",") if name.strip()}
        for name in sorted(names - CODES.keys()):
            raise _unknown_code_error(name)
        return names

    return frozenset((named(select) or CODES.keys()) - named(ignore))


def _unknown_code_error(name: str) -> ConfigError:
    from publisher.checks.codes import CODES
    from publisher.errors import format_suggestion

    return ConfigError(f"there is no code {name}", format_suggestion(name, CODES))


def _explain_code(name: str, output: Output) -> int:
    from publisher.checks.codes import CODES

    code = CODES.get(name)
    if code is None:
        raise _unknown_code_error(name)
    output.line(f"{code.severity.value}[{name}]", "bold")
    output.line(code.explanation)
    output.line(f"\nto silence it in an issue: <!-- publish: ignore={name} -->", "dim")
    output.finish({"code": name, "severity": code.severity.value, "text": code.explanation, "exit": 0})
    return 0


# -------------------------------------------------------------------- the work


def _check_issues(
    arguments: argparse.Namespace,
    output: Output,
    job: CheckScope,
    found: list[SourceFile],
    wanted: list[str],
    texts: dict[str, str],
    worst: int = 0,
) -> int:
    from publisher.checker import FileChecker, check_files
    from publisher.cli.progress import ProgressBar

    inspector = FileChecker(job.root, job.config)
    seen = time.time_ns()
    with ProgressBar(output, "checking issues") as progress:
        checked = [*check_files(inspector, found, wanted, seen, texts=texts, on_progress=progress.advance)]
    links = None
    if arguments.links:
        from publisher.cli.links import add_link_problems

        checked, links = add_link_problems(arguments.allow, output, job, checked, texts)
    kept = [
        one._replace(problems=tuple(problem for problem in one.problems if problem.code in job.codes))
        for one in checked
    ]
    if not arguments.diff:
        _print_results(arguments.format, output, job, kept, texts, links)
    exit_code = max(worst, _exit_code(kept))
    output.finish(_check_results_to_json(kept, links, exit_code))
    return exit_code


def _exit_code(checked: Sequence[CheckedFile]) -> int:
    """1 for an issue with errors or that is no text, 6 for one that cannot be had: then nobody knows."""
    from publisher.checks.codes import Severity

    errors = any(problem.severity is Severity.ERROR for one in checked for problem in one.problems)
    return max([int(errors), *(one.fault.exit_code for one in checked if one.fault)])


def _print_results(
    form: str,
    output: Output,
    job: CheckScope,
    checked: Sequence[CheckedFile],
    texts: dict[str, str],
    links: LinkReport | None,
) -> None:
    from publisher.cli import formats

    if form == "sarif":
        output.line(formats.format_sarif({display_path(job, one.path): one.problems for one in checked}))
    for one in checked:
        path = display_path(job, one.path)
        if one.fault:
            output.error(one.fault.message, one.fault.hint)
        if form == "github":
            lines = formats.format_workflow_commands(path, one.problems)
            if one.fault:
                output.line(formats.format_unreadable_file(path, one.fault.message))
        elif form == "concise":
            lines = formats.format_concise(path, one.problems, output.styled)
        elif form == "full" and one.problems:
            lines = formats.format_full(
                path, read_source_lines(job, one.path, texts), one.problems, output.styled, output.columns
            )
        else:
            continue
        for line in lines:
            output.line(line)
    if form in ("full", "concise"):
        if links:
            output.line(links.summary_line)
        if len(checked) == 1 and checked[0].budgets:
            measured = " · ".join(f"{one.channel} {one.text}" for one in checked[0].budgets)
            output.line(f"channels  {measured}")
        problems = [problem for one in checked for problem in one.problems]
        unread = sum(one.fault is not None for one in checked)
        output.line(formats.format_summary(problems, len(checked) - unread, unread))


def _check_results_to_json(
    checked: Sequence[CheckedFile], links: LinkReport | None, exit_code: int
) -> dict[str, Any]:
    from publisher.cli.formats import problem_to_json

    return {
        "issues": [
            {
                "path": one.path,
                "problems": [problem_to_json(problem) for problem in one.problems],
                "channels": {budget.channel: budget.report for budget in one.budgets},
                "error": {"message": one.fault.message, "hint": one.fault.hint} if one.fault else None,
                "links": links.for_file(one.path) if links else None,
            }
            for one in checked
        ],
        "links": links.to_json() if links else None,
        "exit": exit_code,
    }


# --------------------------------------------------------------------- mending


def _fix_files(arguments: argparse.Namespace, output: Output, job: CheckScope, wanted: list[str]) -> int:
    """Mend files, or show how; the worst exit code. What cannot be read is told by the check that follows."""
    from publisher.checker import fix_text, read_issue_text, replace_text

    worst = 0
    idle = True
    for path in wanted:
        try:
            text = read_issue_text(job.root / path, path)
        except PublisherError:
            continue
        change = fix_text(text, path, job.codes)
        if change.before == change.after:
            continue
        idle = False
        count = f"{change.fixed_count} problem{'' if change.fixed_count == 1 else 's'}"
        if arguments.diff:
            _print_diff(output, path, change.before, change.after)
            output.info(f"would mend {path}: {count}")
            continue
        try:
            replace_text(job.root / path, path, change)
            output.info(f"mended {path}: {count}")
        except PublisherError as error:
            output.error(error.message, error.hint)
            worst = max(worst, error.exit_code)
    if idle and arguments.diff:
        output.info("nothing to mend by itself: publish check says what is left to you")
    return worst


def _print_diff(output: Output, path: str, before: str, after: str) -> None:
    """The change as a unified diff."""
    from difflib import unified_diff
    from io import StringIO

    from publisher.cli.excerpt import make_printable

    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in unified_diff([*StringIO(before)], [*StringIO(after)], f"a/{path}", f"b/{path}"):
        said = line.removesuffix("\n")
        if output.columns:  # a terminal would obey what a patch must keep
            said = make_printable(said.removesuffix("\r"))
        output.line(said, styles.get(line[0], ""))
        if not line.endswith("\n"):
            output.line("\\ No newline at end of file")


def _check_stdin(arguments: argparse.Namespace, output: Output, job: CheckScope) -> int:
    """Check standard input as the text of a file, whether that is there or not."""
    from publisher.archive.sources import SourceFile
    from publisher.checker import encode_like, fix_text
    from publisher.reader import decode

    name = arguments.stdin_filename or "stdin.md"
    path = relative_to_root(job, Path.cwd() / name) if arguments.stdin_filename else name
    data = sys.stdin.buffer.read()
    text = decode(data, path)
    if arguments.fix or arguments.diff:
        change = fix_text(text, path, job.codes)
        if arguments.diff:
            _print_diff(output, path, change.before, change.after)
        else:
            output.write_bytes(encode_like(change.after, data))
            return 0
    found, _ = select_files(job, ()) if job.config else ([], [])
    found = [one for one in found if one.path != path]
    return _check_issues(
        arguments, output, job, [*found, SourceFile(path, len(data), 0)], [path], {path: text}
    )
