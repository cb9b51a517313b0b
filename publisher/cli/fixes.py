"""`publish check --fix` and `--diff`: fix issues, or show what would be fixed."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from difflib import unified_diff
from io import StringIO
from pathlib import Path

from publisher.checker import read_issue_text
from publisher.checks.fix import apply_fixes
from publisher.cli.output import DIFF_STYLES, Output, plural
from publisher.cli.selection import CheckScope
from publisher.errors import PublisherError, StorageError
from publisher.files import wrap_os_error, write_if_changed
from publisher.reader import parse_issue


def fix_files(output: Output, scope: CheckScope, paths: Sequence[str], *, diff: bool) -> int:
    """Fix files, or show the fixes with `diff`; return the highest exit code.

    Files that cannot be read are skipped here and reported by the check that follows.
    """
    exit_code = 0
    unchanged = True
    for path in paths:
        try:
            text = read_issue_text(scope.root, path, scope.config)
        except PublisherError:
            continue
        result = apply_fixes(parse_issue, text, path, scope.codes)
        if result.text == text:
            continue
        unchanged = False
        count = f"{len(result.fixed)} {plural(len(result.fixed), 'problem')}"
        if diff:
            _print_diff(output, path, text, result.text)
            output.info(f"would fix {path}: {count}")
            continue
        try:
            _replace_text(scope.root / path, path, text, result.text)
            output.info(f"fixed {path}: {count}")
        except PublisherError as error:
            output.error(error.message, error.hint)
            exit_code = max(exit_code, error.exit_code)
    if unchanged and diff:
        output.info("nothing to fix automatically; publish check lists the other problems")
    elif diff:
        output.next_step(f"publish check --fix {shlex.quote(paths[0]) if len(paths) == 1 else ''}".rstrip())
    return exit_code


def fix_input(output: Output, path: str, text: str, data: bytes, codes: Collection[str], *, diff: bool) -> None:
    """Print the fixed text of standard input, whose bytes are `data`; with `diff` print the change."""
    fixed = apply_fixes(parse_issue, text, path, codes).text
    if diff:
        _print_diff(output, path, text, fixed)
    else:
        output.write_bytes(_encode_like(fixed, data))


def _print_diff(output: Output, path: str, before: str, after: str) -> None:
    for line in unified_diff([*StringIO(before)], [*StringIO(after)], f"a/{path}", f"b/{path}"):
        content = line.removesuffix("\n").removesuffix("\r")
        has_return = line.endswith("\r\n") and not output.columns  # a patch needs it, a terminal does not
        output.line(content, DIFF_STYLES.get(line[0], ""), "\r\n" if has_return else "\n")
        if not line.endswith("\n"):
            output.line("\\ No newline at end of file")


def _replace_text(path: Path, name: str, before: str, after: str) -> None:
    """Write a fixed text in the encoding of the file.

    Raises StorageError if the file has changed since it was read, or cannot be written.
    """
    target = path.resolve()
    try:
        data = target.read_bytes()
    except OSError as error:
        raise wrap_os_error(f"cannot read {name}", error) from error
    if _encode_like(before, data) != data:
        raise StorageError(f"{name} was not fixed: the file has changed or is not valid text")
    write_if_changed(target, _encode_like(after, data))


def _encode_like(text: str, original: bytes) -> bytes:
    """Encode a text like the file `original`, with its byte order mark if it has one."""
    for bom, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if original.startswith(bom):
            return bom + text.encode(encoding, "replace")
    return text.encode("utf-8", "replace")
