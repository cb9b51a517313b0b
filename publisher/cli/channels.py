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
from publisher.project import find_config
from publisher.toml import config_key

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    """Add no arguments: there are none."""


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:  # noqa: ARG001 - as all commands
    """List the channels; the exit code. Outside of a newsletter, none is on."""
    try:
        path = find_config(Path.cwd())
    except ConfigError as error:
        output.info(f"{error.message}, so none is on · {error.hint}")
        on = {}
    else:
        on = _load_channel_settings(path)
    listed = {name: {"on": name in on, "settings": on.get(name, {})} for name in registry.channel_names()}
    width = max(map(len, listed))
    for name in listed:
        settings = "  ".join(_format_toml(key, value) for key, value in on.get(name, {}).items() if value)
        output.line(f"{name.ljust(width)}  {'on ' if name in on else 'off'}  {settings}".rstrip())
    output.finish({"channels": listed, "exit": 0})
    return 0


def _format_toml(key: str, value: object) -> str:
    return f"{key} = {json.dumps(value, ensure_ascii=False, default=str)}"


def _load_channel_settings(path: Path) -> dict[str, dict[str, Any]]:
    found: Any = config.load_config(path, registry.load_channel).channels
    return {
        channel.name: {
            config_key(name): str(value) if isinstance(value, Path) else value
            for name, value in asdict(channel).items()
            if not name.startswith("_")  # what the newsletter told the channel is no key of it
        }
        for channel in found
    }
