"""A changed file of the program repeats the steps that run it, and no others."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from publisher import channels, templates
from publisher.archive import program
from publisher.archive.program import compute_program_key

SETTINGS = """\
[newsletter]
name = "慢工"
url = "https://e.org/{date}/"
id = "tag:e.org,2021:slow"
"""


@pytest.mark.parametrize(
    ("changed", "repeated"),
    [
        ("reader/blocks.py", {"", "rss", "web"}),
        ("model.py", {"", "rss", "web"}),
        ("writers/page.py", {"", "rss", "web"}),
        ("channels/web/pages.py", {"web"}),
        ("channels/rss/documents.py", {"rss"}),
        ("cli/main.py", set()),
        ("__init__.py", set()),
        ("ledger/ledger.py", set()),
        ("templates/issue.html", set()),
    ],
)
def test_a_changed_file_repeats_the_steps_that_run_it(
    changed: str, repeated: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = dict(program.list_program_files())
    assert changed in files

    def compute_keys(states: dict[str, str]) -> dict[str, str]:
        monkeypatch.setattr(program, "list_program_files", lambda: tuple(sorted(states.items())))
        return {step: compute_program_key.__wrapped__(step) for step in ("", "rss", "web")}

    before, after = compute_keys(files), compute_keys(files | {changed: "another state"})
    assert {step for step in before if before[step] != after[step]} == repeated


def test_the_rooms_that_are_left_out_are_not_imported() -> None:
    """Reading and rendering cannot depend on code that they do not load."""
    code = (
        "import sys\n"
        "from publisher import registry\n"
        "from publisher.testing import build_sample\n"
        "import publisher.build.renderer, publisher.reader\n"
        "issue, context = build_sample()\n"
        "for name in registry.channel_names():\n"
        "    registry.load_channel(name)().render(issue, context)\n"
        "print(*sorted({name.split('.')[1] for name in sys.modules if name.startswith('publisher.')}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rooms = set(done.stdout.split())
    assert {"reader", "writers", "channels"} <= rooms
    assert rooms & set(program.UNRELATED_ROOMS) == set()


@pytest.fixture(params=["checkout", "wheel"])
def copied(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with a copy of the program, as a wheel has it or without a RECORD."""
    folder = tmp_path / "site"
    package = folder / "publisher"
    shutil.copytree(Path(program.__file__).parents[1], package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, source in (("channels", channels), ("templates", templates)):
        shutil.copytree(source.__path__[0], package / name, ignore=shutil.ignore_patterns("__pycache__"))
    if request.param == "wheel":
        (folder / program._RECORD).parent.mkdir()
        write_record(folder)
    return folder


def write_record(folder: Path) -> None:
    rows = [
        f"{path.relative_to(folder).as_posix()},sha256={hashlib.sha256(path.read_bytes()).hexdigest()},1\n"
        for path in sorted(folder.rglob("publisher/**/*.*"))
        if path.suffix != ".pyc"
    ]
    (folder / program._RECORD).write_text("".join(rows), "utf-8")


def test_a_changed_writer_changes_the_pages(copied: Path, tmp_path: Path, publish) -> None:
    letter = tmp_path / "letter"
    (letter / "issues").mkdir(parents=True)
    (letter / "publisher.toml").write_text(SETTINGS, "utf-8")
    (letter / "issues/2021-07-04.md").write_text("# 慢工：题\n\n- [条目](https://e.org/4)\n", "utf-8")
    program_path = {"PYTHONPATH": str(copied), "PYTHONDONTWRITEBYTECODE": "1"}
    publish(folder=letter, env=program_path)
    page = letter / "public/2021-07-04/index.html"
    assert "mine</title>" not in page.read_text("utf-8")
    writer = copied / "publisher/channels/web/pages.py"
    text = writer.read_text("utf-8")
    writer.write_text(text.replace("title=entry.title,", 'title=f"{entry.title} mine",', 1), "utf-8")
    assert writer.read_text("utf-8") != text
    if (copied / program._RECORD).exists():
        write_record(copied)
    publish(folder=letter, env=program_path)
    assert "mine</title>" in page.read_text("utf-8")
