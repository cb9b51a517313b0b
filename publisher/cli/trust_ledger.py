"""`publish trust-ledger`: allow sending with a ledger that was moved here or restored from a backup."""

from __future__ import annotations

import argparse
import datetime as dt

from publisher.cli.actions import open_run
from publisher.cli.output import Output
from publisher.delivery.ledger_guard import accept_ledger


def run(_: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    with open_run(output, now) as run:
        accept_ledger(run)
    output.line("The ledger is trusted. This machine can send from now on.")
    output.next_step("publish --dry-run shows what would be sent")
    return output.finish(0)
