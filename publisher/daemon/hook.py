"""Tell somebody that something went wrong: a command, or an address that takes JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from publisher.credentials import redact, resolve_secret
from publisher.errors import PublisherError

_TIMEOUT = 30.0
_REFERENCE_PREFIXES = ("env:", "file:", "keyring:", "credential:")


def run_hook(target: str, event: Mapping[str, object], folder: Path) -> str:
    """Give the news, as JSON, to the command on its standard input or POST them to the address; why that
    failed, or "". The command runs in the folder, not in a shell; `target` may be a Reference to either."""
    import json

    try:
        if target.startswith(_REFERENCE_PREFIXES):
            target = resolve_secret(target)
        body = redact(json.dumps(event, ensure_ascii=False))
        is_address = target.startswith(("http:", "https:"))
        return redact(_post_webhook(target, body) if is_address else _run_hook_command(target, body, folder))
    except (PublisherError, OSError, ValueError) as error:
        return redact(f"{type(error).__name__}: {error}")


def _post_webhook(url: str, body: str) -> str:
    import httpx

    try:
        headers = {"content-type": "application/json"}
        answer = httpx.post(url, content=body.encode(), headers=headers, timeout=_TIMEOUT)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__  # its text has the address, which may be the secret
    return "" if answer.is_success else f"it answers {answer.status_code}"


def _run_hook_command(command: str, body: str, folder: Path) -> str:
    import shlex
    import subprocess

    try:
        done = subprocess.run(
            shlex.split(command),
            cwd=folder,
            input=body.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {_TIMEOUT:g} seconds"
    if not done.returncode:
        return ""
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return f"it ended with {done.returncode}" + (f": {said[-1]}" if said else "")
