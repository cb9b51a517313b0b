"""Entry point of `publish`: from arguments to an exit code. A command's imports happen after it is chosen."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from publisher.cli.output import Output
from publisher.errors import PublisherError

TYPE_CHECKING = False  # see publisher.patterns
if TYPE_CHECKING:
    import datetime as dt
    from typing import NoReturn

INTERRUPTED = 130
INTERNAL = 70


def run_and_exit() -> NoReturn:
    """Run the command and end the process.

    Interpreter shutdown takes as long as start-up. Everything is closed by then, so the process exits without it.
    """
    _occupy_closed_streams()
    gc.set_threshold(10_000)  # modules, and the issues of a run, are looked at less often: they stay until the end
    os._exit(main())


def _occupy_closed_streams() -> None:
    """Open the null device where stdin, stdout or stderr are closed (`>&-`).

    Otherwise the next file that is opened, such as the ledger, would get that number, and what other code
    prints would be written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free


def main(argv: Sequence[str] | None = None, now: dt.datetime | None = None) -> int:
    """Run the command and return its exit code. `now` is the current time (aware), replaced in tests."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    output = Output(sys.stdout, sys.stderr, json="--json" in arguments, stdin=sys.stdin)
    return output.close(_run_command(arguments, output, now))


def _run_command(arguments: Sequence[str], output: Output, now: dt.datetime | None) -> int:
    try:
        if arguments[:1] == ["__complete"]:
            return _print_candidates(arguments[1:], output)
        from publisher.cli.parser import HelpRequest, parse_arguments

        try:
            run, parsed = parse_arguments(arguments)
        except HelpRequest as request:
            output.write_text(request.text)
            return 0
        import datetime as dt

        return run(parsed, output, now or dt.datetime.now(dt.UTC))
    except PublisherError as error:
        return output.finish_with_error(error.message, error.hint, error.exit_code)
    except KeyboardInterrupt:
        return output.finish_with_error("interrupted", "", INTERRUPTED)
    except Exception as error:
        _print_traceback(arguments, output)
        from publisher.files import STORAGE_ERRNOS, wrap_os_error

        if isinstance(error, OSError) and error.errno in STORAGE_ERRNOS:
            wrapped = wrap_os_error(f"cannot use {error.filename or 'a file'}", error)
            return output.finish_with_error(wrapped.message, wrapped.hint, wrapped.exit_code)
        message = f"internal error: {type(error).__name__}: {error}".splitlines()[0]
        return output.finish_with_error(message, "please report it with the output of --debug", INTERNAL)


def _print_candidates(words: Sequence[str], output: Output) -> int:
    """Print what may be typed next, for the completion scripts."""
    from pathlib import Path

    from publisher.cli.completion_values import complete_words

    output.write_text(complete_words(words, Path.cwd()))
    return 0


def _print_traceback(arguments: Sequence[str], output: Output) -> None:
    """Print the traceback of the current exception with --debug."""
    if "--debug" in arguments or os.environ.get("PUBLISHER_DEBUG"):
        from traceback import format_exc  # printed here, because the interpreter would not redact secrets

        output.info(format_exc().rstrip())
