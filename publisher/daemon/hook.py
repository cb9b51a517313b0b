"""Tell somebody that something went wrong: a command, or an address that takes JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from publisher.credentials import redact, resolve_secret
from publisher.errors import PublisherError

_PATIENCE = 30.0
_REFERENCES = ("env:", "file:", "keyring:", "credential:")


def call(target: str, news: Mapping[str, object], folder: Path) -> str:
    """Give the news, as JSON, to the command on its standard input or POST them to the address; why that
    failed, or "". The command runs in the folder, not in a shell; `target` may be a Reference to either."""
    import json

    try:
        if target.startswith(_REFERENCES):
            target = resolve_secret(target)
        body = redact(json.dumps(news, ensure_ascii=False))
        is_address = target.startswith(("http:", "https:"))
        return redact(_post(target, body) if is_address else _run(target, body, folder))
    except (PublisherError, OSError, ValueError) as error:
        return redact(f"{type(error).__name__}: {error}")


def _post(address: str, body: str) -> str:
    import httpx

    try:
        headers = {"content-type": "application/json"}
        answer = httpx.post(address, content=body.encode(), headers=headers, timeout=_PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__  # its text has the address, which may be the secret
    return "" if answer.is_success else f"it answers {answer.status_code}"


def _run(command: str, body: str, folder: Path) -> str:
    import shlex
    import subprocess

    try:
        done = subprocess.run(
            shlex.split(command),
            cwd=folder,
            input=body.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {_PATIENCE:g} seconds"
    if not done.returncode:
        return ""
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return f"it ended with {done.returncode}" + (f": {said[-1]}" if said else "")
