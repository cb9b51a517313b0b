"""The only module that prints: results on stdout, messages on stderr; secrets and control characters replaced.

Colour is used only on terminals (NO_COLOR and TERM=dumb turn it off).
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Mapping
from contextlib import suppress

from publisher.cli.controls import dump_json, flatten_lines, replace_controls
from publisher.errors import StorageError
from publisher.redaction import redact

TYPE_CHECKING = False  # see publisher.patterns
if TYPE_CHECKING:
    import datetime as dt
    from typing import TextIO

_STYLES = {"bold": "1", "red": "1;31", "green": "32", "magenta": "1;35"}
"""What can be read on dark and on light terminals: yellow and cyan vanish on white, blue on black, and faint text on
either. Text of some length has the colour of the terminal; marks and labels have one of these."""

_MARKS = ("✓", "!", "✗")
"""Of a line that begins with one, only the mark is in colour."""

DIFF_STYLES = {"-": "red", "+": "green", "@": "magenta"}
"""Styles of the lines of a unified diff, by their first character."""

_STYLE_MARK = f"\x1b{os.urandom(6).hex()}"
"""Begins our own style codes until they are written; no text can contain it by intention."""


class _Stream:
    """Stdout or stderr, which may be closed or full: `error` is the first reason why output was lost.

    If the program that reads a pipe ends, the rest of the output is dropped, which is no error.
    """

    def __init__(self, name: str, file: TextIO | None) -> None:
        self.name = name
        self.file = file
        self.error: OSError | None = None
        self.is_terminal = _is_terminal(file)
        self.has_colour = self.is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        if isinstance(file, io.TextIOWrapper):  # for terminals whose encoding lacks a character
            file.reconfigure(errors="replace")

    def write(self, text: str, end: str = "") -> None:
        """Write a text with styles and then `end`, and flush both."""
        cleaned = "\x1b[".join(map(replace_controls, text.split(_STYLE_MARK))) + end
        self._try(lambda file: file.write(cleaned))

    def write_bytes(self, body: bytes) -> None:
        """Write bytes unchanged."""
        self._try(lambda file: file.buffer.write(body))

    def flush(self) -> None:
        """Flush what others wrote to the file."""
        if self.file is not None:
            self._try(lambda _: None)

    def discard(self) -> None:
        """Have the interpreter, which flushes again on exit, flush to nowhere."""
        with suppress(OSError, ValueError):
            if self.file is not None:
                number = self.file.fileno()
                os.dup2(os.open(os.devnull, os.O_WRONLY), number)

    def apply_style(self, text: str, style: str) -> str:
        """Return a text in a style if the stream shows it."""
        return f"{_STYLE_MARK}{_STYLES[style]}m{text}{_STYLE_MARK}0m" if style and self.has_colour else text

    def _try(self, act: Callable[[TextIO], object]) -> None:
        try:
            if self.file is None:  # closed before the program started
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            act(self.file)
            self.file.flush()
        except BrokenPipeError:
            self.discard()
        except ValueError as error:  # closed since
            self.error = self.error or OSError(errno.EBADF, str(error))
        except OSError as error:
            self.error = self.error or error


class Output:
    """Prints to stdout and stderr, and reads answers from stdin.

    With `json`, lines of the result are not printed; `finish` prints one JSON object instead. Printing raises no
    error, so that the work goes on; what could not be printed makes `close` return another exit code.
    """

    def __init__(
        self, stdout: TextIO | None, stderr: TextIO | None, *, json: bool = False, stdin: TextIO | None = None
    ) -> None:
        self.json = json
        self._stdin = stdin or io.StringIO()
        self._stdout = _Stream("stdout", stdout)
        self._stderr = _Stream("stderr", stderr)

    def line(self, text: str, style: str = "", end: str = "\n") -> None:
        """Print a line of the result."""
        if not self.json:
            self._print(self._stdout, text, style, end)

    def styled(self, text: str, style: str) -> str:
        """Return text for a line of the result, with colour if stdout shows it."""
        return self._stdout.apply_style(text, style)

    @property
    def has_colours(self) -> bool:
        """Whether lines of the result are shown in colour."""
        return self._stdout.has_colour

    @property
    def columns(self) -> int:
        """Width of the terminal in columns; 0 if stdout is not a terminal."""
        try:
            return os.get_terminal_size(self._stdout.file.fileno()).columns or 80 if self._stdout.file else 0
        except (OSError, ValueError):
            return 0

    @property
    def message_terminal(self) -> TextIO | None:
        """Stderr if it is a terminal."""
        return self._stderr.file if self._stderr.is_terminal else None

    def info(self, text: str, style: str = "") -> None:
        """Print a message, which may have several lines."""
        self._print(self._stderr, text, style)

    def next_step(self, text: str) -> None:
        """Print what to open or to type next; not for scripts."""
        if text and not self.json:
            self.info(f"next: {text}")

    def warning(self, text: str) -> None:
        """Print a message with the label `warning:`."""
        self.info(f"{self._stderr.apply_style('warning:', 'magenta')} {text}")

    def write_text(self, text: str) -> None:
        """Print a text as it is, also with `json`."""
        self._stdout.write(text)

    def write_bytes(self, body: bytes) -> None:
        """Write a result that is the content of a file to stdout: unchanged, unless that is a terminal."""
        if self._stdout.is_terminal:
            self._stdout.write(body.decode("utf-8", "replace"))
        else:
            self._stdout.write_bytes(body)

    def error(self, message: str, hint: str) -> None:
        """Print one line with the label `error:`."""
        label = self._stderr.apply_style("error:", "red")
        self.info(f"{label} {flatten_lines(message)}{hint and f' · {flatten_lines(hint)}'}")

    @property
    def is_interactive(self) -> bool:
        """Whether a question can be asked: stdin and stderr are terminals."""
        return _is_terminal(self._stdin) and self._stderr.is_terminal

    def ask(self, question: str) -> bool:
        """Ask on the terminal; True only for y or yes."""
        return (self.ask_text(f"{question} [y/N] ") or "").lower() in ("y", "yes")

    def ask_text(self, question: str) -> str | None:
        """Ask on the terminal; return the answer without spaces around it, None at the end of the input."""
        self._print(self._stderr, question, end="")
        answer = "" if self._stderr.error else self._stdin.readline()
        if not answer.endswith("\n"):  # at end of input the cursor is still on the question's line
            self.info("")
        return answer.strip() if answer else None

    def finish_with_error(self, message: str, hint: str, exit_code: int) -> int:
        """Print the error that ended the command, also as JSON; return the exit code."""
        self.error(message, hint)
        return self.finish(exit_code, error={"message": message, "hint": hint})

    def finish(self, exit_code: int, **result: object) -> int:
        """Print the result and the exit code as JSON if `--json` was given; return the exit code."""
        if self.json:
            if self._stderr.error:  # the last place to say so
                message = _describe_loss(self._stderr)
                result = {**result, "error": result.get("error") or {"message": message, "hint": ""}}
                exit_code = max(exit_code, StorageError.exit_code)
            text = dump_json(_redact_values({**result, "exit": exit_code}), indent=2)
            self._stdout.write(text, "\n")
        return exit_code

    def close(self, exit_code: int) -> int:
        """Flush everything, and return the exit code: that of a StorageError if output was lost.

        That is said on the stream that is left.
        """
        for stream in (self._stdout, self._stderr):
            stream.flush()
        lost = [stream for stream in (self._stdout, self._stderr) if stream.error]
        if self._stdout.error:
            self.error(_describe_loss(self._stdout), f"the work itself ended with exit code {exit_code}")
        elif self._stderr.error:
            self.line(f"error: {_describe_loss(self._stderr)}")
        for stream in lost:
            stream.discard()
        return max(exit_code, StorageError.exit_code) if lost else exit_code

    def _print(self, stream: _Stream, text: str, style: str = "", end: str = "\n") -> None:
        text = redact(text)
        mark, space, rest = text.partition(" ")
        start, rest = (mark, space + rest) if mark in _MARKS else (text, "")
        stream.write(f"{stream.apply_style(start, style)}{rest}", end)


def _is_terminal(file: TextIO | None) -> bool:
    try:
        return file is not None and file.isatty()
    except ValueError:  # closed
        return False


def _describe_loss(stream: _Stream) -> str:
    return f"cannot write to {stream.name}: {stream.error.strerror if stream.error else ''}"


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
