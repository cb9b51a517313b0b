"""`publish check`: report problems in issues with their place, and fix them."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publisher.checks.codes import CODES, Severity
from publisher.cli import formats
from publisher.cli.output import Output
from publisher.cli.parser import ISSUE_NAMES, CommandParser
from publisher.cli.selection import (
    CheckScope,
    display_path,
    load_current_config,
    read_source_lines,
    relative_to_root,
    select_files,
)
from publisher.errors import ConfigError, StorageError, format_suggestion
from publisher.files import wrap_os_error
from publisher.project import CONFIG_FILE

if TYPE_CHECKING:
    from publisher.archive.check_cache import CheckedIssue
    from publisher.archive.sources import SourceFile
    from publisher.cli.links import LinkReport
    from publisher.config import Config


def define(parser: CommandParser) -> None:
    parser.arguments.add_argument(
        "files", nargs="*", metavar="ISSUE", help=f"{ISSUE_NAMES}, or a folder [default: all issues]"
    )
    option = parser.options.add_argument
    option("--fix", action="store_true", help="Fix problems that can be fixed without loss of content")
    option("--diff", action="store_true", help="Show what --fix would change, without writing")
    option("--select", metavar="CODES", action="append", default=[], help="Report only these codes, comma-separated")
    option("--ignore", metavar="CODES", action="append", default=[], help="Do not report these codes")
    option("--explain", metavar="CODE", help="Explain a code")
    option(
        "--format",
        metavar="FORMAT",
        choices=("full", "concise", "github", "sarif"),
        default="full",
        help="full, concise, github or sarif [default: full]",
    )
    option("--links", action="store_true", help="Check over the network whether links work")
    option(
        "--allow", metavar="IP:PORT", action="append", default=[], help="Let --links connect to this private address"
    )
    option("-v", "--verbose", action="store_true", help="Show every problem, also notes")
    option("--stdin", action="store_true", help="Check standard input; --fix prints the fixed text")
    option("--stdin-filename", metavar="FILE", default="", help="File name to report for standard input")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    if arguments.explain:
        return _explain_code(arguments.explain, output)
    if arguments.stdin and arguments.files:
        raise ConfigError("--stdin cannot be combined with files", "use one or the other")
    config = load_current_config()
    scope = CheckScope(_select_codes(arguments.select, arguments.ignore, config), config, now)
    for address in config.example_addresses if config else ():
        output.warning(f"{address.message} · {address.hint}")
    if arguments.stdin:
        return _check_stdin(arguments, output, scope)
    files, paths = select_files(scope, arguments.files)
    exit_code = 0
    if arguments.fix or arguments.diff:
        from publisher.cli.fixes import fix_files

        exit_code = fix_files(output, scope, paths, diff=arguments.diff)
        files, paths = select_files(scope, arguments.files)
    return _check_issues(arguments, output, scope, files, paths, {}, exit_code)


def _select_codes(select: list[str], ignore: list[str], config: Config | None) -> frozenset[str]:
    """Return the codes to report: those of `--select` whatever publisher.toml ignores, else all but the ignored."""

    def parse(values: list[str]) -> set[str]:
        names = {name.strip() for value in values for name in value.split(",") if name.strip()}
        for name in sorted(names - CODES.keys()):
            raise _unknown_code_error(name)
        return names

    default = CODES.keys() - (config.checks.ignored if config else ())
    return frozenset((parse(select) or default) - parse(ignore))


def _unknown_code_error(name: str) -> ConfigError:
    return ConfigError(f"unknown code {name}", format_suggestion(name, CODES))


def _explain_code(name: str, output: Output) -> int:
    code = CODES.get(name)
    if code is None:
        raise _unknown_code_error(name)
    output.line(f"{code.severity.value}[{name}]", "bold")
    output.line(code.explanation)
    in_all = f'in all issues: ignore = ["{name}"] below [checks] in {CONFIG_FILE}'
    output.line(f"\nTo ignore it in an issue: <!-- publish: ignore={name} -->, {in_all}")
    return output.finish(0, code=name, severity=code.severity.value, text=code.explanation)


def _check_issues(
    arguments: argparse.Namespace,
    output: Output,
    scope: CheckScope,
    files: list[SourceFile],
    paths: list[str],
    texts: dict[str, str],
    minimum_exit_code: int = 0,
) -> int:
    from publisher.checker import FileChecker, check_files
    from publisher.cli.progress import ProgressBar

    checker = FileChecker(scope.root, scope.config)
    started_at = time.time_ns()
    with closing(ProgressBar(output, "checking issues")) as progress:
        checked = [*check_files(checker, files, paths, started_at, texts=texts, on_progress=progress.advance)]
    links = None
    if arguments.links:
        from publisher.cli.links import add_link_problems

        checked, links = add_link_problems(arguments.allow, output, scope, checked, texts)
    rules = scope.rules
    results = [result._replace(problems=tuple(rules.apply(result.problems))) for result in checked]
    if not arguments.diff:
        shows_all = arguments.verbose or bool(arguments.select)
        _print_results(arguments.format, output, scope, results, texts, links, shows_all=shows_all)
    return output.finish(
        max(minimum_exit_code, _exit_code(results)),
        issues=[_check_result_to_json(result, links) for result in results],
        links=links.to_json() if links else None,
        warnings=[address.message for address in scope.config.example_addresses] if scope.config else [],
    )


def _exit_code(results: Sequence[CheckedIssue]) -> int:
    """Return 1 if an issue has errors or is not text, 6 if one cannot be read, else 0."""
    errors = any(problem.severity is Severity.ERROR for result in results for problem in result.problems)
    return max([int(errors), *(result.fault.exit_code for result in results if result.fault)])


def _print_results(
    output_format: str,
    output: Output,
    scope: CheckScope,
    results: Sequence[CheckedIssue],
    texts: dict[str, str],
    links: LinkReport | None,
    *,
    shows_all: bool,
) -> None:
    """Print the problems. In the full format notes are only counted, and so are many with one code, unless
    `shows_all`."""
    shown, hidden = formats.fold({} if shows_all else {result.path: result.problems for result in results})
    if output_format == "sarif":
        by_path = {display_path(scope, result.path): result.problems for result in results}
        output.line(formats.format_sarif(by_path))
    for result in results:
        path = display_path(scope, result.path)
        if result.fault:
            output.error(result.fault.message, result.fault.hint)
        if output_format == "github":
            lines = formats.format_workflow_commands(path, result.problems)
            if result.fault:
                output.line(formats.format_unreadable_file(path, result.fault.message))
        elif output_format == "concise":
            lines = formats.format_concise(path, result.problems, output.styled)
        elif output_format == "full" and (problems := shown.get(result.path, result.problems)):
            source = read_source_lines(scope, result.path, texts)
            lines = formats.format_full(path, source, problems, output.styled, output.columns)
        else:
            continue
        for line in lines:
            output.line(line)
    if output_format in ("full", "concise"):
        if links:
            output.line(links.summary_line)
        if len(results) == 1 and results[0].budgets:
            budgets = " · ".join(f"{result.channel} {result.text}" for result in results[0].budgets)
            output.line(f"channels  {budgets}")
        if output_format == "full":
            for line in formats.format_hidden(hidden):
                output.line(line)
        problems = [problem for result in results for problem in result.problems]
        unreadable = sum(result.fault is not None for result in results)
        output.line(formats.format_summary(problems, len(results) - unreadable, unreadable))


def _check_result_to_json(result: CheckedIssue, links: LinkReport | None) -> dict[str, Any]:
    return {
        "path": result.path,
        "problems": [formats.problem_to_json(problem) for problem in result.problems],
        "channels": {budget.channel: budget.report for budget in result.budgets},
        "error": result.fault and {"message": result.fault.message, "hint": result.fault.hint},
        "links": links and links.for_file(result.path),
    }


def _check_stdin(arguments: argparse.Namespace, output: Output, scope: CheckScope) -> int:
    """Check standard input as the text of a file, which need not exist."""
    from publisher.archive.sources import SourceFile
    from publisher.reader import decode

    name = arguments.stdin_filename or "stdin.md"
    path = relative_to_root(scope, Path.cwd() / name) if arguments.stdin_filename else name
    data = _read_stdin()
    text = decode(data, path)
    if arguments.fix or arguments.diff:
        from publisher.cli.fixes import fix_input

        fix_input(output, path, text, data, scope.codes, diff=arguments.diff)
        if not arguments.diff:
            return 0
    files, _ = select_files(scope, ()) if scope.config else ([], [])
    files = [file for file in files if file.path != path]
    return _check_issues(arguments, output, scope, [*files, SourceFile(path, len(data), 0)], [path], {path: text})


def _read_stdin() -> bytes:
    """Raises StorageError if it is closed or cannot be read."""
    if sys.stdin is None:
        raise StorageError("cannot read stdin: it is closed")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise wrap_os_error("cannot read stdin", error) from error
