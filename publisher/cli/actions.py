"""What all commands have in common that publish: the words of the request, the run, its story, its JSON."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.confirm import build_confirmation
from publisher.cli.console import RunConsole
from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.events import ChannelOutcome, EventHandler, Outcome, Request, RunEvent, RunWarning

if TYPE_CHECKING:
    from publisher.config import Config
    from publisher.theme import Theme


def build_request(arguments: argparse.Namespace, root: Path, output: Output) -> Request:
    """What the words say that all these commands share."""
    return Request(
        issue=resolve_issue_argument(arguments.issue, root),
        channels=parse_channel_names(arguments.channel),
        dry_run=arguments.dry_run,
        max_wait=arguments.max_wait,
        force=arguments.force,
        confirm=build_confirmation(output, yes=arguments.yes),
    )


def run_publish(path: Path, request: Request, output: Output, now: dt.datetime) -> int:
    """Publish by the publisher.toml `path` and tell of it; the exit code."""
    from publisher.pipeline.publish import publish

    story = RunConsole(output, request)
    config, theme = load_project(path, cache_templates=not request.dry_run)
    with story:
        outcome = publish(config, theme, request, now, story.print_event)
    story.print_summary(outcome)
    output.finish(outcome_to_json(outcome, request))
    return outcome.exit_code


def load_project(path: Path, *, cache_templates: bool = False) -> tuple[Config, Theme]:
    """The newsletter's settings and theme; with `keep` compiled templates are kept for the next run."""
    from publisher import config, registry  # only now, because they are slow to import
    from publisher.theme import Theme

    found = config.load_config(path, registry.load_channel)
    return found, Theme.load(found.templates, _find_template_cache() if cache_templates else None)


def build_warning_handler(output: Output) -> EventHandler:
    """What takes the events of a run that only looks, and tells its warnings."""

    def tell(event: RunEvent) -> None:
        if isinstance(event, RunWarning):
            output.warning(event.message)

    return tell


def resolve_issue_argument(word: str, root: Path) -> str:
    """A file is named by its path below the newsletter's folder, everything else as it is."""
    path = Path.cwd() / word
    if not word or not path.is_file():
        return word
    try:
        return path.resolve().relative_to(root).as_posix()
    except ValueError:
        raise ConfigError(f"{word} is not below {root}", "name an issue of the newsletter here") from None


def parse_channel_names(words: list[str]) -> tuple[str, ...]:
    """The names in the words of --channel; none when all that are on are meant."""
    names = [name.strip() for word in words for name in word.split(",")]
    return () if "all" in names else tuple(name for name in names if name)


def outcome_to_json(outcome: Outcome, request: Request) -> dict[str, object]:
    """What became of a run, for scripts."""
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
        "channels": {name: _channel_outcome_to_json(one) for name, one in outcome.channels.items()},
        "warnings": outcome.warnings,
        "exit": outcome.exit_code,
    }


def _channel_outcome_to_json(one: ChannelOutcome) -> dict[str, object]:
    return {
        "written": one.written,
        "unchanged": one.unchanged,
        "gone": one.orphaned,
        "destination": one.destination,
        "sent": one.sent,
        "changed": one.changed,
        "url": one.url,
        "held": one.held_reason,
        "error": one.error and {"message": one.error.message, "hint": one.error.hint},
    }


def _find_template_cache() -> Path | None:
    """Where compiled templates are kept: with the user, because who runs code must trust who wrote it."""
    if sys.platform == "win32":
        kept = os.environ.get("LOCALAPPDATA")
    else:
        kept = os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(kept or Path.home() / ".cache", "newsletter-publisher", "templates")
    except RuntimeError:  # a container's user, who has no home
        return None
