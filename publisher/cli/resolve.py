"""`publish resolve`: enter what a person found out about deliveries nobody knew about."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from publisher.cli.actions import (
    build_warning_handler,
    load_project,
    parse_channel_names,
    resolve_issue_argument,
)
from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.ledger.queries import ResolutionChoice
from publisher.project import find_config
from publisher.reports.resolve import Resolution, UnknownDeliveries, open_resolver, short_part_name

if TYPE_CHECKING:
    from publisher.cli.parser import CommandParser
    from publisher.config import Config
    from publisher.theme import Theme

_MAX_DETAILED = 10
_RESOLUTION_OPTIONS = {
    "--resend": "it is not there: send it again",
    "--drop": "leave it",
}
_SENT_WITH_ID_OPTION = {"--sent ID": "it is there (without ID nobody can change it later)"}
_SENT_OPTION = {"--sent": "it is there"}
_RESOLUTION_LABELS = {
    ResolutionChoice.SENT: "arrived",
    ResolutionChoice.RESEND: "to be sent again",
    ResolutionChoice.DROP: "given up",
}


def define(parser: CommandParser) -> None:
    """Add the arguments."""
    parser.add_issue_argument(required=True)
    parser.add_channel_option()
    option = parser.options.add_mutually_exclusive_group().add_argument
    option(
        "--sent",
        nargs="?",
        const="",
        metavar="ID",
        help="it is there; ID is what the platform calls the message, so that it can be changed later",
    )
    option("--resend", action="store_true", help="it is not there: the next publish sends it again")
    option("--drop", action="store_true", help="leave it, wherever it is")
    option(
        "--url",
        nargs=2,
        metavar=("CHANNEL", "URL"),
        help="Record where an article is that you published by hand, such as at WeChat",
    )
    parser.options.add_argument("--part", default="", metavar="KEY", help="only this part of the issue")
    parser.options.add_argument("--to", default="", metavar="RECIPIENT", help="only what went to this one")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """List what is unknown, or enter a verdict; 4 when an outcome is still unknown, else 0."""
    path = find_config(Path.cwd())
    config, theme = load_project(path)
    issue = resolve_issue_argument(arguments.issue, path.parent)
    if arguments.url:
        return _record_article_url(config, theme, issue, arguments.url, output, now)
    answer = _parse_resolution(arguments)
    with open_resolver(config, theme, issue, now, build_warning_handler(output)) as found:
        cases = found.find_unknown(parse_channel_names(arguments.channel))
        if answer is None or not cases:
            return _print_unknown_deliveries(
                cases, arguments.issue, ZoneInfo(config.newsletter.timezone), output
            )
        _require_single_publication(cases, answer)
        cases = [case for case in cases if answer.select_deliveries(case)] or cases
        entered = [(case, *found.record(case, answer)) for case in cases]
    for case, number, left in entered:
        output.line(
            f"{case.key.channel} · {case.key.destination} · {number} {_RESOLUTION_LABELS[answer.verdict]}"
        )
        if left.planned:
            publish = "publish retry" if case.key.notice_of else "publish"
            output.info(f"next: {publish} {arguments.issue} --channel {case.key.channel} sends the rest")
    unknown = sum(left.unknown for _, _, left in entered)
    code = 4 if unknown else 0
    settled = sum(number for _, number, _ in entered)
    output.finish({"settled": settled, "unknown": unknown, "exit": code})
    return code


def _record_article_url(
    config: Config, theme: Theme, issue: str, told: list[str], output: Output, now: dt.datetime
) -> int:
    from publisher.reports.article_url import save_article_url

    channel, url = told
    found = save_article_url(config, theme, issue, channel, url, now, build_warning_handler(output))
    output.line(f"{found}  {channel} · {url}", "green")
    output.finish({"issue": found, "channel": channel, "url": url, "exit": 0})
    return 0


def _parse_resolution(arguments: argparse.Namespace) -> Resolution | None:
    if arguments.sent is not None:
        verdict = ResolutionChoice.SENT
    elif arguments.resend:
        verdict = ResolutionChoice.RESEND
    elif arguments.drop:
        verdict = ResolutionChoice.DROP
    else:
        return None
    return Resolution(verdict, arguments.part, arguments.to, arguments.sent or "")


def _require_single_publication(cases: list[UnknownDeliveries], answer: Resolution) -> None:
    """Raise ConfigError for an answer that could be about several publications."""
    if len({case.key.channel for case in cases}) > 1:
        names = ", ".join(case.key.channel for case in cases)
        raise ConfigError(f"several channels have unknown outcomes: {names}", "say which: --channel NAME")
    if len(cases) > 1 and not answer.part:
        names = "; ".join(case.key.destination for case in cases)
        raise ConfigError(f"the issue and notices about it have unknown outcomes: {names}", "--part KEY")


def _print_unknown_deliveries(
    cases: list[UnknownDeliveries], issue: str, zone: ZoneInfo, output: Output
) -> int:
    for case in cases:
        channel, destination = case.key.channel, case.key.destination
        output.line(f"{channel} · {destination} · {len(case.deliveries)} of {case.total} unknown", "bold")
        for number, one in enumerate(case.deliveries):
            to = "" if one.recipient == destination else f" to {one.recipient}"
            begun = f"{one.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
            output.line(f"  {short_part_name(one.part)}{to}  begun {begun}")
            if number < _MAX_DETAILED:
                output.line(f"    {one.reason}")
                if words := case.previews[one.digest]:
                    output.line(f"    look for: {words}")
        output.line("when you have looked:")
        for option, what in (
            (_SENT_WITH_ID_OPTION if case.can_edit else _SENT_OPTION) | _RESOLUTION_OPTIONS
        ).items():
            output.line(f"  publish resolve {issue} --channel {channel} {option.ljust(9)}  {what}")
    if not cases:
        output.line(f"nothing of {issue} is unknown")
    code = 4 if cases else 0
    output.finish({"unknown": [_unknown_deliveries_to_json(case, zone) for case in cases], "exit": code})
    return code


def _unknown_deliveries_to_json(case: UnknownDeliveries, zone: ZoneInfo) -> dict[str, object]:
    return {
        "channel": case.key.channel,
        "destination": case.key.destination,
        "deliveries": [
            {
                "part": one.part,
                "recipient": one.recipient,
                "began": one.started_at.astimezone(zone).isoformat(timespec="seconds"),
                "reason": one.reason,
                "words": case.previews[one.digest],
            }
            for one in case.deliveries
        ],
    }
