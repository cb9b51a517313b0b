"""Entry point of `publish`: from arguments to an exit code. A command's imports happen after it is chosen."""

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

    Garbage collection does not pay off in a run this short, and interpreter shutdown takes as long as
    start-up. Everything is closed by then, so the process exits without it.
    """
    gc.disable()
    os._exit(main())


def main(argv: Sequence[str] | None = None, now: dt.datetime | None = None) -> int:
    """Run the command and return its exit code. `now` is the current time (aware), replaced in tests."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    output = Output(sys.stdout, sys.stderr, json="--json" in arguments, stdin=sys.stdin)
    try:
        from publisher.cli.parser import parse_arguments

        run, parsed = parse_arguments(arguments)
        return run(parsed, output, now or dt.datetime.now(dt.UTC))
    except SystemExit as end:  # after --help and --version
        return int(end.code or 0)
    except PublisherError as error:
        return output.finish_with_error(error.message, error.hint, error.exit_code)
    except KeyboardInterrupt:
        return output.finish_with_error("interrupted", "", INTERRUPTED)
    except Exception as error:
        if "--debug" in arguments or os.environ.get("PUBLISHER_DEBUG"):
            from traceback import format_exc  # printed here, because the interpreter would not redact secrets

            output.info(format_exc().rstrip())
        message = f"internal error: {type(error).__name__}: {error}".splitlines()[0]
        return output.finish_with_error(message, "please report it with the output of --debug", INTERNAL)
    finally:
        output.close()
