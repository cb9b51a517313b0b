"""A TOML file decoded strictly: each mistake is one line with the file, the line and the column.

tomllib gives values but not their places. A place is wanted only for an error, so the text is scanned for
it only then.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from publisher.errors import ConfigError, format_suggestion

# what a person calls a type, and how a value of it is written
_TYPE_NAMES = {
    "str": ("a string", '"…"'),
    "int": ("a whole number", "20"),
    "float": ("a number", "1.5"),
    "bool": ("true or false", "true"),
    "tuple[str, ...]": ("a list of strings", '["…", "…"]'),
    "tuple[str, ...] | Path": ("the path of a file, or a list of strings", '"…"'),
    "Reference": ("a reference to a secret", '"env:NAME"'),
    "str | Reference": ("a string", '"…"'),
}

_RENAMED = {"schedule.rhythm": "cron", "serve": "server"}
"""Keys that had another name before the first release."""

_REFERENCE = r"env:[A-Za-z_]\w*|file:[^\0\n]+|keyring:.+/[^/]+|credential:(?!\.)[\w.-]+"


class TomlDocument:
    """A TOML file that has been read. `keys` in its methods is the path to a table or key."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises ConfigError when it cannot be read or is not TOML."""
        self.path = path
        try:
            self.body = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror or error}") from None
        try:
            self.text = self.body.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            before = self.body[: error.start].decode("utf-8-sig")
            raise self._build_located_error(
                _end_position(before), "not UTF-8", "save the file as UTF-8"
            ) from None
        try:
            self.data = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise self._build_syntax_error(str(error)) from None

    def error(self, keys: tuple[str, ...], message: str, hint: str = "") -> ConfigError:
        """The error to raise about a key or table; its place is that of its nearest table if need be."""
        places = _locate_keys(self.text)
        while keys and keys not in places:
            keys = keys[:-1]
        return self._build_located_error(places.get(keys, (1, 1)), message, hint)

    @contextmanager
    def locate_errors(self, *keys: str) -> Iterator[None]:
        """Give each ConfigError that is raised inside the place of `keys`."""
        try:
            yield
        except ConfigError as error:
            raise self.error(keys, error.message, error.hint) from None

    def table(self, *keys: str) -> dict[str, Any]:
        """The table at `keys`, empty when it is not there. Raises ConfigError when that is no table."""
        found: Any = self.data
        for depth, key in enumerate(keys, 1):
            found = found.get(key, {})
            if not isinstance(found, dict):
                name = ".".join(keys[:depth])
                raise self.error(
                    keys[:depth],
                    f"{name} must be a table, not {_describe_value(found)}",
                    f"write [{name}] on a line of its own, its keys below",
                )
        return found  # type: ignore[no-any-return]

    def reject_unknown_keys(self, table: tuple[str, ...], known: Collection[str]) -> None:
        """Raise ConfigError when the table has a key or table that is not known."""
        for key, value in self.table(*table).items():
            if key not in known:
                if isinstance(value, dict):
                    what = f"unknown table [{'.'.join((*table, key))}]"
                else:
                    what = f"unknown key {key}" + (f" in [{'.'.join(table)}]" if table else "")
                new = _RENAMED.get(".".join((*table, key)))
                hint = f"it is called {new} now" if new else format_suggestion(key, known)
                raise self.error((*table, key), what, hint)

    def decode(self, table: tuple[str, ...], kinds: Mapping[str, str]) -> dict[str, Any]:
        """The values of a table. `kinds` maps each key it may have to a type as annotations spell it.

        Raises ConfigError for an unknown key and for a value of another type.
        """
        self.reject_unknown_keys(table, kinds)
        return {
            key: self._convert_value((*table, key), kinds[key], value)
            for key, value in self.table(*table).items()
        }

    def missing_key_error(self, table: tuple[str, ...], key: str, example: str) -> ConfigError:
        """The error to raise about a key that must be there and is not."""
        name = ".".join(table)
        return self.error(table, f"[{name}] has no {key}", f"add below [{name}]: {key} = {example}")

    def _convert_value(self, keys: tuple[str, ...], kind: str, value: object) -> object:
        match kind.removesuffix(" | None"), value:
            case "bool", bool():
                return value
            case "str", str():
                return value
            case "int", int() if not isinstance(value, bool):
                return value
            case "float", int() | float() if not isinstance(value, bool):
                return float(value)
            case "tuple[str, ...] | Path", str() if value and "\0" not in value:
                return self.path.parent / value
            case "tuple[str, ...]" | "tuple[str, ...] | Path", list() if all(
                isinstance(entry, str) for entry in value
            ):
                return tuple(value)
            case "str | Reference", str():
                return self._resolve_reference(value)
            case "Reference", str() if re.fullmatch(_REFERENCE, value, re.ASCII):
                return self._resolve_reference(value)
            case "Reference", _:  # it may be the secret itself, so it is not repeated
                raise self.error(
                    keys,
                    f"{keys[-1]} in [{'.'.join(keys[:-1])}] must say where the secret is: "
                    f"the secret itself never stands in {self.path.name}",
                    'write "env:NAME", "file:PATH", "keyring:SERVICE/USER" or "credential:NAME"',
                )
            case wanted, _:
                what, example = _TYPE_NAMES[wanted]
                *table, key = keys
                raise self.error(
                    keys,
                    f"{key} in [{'.'.join(table)}] must be {what}, not {_describe_value(value)}",
                    f"write it as {key} = {example}",
                )

    def _resolve_reference(self, reference: str) -> str:
        """The reference, in which the path of a file counts from the folder of this one."""
        kind, _, path = reference.partition(":")
        if kind == "file" and not path.startswith("~"):
            return f"file:{self.path.parent / path}"
        return reference

    def _build_syntax_error(self, told: str) -> ConfigError:
        message, _, where = told.rpartition(" (at ")
        numbers = [int(number) for number in re.findall(r"\d+", where)]
        place = (numbers[0], numbers[1]) if len(numbers) == 2 else _end_position(self.text)
        return self._build_located_error(
            place, message[:1].lower() + message[1:], "see https://toml.io for how TOML is written"
        )

    def _build_located_error(self, place: tuple[int, int], message: str, hint: str) -> ConfigError:
        return ConfigError(f"{self.path.name}:{place[0]}:{place[1]}: {message}", hint)


def collect_field_types(cls: Any) -> dict[str, str]:
    """The fields of a dataclass and their types, as `Document.decode` takes them. A field whose name begins
    with an underscore is no key.

    Raises ConfigError for a type that a TOML file cannot give.
    """
    found = {}
    for field in dataclasses.fields(cls):
        if not field.init or field.name.startswith("_"):
            continue
        # not typing.get_type_hints: it costs more than all the decoding
        kind = field.type.__name__ if isinstance(field.type, type) else str(field.type)
        if name := getattr(field.type, "__metadata__", ()):  # of a str with a name of its own
            (kind,) = name
        if kind.removesuffix(" | None") not in _TYPE_NAMES:
            raise ConfigError(
                f"{cls.__name__}.{field.name} is declared as {kind}",
                f"a key of a TOML file can be {', '.join(_TYPE_NAMES)}",
            )
        found[config_key(field.name)] = kind
    return found


def config_key(field: str) -> str:
    """The key of a dataclass field: a word that Python keeps for itself is spelt with an underscore there."""
    return field.removesuffix("_")


def example_value(kind: str) -> str:
    """How a value of a type is written in TOML."""
    return _TYPE_NAMES[kind.removesuffix(" | None")][1]


def _describe_value(value: object) -> str:
    """A value as the end of a sentence "must be …, not …"."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            line = " ".join(value.split())
            return f'the string "{line if len(line) <= 40 else line[:39] + "…"}"'
        case int() | float():
            return f"the number {value}"
        case dict():
            return "a table"
        case list():
            strange = next((entry for entry in value if not isinstance(entry, str)), None)
            return "a list" if strange is None else f"a list with {_describe_value(strange)} in it"
        case _:
            return "a date or time"


# -------------------------------------------------------------------- places

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEYS = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
# compiled when there is a mistake to tell of
_STATEMENT = rf"[ \t]*(?:\[\[?[ \t]*(?P<table>{_KEYS})[ \t]*\]\]?|(?P<key>{_KEYS})[ \t]*=)"
_TOKEN = (
    r'''(?s)"""(?:\\.|[^\\])*?"""(?!")|\'\'\'.*?\'\'\'(?!\')|"(?:\\.|[^"\\])*"|'[^']*'|\#[^\n]*|[][{}\n]'''
)


def _locate_keys(text: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Line and column of every table header and key of a valid TOML text, but for those in inline tables."""
    places: dict[tuple[str, ...], tuple[int, int]] = {}
    table: tuple[str, ...] = ()
    start, statement = 0, re.compile(_STATEMENT)
    while start < len(text):
        if found := statement.match(text, start):
            if header := found["table"]:
                table = keys = _split_dotted_key(header)
                column = found.group().index("[")
            else:
                keys = (*table, *_split_dotted_key(found["key"]))
                column = found.start("key") - start
            place = (text.count("\n", 0, start) + 1, column + 1)
            for depth in range(1, len(keys) + 1):
                places.setdefault(keys[:depth], place)
        start = _find_next_statement(text, found.end() if found else start)
    return places


def _split_dotted_key(dotted: str) -> tuple[str, ...]:
    """The keys of a dotted key, unquoted."""
    inner: Any = tomllib.loads(f"{dotted} = 0")
    keys = []
    while isinstance(inner, dict):
        ((key, inner),) = inner.items()
        keys.append(key)
    return tuple(keys)


def _find_next_statement(text: str, start: int) -> int:
    """Where the next statement may begin: after a newline outside of strings and brackets."""
    depth = 0
    for token in re.compile(_TOKEN).finditer(text, start):
        match token.group():
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case "\n" if depth == 0:
                return token.end()
    return len(text)


def _end_position(text: str) -> tuple[int, int]:
    """Line and column right after a text."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")
