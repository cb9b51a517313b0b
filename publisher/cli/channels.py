"""`publish channels`: what there is, and what is on."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publisher import config, registry
from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.project import find
from publisher.toml import key_of

if TYPE_CHECKING:
    from publisher.cli.parser import Parser


def define(parser: Parser) -> None:
    """Add no arguments: there are none."""


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:  # noqa: ARG001 - as all commands
    """List the channels; the exit code. Outside of a newsletter, none is on."""
    try:
        path = find(Path.cwd())
    except ConfigError as error:
        output.talk(f"{error.message}, so none is on · {error.hint}")
        on = {}
    else:
        on = _settings(path)
    listed = {name: {"on": name in on, "settings": on.get(name, {})} for name in registry.names()}
    width = max(map(len, listed))
    for name in listed:
        settings = "  ".join(_as_toml(key, value) for key, value in on.get(name, {}).items() if value)
        output.line(f"{name.ljust(width)}  {'on ' if name in on else 'off'}  {settings}".rstrip())
    output.finish({"channels": listed, "exit": 0})
    return 0


def _as_toml(key: str, value: object) -> str:
    return f"{key} = {json.dumps(value, ensure_ascii=False, default=str)}"


def _settings(path: Path) -> dict[str, dict[str, Any]]:
    found: Any = config.load(path, registry.load).channels
    return {
        channel.name: {
            key_of(name): str(value) if isinstance(value, Path) else value
            for name, value in asdict(channel).items()
            if not name.startswith("_")  # what the newsletter told the channel is no key of it
        }
        for channel in found
    }
