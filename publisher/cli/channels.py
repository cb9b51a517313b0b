"""`publish channels`: list all channels and the settings of the enabled ones."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publisher import config, registry
from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.project import find_config
from publisher.toml import list_keys

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    """Add no arguments."""


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:  # noqa: ARG001 - as all commands
    """List the channels; return 0. Outside a newsletter none is enabled."""
    try:
        path = find_config(Path.cwd())
    except ConfigError as error:
        output.info(f"{error.message}: no channel is enabled · {error.hint}")
        enabled = {}
    else:
        enabled = _load_channel_settings(path)
    channels = {
        name: {"on": name in enabled, "settings": enabled.get(name, {})} for name in registry.channel_names()
    }
    width = max(map(len, channels))
    for name in channels:
        settings = "  ".join(
            _format_toml(key, value) for key, value in enabled.get(name, {}).items() if value
        )
        output.line(
            f"{name.ljust(width)}  {'enabled ' if name in enabled else 'disabled'}  {settings}".rstrip()
        )
    output.finish({"channels": channels, "exit": 0})
    return 0


def _format_toml(key: str, value: object) -> str:
    return f"{key} = {json.dumps(value, ensure_ascii=False, default=str)}"


def _load_channel_settings(path: Path) -> dict[str, dict[str, Any]]:
    channels: Any = config.load_config(path, registry.load_channel).channels
    return {
        channel.name: {key: getattr(channel, field) for key, field in list_keys(type(channel)).items()}
        for channel in channels
    }
