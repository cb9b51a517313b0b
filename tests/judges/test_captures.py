"""Images of each command in a dark and in a light terminal, on the sample newsletter. `make captures` saves them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT
from tests.support.terminal import COLUMNS, THEMES, render_terminal, run_in_terminal

WIDTH = 760


class Scene(NamedTuple):
    """What is typed for an image; before that, `prepare` changes the newsletter."""

    name: str
    commands: tuple[str, ...]
    prepare: Callable[[Path], object] = lambda _: None
    columns: int = COLUMNS


def newest_issue(letter: Path) -> Path:
    return max(path for path in (letter / "issues").iterdir() if "draft: true" not in path.read_text("utf-8"))


def edit(letter: Path) -> None:
    file = newest_issue(letter)
    text = file.read_text("utf-8").replace("三万枚铅字扫成了开放数据", "四万枚铅字扫成开放的数据")
    file.write_text(text.replace("Better, Faster", "Better, Much Faster"), "utf-8")


def break_draft(letter: Path) -> None:
    file = max((letter / "issues").iterdir())
    wrong = "\n## 业界新闻\n\n- [浮标联网了，每分钟报一次水温]()\n- [浪高报得更准](https://example.org/a)(https://example.org/a)\n"
    file.write_text(f"{file.read_text('utf-8')}{wrong}", "utf-8")


def add_chat(letter: Path) -> None:
    (letter / "orders").write_text("2 vanish")
    with (letter / "publisher.toml").open("a") as settings:
        settings.write('\n[channels.chat]\nroom = "@readers"\n')


SCENES = [
    Scene("help", ("publish help",)),
    Scene("init", ("publish init --lang zh second",)),
    Scene("dry-run", ("publish --dry-run",)),
    Scene("publish", ("publish --yes", "publish --yes")),
    Scene("new", ("publish new",)),
    Scene("status", ("publish status",)),
    Scene("diff", ("publish diff", "publish diff --full -c email"), edit),
    Scene("check", ("publish check",), break_draft),
    Scene("mistakes", ("publish statsu", "publish 2021-01-01", "publish --chanel rss")),
    Scene("unknown", ("publish --yes", "publish status", "publish resolve latest -c chat"), add_chat),
    Scene("narrow", ("publish status -c web,telegram,chat",), columns=48),
    Scene("doctor", ("publish doctor",)),
    Scene("hold", ("publish hold next -c web", 'publish reschedule next "+20d"')),
    Scene("config", ("publish config schedule",)),
]


def capture(scene: Scene, letter: Path) -> str:
    """Return what a terminal shows after the commands of a scene: the commands and what they print."""
    scene.prepare(letter)
    shown = []
    for line in scene.commands:
        command = [sys.executable, "-m", "tests.daemon.program", *shlex.split(line)[1:]]
        printed = run_in_terminal(command, letter, columns=scene.columns, env={"PYTHONPATH": str(ROOT)})
        shown.append(f"\x1b[1m$ {line}\x1b[0m\n{printed}")
    return "\n".join(shown).rstrip("\n")


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    kept = request.config.getoption("--captures")
    made = Path(kept).absolute() if kept else tmp_path / "captures"
    made.mkdir(parents=True, exist_ok=True)
    return made


def test_captures(sample: Path, chromium, folder: Path, tmp_path: Path) -> None:
    letter = shutil.copytree(sample, tmp_path / "letter")
    settings = letter / "publisher.toml"  # nothing is sent with the address of an example
    settings.write_text(settings.read_text("utf-8").replace("https://example.org", "http://127.0.0.1"), "utf-8")
    pages = tmp_path / "pages"
    pages.mkdir()
    wanted = []
    for scene in SCENES:
        shown = capture(scene, letter)
        assert "internal error:" not in shown
        assert not re.search(r"\x1b\[(?!0?m|1m|1;31m|32m|1;35m)", shown), f"{scene.name}: another colour"
        for theme in THEMES:
            name = f"{scene.name}-{theme}"
            (pages / f"{name}.html").write_text(render_terminal(shown, theme, scene.columns), "utf-8")
            view = {"viewport": {"width": WIDTH, "height": 100}, "deviceScaleFactor": 1}
            address = f"https://example.org/{name}.html"
            wanted.append({"address": address, "file": str(folder / f"{name}.png"), "view": view, "full": True})
    assert chromium("screenshot.cjs", "https://example.org/", pages, json.dumps(wanted)) == ""
    for one in wanted:
        image = Path(str(one["file"])).read_bytes()
        width, height = struct.unpack(">II", image[16:24])
        assert width == WIDTH
        assert height > 40
