"""`publish channels`: list all channels and the settings of the enabled ones."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from pathlib import Path
from typing import Any

from publisher import config, registry
from publisher.cli.output import Output
from publisher.project import NoNewsletterError, find_config
from publisher.toml import list_keys


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:  # noqa: ARG001 - as all commands
    """List the channels. Outside a newsletter none is enabled."""
    enabled: dict[str, dict[str, Any]] = {}
    try:
        path = find_config(Path.cwd())
    except NoNewsletterError as error:
        output.info(f"{error.message}: no channel is enabled · {error.hint}")
    else:
        channels: Any = config.load_config(path, registry.load_channel).channels
        for channel in channels:
            keys = list_keys(type(channel))
            enabled[channel.name] = {key: getattr(channel, field) for key, field in keys.items()}
    names = registry.channel_names()
    width = max(map(len, names))
    for name in names:
        settings = "  ".join(
            f"{key} = {json.dumps(value, ensure_ascii=False, default=str)}"
            for key, value in enabled.get(name, {}).items()
            if (value if key != "send" else not value)
        )
        output.line(f"{name.ljust(width)}  {'enabled ' if name in enabled else 'disabled'}  {settings}".rstrip())
    return output.finish(
        0, channels={name: {"on": name in enabled, "settings": enabled.get(name, {})} for name in names}
    )
