"""`publish init`: create the files of a newsletter."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.cli.output import Output, plural
from publisher.cli.parser import CommandParser

if TYPE_CHECKING:
    from publisher.scaffold import Proposal

_MAX_NAMED = 5
"""So many files of a kind are named; of the others, the number is said."""


def define(parser: CommandParser) -> None:
    parser.arguments.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="Where to create it [default: the current folder]",
    )
    option = parser.options.add_argument
    option("-y", "--yes", action="store_true", help="Ask nothing: take name, address, language and channels as found")
    option("--lang", metavar="TAG", default="", help="Language of the newsletter, such as en or zh-CN")
    option("--sample", action="store_true", help="Create a sample newsletter, in English or Chinese")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    from publisher import scaffold
    from publisher.locales import validate_language

    today = now.astimezone().date()
    scaffold.refuse_existing(arguments.folder)
    if arguments.lang:
        validate_language(arguments.lang)
    proposal = None
    if not arguments.sample:
        proposal = scaffold.propose_newsletter(arguments.folder, today=today, lang=arguments.lang)
    if proposal is None:
        from publisher.cli.actions import find_locale

        sample = scaffold.find_sample(arguments.lang or scaffold.choose_sample_language(find_locale()))
        created = scaffold.create_sample(arguments.folder, sample, today=today)
        _print_created(created, output)
        _print_next(arguments.folder, output)
        return output.finish(0, created=[str(path) for path in created])
    if output.is_interactive and not arguments.yes:
        from publisher.cli.init_questions import ask_about

        proposal = ask_about(proposal, output)
    created = scaffold.create_newsletter(proposal, today=today)
    _print_created(created, output)
    _print_understood(proposal, today, output)
    _print_next(arguments.folder, output)
    return output.finish(0, created=[str(path) for path in created], **_proposal_to_json(proposal))


def _print_created(created: tuple[Path, ...], output: Output) -> None:
    for path in created:
        output.line(f"created {path}")


def _print_next(folder: Path, output: Output) -> None:
    change_folder = "" if folder == Path() else f"cd {folder} && "
    output.next_step(f"{change_folder}publish")


def _print_understood(proposal: Proposal, today: dt.date, output: Output) -> None:
    from publisher.issue_dates import format_issue_date

    issues, days = proposal.discovery.issues, sorted(proposal.days.values())
    span = "" if not days else f", {days[0]}" if days[0] == days[-1] else f", {days[0]} to {days[-1]}"
    newest = f"; newest: {proposal.newest.path}" if len(issues) > 1 else f": {issues[0].path}"
    output.info(f"{len(issues):,} {plural(len(issues), 'issue')}{span}{newest}")
    output.info(f"name {proposal.name} · language {proposal.lang} · channels {', '.join(proposal.channels)}")
    example = " · an example: put your own into publisher.toml" if proposal.has_example_address else ""
    output.info(f"address {proposal.url}{example}")
    known = len(proposal.dating.dates) - len(proposal.dating.guessed)
    if known:
        output.info(f"dates.toml has the {plural(known, 'date')} of {known:,} {plural(known, 'issue')}")
    if guessed := proposal.dating.guessed:
        shown = [format_issue_date(path, proposal.dating.dates[path]) for path in guessed[-1:]]
        output.warning(
            f"{_name_files(guessed)} {'has' if len(guessed) == 1 else 'have'} no date: guessed, "
            f"correct it in dates.toml, as in {shown[0]}"
        )
    if others := proposal.discovery.others:
        output.warning(
            f"no {plural(len(others), 'issue')}, without a date and a number: {_name_files(others)} · if it is one, "
            f"write date: {today} at its top, between two lines of ---, and change `issues` in publisher.toml"
        )
    for copy, original in proposal.discovery.copies[:_MAX_NAMED]:
        output.info(f"left out: {copy} has the same text as {original}")
    for folder, count in proposal.discovery.ignored[:_MAX_NAMED]:
        output.info(f"left out: {count:,} {plural(count, 'file')} in {folder}; to include them, change `issues`")


def _name_files(paths: tuple[str, ...]) -> str:
    named = ", ".join(paths[:_MAX_NAMED])
    return named if len(paths) <= _MAX_NAMED else f"{named} and {len(paths) - _MAX_NAMED:,} more"


def _proposal_to_json(proposal: Proposal) -> dict[str, object]:
    return {
        "issues": [issue.path for issue in proposal.discovery.issues],
        "newest": proposal.newest.path,
        "name": proposal.name,
        "url": proposal.url,
        "lang": proposal.lang,
        "channels": proposal.channels,
        "guessed_dates": {path: str(proposal.dating.dates[path]) for path in proposal.dating.guessed},
        "not_issues": proposal.discovery.others,
        "copies": dict(proposal.discovery.copies),
    }
