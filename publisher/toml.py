"""Strict decoding of a TOML file: each error is one line with file, line and column.

tomllib returns values without their positions. A position is needed only for an error, so the text is
scanned for it only then.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from publisher.errors import ConfigError, format_suggestion
from publisher.toml_mistakes import suggest_correction

_Table = TypeVar("_Table", bound=msgspec.Struct)

# the types in the words of msgspec and in ours, and an example of a value
_TYPE_NAMES = {
    "str": ("a string", '"…"'),
    "int": ("a whole number", "20"),
    "float": ("a number", "1.5"),
    "bool": ("true or false", "true"),
    "array": ("a list of strings", '["…", "…"]'),
    "str | array": ("a string, or a list of strings", '"…"'),
}

_EXAMPLES = {"newsletter.name": '"…"', "newsletter.url": '"https://example.org/news/{date}/"'}
"""Examples of required keys."""

_RENAMED = {"schedule.rhythm": "cron", "serve": "server"}
"""Keys and tables renamed before the first release, old to new."""


class TomlDocument:
    """A TOML file in memory. `keys` in its methods is the path to a table or key."""

    def __init__(self, path: Path, suggest_table: Callable[[str, object], str] = lambda *_: "") -> None:
        """Read the file. `suggest_table` returns a hint where an unknown key with its value belongs, or "".

        Raises ConfigError if it cannot be read or is not valid TOML.
        """
        self.path = path
        self._suggest_table = suggest_table
        try:
            self.body = path.read_bytes()
        except OSError as error:
            hint = "check its owner and permissions, and those of its folder"
            raise ConfigError(f"cannot read {path}: {error.strerror or error}", hint) from None
        try:
            self.text = self.body.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            before = self.body[: error.start].decode("utf-8-sig")
            raise self._build_located_error(_end_position(before), "not UTF-8", "save the file as UTF-8") from None
        try:
            self.data = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise self._build_syntax_error(str(error)) from None
        except (ValueError, RecursionError):  # thousands of digits or of brackets
            message = "cannot be parsed: a number is too long, or too many brackets are in each other"
            raise self._build_located_error((1, 1), message, "see https://toml.io") from None

    def error(self, keys: tuple[str, ...], message: str, hint: str = "") -> ConfigError:
        """Return the error for a key or table, located at its nearest table if it is not in the text."""
        positions = _locate_keys(self.text)
        while keys and keys not in positions:
            keys = keys[:-1]
        return self._build_located_error(positions.get(keys, (1, 1)), message, hint)

    @contextmanager
    def locate_errors(self, *keys: str) -> Iterator[None]:
        """Add a position to each ConfigError raised inside: of the key that its message begins with, else of `keys`.

        That key is in the table `keys`, or in the one that follows it: "imap needs a password", "`at` in [schedule] …".
        """
        try:
            yield
        except ConfigError as error:
            if named := re.match(r"`?(\w+)`?(?: in \[([\w.-]+)\])?[ :]", error.message):
                keys = (*(named[2].split(".") if named[2] else keys), named[1])
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
        return table  # type: ignore[no-any-return]  # each step was checked above

    def reject_unknown_keys(self, table: tuple[str, ...], known: Collection[str]) -> None:
        """Raise ConfigError if the table has a key or table that is not in `known`."""
        for key, value in self.table(*table).items():
            if key not in known:
                if isinstance(value, dict):
                    message = f"unknown table [{'.'.join((*table, key))}]"
                else:
                    message = f"unknown key {key}" + (f" in [{'.'.join(table)}]" if table else "")
                replacement = _RENAMED.get(".".join((*table, key)))
                hint = f"it was renamed to {replacement}" if replacement else self._suggest_table(key, value)
                hint = hint or format_suggestion(key, known)
                raise self.error((*table, key), message, hint)

    def decode(self, table: tuple[str, ...], kind: type[_Table], also: Iterable[str] = (), **more: object) -> _Table:
        """Return a table as a Struct, whose fields are its keys.

        `also` are keys that the table may have besides; `more` are fields that are not keys of it. Raises
        ConfigError for an unknown or missing key and for a wrong type, and what the constructor raises.
        """
        fields = {key: field for key, field in list_keys(kind).items() if field not in more}
        self.reject_unknown_keys(table, (*fields, *also))
        values = {fields[key]: value for key, value in self.table(*table).items() if key in fields}
        try:
            with self.locate_errors(*table):  # those of the constructor
                return msgspec.convert(values | more, kind, dec_hook=self._decode_custom_type)
        except msgspec.ValidationError as error:
            raise self._describe_mistake(table, str(error)) from None
        except (TypeError, NameError) as error:  # msgspec cannot use an annotation
            raise self.error(table, f"{kind.__name__}: {error}", "report it to its author") from None

    def missing_key_error(self, table: tuple[str, ...], key: str, example: str) -> ConfigError:
        """Return the error for a missing required key."""
        name = ".".join(table)
        return self.error(table, f"[{name}] has no {key}", f"add below [{name}]: {key} = {example}")

    def _decode_custom_type(self, kind: Any, value: object) -> object:
        """Return a value as a type that brings its own `from_toml`, such as Reference."""
        if not hasattr(kind, "from_toml"):
            raise TypeError(f"{kind.__name__} is no type of a key")
        return kind.from_toml(value, self.path.parent)

    def _describe_mistake(self, table: tuple[str, ...], error: str) -> ConfigError:
        """Return the error for what msgspec says, such as: Expected `int`, got `str` - at `$.width`."""
        if missing := re.fullmatch(r"Object missing required field `(\w+)`", error):
            key = config_key(missing[1])
            return self.missing_key_error(table, key, _EXAMPLES.get(".".join((*table, key)), "…"))
        match = re.fullmatch(r"(?s)(?:Expected `([^`]+)`.*|(.*)) - at `\$\.(\w+)(.*)`", error)
        if not match:
            return self.error(table, error)
        expected, message, field, index = match.groups()
        key = config_key(field)
        subject = f"{key} in [{'.'.join(table)}]"
        if message:
            message, _, hint = message.partition(" · ")
            return self.error((*table, key), f"{subject} {message}", hint)
        expected = expected.removesuffix(" | null")
        if index:  # of the first wrong entry of a list
            expected = "array" if expected == "str" else f"a list of {expected}"
        description, example = _TYPE_NAMES.get(expected, (expected, "…"))
        value = self.table(*table)[key]
        hint = f"write it as {key} = {example}"
        if expected == "str" and isinstance(value, int | float) and not isinstance(value, bool):
            hint = f'write it in quotes: {key} = "{value}"'
        return self.error((*table, key), f"{subject} must be {description}, not {_describe_value(value)}", hint)

    def _build_syntax_error(self, error_text: str) -> ConfigError:
        message, _, location = error_text.rpartition(" (at ")
        numbers = [int(number) for number in re.findall(r"\d+", location)]
        position = (numbers[0], numbers[1]) if len(numbers) == 2 else _end_position(self.text.rstrip("\n"))
        if message.startswith("Cannot overwrite") and (repeated := _find_repeated_key(self.text)):
            keys, position = repeated
            return self._build_located_error(position, f"{keys[-1]} is set twice", "remove one of the two lines")
        if twice := re.match(r"Cannot declare \((.*)\) twice", message):
            name = ".".join(re.findall(r"'([^']*)'", twice[1]))
            return self._build_located_error(position, f"there are two tables [{name}]", "join them into one")
        hint = suggest_correction(self.text.split("\n")[position[0] - 1], message)
        return self._build_located_error(position, message[:1].lower() + message[1:], hint)

    def _build_located_error(self, position: tuple[int, int], message: str, hint: str) -> ConfigError:
        line = re.sub(r"\s*\n\s*", " ", message)  # of a value with several lines
        return ConfigError(f"{self.path.name}:{position[0]}:{position[1]}: {line}", hint)


def list_keys(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Return the keys of a table that is decoded as a Struct, and the field of each.

    A field whose name begins with an underscore is not a key.
    """
    return {config_key(name): name for name in kind.__struct_fields__ if not name.startswith("_")}


def config_key(field: str) -> str:
    """Return the TOML key of a field: Python keywords have a trailing underscore as fields."""
    return field.removesuffix("_")


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
_TOKEN = r'''(?s)"""(?:\\.|[^\\])*?"""(?!")|\'\'\'.*?\'\'\'(?!\')|"(?:\\.|[^"\\])*"|'[^']*'|\#[^\n]*|[][{}\n]'''


def _locate_keys(text: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Return line and column of every table header and key of a valid TOML text, except in inline tables."""
    positions: dict[tuple[str, ...], tuple[int, int]] = {}
    for keys, position, _ in _find_statements(text):
        for depth in range(1, len(keys) + 1):
            positions.setdefault(keys[:depth], position)
    return positions


def _find_repeated_key(text: str) -> tuple[tuple[str, ...], tuple[int, int]] | None:
    """Return the first key that is set a second time, with the place where it is."""
    seen = set()
    for keys, position, is_header in _find_statements(text):
        if keys in seen:
            return keys, position
        if not is_header:
            seen.add(keys)
    return None


def _find_statements(text: str) -> Iterator[tuple[tuple[str, ...], tuple[int, int], bool]]:
    """Yield each table header and key: its full path, its line and column, and whether it is a header."""
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
            yield keys, (text.count("\n", 0, start) + 1, column + 1), bool(header)
        start = _find_next_statement(text, match.end() if match else start)


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
