"""`publish`: bring the channels up to date, and say what became of each."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from pathlib import Path

from publisher.cli.output import Output
from publisher.cli.story import Story
from publisher.errors import ConfigError
from publisher.pipeline.events import ChannelOutcome, Outcome, Request
from publisher.pipeline.quick import nothing_to_do
from publisher.project import find


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Publish; the exit code."""
    path = find(Path.cwd())
    request = Request(
        issue=_issue(arguments.issue, path.parent),
        channels=_channels(arguments.channel),
        dry_run=arguments.dry_run,
        out=arguments.out and Path.cwd() / arguments.out,
    )
    story = Story(output, request)
    outcome = nothing_to_do(path.parent, request, now)
    if outcome:
        story.tell_at_once(outcome)
    else:
        outcome = _publish(path, request, now, story)
    story.end(outcome)
    output.finish(_as_json(outcome, request))
    return outcome.exit_code


def _publish(path: Path, request: Request, now: dt.datetime, story: Story) -> Outcome:
    from publisher import config, registry  # only now, because they are slow to import
    from publisher.pipeline.publishing import publish
    from publisher.theme import Theme

    found = config.load(path, registry.load)
    theme = Theme.load(found.templates, None if request.dry_run else _compiled())
    with story:
        return publish(found, theme, request, now, story.tell)


def _issue(word: str, root: Path) -> str:
    """A file is named by its path below the newsletter's folder, everything else as it is."""
    path = Path.cwd() / word
    if not word or not path.is_file():
        return word
    try:
        return path.resolve().relative_to(root).as_posix()
    except ValueError:
        raise ConfigError(f"{word} is not below {root}", "name an issue of the newsletter here") from None


def _channels(named: list[str]) -> tuple[str, ...]:
    names = [name.strip() for word in named for name in word.split(",")]
    return () if "all" in names else tuple(name for name in names if name)


def _compiled() -> Path:
    """Where compiled templates are kept: with the user, because who runs code must trust who wrote it."""
    if sys.platform == "win32":
        kept = os.environ.get("LOCALAPPDATA")
    else:
        kept = os.environ.get("XDG_CACHE_HOME")
    return Path(kept or Path.home() / ".cache", "newsletter-publisher", "templates")


def _as_json(outcome: Outcome, request: Request) -> dict[str, object]:
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
        "channels": {name: _channel_as_json(one) for name, one in outcome.channels.items()},
        "warnings": outcome.warnings,
        "exit": outcome.exit_code,
    }


def _channel_as_json(one: ChannelOutcome) -> dict[str, object]:
    return {
        "written": one.written,
        "unchanged": one.unchanged,
        "gone": one.gone,
        "error": one.error and {"message": one.error.message, "hint": one.error.hint},
    }
