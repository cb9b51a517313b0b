"""Strict decoding of a TOML file: each error is one line with file, line and column.

tomllib returns values without their positions. A position is needed only for an error, so the text is
scanned for it only then.
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

# each type in words, and an example of a value
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
"""Keys and tables renamed before the first release, old to new."""

_REFERENCE = r"env:[A-Za-z_]\w*|file:[^\0\n]+|keyring:.+/[^/]+|credential:(?!\.)[\w.-]+"


class TomlDocument:
    """A TOML file in memory. `keys` in its methods is the path to a table or key."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises ConfigError if it cannot be read or is not valid TOML."""
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
        """Return the error for a key or table, located at its nearest table if it is not in the text."""
        positions = _locate_keys(self.text)
        while keys and keys not in positions:
            keys = keys[:-1]
        return self._build_located_error(positions.get(keys, (1, 1)), message, hint)

    @contextmanager
    def locate_errors(self, *keys: str) -> Iterator[None]:
        """Add the position of `keys` to each ConfigError raised inside."""
        try:
            yield
        except ConfigError as error:
            raise self.error(keys, error.message, error.hint) from None

    def table(self, *keys: str) -> dict[str, Any]:
        """Return the table at `keys`, empty if it is missing. Raises ConfigError if it is not a table."""
        table: Any = self.data
        for depth, key in enumerate(keys, 1):
            table = table.get(key, {})
            if not isinstance(table, dict):
                name = ".".join(keys[:depth])
                raise self.error(
                    keys[:depth],
                    f"{name} must be a table, not {_describe_value(table)}",
                    f"write [{name}] on its own line and its keys below it",
                )
        return table  # type: ignore[no-any-return]

    def reject_unknown_keys(self, table: tuple[str, ...], known: Collection[str]) -> None:
        """Raise ConfigError if the table has a key or table that is not in `known`."""
        for key, value in self.table(*table).items():
            if key not in known:
                if isinstance(value, dict):
                    message = f"unknown table [{'.'.join((*table, key))}]"
                else:
                    message = f"unknown key {key}" + (f" in [{'.'.join(table)}]" if table else "")
                replacement = _RENAMED.get(".".join((*table, key)))
                hint = f"it was renamed to {replacement}" if replacement else format_suggestion(key, known)
                raise self.error((*table, key), message, hint)

    def decode(self, table: tuple[str, ...], kinds: Mapping[str, str]) -> dict[str, Any]:
        """Return the values of a table. `kinds` maps each allowed key to its type, written as an annotation.

        Raises ConfigError for an unknown key or a wrong type.
        """
        self.reject_unknown_keys(table, kinds)
        return {
            key: self._convert_value((*table, key), kinds[key], value)
            for key, value in self.table(*table).items()
        }

    def missing_key_error(self, table: tuple[str, ...], key: str, example: str) -> ConfigError:
        """Return the error for a missing required key."""
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
            case "Reference", _:  # the value may be the secret itself and is not shown
                raise self.error(
                    keys,
                    f"{keys[-1]} in [{'.'.join(keys[:-1])}] must be a reference to the secret: "
                    f"{self.path.name} never contains the secret itself",
                    'write "env:NAME", "file:PATH", "keyring:SERVICE/USER" or "credential:NAME"',
                )
            case expected, _:
                description, example = _TYPE_NAMES[expected]
                *table, key = keys
                raise self.error(
                    keys,
                    f"{key} in [{'.'.join(table)}] must be {description}, not {_describe_value(value)}",
                    f"write it as {key} = {example}",
                )

    def _resolve_reference(self, reference: str) -> str:
        """Return the reference, with the path of a file relative to the folder of this document."""
        kind, _, path = reference.partition(":")
        if kind == "file" and not path.startswith("~"):
            return f"file:{self.path.parent / path}"
        return reference

    def _build_syntax_error(self, error_text: str) -> ConfigError:
        message, _, location = error_text.rpartition(" (at ")
        numbers = [int(number) for number in re.findall(r"\d+", location)]
        position = (numbers[0], numbers[1]) if len(numbers) == 2 else _end_position(self.text)
        return self._build_located_error(
            position, message[:1].lower() + message[1:], "see https://toml.io for the syntax"
        )

    def _build_located_error(self, position: tuple[int, int], message: str, hint: str) -> ConfigError:
        return ConfigError(f"{self.path.name}:{position[0]}:{position[1]}: {message}", hint)


def collect_field_types(cls: Any) -> dict[str, str]:
    """Return the fields of a dataclass and their types, for `TomlDocument.decode`.

    A field whose name begins with an underscore is not a key. Raises ConfigError for a type that is not
    supported.
    """
    types = {}
    for field in dataclasses.fields(cls):
        if not field.init or field.name.startswith("_"):
            continue
        # not typing.get_type_hints, which takes longer than all the decoding
        kind = field.type.__name__ if isinstance(field.type, type) else str(field.type)
        if name := getattr(field.type, "__metadata__", ()):  # an Annotated alias of str, such as Reference
            (kind,) = name
        if kind.removesuffix(" | None") not in _TYPE_NAMES:
            raise ConfigError(
                f"{cls.__name__}.{field.name} is declared as {kind}",
                f"a key of a TOML file can be {', '.join(_TYPE_NAMES)}",
            )
        types[config_key(field.name)] = kind
    return types


def config_key(field: str) -> str:
    """Return the TOML key of a dataclass field: Python keywords have a trailing underscore as fields."""
    return field.removesuffix("_")


def example_value(kind: str) -> str:
    """Return an example of a value of a type in TOML."""
    return _TYPE_NAMES[kind.removesuffix(" | None")][1]


def _describe_value(value: object) -> str:
    """Describe a value for the end of a sentence "must be …, not …"."""
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
            bad_entry = next((entry for entry in value if not isinstance(entry, str)), None)
            return "a list" if bad_entry is None else f"a list with {_describe_value(bad_entry)} in it"
        case _:
            return "a date or time"


# ----------------------------------------------------------------- positions

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEYS = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
# compiled only when there is an error to report
_STATEMENT = rf"[ \t]*(?:\[\[?[ \t]*(?P<table>{_KEYS})[ \t]*\]\]?|(?P<key>{_KEYS})[ \t]*=)"
_TOKEN = (
    r'''(?s)"""(?:\\.|[^\\])*?"""(?!")|\'\'\'.*?\'\'\'(?!\')|"(?:\\.|[^"\\])*"|'[^']*'|\#[^\n]*|[][{}\n]'''
)


def _locate_keys(text: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Return line and column of every table header and key of a valid TOML text, except in inline tables."""
    positions: dict[tuple[str, ...], tuple[int, int]] = {}
    table: tuple[str, ...] = ()
    start, statement = 0, re.compile(_STATEMENT)
    while start < len(text):
        if match := statement.match(text, start):
            if header := match["table"]:
                table = keys = _split_dotted_key(header)
                column = match.group().index("[")
            else:
                keys = (*table, *_split_dotted_key(match["key"]))
                column = match.start("key") - start
            position = (text.count("\n", 0, start) + 1, column + 1)
            for depth in range(1, len(keys) + 1):
                positions.setdefault(keys[:depth], position)
        start = _find_next_statement(text, match.end() if match else start)
    return positions


def _split_dotted_key(dotted: str) -> tuple[str, ...]:
    """Return the parts of a dotted key, unquoted."""
    inner: Any = tomllib.loads(f"{dotted} = 0")
    keys = []
    while isinstance(inner, dict):
        ((key, inner),) = inner.items()
        keys.append(key)
    return tuple(keys)


def _find_next_statement(text: str, start: int) -> int:
    """Return where the next statement may begin: after a newline outside of strings and brackets."""
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
    """Return line and column right after a text."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")
