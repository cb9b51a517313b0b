"""`publish subscribers import`: adds the people of a file to the list, after a dry run."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.output import Output, plural
from publisher.errors import ConfigError
from publisher.mail_address import Mailbox, normalize_address, parse_recipient
from publisher.named_tuple import NamedTuple
from publisher.subscribers.models import Origin

if TYPE_CHECKING:
    from publisher.run import RunContext
    from publisher.subscribers.formats import ListFile
    from publisher.subscribers.importing import ImportReport
    from publisher.subscribers.subscriber_list import SubscriberList

_MAX_LINES = 10
"""At most this number of lines without an address is named."""


class ListCall(NamedTuple):
    """One call of the command: the list, what was typed, and where to print."""

    run: RunContext
    subscribers: SubscriberList
    arguments: argparse.Namespace
    output: Output

    @property
    def mailbox(self) -> Mailbox:
        """The address that was typed. Raises ConfigError if it is none."""
        return parse_recipient(self.arguments.subject)

    @property
    def key(self) -> str:
        """The key of the address that was typed."""
        return normalize_address(self.mailbox.address)

    def originate(self, text: str = "") -> Origin:
        """Return where a change comes from: the editor, now."""
        return Origin(self.run.clock.time(), f"publish subscribers {self.arguments.action}", text)


def import_subscribers(call: ListCall) -> int:
    """Say what an import would do; with the consent and `--yes`, or a yes on the terminal, do it."""
    from publisher.subscribers.importing import import_list

    arguments, output, path = call.arguments, call.output, Path(call.arguments.subject)
    file = _read_list_file(path)
    origin = call.originate(arguments.consent.strip())
    report = import_list(call.subscribers, file, origin, dry_run=True)
    _print_report(file, report, path, output)
    is_wanted = bool(report.counts) and _is_wanted(report, call, origin)
    if is_wanted:
        report = import_list(call.subscribers, file, origin, dry_run=False)
        output.line(f"✓ {report.added:,} {plural(report.added, 'subscriber')} added", "green")
    return output.finish(
        0,
        imported=is_wanted,
        format=file.format,
        counts=report.counts,
        rejected=[{"line": one.line, "reason": one.reason} for one in file.rejected],
    )


def _is_wanted(report: ImportReport, call: ListCall, origin: Origin) -> bool:
    """Whether to import: with `--yes`, or if the editor says so. Raises ConfigError if the consent is missing."""
    command = f"publish subscribers import {shlex.quote(call.arguments.subject)} --consent"
    if not origin.text:
        if call.arguments.yes:
            hint = f'say what the people of the file agreed to: {command} "signed up at the fair, May 2026" --yes'
            raise ConfigError("nothing was imported: --consent is missing", hint)
        call.output.next_step(f'{command} "WHAT THEY AGREED TO, WHERE AND WHEN" --yes')
        return False
    if call.arguments.yes:
        return True
    if call.output.is_interactive:
        return call.output.ask(f"Add {report.added:,} {plural(report.added, 'subscriber')}?")
    call.output.next_step(f"{command} {shlex.quote(origin.text)} --yes")
    return False


def _print_report(file: ListFile, report: ImportReport, path: Path, output: Output) -> None:
    """Print the numbers, such as `Ghost: 1,204 new · 37 left before: stay out · 3 no address (lines 5, 8, 9)`."""
    facts = [f"{number:,} {kind}" for kind, number in report.counts.items()]
    if file.rejected:
        lines = ", ".join(str(one.line) for one in file.rejected[:_MAX_LINES])
        more = ", …" if len(file.rejected) > _MAX_LINES else ""
        facts.append(f"{len(file.rejected):,} no address ({plural(len(file.rejected), 'line')} {lines}{more})")
    output.line(f"{file.format}: {' · '.join(facts) or 'no subscribers'}")
    for one in file.rejected[:_MAX_LINES]:
        output.info(f"  {path}:{one.line}: {one.reason}")
    if file.warning:
        output.warning(file.warning)


def _read_list_file(path: Path) -> ListFile:
    """Read a file. Raises ConfigError if that is not possible."""
    from publisher.subscribers.formats import parse_list_file

    try:
        return parse_list_file(path.read_bytes(), path.name)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", "publish subscribers import FILE") from None
