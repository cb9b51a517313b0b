"""The only module that prints: results on stdout, messages on stderr, secrets redacted.

Colour is used only on terminals (NO_COLOR and TERM=dumb turn it off).
"""

from __future__ import annotations

import datetime as dt
import io
import os
from collections.abc import Mapping
from typing import TextIO

from publisher.credentials import redact

_STYLES = {"bold": 1, "dim": 2, "red": "1;31", "green": 32, "yellow": 33, "cyan": 36, "blue": "1;34"}
DIFF_STYLES = {"-": "red", "+": "green", "@": "cyan"}
"""Styles of the lines of a unified diff, by their first character."""


class Output:
    """Prints to stdout and stderr, and reads answers from stdin.

    With `json`, lines of the result are not printed; `finish` prints one JSON object instead. If the program
    that reads a pipe ends, the rest of the output is dropped and the work goes on.
    """

    def __init__(self, stdout: TextIO, stderr: TextIO, *, json: bool = False, stdin: TextIO | None = None) -> None:
        self.json = json
        self.stderr = stderr
        self._stdin = stdin or io.StringIO()
        self._stdout = stdout
        self._colours = {stream: _has_colour(stream) for stream in (stdout, stderr)}
        for stream in (stdout, stderr):
            if isinstance(stream, io.TextIOWrapper):  # for terminals whose encoding lacks a character
                stream.reconfigure(errors="replace")

    def line(self, text: str, style: str = "") -> None:
        if not self.json:
            self._print(self._stdout, redact(text), style)

    def styled(self, text: str, style: str) -> str:
        """Return text for a line of the result, with colour if stdout shows it."""
        return self._apply_style(text, style, self._stdout)

    @property
    def columns(self) -> int:
        """Width of the terminal in columns; 0 if stdout is not a terminal."""
        try:
            return os.get_terminal_size(self._stdout.fileno()).columns or 80
        except OSError:
            return 0

    def info(self, text: str, style: str = "") -> None:
        self._print(self.stderr, redact(text), style)

    def warning(self, text: str) -> None:
        self.info(f"{self._apply_style('warning:', 'yellow', self.stderr)} {text}")

    def write_bytes(self, body: bytes) -> None:
        """Write a result that is the content of a file, unchanged, to stdout."""
        self._stdout.flush()
        self._stdout.buffer.write(body)

    def error(self, message: str, hint: str) -> None:
        label = self._apply_style("error:", "red", self.stderr)
        self.info(f"{label} {message}{hint and f' · {hint}'}")

    @property
    def is_interactive(self) -> bool:
        """Whether a question can be asked: stdin and stderr are terminals."""
        return self._stdin.isatty() and self.stderr.isatty()

    def ask(self, question: str) -> bool:
        """Ask on the terminal; True only for y or yes."""
        self.stderr.write(f"{redact(question)} [y/N] ")
        self.stderr.flush()
        answer = self._stdin.readline()
        if not answer.endswith("\n"):  # at end of input the cursor is still on the question's line
            self.info("")
        return answer.strip().lower() in ("y", "yes")

    def finish_with_error(self, message: str, hint: str, exit_code: int) -> int:
        """Print the error that ended the command, also as JSON; return the exit code."""
        self.error(message, hint)
        return self.finish(exit_code, error={"message": message, "hint": hint})

    def finish(self, exit_code: int, **result: object) -> int:
        """Print the result and the exit code as JSON if `--json` was given; return the exit code."""
        if self.json:
            from json import dumps  # slow to import

            text = dumps(_redact_values({**result, "exit": exit_code}), ensure_ascii=False, indent=2)
            self._print(self._stdout, text)
        return exit_code

    def close(self) -> None:
        for stream in (self._stdout, self.stderr):
            self._print(stream, None)

    def _print(self, stream: TextIO, text: str | None, style: str = "") -> None:
        try:
            if text is not None:
                stream.write(self._apply_style(text, style, stream) + "\n")
            stream.flush()
        except BrokenPipeError:
            # the interpreter flushes again on exit: let that go to /dev/null
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

    def _apply_style(self, text: str, style: str, stream: TextIO) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if style and self._colours[stream] else text


def _has_colour(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _redact_values(result: object) -> object:
    match result:
        case str():
            return redact(result)
        case Mapping():
            return {key: _redact_values(value) for key, value in result.items()}
        case list() | tuple():
            return [_redact_values(value) for value in result]
        case _:
            return result


def plural(number: int, noun: str) -> str:
    """Return the noun in its form for this number: 1 issue, 2 issues."""
    return noun if number == 1 else f"{noun}s"


def format_time(moment: dt.datetime, zone: dt.tzinfo | None) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def format_iso_time(moment: dt.datetime, zone: dt.tzinfo | None) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds")
