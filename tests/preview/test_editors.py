"""The source of an item is opened in the editor that is set."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.errors import ConfigError
from publisher.preview.editors import find_editor_url, open_editor, validate_editor
from tests.preview.conftest import MAX_WAIT, SETTINGS, Client, Folder

Serve = Callable[[str], Client]
FILE = Path("/home/林 西/issues/a&b.md")


@pytest.mark.parametrize(
    ("editor", "url"),
    [
        ("vscode", "vscode://file/home/%E6%9E%97%20%E8%A5%BF/issues/a%26b.md:7"),
        ("zed", "zed://file/home/%E6%9E%97%20%E8%A5%BF/issues/a%26b.md:7"),
        ("idea", "idea://open?file=/home/%E6%9E%97%20%E8%A5%BF/issues/a%26b.md&line=7"),
        ("sublime", ""),
        ("vim", ""),
        ("code --goto {file}:{line}", ""),
    ],
)
def test_editors_with_a_url_are_opened_by_the_browser(editor: str, url: str) -> None:
    validate_editor(editor)
    assert find_editor_url(editor, FILE, 7) == url


@pytest.mark.parametrize("editor", ["emacs", "code --goto", "{file}", "sh -c 'vi {file}"])
def test_what_is_no_editor_is_one_line(editor: str) -> None:
    with pytest.raises(ConfigError, match=r"editor in \[preview\] must be vscode, idea, .* or a command with {file}"):
        validate_editor(editor)


def test_a_command_gets_its_words_as_they_are(tmp_path: Path) -> None:
    """No shell reads the name of the file."""
    script = tmp_path / "editor.py"
    script.write_text("import sys, pathlib\npathlib.Path(sys.argv[1]).write_text(repr(sys.argv[2:]))\n")
    file, written = tmp_path / "$(touch x); 'a b'.md", tmp_path / "words"
    open_editor(f"{sys.executable} {script} {written} +{{line}} {{file}}", file, 7)
    until = time.monotonic() + MAX_WAIT
    while not (written.exists() and written.read_text()):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert written.read_text() == repr(["+7", str(file)])
    assert not (tmp_path / "x").exists()


def test_a_command_that_is_not_there_is_one_line() -> None:
    with pytest.raises(ConfigError, match="cannot start no-such-editor: No such file or directory"):
        open_editor("no-such-editor {file}", FILE, 1)


@pytest.mark.parametrize(
    ("editor", "status", "answer"),
    [
        ("vscode", 200, {"url": "vscode://file{root}/issues/2024-03-14.md:12"}),
        ("no-such-editor {file}", 409, {"error": "cannot start no-such-editor: No such file or directory · {hint}"}),
    ],
)
def test_the_page_opens_the_line(
    folder: Folder, serve: Serve, editor: str, status: int, answer: dict[str, str]
) -> None:
    folder.write("publisher.toml", f'{SETTINGS}[preview]\neditor = "{editor}"\n')
    client = serve("issues/2024-03-14.md")
    assert client.state["editor"]
    found = client.post("/open", {"line": 12})
    values = {"root": folder.root, "hint": "correct `editor` in [preview]"}
    assert (found.status, found.json) == (status, {key: text.format(**values) for key, text in answer.items()})


def test_a_wrong_editor_is_refused_at_the_start(folder: Folder) -> None:
    folder.write("publisher.toml", f'{SETTINGS}[preview]\neditor = "emacs"\n')
    with pytest.raises(ConfigError, match="editor in"):
        folder.preview()
