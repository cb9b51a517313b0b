"""`publish trust-ledger`: allow sending with a ledger that was moved here or restored from a backup."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.actions import load_project
from publisher.cli.output import Output
from publisher.project import find_config

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser


def define(parser: CommandParser) -> None:
    """Add no arguments."""


def run(_: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Trust the ledger and return 0."""
    from publisher.reports.adopt import trust_ledger

    trust_ledger(*load_project(find_config(Path.cwd())), now)
    output.line("The ledger is trusted. This machine can send from now on.")
    output.finish({"exit": 0})
    return 0
