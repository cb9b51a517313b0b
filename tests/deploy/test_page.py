"""deploy/README.md lists every file."""

from __future__ import annotations

from pathlib import Path


def test_every_file_is_listed_and_tested(deploy: Path) -> None:
    page = (deploy / "README.md").read_text("utf-8")
    tests = "".join(path.read_text("utf-8") for path in (Path(__file__).parents[1]).rglob("*.py"))
    names = [path.name for path in deploy.iterdir() if path.suffix != ".md"]
    assert len(names) >= 8
    assert [name for name in names if f"`{name}`" not in page] == []
    assert [name for name in names if f'"{name}"' not in tests] == []
