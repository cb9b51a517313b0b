"""Colours that can be read on a dark and on a light terminal, everywhere."""

from __future__ import annotations

import ast
import io
import re

import pytest

from publisher.cli.output import Output
from publisher.cli.progress import ProgressBar
from tests.conftest import ROOT

READABLE = {"0", "1", "1;31", "32", "1;35"}
"""Reset, bold, bold red, green, bold magenta."""

UNREADABLE = {"dim", "yellow", "cyan", "blue", "white", "black", "grey"}
"""Faint text vanishes on either, yellow, cyan and white on white, blue and black on black."""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def test_no_command_asks_for_another_colour() -> None:
    files = sorted((ROOT / "publisher" / "cli").glob("*.py"))
    used = {
        (file.name, node.value)
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in UNREADABLE
    }
    assert used == set()


@pytest.mark.parametrize("style", ["bold", "red", "green", "magenta"])
def test_styles(style: str, terminal: Terminal) -> None:
    Output(terminal, None).line("text", style)
    codes = re.findall(r"\x1b\[([\d;]*)m", terminal.getvalue())
    assert set(codes) <= READABLE
    assert codes[-1] == "0"


@pytest.mark.parametrize("mark", ["✓", "!", "✗"])
def test_of_a_line_with_a_mark_only_the_mark_has_a_colour(mark: str, terminal: Terminal) -> None:
    """A long line in green is pale on a light terminal."""
    Output(terminal, None).line(f"{mark} web  12 files written", "green")
    assert terminal.getvalue() == f"\x1b[32m{mark}\x1b[0m web  12 files written\n"


def test_a_bar_has_the_same_colours(terminal: Terminal) -> None:
    bar = ProgressBar(Output(None, terminal), "reading issues")
    for done in range(0, 100, 10):
        bar.advance(done, 100)
        bar._last_drawn = 0.0
    bar.close()
    codes = set(re.findall(r"\x1b\[([\d;]*)m", terminal.getvalue()))
    assert "90/100" in terminal.getvalue()
    assert codes - READABLE <= {"39"}, "39 is the colour of the terminal"
