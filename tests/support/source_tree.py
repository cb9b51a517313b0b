"""The source of the program as syntax trees, for tests of its architecture."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]

PACKAGES = {"publisher": "publisher", "channels": "publisher.channels", "templates": "publisher.templates"}


@dataclass(frozen=True)
class Module:
    name: str
    path: str
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source, self.path)

    @property
    def room(self) -> str:
        return room_of(self.name)

    def at(self, node: ast.AST, what: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {what}"


def read_house() -> list[Module]:
    found = []
    for folder, package in PACKAGES.items():
        for file in sorted((ROOT / folder).rglob("*.py")):
            inside = file.relative_to(ROOT / folder).with_suffix("").parts
            name = ".".join((package, *inside)).removesuffix(".__init__")
            found.append(Module(name, file.relative_to(ROOT).as_posix(), file.read_text("utf-8")))
    return found


def room_of(name: str) -> str:
    """publisher.reader.lines is in reader, publisher.channels.rss.feed in channels.rss."""
    parts = name.split(".")[1:]
    if parts and parts[0].startswith("__") and parts[0] != "__main__":
        return ""
    return ".".join(parts[:2] if parts[:1] == ["channels"] else parts[:1])


def imports(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Every imported name, in full, wherever in the file the import stands."""
    package = module.name.split(".")[: None if module.path.endswith("__init__.py") else -1]
    for node in ast.walk(module.tree):
        match node:
            case ast.Import(names):
                yield from ((node, alias.name) for alias in names)
            case ast.ImportFrom(origin, names, level):
                start = package[: len(package) - level + 1] if level else []
                path = ".".join([*start, *([origin] if origin else [])])
                yield from ((node, f"{path}.{alias.name}") for alias in names)


def module_names(modules: list[Module]) -> Iterator[tuple[Module, ast.FunctionDef | ast.ClassDef]]:
    """The functions and classes of modules."""
    for module in modules:
        for node in module.tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield module, node
