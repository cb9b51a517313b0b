"""`publish config`: print every key of publisher.toml with its description, its value now and its default."""

from __future__ import annotations

import argparse
import datetime as dt
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from publisher import config, registry
from publisher.cli.controls import dump_json
from publisher.cli.output import Output
from publisher.cli.parser import CommandParser
from publisher.credentials import Reference
from publisher.errors import ConfigError, find_nearest
from publisher.keys import Key, KeyTable, build_json_schema, capitalize, describe_tables
from publisher.project import NoNewsletterError, find_config
from publisher.redaction import REDACTED
from publisher.toml import TomlDocument

_WIDTH = 100


def define(parser: CommandParser) -> None:
    parser.arguments.add_argument(
        "key", nargs="?", default="", metavar="KEY", help="Table or key, such as channels.email or newsletter.url"
    )
    parser.options.add_argument(
        "--json-schema", action="store_true", help="Print the JSON Schema of publisher.toml, for editors"
    )


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:  # noqa: ARG001 - as all commands
    """Print valid TOML that means the same as publisher.toml: defaults are comments. Secrets are not shown."""
    if arguments.json_schema:
        schema = build_json_schema(describe_tables(registry.load_channel, registry.channel_names()))
        output.write_text(f"{dump_json(schema, indent=2)}\n")
        return 0
    values = _read_values(output)
    channels = dict.fromkeys((*values.get("channels", ()), *registry.channel_names()))
    tables = [*_select_keys(describe_tables(registry.load_channel, channels), arguments.key)]
    for number, table in enumerate(tables):
        if number:
            output.line("")
        _print_table(table, _find_table(values, table.name), output)
    return output.finish(0, keys=[entry for table in tables for entry in _table_to_json(table, values)])


def _read_values(output: Output) -> dict[str, Any]:
    """Return the content of publisher.toml, empty outside of a newsletter. Raises ConfigError if it is not valid."""
    try:
        path = find_config(Path.cwd())
    except NoNewsletterError as error:
        output.info(f"{error.message}: these are the defaults · {error.hint}")
        return {}
    config.load_config(path, registry.load_channel)
    return TomlDocument(path).data


def _select_keys(tables: list[KeyTable], name: str) -> Iterator[KeyTable]:
    """Yield the table or key of that name, or all tables without one. Raises ConfigError if there is none."""
    keys = {f"{table.name}.{key.name}": table._replace(keys=(key,)) for table in tables for key in table.keys}
    by_name = {table.name: table for table in tables} | keys
    if not name or name == "channels":
        yield from (table for table in tables if table.name.startswith(name))
    elif name in by_name:
        yield by_name[name]
    else:
        nearest = find_nearest(name, by_name)
        raise ConfigError(
            f"there is no table or key {name}", f"did you mean {nearest}?" if nearest else "all of them: publish config"
        )


def _find_table(values: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """Return the values of a table; None if the file does not have it."""
    table: Any = values
    for part in name.split("."):
        table = table.get(part)
        if table is None:
            return None
    return table  # type: ignore[no-any-return]  # a table, because the file is valid


def _print_table(table: KeyTable, values: Mapping[str, Any] | None, output: Output) -> None:
    if table.description:
        output.line(f"# {table.description}")
    output.line(f"[{table.name}]" if values is not None else f"# [{table.name}]", "bold" if values is not None else "")
    for key in table.keys:
        value = (values or {}).get(key.name)
        output.line("")
        for line in _format_comment(key, value):
            output.line(line)
        if value is None or value == key.default:
            shown = key.example if key.default in (None, "", []) and key.example is not None else key.default
            output.line(f"# {key.name} = {format_value('' if shown is None else shown)}")
        elif _is_secret(key, value):
            output.line(f"# {key.name} = {format_value(REDACTED)}")
        else:
            output.line(f"{key.name} = {format_value(value)}", "bold")


def _format_comment(key: Key, value: object) -> list[str]:
    """Return the lines that describe a key, with its default."""
    facts = [key.description] if key.description else []
    if key.required:
        facts.append("required")
    elif key.default not in (None, "", []):
        facts.append(f"default: {format_value(key.default)}")
    if value is not None and _is_secret(key, value):
        facts.append("set, and not shown, because it may contain a secret:")
    elif value is None and key.default in (None, "", []) and key.example is not None:
        facts.append("for example:")
    text = capitalize("; ".join(facts))
    return textwrap.wrap(
        text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False, break_on_hyphens=False
    )


def _is_secret(key: Key, value: object) -> bool:
    """Return whether a value must not be shown. A reference may be: it only says where the secret is."""
    if not (key.is_hidden and isinstance(value, str)):
        return False
    try:
        Reference.from_toml(value, Path())
    except ValueError:
        return True
    return False


def format_value(value: object) -> str:
    """Return a value as in TOML, without the decimals of a whole number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return dump_json(value)  # strings, numbers, booleans and lists of strings are the same in JSON


def _table_to_json(table: KeyTable, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key in table.keys:
        value = (_find_table(values, table.name) or {}).get(key.name)
        yield {
            "table": table.name,
            "key": key.name,
            "description": key.description,
            "value": REDACTED if value is not None and _is_secret(key, value) else value,
            "default": key.default,
        }
