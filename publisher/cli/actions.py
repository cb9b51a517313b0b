"""Shared by the commands: building a Request, asking for confirmation, publishing, the outcome as JSON."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.console import RunConsole
from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.events import (
    ChannelOutcome,
    EventHandler,
    Outcome,
    PendingSend,
    Request,
    RunEvent,
    RunWarning,
)

if TYPE_CHECKING:
    from publisher.config import Config
    from publisher.theme import Theme


def build_request(arguments: argparse.Namespace, root: Path, output: Output) -> Request:
    """Build the Request from the arguments that all sending commands share."""
    return Request(
        issue=resolve_issue_argument(arguments.issue, root),
        channels=parse_channel_names(arguments.channel),
        dry_run=arguments.dry_run,
        max_wait=arguments.max_wait,
        force=arguments.force,
        confirm=build_confirmation(output, yes=arguments.yes),
    )


def build_confirmation(output: Output, *, yes: bool) -> Callable[[Sequence[PendingSend]], bool]:
    """Return the function that asks for confirmation on the terminal; with `yes` it always agrees.

    Without a terminal the function raises ConfigError.
    """

    def confirm(pending: Sequence[PendingSend]) -> bool:
        if yes:
            return True
        if not output.is_interactive:
            summary = "; ".join(f"{send.channel}: {format_pending_send(send)}" for send in pending)
            raise ConfigError(f"not sent: confirmation required (no terminal): {summary}", "use --yes")
        width = max(len(send.channel) for send in pending)
        for send in pending:
            output.info(f"{send.channel.ljust(width)}  {format_pending_send(send)}", "bold")
        return output.ask("Send?")

    return confirm


def format_pending_send(pending: PendingSend) -> str:
    """Describe what would be sent to a destination."""
    messages = "1 message" if pending.new == 1 else f"{pending.new} messages"
    counts = (
        (pending.new, f"{messages} that cannot be unsent"),
        (pending.changed, f"{pending.changed} changed"),
        (pending.removed, f"{pending.removed} deleted"),
        (
            pending.days_late,
            f"the issue is {pending.days_late:,} {'day' if pending.days_late == 1 else 'days'} old",
        ),
    )
    facts = [text for number, text in counts if number]
    return f"{pending.destination} · {' · '.join(facts) or 'continue an unfinished delivery'}"


def run_publish(path: Path, request: Request, output: Output, now: dt.datetime) -> int:
    """Publish with the publisher.toml at `path`, print the outcome and return the exit code."""
    from publisher.pipeline.publish import publish

    console = RunConsole(output, request)
    config, theme = load_project(path, cache_templates=not request.dry_run)
    with console:
        outcome = publish(config, theme, request, now, console.print_event)
    console.print_summary(outcome)
    output.finish(outcome_to_json(outcome, request))
    return outcome.exit_code


def load_project(path: Path, *, cache_templates: bool = False) -> tuple[Config, Theme]:
    """Load the configuration and the theme. With `cache_templates`, compiled templates are kept on disk."""
    from publisher import config, registry  # here, because they are slow to import
    from publisher.theme import Theme

    loaded = config.load_config(path, registry.load_channel)
    return loaded, Theme.load(loaded.templates, _find_template_cache() if cache_templates else None)


def build_warning_handler(output: Output) -> EventHandler:
    """Return an event handler that prints only warnings, for commands that do not publish."""

    def print_warning(event: RunEvent) -> None:
        if isinstance(event, RunWarning):
            output.warning(event.message)

    return print_warning


def resolve_issue_argument(argument: str, root: Path) -> str:
    """Return the path relative to the newsletter's folder if `argument` is a file, else `argument` itself.

    Raises ConfigError for a file outside of that folder.
    """
    path = Path.cwd() / argument
    if not argument or not path.is_file():
        return argument
    try:
        return path.resolve().relative_to(root).as_posix()
    except ValueError:
        raise ConfigError(f"{argument} is not below {root}", "give an issue of this newsletter") from None


def parse_channel_names(values: list[str]) -> tuple[str, ...]:
    """Split the values of --channel into names; empty for all enabled channels."""
    names = [name.strip() for value in values for name in value.split(",")]
    return () if "all" in names else tuple(name for name in names if name)


def outcome_to_json(outcome: Outcome, request: Request) -> dict[str, object]:
    """Return the outcome of a run as JSON data."""
    issue = outcome.issue
    return {
        "issue": issue
        and {
            "id": issue.id,
            "date": issue.date,
            "title": issue.title,
            "url": issue.url,
            "path": issue.path,
            "problems": issue.problems,
        },
        "dry_run": request.dry_run,
        "channels": {name: _channel_outcome_to_json(channel) for name, channel in outcome.channels.items()},
        "warnings": outcome.warnings,
        "exit": outcome.exit_code,
    }


def _channel_outcome_to_json(channel: ChannelOutcome) -> dict[str, object]:
    return {
        "written": channel.written,
        "unchanged": channel.unchanged,
        "gone": channel.orphaned,
        "destination": channel.destination,
        "sent": channel.sent,
        "changed": channel.changed,
        "url": channel.url,
        "held": channel.held_reason,
        "error": channel.error and {"message": channel.error.message, "hint": channel.error.hint},
    }


def _find_template_cache() -> Path | None:
    """Return the folder for compiled templates: the user's cache, because it holds code to be executed."""
    if sys.platform == "win32":
        cache_home = os.environ.get("LOCALAPPDATA")
    else:
        cache_home = os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(cache_home or Path.home() / ".cache", "newsletter-publisher", "templates")
    except RuntimeError:  # a user without a home folder, as in a container
        return None
