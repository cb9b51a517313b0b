"""The only place that prints: results on stdout, talk on stderr, colour and symbols where they show, secrets
nowhere."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import TextIO

from publisher.credentials import redact

_STYLES = {
    "bold": "1",
    "dim": "2",
    "red": "1;31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "blue": "1;34",
}


class Output:
    """Two streams, and a third for the answer to a question. With `json` the results are one object, given to
    `finish`, and no lines.

    A reader that goes away stops no work: what it does not want to see is dropped.
    """

    def __init__(
        self, stdout: TextIO, stderr: TextIO, *, json: bool = False, stdin: TextIO | None = None
    ) -> None:
        self.json = json
        self.stderr = stderr
        self._stdin = stdin or io.StringIO()
        self._stdout = stdout
        self._colours = {stream: _has_colour(stream) for stream in (stdout, stderr)}
        for stream in (stdout, stderr):
            if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a character shows another
                stream.reconfigure(errors="replace")

    def line(self, text: str, style: str = "") -> None:
        """A line of the result."""
        if not self.json:
            self._print(self._stdout, redact(text), style)

    def styled(self, text: str, style: str) -> str:
        """A piece of a line of the result in a style, where that shows."""
        return self._apply_style(text, style, self._stdout)

    @property
    def columns(self) -> int:
        """How wide the terminal is that shows the result; 0 where that is none."""
        try:
            return os.get_terminal_size(self._stdout.fileno()).columns or 80
        except OSError:
            return 0

    def info(self, text: str, style: str = "") -> None:
        """A line beside the result."""
        self._print(self.stderr, redact(text), style)

    def warning(self, text: str) -> None:
        """Something to know that stops nothing."""
        self.info(f"{self._apply_style('warning:', 'yellow', self.stderr)} {text}")

    def write_bytes(self, body: bytes) -> None:
        """A result that is a file of its own, byte by byte."""
        self._stdout.flush()
        self._stdout.buffer.write(body)

    def error(self, message: str, hint: str) -> None:
        """Why one of several results is missing, on one line."""
        self.info(
            f"{self._apply_style('error:', 'red', self.stderr)} {message}" + (f" · {hint}" if hint else "")
        )

    @property
    def is_interactive(self) -> bool:
        """Whether somebody is there to answer."""
        return self._stdin.isatty() and self.stderr.isatty()

    def ask(self, question: str) -> bool:
        """Whether the one at the terminal says yes. Anything but y is no."""
        self.stderr.write(f"{redact(question)} [y/N] ")
        self.stderr.flush()
        answer = self._stdin.readline()
        if not answer.endswith("\n"):  # the end of the input leaves the cursor behind the question
            self.info("")
        return answer.strip().lower() in ("y", "yes")

    def finish_with_error(self, message: str, hint: str, code: int) -> None:
        """Why there is no result, on one line."""
        self.error(message, hint)
        self.finish({"error": {"message": message, "hint": hint}, "exit": code})

    def finish(self, result: object) -> None:
        """The result as JSON, where that is wanted."""
        if self.json:
            from json import dumps  # slow to import

            text = dumps(_redact_values(result), ensure_ascii=False, indent=2)
            self._print(self._stdout, text)

    def close(self) -> None:
        """Send what still waits."""
        for stream in (self._stdout, self.stderr):
            self._print(stream, None)

    def _print(self, stream: TextIO, text: str | None, style: str = "") -> None:
        try:
            if text is not None:
                stream.write(self._apply_style(text, style, stream) + "\n")
            stream.flush()
        except BrokenPipeError:
            # the interpreter flushes once more at its end, into nothing
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
