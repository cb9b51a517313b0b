"""Every key of every table refuses a value of a wrong type, in one line with file, line and column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from msgspec.structs import fields

from publisher import config, keys, registry
from publisher.cli.main import main
from publisher.credentials import Reference
from publisher.errors import ConfigError
from publisher.newsletter import Newsletter
from tests.config.channels import TOP

TABLES: dict[str, tuple[type, ...]] = {
    "newsletter": (Newsletter, keys.IssueKeys),
    "schedule": (keys.ScheduleKeys,),
    "ledger": (keys.LedgerKeys,),
    "server": (keys.ServerKeys,),
    "checks": (keys.ChecksKeys,),
} | {f"channels.{name}": (registry.load_channel(name), keys.CommonChannelKeys) for name in registry.channel_names()}

# values of TOML, and how a message shows them
VALUES = {
    '"1"': 'the string "1"',
    "7": "the number 7",
    "7.5": "the number 7.5",
    "true": "true",
    '["a"]': "a list",
    '["a", 7]': "a list with the number 7 in it",
    "{ a = 1 }": "a table",
    "09:45:00": "a date or time",
}
# types, how a message calls them, and the values above that have them
TYPES = {
    str: ("a string", {'"1"'}),
    int: ("a whole number", {"7"}),
    float: ("a number", {"7", "7.5"}),
    bool: ("true or false", {"true"}),
    tuple[str, ...]: ("a list of strings", {'["a"]'}),
    tuple[str, ...] | str: ("a string, or a list of strings", {'"1"', '["a"]'}),
}
SECRET = "a reference to the secret: publisher.toml never contains the secret itself"


def list_all_keys() -> Iterator[tuple[str, str, object]]:
    """The tables, their keys and the type of each."""
    for table, classes in TABLES.items():
        for field in (field for cls in classes for field in fields(cls)):
            if not field.name.startswith("_") and (table, field.name) != ("newsletter", "base"):
                yield table, field.name.removesuffix("_"), get_args(field.type)[0]  # of Annotated


KEYS = [*list_all_keys()]


def mistake(folder: Path, table: str, line: str) -> tuple[str, str]:
    """Message and hint of the error for a line in a table, after a check of its place."""
    key = line.partition(" ")[0]
    lines = [other for other in TOP.splitlines() if not other.startswith(f"{key} =") or table != "newsletter"]
    lines += ["", f"[{table}]"] if table != "newsletter" else []
    (folder / "publisher.toml").write_text("\n".join([*lines, f"  {line}"]), "utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load_config(folder / "publisher.toml", registry.load_channel)
    place, _, message = caught.value.message.partition(": ")
    assert place == f"publisher.toml:{len(lines) + 1}:3"
    assert "\n" not in caught.value.message + caught.value.hint
    return message, caught.value.hint


@pytest.mark.parametrize(("table", "key", "kind"), KEYS, ids=[f"{table}.{key}" for table, key, _ in KEYS])
def test_a_wrong_type(tmp_path: Path, table: str, key: str, kind: type) -> None:
    name, own = (SECRET, set[str]()) if kind is Reference else TYPES[kind]
    for value in VALUES.keys() - own:
        message, hint = mistake(tmp_path, table, f"{key} = {value}")
        shown = "" if kind is Reference else f", not {VALUES[value]}"
        expected = TYPES[tuple[str, ...]][0] if '["a"]' in own and '["a"' in value else name
        assert message == f"{key} in [{table}] must be {expected}{shown}"
        assert hint.startswith("write ")
    message, hint = mistake(tmp_path, table, f"{key}x = 1")
    assert message == f"unknown key {key}x in [{table}]"
    assert key in hint


@pytest.mark.parametrize("table", TABLES)
def test_the_command_says_it_in_one_line(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = next(key for other, key, _ in KEYS if other == table)
    mistake(tmp_path, table, f"{key} = 09:45:00")
    monkeypatch.chdir(tmp_path)
    assert main(["status"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: publisher.toml:")
    assert output.err.count("\n") == 1
