"""Notifies a command or a webhook of a failure (`on_failure`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from publisher.credentials import resolve_secret
from publisher.errors import PublisherError
from publisher.http_client import HttpClient, ResponseTooLargeError
from publisher.redaction import redact

_TIMEOUT = 30.0
"""Seconds for the command, and for the request with its response."""

_MAX_RESPONSE_BYTES = 1_000_000
_REFERENCE_PREFIXES = ("env:", "file:", "keyring:", "credential:")


def run_hook(target: str, event: Mapping[str, object], folder: Path) -> str:
    """Send the event as JSON: to the standard input of a command, or by POST to a webhook URL.

    `target` is the command, the URL, or a Reference to either. The command runs in `folder`, not in a shell.
    Returns why that failed, or "".
    """
    import json

    try:
        if target.startswith(_REFERENCE_PREFIXES):
            target = resolve_secret(target)
        body = redact(json.dumps(event, ensure_ascii=False))
        is_url = target.startswith(("http:", "https:"))
        return redact(_post_webhook(target, body) if is_url else _run_hook_command(target, body, folder))
    except (PublisherError, OSError, ValueError) as error:
        return redact(f"{type(error).__name__}: {error}")


def _post_webhook(url: str, body: str) -> str:
    import httpx

    try:
        with HttpClient(_TIMEOUT, read_timeout=_TIMEOUT, max_bytes=_MAX_RESPONSE_BYTES) as client:
            headers = {"content-type": "application/json"}
            response = client.request("POST", url, content=body.encode(), headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL, ResponseTooLargeError) as error:
        return type(error).__name__  # its text has the URL, which may be secret
    return "" if response.is_success else f"the server answered {response.status_code}"


def _run_hook_command(command: str, body: str, folder: Path) -> str:
    import shlex
    import subprocess

    try:
        completed = subprocess.run(
            shlex.split(command),
            cwd=folder,
            input=body.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        return f"the command did not end within {_TIMEOUT:g} seconds"
    if not completed.returncode:
        return ""
    lines = completed.stderr.decode("utf-8", "replace").strip().splitlines()
    return f"the command failed with exit code {completed.returncode}" + (f": {lines[-1]}" if lines else "")
