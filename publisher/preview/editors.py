"""Opens the source of an item in the editor of `[preview] editor`."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from threading import Thread
from urllib.parse import quote

from publisher.errors import ConfigError

_URLS = {
    # code.visualstudio.com/docs/configure/command-line#_opening-vs-code-with-urls
    "vscode": "vscode://file{file}:{line}",
    # www.jetbrains.com/help/idea/opening-files-from-command-line.html
    "idea": "idea://open?file={file}&line={line}",
    # zed.dev/docs/reference/cli
    "zed": "zed://file{file}:{line}",
}
"""Editors that the browser opens, by a URL of their own."""

_COMMANDS = {"sublime": "subl {file}:{line}", "vim": "gvim --remote-silent +{line} {file}"}
"""Editors that are started here."""

_PLACEHOLDER = "{file}"


def validate_editor(editor: str) -> None:
    """Raise ConfigError if the value of the key is neither a known editor nor a command."""
    if editor and editor not in (*_URLS, *_COMMANDS):
        try:
            words = shlex.split(editor)
        except ValueError:
            words = []
        if not any(_PLACEHOLDER in word for word in words[1:]):
            names = ", ".join([*_URLS, *_COMMANDS])
            raise ConfigError(
                f'editor in [preview] must be {names}, or a command with {_PLACEHOLDER}, not "{editor}"',
                'like editor = "vscode", or editor = "code --goto {file}:{line}"',
            )


def find_editor_url(editor: str, file: Path, line: int) -> str:
    """Return the URL that opens a file at a line; "" for an editor that is started by `open_editor`."""
    pattern = _URLS.get(editor, "")
    path = file.as_posix()
    return pattern.format(file=quote(path if path.startswith("/") else f"/{path}"), line=line)


def open_editor(editor: str, file: Path, line: int) -> None:
    """Start the command of an editor, without a shell, and do not wait for its end. Raises ConfigError if it cannot be
    started."""
    words = shlex.split(_COMMANDS.get(editor, editor))
    command = [word.replace(_PLACEHOLDER, str(file)).replace("{line}", str(line)) for word in words]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl+C ends the preview, not the editor
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"cannot start {command[0]}: {reason}", "correct `editor` in [preview]") from error
    Thread(target=process.wait, daemon=True).start()  # or it would remain as a zombie
