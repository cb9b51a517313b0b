"""What all commands have in common that publish: the words of the request, the run, its story, its JSON."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.confirm import approval
from publisher.cli.console import Story
from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.events import ChannelOutcome, Event, Outcome, Report, Request, Warned

if TYPE_CHECKING:
    from publisher.config import Config
    from publisher.theme import Theme


def request_of(arguments: argparse.Namespace, root: Path, output: Output) -> Request:
    """What the words say that all these commands share."""
    return Request(
        issue=issue_named(arguments.issue, root),
        channels=channels_named(arguments.channel),
        dry_run=arguments.dry_run,
        patience=arguments.patience,
        force=arguments.force,
        approve=approval(output, yes=arguments.yes),
    )


def carry_out(path: Path, request: Request, output: Output, now: dt.datetime) -> int:
    """Publish by the publisher.toml `path` and tell of it; the exit code."""
    from publisher.pipeline.publish import publish

    story = Story(output, request)
    config, theme = load(path, keep=not request.dry_run)
    with story:
        outcome = publish(config, theme, request, now, story.tell)
    story.end(outcome)
    output.finish(as_json(outcome, request))
    return outcome.exit_code


def load(path: Path, *, keep: bool = False) -> tuple[Config, Theme]:
    """The newsletter's settings and theme; with `keep` compiled templates are kept for the next run."""
    from publisher import config, registry  # only now, because they are slow to import
    from publisher.theme import Theme

    found = config.load(path, registry.load)
    return found, Theme.load(found.templates, _compiled() if keep else None)


def warnings_on(output: Output) -> Report:
    """What takes the events of a run that only looks, and tells its warnings."""

    def tell(event: Event) -> None:
        if isinstance(event, Warned):
            output.warn(event.message)

    return tell


def issue_named(word: str, root: Path) -> str:
    """A file is named by its path below the newsletter's folder, everything else as it is."""
    path = Path.cwd() / word
    if not word or not path.is_file():
        return word
    try:
        return path.resolve().relative_to(root).as_posix()
    except ValueError:
        raise ConfigError(f"{word} is not below {root}", "name an issue of the newsletter here") from None


def channels_named(words: list[str]) -> tuple[str, ...]:
    """The names in the words of --channel; none when all that are on are meant."""
    names = [name.strip() for word in words for name in word.split(",")]
    return () if "all" in names else tuple(name for name in names if name)


def as_json(outcome: Outcome, request: Request) -> dict[str, object]:
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
        "channels": {name: _channel(one) for name, one in outcome.channels.items()},
        "warnings": outcome.warnings,
        "exit": outcome.exit_code,
    }


def _channel(one: ChannelOutcome) -> dict[str, object]:
    return {
        "written": one.written,
        "unchanged": one.unchanged,
        "gone": one.gone,
        "destination": one.destination,
        "sent": one.sent,
        "changed": one.changed,
        "url": one.url,
        "held": one.held,
        "error": one.error and {"message": one.error.message, "hint": one.error.hint},
    }


def _compiled() -> Path | None:
    """Where compiled templates are kept: with the user, because who runs code must trust who wrote it."""
    if sys.platform == "win32":
        kept = os.environ.get("LOCALAPPDATA")
    else:
        kept = os.environ.get("XDG_CACHE_HOME")
    try:
        return Path(kept or Path.home() / ".cache", "newsletter-publisher", "templates")
    except RuntimeError:  # a container's user, who has no home
        return None
