"""Commands in a terminal of their own, and what they print there as HTML."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from unicodedata import east_asian_width

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

COLUMNS = 80

# the colours of xterm: of all usual terminals those whose green is the palest on white, and whose blue the darkest on
# black
_XTERM = [
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
]  # fmt: skip
_XTERM_BRIGHT = [
    (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
    (255, 255, 255),
]  # fmt: skip
THEMES = {
    "dark": TerminalTheme((0, 0, 0), (229, 229, 229), _XTERM, _XTERM_BRIGHT),
    "light": TerminalTheme((255, 255, 255), (0, 0, 0), _XTERM, _XTERM_BRIGHT),
}

_PAGE = """<!doctype html><meta charset="utf-8"><title>Terminal</title>
<body style="margin:0;background:{background};color:{foreground}">
<style>i {{ display: inline-block; width: 18.06px; font: 17px/1 'Noto Sans Mono CJK SC',monospace }}
b i, [style*=bold] i {{ font-weight: bold }}</style>
<pre style="margin:12px 16px;font:15px/1.35 'DejaVu Sans Mono','Noto Sans Mono CJK SC',monospace">{code}</pre>"""


def run_in_terminal(
    command: Sequence[str], folder: Path, *, columns: int = COLUMNS, env: Mapping[str, str] | None = None
) -> str:
    """Return what a command prints in a terminal, with its colours. Its input is empty."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm-256color"}
    with subprocess.Popen(
        command, cwd=folder, env=environment | (env or {}), stdin=subprocess.DEVNULL, stdout=its, stderr=its
    ):
        os.close(its)
        printed = b""
        with suppress(OSError):  # on Linux the end of a terminal is an error
            while chunk := os.read(ours, 65536):
                printed += chunk
        os.close(ours)
    return printed.decode().replace("\r\n", "\n")


def render_terminal(text: str, theme: str, columns: int = COLUMNS) -> str:
    """Return a page that shows text with colours as the terminal `theme` does: "dark" or "light"."""
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(text, no_wrap=False), soft_wrap=False, highlight=False)
    page = console.export_html(theme=THEMES[theme], inline_styles=True, code_format=_PAGE)
    return "".join(f"<i>{char}</i>" if east_asian_width(char) in ("W", "F") else char for char in page)
