"""Problems in the forms people and programs read: full, concise, annotations of GitHub, SARIF, JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from publisher import __version__
from publisher.checks.codes import CODES, Problem, Severity
from publisher.cli.excerpt import MAX_COLUMNS, format_excerpt, make_printable

Styler = Callable[[str, str], str]
_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def format_full(
    path: str, lines: list[str], problems: Sequence[Problem], styled: Styler, columns: int = 0
) -> Iterator[str]:
    """Each error and warning with its line of source, carets and help; information on a line each. `columns`
    has the terminal, where it is one."""
    told = [problem for problem in problems if problem.severity is not Severity.INFO]
    for problem in told:
        yield from _format_full_problem(path, lines, problem, styled, columns)
        yield ""
    notes = [problem for problem in problems if problem.severity is Severity.INFO]
    yield from (styled(line, "dim") for line in format_concise(path, notes, lambda text, _: text))
    if notes:
        yield ""


def _format_full_problem(
    path: str, lines: list[str], problem: Problem, styled: Styler, columns: int
) -> Iterator[str]:
    style = _STYLES[problem.severity]
    pos = problem.pos
    code = styled(f"{problem.severity.value}[{problem.code}]", style)
    yield f"{code}{styled(f': {make_printable(problem.message)}', 'bold')}"
    gutter = " " * len(str(pos.line))
    bar = styled("|", "blue")
    yield f"{gutter}{styled('-->', 'blue')} {make_printable(path)}:{pos.line}:{pos.column}"
    text = lines[pos.line - 1] if pos.line <= len(lines) else ""
    end = pos.end_column if pos.end_line == pos.line else len(text) + 1
    room = min(columns - len(gutter) - 3, MAX_COLUMNS) if columns else MAX_COLUMNS
    source, carets = format_excerpt(text, pos.column, end, room)
    yield f"{gutter} {bar}"
    yield f"{styled(str(pos.line), 'blue')} {bar} {source}".rstrip()
    yield f"{gutter} {bar} {styled(carets, style)}"
    if problem.help or problem.fixable:
        mend = " (--fix)" if problem.fixable else ""
        said = f"{problem.help}{mend}" if problem.help else "--fix writes it"
        yield f"{gutter} {styled('=', 'blue')} {styled('help', 'cyan')}: {make_printable(said)}"


def format_concise(path: str, problems: Iterable[Problem], styled: Styler) -> Iterator[str]:
    """A line for each, as compilers print it."""
    for problem in problems:
        place = f"{make_printable(path)}:{problem.pos.line}:{problem.pos.column}"
        code = styled(f"{problem.severity.value}[{problem.code}]", _STYLES[problem.severity])
        yield f"{place}: {code}: {make_printable(problem.message)}{' (--fix)' if problem.fixable else ''}"


def format_workflow_commands(path: str, problems: Iterable[Problem]) -> Iterator[str]:
    """Workflow commands of GitHub, which shows them beside the lines of a pull request.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    words = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
    for problem in problems:
        pos = problem.pos
        # GitHub takes columns only for what is on one line
        one = f",col={pos.column},endColumn={pos.end_column - 1}" if pos.end_line == pos.line else ""
        where = f"file={_escape_property(path)},line={pos.line},endLine={pos.end_line}{one}"
        said = f"{problem.message} · {problem.help}" if problem.help else problem.message
        yield f"::{words[problem.severity]} {where},title={problem.code}::{_escape_data(said)}"


def format_unreadable_file(path: str, message: str) -> str:
    """The workflow command for a file that could not be read."""
    return f"::error file={_escape_property(path)}::{_escape_data(message)}"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def format_sarif(found: Mapping[str, Iterable[Problem]]) -> str:
    """A log of SARIF 2.1.0, which code scanning services take.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
    """
    levels = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
    codes = sorted({problem.code for problems in found.values() for problem in problems})
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
        for path, problems in found.items()
        for problem in problems
    ]
    driver = {"name": "publish check", "semanticVersion": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2)


def _extract_first_sentence(text: str) -> str:
    return re.split(r"(?<=[.?])\s", " ".join(text.split()), maxsplit=1)[0]


def _build_sarif_location(path: str, problem: Problem) -> dict[str, Any]:
    from urllib.parse import quote

    pos = problem.pos
    region = {
        "startLine": pos.line,
        "startColumn": pos.column,
        "endLine": pos.end_line,
        "endColumn": pos.end_column,
    }
    return {"artifactLocation": {"uri": quote(path)}, "region": region}


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """A problem as plain data."""
    pos = problem.pos
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "line": pos.line,
        "column": pos.column,
        "end_line": pos.end_line,
        "end_column": pos.end_column,
        "message": problem.message,
        "help": problem.help,
        "fixable": problem.fixable,
        "edits": [
            {
                "line": edit.pos.line,
                "column": edit.pos.column,
                "end_line": edit.pos.end_line,
                "end_column": edit.pos.end_column,
                "text": edit.text,
            }
            for edit in problem.edits
        ],
    }


def format_summary(problems: Iterable[Problem], files: int, unread: int = 0) -> str:
    """What it all came to, on one line; `unread` more files could not be read."""
    found = list(problems)
    issues = f"{files:,} issue{'' if files == 1 else 's'}"
    missing = f"; {unread:,} could not be read" if unread else ""
    if not found:
        return f"{issues} checked{', nothing wrong' if files else ''}{missing}"
    counts = [
        (sum(problem.severity is Severity.ERROR for problem in found), "error", "errors"),
        (sum(problem.severity is Severity.WARNING for problem in found), "warning", "warnings"),
        (sum(problem.severity is Severity.INFO for problem in found), "note", "notes"),
    ]
    said = ", ".join(f"{n:,} {one if n == 1 else many}" for n, one, many in counts if n)
    fixable = sum(problem.fixable for problem in found)
    mend = f"; {fixable:,} fixable: publish check --fix (--diff to look first)" if fixable else ""
    return f"{said} in {issues}{missing}{mend} · explain one: publish check --explain {found[0].code}"
