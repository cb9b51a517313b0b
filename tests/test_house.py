"""The architecture: who may import whom, which room imports which library, and what stays pure.

The source is read as syntax trees, never run. A room is a module or package right below `publisher`; each
channel is a room. Every rule takes modules and returns one line per breach.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.support.inner_floors import INNER_FLOORS, LARGE_ROOM
from tests.support.source_tree import Module, imports, read_house, room_of

# Imports go to a lower floor or stay in the room. A new room must be given its floor here.
FLOORS = (
    ("blake2", "named_tuple"),
    (
        "",
        "templates",
        "channels",
        "patterns",
        "reuse",
        "inline_nodes",
        "translations",
        "message_translations",
        "localized",
    ),
    ("model", "newsletter", "errors", "links", "labels", "failpoints", "clock", "deadline", "search_words", "signing"),
    ("files", "installation", "project", "http_client", "toml_mistakes", "mail_address", "archive_entry", "verp"),
    ("subscription", "reply_rules", "media_types", "redaction"),
    ("channel", "credentials", "local_files", "page_urls", "toml", "timetable", "writers", "transforms", "sketches"),
    ("reader", "issue_dates", "theme", "folder_session", "file_kinds", "derived_texts", "locales", "cards"),
    ("subscriber_settings", "bounce_settings", "reply_text", "mail_providers"),
    ("outline",),
    ("contents",),
    ("channels.*", "registry", "ledger", "checks"),
    ("subscribers",),
    ("example_addresses", "keys", "listen_address"),
    ("upload",),
    ("config",),
    ("archive", "images"),
    ("events", "scaffold"),
    ("run",),
    ("build", "delivery", "testing", "linkcheck"),
    ("checker", "bounces"),
    ("calendar",),
    ("pipeline",),
    ("reports",),
    ("daemon", "server", "preview"),
    ("cli",),
    ("__main__",),
)

# Each library is spoken to in one room, so that replacing it means changing one room; httpx in the rooms that
# speak to a server.
DOORS = {
    "altcha": "server",
    "apscheduler": "daemon",
    "cronsim": "timetable",
    "cryptography": "channels.email bounces",
    "dns": "channels.email",
    "feedgen": "channels.rss",
    "httpx": "channels.rss channels.telegram channels.wechat linkcheck daemon http_client upload",
    "idna": "mail_address",
    "jinja2": "theme",
    "keyring": "credentials",
    "lxml": "channels.rss",
    "obstore": "upload",
    "PIL": "cards channels.wechat",
    "mistune": "reader",
    "nh3": "preview",
    "procrastinate": "delivery",
    "psycopg": "ledger",
    "rich": "cli",
    "smtplib": "channels.email",
    "sqlite3": "ledger",
    "starlette": "server preview",
    "telegram": "channels.telegram",
    "uvicorn": "server preview",
    "watchfiles": "preview",
    "yaml": "reader",
}

# What turns text into an Issue and an Issue into text sees nothing but its arguments.
PURE = {
    "inline_nodes", "model", "newsletter", "errors", "links", "labels", "localized", "translations",
    "message_translations", "channel", "reader", "transforms", "outline", "writers",
}  # fmt: skip
WORLD = {
    "asyncio", "http", "locale", "multiprocessing", "os", "pathlib.Path", "random", "secrets", "shutil",
    "socket", "subprocess", "tempfile", "threading", "time", "urllib.request", "uuid",
}  # fmt: skip
CLOCKS = {"now", "today", "utcnow"}
READS_THE_CLOCK = {"cli", "daemon"}


def floor_of(room: str) -> int | None:
    pattern = "channels.*" if room.startswith("channels.") else room
    return next((number for number, rooms in enumerate(FLOORS) if pattern in rooms), None)


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


def named_tuples_are_built_fast(modules: list[Module]) -> list[str]:
    return [
        module.at(node, "NamedTuple is in publisher.named_tuple")
        for module in modules
        for node, name in imports(module)
        if name == "typing.NamedTuple" and module.room != "named_tuple"
    ]


def the_clock_is_handed_down(modules: list[Module]) -> list[str]:
    return [
        module.at(node, f".{node.func.attr}() in {module.room}")
        for module in modules
        if module.room not in READS_THE_CLOCK
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS
    ]


def large_rooms_have_floors(modules: list[Module]) -> list[str]:
    """Every module of a large room stands on a floor, and imports from lower ones."""
    breaches = []
    for room in sorted({m.room for m in modules}):
        members = {m.path.rpartition("/")[2].removesuffix(".py"): m for m in modules if m.room == room}
        floors = INNER_FLOORS.get(room, ())
        place = {name: number for number, row in enumerate(floors) for name in row.split()}
        if sum(len(m.source.splitlines()) for m in members.values()) > LARGE_ROOM and not floors:
            breaches.append(f"{room}: more than {LARGE_ROOM} lines, give it floors")
        for name, module in members.items() if floors else ():
            if name not in place:
                breaches.append(f"{module.path}: give it a floor")
                continue
            for node, full in imports(module):
                parts = full.removeprefix(f"publisher.{room}.").split(".") if room in full else []
                other = next((part for part in parts if part in members), "")
                if other and other != name and place.get(other, 99) >= place[name]:
                    breaches.append(module.at(node, f"{other} is not below {name}"))
    return breaches


# ----------------------------------------------------------------- they hold

Rule = Callable[[list[Module]], list[str]]
RULES: list[Rule] = [
    every_room_has_a_floor,
    imports_go_down,
    no_circle,
    one_door_per_library,
    only_the_command_prints,
    the_middle_is_pure,
    named_tuples_are_built_fast,
    the_clock_is_handed_down,
    large_rooms_have_floors,
]


@pytest.mark.parametrize("rule", RULES)
def test_holds(rule: Rule) -> None:
    modules = read_house()
    assert len(modules) > 10, "the source was not found"
    assert rule(modules) == []


NOTICED: list[tuple[Rule, str, str, str]] = [
    (every_room_has_a_floor, "attic", "", "publisher/attic.py: give it a floor"),
    (imports_go_down, "model", "import publisher.cli.main", "publisher/model.py:1: cli is not below model"),
    (imports_go_down, "model", "def f():\n    from publisher import config", "model.py:2: config is not below"),
    (imports_go_down, "reader.lines", "from ..pipeline import run", "pipeline is not below reader"),
    (imports_go_down, "theme", "import publisher.config", "config is not below theme"),
    (imports_go_down, "channels.web", "from publisher.channels import rss", "channels.rss is not below channels.web"),
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
    (named_tuples_are_built_fast, "events", "from typing import Any, NamedTuple", "NamedTuple is in publisher.named_t"),
    (the_clock_is_handed_down, "archive.site", "import datetime as dt\ndt.datetime.now()", "site.py:2: .now()"),
    (large_rooms_have_floors, "attic.a", "x = 1\n" * 1501, "attic: more than 1500 lines, give it floors"),
    (large_rooms_have_floors, "reader.attic", "", "publisher/reader/attic.py: give it a floor"),
    (
        large_rooms_have_floors,
        "reader.lines",
        "from publisher.reader.b import f\nfrom publisher.reader.html import g",
        "lines.py:2: html is not below lines",
    ),
]


@pytest.mark.parametrize(("rule", "name", "source", "breach"), NOTICED)
def test_notices(rule: Rule, name: str, source: str, breach: str) -> None:
    made_up = [
        Module(f"publisher.{name}", f"publisher/{name.replace('.', '/')}.py", source),
        Module("publisher.reader.b", "publisher/reader/b.py", "from publisher.reader.a import f"),
        Module("publisher.reader.html", "publisher/reader/html.py", ""),
    ]
    assert breach in "\n".join(rule(made_up))


def test_passes_what_is_allowed() -> None:
    made_up = [
        Module("publisher.labels", "publisher/labels.py", "import re\nfrom pathlib import PurePath"),
        Module("publisher.channels.rss", "channels/rss/__init__.py", "from . import feed\nimport feedgen.feed, httpx"),
        Module("publisher.channels.rss.feed", "channels/rss/feed.py", "from publisher import __version__, labels"),
        Module("publisher.cli.main", "publisher/cli/main.py", "import sys\nprint(1)\nsys.stdout.write('')"),
    ]
    assert [breach for rule in RULES for breach in rule(made_up)] == []
