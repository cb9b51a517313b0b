"""The house keeps its plan: who may import whom, which room owns which library, how long things may be.

The source is read as syntax trees, never run. A room is a module or package right below `publisher`;
each channel is a room of its own. Every rule takes modules and gives back one line per breach.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Imports go to a lower floor or stay in the room. A new room must be given its floor here.
FLOORS = (
    ("", "templates", "channels", "dataclass", "patterns"),
    ("model", "newsletter", "errors", "links", "words", "suggest", "failpoints", "clock", "due"),
    ("project", "channel", "credentials", "toml", "timetable", "writers"),
    ("reader", "transforms", "config", "theme", "files"),
    ("channels.*", "registry", "ledger", "checks"),
    ("archive", "scaffold", "images"),
    ("events",),
    ("run",),
    ("build", "delivery", "testing", "linkcheck"),
    ("checker",),
    ("precheck",),
    ("calendar",),
    ("pipeline",),
    ("reports",),
    ("daemon", "server"),
    ("cli",),
    ("__main__",),
)

# Each library is spoken to in one room, so that replacing it means changing one room; httpx in the rooms that
# speak to a server.
DOORS = {
    "apscheduler": "daemon",
    "cryptography": "channels.email",
    "feedgen": "channels.rss",
    "httpx": "channels.rss channels.telegram channels.wechat linkcheck daemon",
    "idna": "channels.email",
    "jinja2": "theme",
    "keyring": "credentials",
    "lxml": "channels.rss",
    "PIL": "channels.wechat",
    "mistune": "reader",
    "psycopg": "ledger",
    "rich": "cli",
    "smtplib": "channels.email",
    "sqlite3": "ledger",
    "starlette": "server",
    "telegram": "channels.telegram",
    "uvicorn": "server",
    "yaml": "reader",
}

# What turns text into an Issue and an Issue into text sees nothing but its arguments.
PURE = {
    "model",
    "newsletter",
    "errors",
    "links",
    "words",
    "suggest",
    "channel",
    "reader",
    "transforms",
    "writers",
}
WORLD = {
    "asyncio", "http", "locale", "multiprocessing", "os", "pathlib.Path", "random", "secrets", "shutil",
    "socket", "subprocess", "tempfile", "threading", "time", "urllib.request", "uuid",
}  # fmt: skip
CLOCKS = {"now", "today", "utcnow"}
READS_THE_CLOCK = {"cli", "daemon"}

PACKAGES = {
    "publisher": "publisher",
    "channels": "publisher.channels",
    "templates": "publisher.templates",
}

LONGEST_FILE = 350
LONGEST_FUNCTION = 60
LONG_FILES = {"publisher/model.py": 450}  # the vocabulary: one list of small classes, best read in one place
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core"}


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


def house() -> list[Module]:
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


def floor_of(room: str) -> int | None:
    pattern = "channels.*" if room.startswith("channels.") else room
    return next((number for number, rooms in enumerate(FLOORS) if pattern in rooms), None)


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


# -------------------------------------------------------------------- the rules


def every_room_has_a_floor(modules: list[Module]) -> list[str]:
    return [f"{m.path}: give it a floor" for m in modules if floor_of(m.room) is None]


def imports_go_down(modules: list[Module]) -> list[str]:
    breaches = []
    for module in modules:
        for node, name in imports(module):
            if name.partition(".")[0] != "publisher" or (other := room_of(name)) == module.room:
                continue
            here, there = floor_of(module.room), floor_of(other)
            if here is None or there is None or there >= here:
                breaches.append(module.at(node, f"{other} is not below {module.room}"))
    return breaches


def no_circle(modules: list[Module]) -> list[str]:
    names = {module.name for module in modules}

    def target(name: str) -> str:
        while name and name not in names:
            name = name.rpartition(".")[0]
        return name

    graph = {m.name: {target(name) for _, name in imports(m)} - {m.name, ""} for m in modules}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return ["circle: " + " -> ".join(error.args[1])]
    return []


def one_door_per_library(modules: list[Module]) -> list[str]:
    return [
        module.at(node, f"{library} is for {DOORS[library]}")
        for module in modules
        for node, name in imports(module)
        if (library := name.partition(".")[0]) in DOORS and module.room not in DOORS[library].split()
    ]


def only_the_command_prints(modules: list[Module]) -> list[str]:
    breaches = []
    for module in modules:
        for node in ast.walk(module.tree):
            match node:
                case ast.Call(ast.Name("print")):
                    word = "print"
                case ast.Attribute(ast.Name("sys"), "stdout" | "stderr" as stream):
                    word = f"sys.{stream}"
                case ast.ImportFrom("sys", names) if {"stdout", "stderr"} & {alias.name for alias in names}:
                    word = "sys.stdout"
                case _:
                    continue
            if module.room != "cli":
                breaches.append(module.at(node, f"{word}: only the command prints"))
    return breaches


def the_middle_is_pure(modules: list[Module]) -> list[str]:
    pure = [module for module in modules if module.room in PURE]
    return [
        module.at(node, f"{name} is outside of what {module.room} may know")
        for module in pure
        for node, name in imports(module)
        if any(name == known or name.startswith(f"{known}.") for known in WORLD)
    ] + [
        module.at(node, f"open in {module.room}")
        for module in pure
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open"
    ]


def the_clock_is_handed_down(modules: list[Module]) -> list[str]:
    return [
        module.at(node, f".{node.func.attr}() in {module.room}")
        for module in modules
        if module.room not in READS_THE_CLOCK
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS
    ]


def files_are_short(modules: list[Module]) -> list[str]:
    return [
        f"{m.path}: {lines} lines"
        for m in modules
        if (lines := len(m.source.splitlines())) > LONG_FILES.get(m.path, LONGEST_FILE)
    ]


def functions_fit_a_screen(modules: list[Module]) -> list[str]:
    return [
        module.at(node, f"{node.name} has {lines} lines")
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    ]


def names_say_something(modules: list[Module]) -> list[str]:
    return [f"{m.path}: name it by what it does" for m in modules if EMPTY_NAMES & set(m.name.split("."))]


# ----------------------------------------------------------------- they hold

Rule = Callable[[list[Module]], list[str]]
RULES: list[Rule] = [
    every_room_has_a_floor,
    imports_go_down,
    no_circle,
    one_door_per_library,
    only_the_command_prints,
    the_middle_is_pure,
    the_clock_is_handed_down,
    files_are_short,
    functions_fit_a_screen,
    names_say_something,
]


@pytest.mark.parametrize("rule", RULES)
def test_holds(rule: Rule) -> None:
    modules = house()
    assert len(modules) > 10, "the source was not found"
    assert rule(modules) == []


NOTICED: list[tuple[Rule, str, str, str]] = [
    (every_room_has_a_floor, "attic", "", "publisher/attic.py: give it a floor"),
    (imports_go_down, "model", "import publisher.cli.main", "publisher/model.py:1: cli is not below model"),
    (
        imports_go_down,
        "model",
        "def f():\n    from publisher import config",
        "model.py:2: config is not below",
    ),
    (imports_go_down, "reader.lines", "from ..pipeline import run", "pipeline is not below reader"),
    (imports_go_down, "theme", "import publisher.config", "config is not below theme"),
    (
        imports_go_down,
        "channels.web",
        "from publisher.channels import rss",
        "channels.rss is not below channels.web",
    ),
    (imports_go_down, "config", "import publisher.attic", "attic is not below config"),
    (no_circle, "reader.a", "from publisher.reader import a, b", "publisher.reader.a -> publisher.reader.b"),
    (one_door_per_library, "model", "import mistune.core", "model.py:1: mistune is for reader"),
    (one_door_per_library, "channels.web", "from feedgen.feed import X", "feedgen is for channels.rss"),
    (one_door_per_library, "channels.web", "import httpx", "httpx is for channels.rss channels.telegram"),
    (one_door_per_library, "channels", "import httpx", "httpx is for channels.rss channels.telegram"),
    (only_the_command_prints, "config", "x = 1\nprint(x)", "config.py:2: print: only the command prints"),
    (only_the_command_prints, "config", "import sys\nsys.stderr.write('')", "config.py:2: sys.stderr"),
    (only_the_command_prints, "config", "from sys import stdout", "config.py:1: sys.stdout"),
    (the_middle_is_pure, "writers.html", "import os.path", "os.path is outside of what writers may know"),
    (the_middle_is_pure, "reader.lines", "from pathlib import PurePath, Path", "lines.py:1: pathlib.Path is"),
    (the_middle_is_pure, "transforms", "text = open('x').read()", "transforms.py:1: open in transforms"),
    (
        the_clock_is_handed_down,
        "archive.site",
        "import datetime as dt\ndt.datetime.now()",
        "site.py:2: .now()",
    ),
    (files_are_short, "config", "x = 1\n" * 351, "config.py: 351 lines"),
    (functions_fit_a_screen, "config", "def f():\n" + "    x = 1\n" * 60, "config.py:1: f has 61 lines"),
    (names_say_something, "reader.utils", "", "name it by what it does"),
]


@pytest.mark.parametrize(("rule", "name", "source", "breach"), NOTICED)
def test_notices(rule: Rule, name: str, source: str, breach: str) -> None:
    made_up = [
        Module(f"publisher.{name}", f"publisher/{name.replace('.', '/')}.py", source),
        Module("publisher.reader.b", "publisher/reader/b.py", "from publisher.reader.a import f"),
    ]
    assert breach in "\n".join(rule(made_up))


def test_passes_what_is_allowed() -> None:
    made_up = [
        Module("publisher.words", "publisher/words.py", "import re\nfrom pathlib import PurePath"),
        Module(
            "publisher.channels.rss",
            "channels/rss/__init__.py",
            "from . import json\nimport feedgen.feed, httpx",
        ),
        Module(
            "publisher.channels.rss.json", "channels/rss/json.py", "from publisher import __version__, words"
        ),
        Module("publisher.cli.main", "publisher/cli/main.py", "import sys\nprint(1)\nsys.stdout.write('')"),
    ]
    assert [breach for rule in RULES for breach in rule(made_up)] == []
