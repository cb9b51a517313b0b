"""The shape of the source: how long files and functions are, and that a name means one thing.

Every rule takes modules and returns one line per breach.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from tests.support.source_tree import ROOT, Module, module_names, read_house

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
SHORTEST_FILE = 40
# Modules shorter than that, besides commands and packages, and why each is not part of another one.
SHORT_FILES = {
    "channels/telegram/rate_limit.py": "the same name as in the other channels",
    "channels/wechat/bilingual.py": "known to nine files that render nothing",
    "publisher/daemon/systemd.py": "the protocol of one outside program",
    "publisher/deadline.py": "known to every room that waits",
    "publisher/blake2.py": "stands in for a part of hashlib",
    "publisher/named_tuple.py": "stands in for a class of typing",
    "publisher/verp.py": "known to those who send and to those who read what is returned",
    "publisher/project.py": "finds publisher.toml before anything that reads it is imported",
}
USUAL_LENGTH = range(80, 301)
# Names that several modules give to the same thing.
SAME_THING = {
    "define": "the arguments of a command",
    "run": "a command",
    "render": "a channel's Issue → Rendering",
    "diagnose": "the findings of doctor",
    "inlines": "a writer's output for inline nodes",
    "blocks": "a writer's output for blocks",
}
# What each channel that speaks to a platform calls its files.
CHANNEL_FILES = {
    "email": "settings render writer session smtp replies rate_limit doctor",
    "telegram": "settings render writer session client errors rate_limit doctor",
    "wechat": "settings render writer session client errors doctor",
}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core"}


def files_are_short(modules: list[Module]) -> list[str]:
    return [f"{m.path}: {lines} lines" for m in modules if (lines := len(m.source.splitlines())) > LONGEST_FILE]


def short_files_have_a_reason(modules: list[Module]) -> list[str]:
    short = {
        m.path
        for m in modules
        if len(m.source.splitlines()) < SHORTEST_FILE
        and m.room != "cli"
        and not m.path.endswith(("__init__.py", "__main__.py"))
    }
    return [f"{path}: too short, make it part of another module" for path in sorted(short - SHORT_FILES.keys())]


def a_name_is_one_thing(modules: list[Module]) -> list[str]:
    seen: dict[str, str] = {}
    breaches = []
    for module, node in module_names(modules):
        if node.name not in SAME_THING and (other := seen.setdefault(node.name, module.path)) != module.path:
            breaches.append(module.at(node, f"{node.name} is a name in {other} already"))
    return breaches


def case_tells_nothing_apart(modules: list[Module]) -> list[str]:
    classes = {node.name.strip("_").lower() for _, node in module_names(modules) if isinstance(node, ast.ClassDef)}
    return [
        module.at(node, f"{node.name} is a class but for its case")
        for module, node in module_names(modules)
        if isinstance(node, ast.FunctionDef) and node.name.strip("_").lower() in classes
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


Rule = Callable[[list[Module]], list[str]]
RULES: list[Rule] = [
    files_are_short,
    short_files_have_a_reason,
    a_name_is_one_thing,
    case_tells_nothing_apart,
    functions_fit_a_screen,
    names_say_something,
]


@pytest.mark.parametrize("rule", RULES)
def test_holds(rule: Rule) -> None:
    modules = read_house()
    assert len(modules) > 10, "the source was not found"
    assert rule(modules) == []


NOTICED: list[tuple[Rule, str, str, str]] = [
    (files_are_short, "config", "x = 1\n" * 401, "config.py: 401 lines"),
    (short_files_have_a_reason, "config", "x = 1\n" * 39, "config.py: too short"),
    (
        a_name_is_one_thing,
        "config",
        "def find_nothing(): pass",
        "find_nothing is a name in publisher/config.py already",
    ),
    (functions_fit_a_screen, "config", "def f():\n" + "    x = 1\n" * 60, "config.py:1: f has 61 lines"),
    (names_say_something, "reader.utils", "", "name it by what it does"),
]


@pytest.mark.parametrize(("rule", "name", "source", "breach"), NOTICED)
def test_notices(rule: Rule, name: str, source: str, breach: str) -> None:
    made_up = [
        Module(f"publisher.{name}", f"publisher/{name.replace('.', '/')}.py", source),
        Module("publisher.reader.html", "publisher/reader/html.py", "def find_nothing(): pass"),
    ]
    assert breach in "\n".join(rule(made_up))


def test_passes_what_is_allowed() -> None:
    made_up = [
        Module("publisher.cli.main", "publisher/cli/main.py", "def run(): pass"),
        Module("publisher.cli.hold", "publisher/cli/hold.py", "def run(): pass\nclass Hold: pass"),
        Module("publisher.reader.lines", "publisher/reader/lines.py", "def split_lines(): pass\n" * 40),
    ]
    assert [breach for rule in RULES for breach in rule(made_up)] == []


def test_most_files_have_the_usual_length() -> None:
    lengths = [len(m.source.splitlines()) for m in read_house() if "/cli/" not in m.path and "__" not in m.path]
    usual = sum(length in USUAL_LENGTH for length in lengths)
    assert usual > len(lengths) / 2


def test_the_list_of_short_files_is_short_and_true() -> None:
    lengths = {m.path: len(m.source.splitlines()) for m in read_house()}
    assert len(SHORT_FILES) <= 10
    assert [path for path in SHORT_FILES if lengths.get(path, SHORTEST_FILE) >= SHORTEST_FILE] == []


def test_names_that_repeat_do_repeat() -> None:
    names = [node.name for _, node in module_names(read_house())]
    assert [name for name in SAME_THING if names.count(name) < 2] == []


@pytest.mark.parametrize("channel", CHANNEL_FILES)
def test_channels_call_the_same_thing_by_the_same_name(channel: str) -> None:
    there = {path.stem for path in (ROOT / "channels" / channel).glob("*.py")}
    assert set(CHANNEL_FILES[channel].split()) - there == set()


# A word that a newcomer would look for, and where it leads: by the name of a file or folder, or by a row of
# the glossary in CONTRIBUTING.md.
LOOKED_FOR = {
    "send": "publisher/delivery/sender.py",
    "worker": "publisher/build/process_pool.py",
    "delivery": "publisher/delivery/",
    "due": "publisher/calendar/",
    "schedule": "publisher/daemon/scheduler.py",
    "retry": "publisher/cli/retry.py",
    "pool": "publisher/build/process_pool.py",
    "heartbeat": "publisher/daemon/heartbeat.py",
    "alert": "publisher/daemon/alerts.py",
    "recipients": "channels/email/recipients.py",
    "unsubscribe": "channels/email/personalize.py",
    "smtp": "channels/email/smtp.py",
    "rate": "channels/email/rate_limit.py",
    "escape": "publisher/writers/html.py",
    "split": "channels/telegram/split.py",
    "status": "publisher/reports/status.py",
    "diff": "publisher/reports/diff.py",
    "doctor": "publisher/reports/doctor.py",
}


@pytest.mark.parametrize("word", LOOKED_FOR)
def test_a_word_that_people_look_for_leads_to_its_file(word: str) -> None:
    place = LOOKED_FOR[word]
    assert (ROOT / place).exists()
    glossary = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Glossary")[2].partition("\n## ")[0]
    rows = [row.split("|") for row in glossary.splitlines() if row.startswith("|")]
    in_glossary = any(word in row[1] and place in row[3] for row in rows)
    assert in_glossary or word in place.rstrip("/").rpartition("/")[2]
