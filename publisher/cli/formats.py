"""Output formats for problems: full, concise, GitHub workflow commands, SARIF and JSON."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import asdict, astuple

from publisher import __version__
from publisher.checks.codes import CODES, Problem, Severity
from publisher.cli.controls import dump_json
from publisher.cli.excerpt import MAX_COLUMNS, format_excerpt, make_printable
from publisher.cli.output import plural

Styler = Callable[[str, str], str]
_STYLES = {Severity.ERROR: "red", Severity.WARNING: "magenta", Severity.INFO: "bold"}


MAX_SHOWN = 10
"""So many errors or warnings with the same code are shown with their source, unless all are requested."""


def fold(problems_by_path: Mapping[str, Sequence[Problem]]) -> tuple[dict[str, list[Problem]], Counter[str]]:
    """Return the problems to show, by path, and how many of each code are not shown: all notes, and what exceeds
    the limit."""
    counts: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    shown: dict[str, list[Problem]] = {}
    for path, problems in problems_by_path.items():
        shown[path] = []
        for problem in problems:
            counts[problem.code] += 1
            if problem.severity is Severity.INFO or counts[problem.code] > MAX_SHOWN:
                hidden[problem.code] += 1
            else:
                shown[path].append(problem)
    return shown, hidden


def format_hidden(hidden: Counter[str]) -> Iterator[str]:
    """Yield a line for the problems that are not shown, and one for the notes."""
    notes = {code: count for code, count in hidden.items() if CODES[code].severity is Severity.INFO}
    more = {code: count for code, count in hidden.items() if code not in notes}
    for what, counts in (("more", more), ("notes", notes)):
        if counts:
            codes = ", ".join(f"{count:,} {code}" for code, count in sorted(counts.items(), key=lambda one: -one[1]))
            yield f"{what.ljust(8)}  {codes} · -v shows them"


def format_full(
    path: str, lines: list[str], problems: Sequence[Problem], styled: Styler, columns: int = 0
) -> Iterator[str]:
    """Yield the lines of each error and warning with source line, carets and help; notes take one line each.

    `columns` is the width of the terminal, 0 if the output is not a terminal.
    """
    visible = [problem for problem in problems if problem.severity is not Severity.INFO]
    for problem in visible:
        yield from _format_full_problem(path, lines, problem, styled, columns)
        yield ""
    notes = [problem for problem in problems if problem.severity is Severity.INFO]
    yield from format_concise(path, notes, styled)
    if notes:
        yield ""


def _format_full_problem(path: str, lines: list[str], problem: Problem, styled: Styler, columns: int) -> Iterator[str]:
    style = _STYLES[problem.severity]
    pos = problem.pos
    code = styled(f"{problem.severity.value}[{problem.code}]", style)
    yield f"{code}{styled(f': {make_printable(problem.message)}', 'bold')}"
    gutter = " " * len(str(pos.line))
    yield f"{gutter}--> {make_printable(path)}:{pos.line}:{pos.column}"
    text = lines[pos.line - 1] if pos.line <= len(lines) else ""
    end = pos.end_column if pos.end_line == pos.line else len(text) + 1
    available = min(columns - len(gutter) - 3, MAX_COLUMNS) if columns else MAX_COLUMNS
    source, carets = format_excerpt(text, pos.column, end, available)
    yield f"{gutter} |"
    yield f"{pos.line} | {source}".rstrip()
    yield f"{gutter} | {styled(carets, style)}"
    if problem.help or problem.fixable:
        fix_note = " (--fix)" if problem.fixable else ""
        help_text = f"{problem.help}{fix_note}" if problem.help else "--fix corrects it"
        yield f"{gutter} = {styled('help', 'bold')}: {make_printable(help_text)}"


def format_concise(path: str, problems: Iterable[Problem], styled: Styler) -> Iterator[str]:
    """Yield one line for each problem, in the format of compilers."""
    for problem in problems:
        place = f"{make_printable(path)}:{problem.pos.line}:{problem.pos.column}"
        code = styled(f"{problem.severity.value}[{problem.code}]", _STYLES[problem.severity])
        yield f"{place}: {code}: {make_printable(problem.message)}{' (--fix)' if problem.fixable else ''}"


def format_workflow_commands(path: str, problems: Iterable[Problem]) -> Iterator[str]:
    """Yield workflow commands, which GitHub shows next to the lines of a pull request.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    for problem in problems:
        pos = problem.pos
        # GitHub accepts columns only for problems within one line
        columns = f",col={pos.column},endColumn={pos.end_column - 1}" if pos.end_line == pos.line else ""
        where = f"file={_escape_property(path)},line={pos.line},endLine={pos.end_line}{columns}"
        message = f"{problem.message} · {problem.help}" if problem.help else problem.message
        level = problem.severity.value.replace("info", "notice")
        yield f"::{level} {where},title={problem.code}::{_escape_data(message)}"


def format_unreadable_file(path: str, message: str) -> str:
    return f"::error file={_escape_property(path)}::{_escape_data(message)}"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def format_sarif(problems_by_path: Mapping[str, Iterable[Problem]]) -> str:
    """Return a SARIF 2.1.0 log, which code scanning services accept.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
    """
    levels = {severity: severity.value.replace("info", "note") for severity in Severity}
    codes = sorted({problem.code for problems in problems_by_path.values() for problem in problems})
    rules = [
        {
            "id": code,
            "shortDescription": {"text": _extract_first_sentence(CODES[code].explanation)},
            "fullDescription": {"text": CODES[code].explanation},
            "help": {"text": CODES[code].explanation},
            "defaultConfiguration": {"level": levels[CODES[code].severity]},
        }
        for code in codes
    ]
    results = [
        {
            "ruleId": problem.code,
            "level": levels[problem.severity],
            "message": {"text": problem.message},
            "locations": [{"physicalLocation": _build_sarif_location(path, problem)}],
        }
        for path, problems in problems_by_path.items()
        for problem in problems
    ]
    driver = {"name": "publish check", "semanticVersion": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return dump_json(log, indent=2)


def _extract_first_sentence(text: str) -> str:
    return re.split(r"(?<=[.?])\s", " ".join(text.split()), maxsplit=1)[0]


def _build_sarif_location(path: str, problem: Problem) -> dict[str, Any]:
    from urllib.parse import quote

    names = ("startLine", "startColumn", "endLine", "endColumn")
    region = dict(zip(names, astuple(problem.pos), strict=True))
    return {"artifactLocation": {"uri": quote(path)}, "region": region}


def problem_to_json(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        **asdict(problem.pos),
        "message": problem.message,
        "help": problem.help,
        "fixable": problem.fixable,
        "edits": [{**asdict(edit.pos), "text": edit.text} for edit in problem.edits],
    }


def format_summary(problems: Iterable[Problem], files: int, unreadable: int) -> str:
    """Return the summary line. `files` were checked, `unreadable` more could not be read."""
    problems = list(problems)
    issues = f"{files:,} {plural(files, 'issue')}"
    unreadable_note = f"; {unreadable:,} could not be read" if unreadable else ""
    if not problems:
        return f"{issues} checked{', no problems found' if files else ''}{unreadable_note}"
    counts = Counter(problem.severity for problem in problems)
    total = ", ".join(
        f"{counts[severity]:,} {plural(counts[severity], severity.value.replace('info', 'note'))}"
        for severity in Severity
        if counts[severity]
    )
    fixable = sum(problem.fixable for problem in problems)
    fix_note = f"; {fixable:,} fixable: publish check --fix (preview with --diff)" if fixable else ""
    explain = f"details: publish check --explain {problems[0].code}"
    return f"{total} in {issues}{unreadable_note}{fix_note} · {explain}"
