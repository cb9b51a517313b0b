"""The start of `publish`: from words to an exit code. What a command needs is imported when it is known."""

from __future__ import annotations

import datetime as dt
import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from publisher.cli.output import Output
from publisher.errors import PublisherError

INTERRUPTED = 130
INTERNAL = 70


def run_and_exit() -> NoReturn:
    """Run the command and end the process.

    A run is too short for collecting garbage to pay, and to take the interpreter apart at the end takes as
    long as to start it: all that is open is closed by then, so the system may have it as it is.
    """
    gc.disable()
    os._exit(main())


def main(argv: Sequence[str] | None = None, now: dt.datetime | None = None) -> int:
    """Run the command; its exit code. `now` is the time it believes it is, aware."""
    words = list(sys.argv[1:] if argv is None else argv)
    output = Output(sys.stdout, sys.stderr, json="--json" in words, stdin=sys.stdin)
    try:
        return _run_command(words, output, now or dt.datetime.now(dt.UTC))
    except SystemExit as end:  # after --help and --version
        return int(end.code or 0)
    except PublisherError as error:
        output.finish_with_error(error.message, error.hint, error.exit_code)
        return error.exit_code
    except KeyboardInterrupt:
        output.finish_with_error("interrupted", "", INTERRUPTED)
        return INTERRUPTED
    except Exception as error:
        if "--debug" in words or os.environ.get("PUBLISHER_DEBUG"):
            from traceback import format_exc  # the interpreter would print it with the secrets in it

            output.info(format_exc().rstrip())
        what = f"internal error: {type(error).__name__}: {error}".splitlines()[0]
        output.finish_with_error(what, "please report it, with what --debug prints", INTERNAL)
        return INTERNAL
    finally:
        output.close()


def _run_command(words: list[str], output: Output, now: dt.datetime) -> int:
    from publisher.cli.parser import parse_arguments

    run, arguments = parse_arguments(words)
    return run(arguments, output, now)
