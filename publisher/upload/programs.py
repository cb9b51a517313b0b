"""Runs the programs that upload: rsync and git. They run without a terminal, so they ask nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from publisher.named_tuple import NamedTuple
from publisher.redaction import redact
from publisher.upload.target import UploadError

_TIMEOUT = 1800.0  # seconds
_SHELL = "ssh -o BatchMode=yes"


class ProgramResult(NamedTuple):
    """What a program wrote, and its exit code."""

    output: bytes
    code: int


def run_program(
    command: Sequence[str],
    what: str,
    *,
    folder: Path,
    given: bytes,
    shell_variable: str,
    environment: Mapping[str, str],
    accepted: Sequence[int] = (0,),
) -> ProgramResult:
    """Run a program in `folder`, with `given` as its standard input.

    `shell_variable` is the one that says how it reaches a host: with ssh that asks nothing, unless it is set.

    Raises UploadError, which says `what` failed, if it is not installed, takes more than half an hour, or ends with
    another exit code than the `accepted` ones.
    """
    try:
        done = subprocess.run(
            command,
            input=given,
            cwd=folder,
            env={shell_variable: _SHELL, **os.environ, **environment},
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except FileNotFoundError:
        if shutil.which(command[0]):
            raise UploadError(f"{what}: {folder} does not exist yet", "publish") from None
        raise UploadError(f"{command[0]} is not installed", f"install {command[0]}") from None
    except subprocess.TimeoutExpired:
        raise UploadError(f"{what}: not done within {_TIMEOUT:g} seconds", "check the connection") from None
    if done.returncode not in accepted:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = redact(lines[0]) if lines else f"{command[0]} ended with {done.returncode}"
        raise UploadError(f"{what}: {reason}", "check the connection and [publish]")
    return ProgramResult(done.stdout, done.returncode)
