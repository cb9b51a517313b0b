"""Shared by the commands: loading the newsletter, building a Request, asking for confirmation, publishing."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from publisher.cli.console import RunConsole
from publisher.cli.output import Output, plural
from publisher.errors import ConfigError, PublisherError
from publisher.events import ChannelOutcome, EventHandler, Outcome, PendingSend, Request, RunEvent, RunWarning
from publisher.project import find_config

TYPE_CHECKING = False  # see publisher.patterns
if TYPE_CHECKING:
    from publisher.config import Config
    from publisher.run import RunContext
    from publisher.theme import Theme


def load_project(path: Path | None = None, *, cache_templates: bool = False) -> tuple[Config, Theme]:
    """Load the configuration and the theme, by default those of the newsletter here.

    With `cache_templates`, compiled templates are kept on disk.
    """
    from publisher import config, registry  # here, because they are slow to import
    from publisher.theme import Theme

    loaded = config.load_config(path or find_config(Path.cwd()), registry.load_channel)
    return loaded, Theme.load(loaded.templates, _find_template_cache() if cache_templates else None)


def _find_template_cache() -> Path | None:
    """Return the folder for compiled templates: the user's cache, because it holds code to be executed."""
    cache_home = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    try:
        return Path(cache_home or Path.home() / ".cache", "newsletter-publisher", "templates")
    except RuntimeError:  # a user without a home folder, as in a container
        return None


def find_locale() -> str:
    """Return the name of the user's locale, such as zh_CN.UTF-8; "" if none is set."""
    return next((value for key in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(key))), "")


@contextmanager
def open_run(output: Output, now: dt.datetime) -> Iterator[RunContext]:
    """Open a run for a command that does not publish. Of its events, only warnings are printed."""
    from publisher.run import RunContext

    def print_warning(event: RunEvent) -> None:
        if isinstance(event, RunWarning):
            output.warning(event.message)

    config, theme = load_project()
    with closing(RunContext.open(config, theme, now, print_warning)) as run:
        yield run


def build_request(arguments: argparse.Namespace) -> Request:
    """Build the Request from ISSUE and `--channel`; no channel or `all` means all enabled channels."""
    names = [name.strip() for value in arguments.channel for name in value.split(",")]
    channels = () if "all" in names else tuple(filter(None, names))
    return Request(resolve_issue_argument(arguments.issue), channels)


def build_sending_request(arguments: argparse.Namespace, output: Output) -> Request:
    """Build the Request from the arguments that all sending commands share."""
    return build_request(arguments)._replace(
        dry_run=arguments.dry_run,
        max_wait=arguments.max_wait,
        force=arguments.force,
        accept_recipients=arguments.accept_recipients,
        confirm=_build_confirmation(output, yes=arguments.yes),
    )


def resolve_issue_argument(argument: str) -> str:
    """Return the path relative to the newsletter's folder if `argument` is a file, else `argument` itself.

    Raises ConfigError for a file outside of that folder, and if no newsletter is here.
    """
    root, path = find_config(Path.cwd()).parent, Path.cwd() / argument
    if not argument or not path.is_file():
        return argument
    try:
        return path.resolve().relative_to(root).as_posix()
    except ValueError:
        raise ConfigError(f"{argument} is not below {root}", "give an issue of this newsletter") from None


def _build_confirmation(output: Output, *, yes: bool) -> Callable[[Sequence[PendingSend]], bool]:
    """Return the function that asks for confirmation on the terminal; with `yes` it always agrees.

    Without a terminal the function raises ConfigError.
    """

    def confirm(pending: Sequence[PendingSend]) -> bool:
        if yes:
            return True
        if not output.is_interactive:
            summary = "; ".join(f"{send.channel}: {_format_pending_send(send)}" for send in pending)
            raise ConfigError(f"not sent: confirmation required (no terminal): {summary}", "use --yes")
        width = max(len(send.channel) for send in pending)
        for send in pending:
            output.info(f"{send.channel.ljust(width)}  {_format_pending_send(send)}", "bold")
        return output.ask("Send?")

    return confirm


def _format_pending_send(pending: PendingSend) -> str:
    days = pending.days_late
    counts = (
        (pending.new, f"{pending.new} {plural(pending.new, 'message')} that cannot be unsent"),
        (pending.changed, f"{pending.changed} changed"),
        (pending.removed, f"{pending.removed} deleted"),
        (days, f"the issue is {days:,} {plural(days, 'day')} old"),
    )
    facts = [text for number, text in counts if number]
    return f"{pending.destination} · {' · '.join(facts) or 'continue an unfinished delivery'}"


def publish_issue(request: Request, output: Output, now: dt.datetime) -> int:
    """Publish, print the outcome and return the exit code."""
    from publisher.pipeline.publish import publish

    def run(report: EventHandler) -> Outcome:
        return publish(*load_project(cache_templates=not request.dry_run), request, now, report)

    return print_run(run, request, output)


def print_run(
    run: Callable[[EventHandler], Outcome],
    request: Request,
    output: Output,
    *,
    is_test: bool = False,
    after_test: str = "",
) -> int:
    """Call `run`, print its events and its outcome, and return the exit code. `after_test` is the command that comes
    after a test of the issue."""
    console = RunConsole(output, request)
    with closing(console):
        outcome = run(console.print_event)
    console.print_summary(outcome)
    marks: dict[str, object] = {"proof": True} if is_test else {}
    if after_test and outcome.issue and not (outcome.exit_code or request.dry_run):
        from shlex import quote

        output.next_step(f"if it is right, {after_test} {quote(outcome.issue.id)}")
    if request.dry_run:
        marks |= {"previews": outcome.previews, "refusal": outcome.refusal and _error_to_json(outcome.refusal)}
    if error := outcome.error:
        output.error(error.message, error.hint)
        marks["error"] = _error_to_json(error)
    return output.finish(outcome.exit_code, **outcome_to_json(outcome, request), **marks)


def _error_to_json(error: PublisherError) -> dict[str, object]:
    return {"message": error.message, "hint": error.hint}


def outcome_to_json(outcome: Outcome, request: Request) -> dict[str, object]:
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
        "unlisted": channel.unlisted,
        "refused": channel.refused,
        "queued": channel.queued,
        "url": channel.url,
        "held": channel.held_reason,
        "error": channel.error and _error_to_json(channel.error),
    } | ({"note": channel.note} if channel.note else {})
