"""`publish resolve`: record the real outcome of deliveries whose outcome is unknown."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import TYPE_CHECKING

from publisher.cli.actions import build_request, open_run
from publisher.cli.output import Output, format_iso_time
from publisher.cli.parser import CommandParser
from publisher.delivery.worker_queue import find_worker_channels
from publisher.errors import ConfigError
from publisher.ledger.queries import ResolutionChoice
from publisher.reports.resolve import (
    Resolution,
    UnknownDeliveries,
    find_unknown,
    record_resolution,
    save_article_url,
    short_part_name,
)

if TYPE_CHECKING:
    from publisher.run import RunContext

_MAX_DETAILED = 10
_RESOLUTION_OPTIONS = {"--resend": "it did not arrive: send it again", "--drop": "do not send it again"}
_SENT_WITH_ID_OPTION = {"--sent ID": "it arrived (without ID it cannot be edited later)"}
_SENT_OPTION = {"--sent": "it arrived"}
_RESOLUTION_LABELS = {
    ResolutionChoice.SENT: "marked as sent",
    ResolutionChoice.RESEND: "to be sent again",
    ResolutionChoice.DROP: "dropped",
}


def define(parser: CommandParser) -> None:
    parser.add_issue_argument(required=True)
    parser.add_channel_option()
    option = parser.options.add_mutually_exclusive_group().add_argument
    option(
        "--sent",
        nargs="?",
        const="",
        metavar="ID",
        help="It arrived; ID is the platform's message id, needed to edit the message later",
    )
    option("--resend", action="store_true", help="It did not arrive: the next publish sends it again")
    option("--drop", action="store_true", help="Do not send it again, whether it arrived or not")
    option(
        "--url",
        nargs=2,
        metavar=("CHANNEL", "URL"),
        help="Record the URL of an article you published by hand, such as on WeChat",
    )
    parser.options.add_argument("--part", default="", metavar="KEY", help="Only this part of the issue")
    parser.options.add_argument("--to", default="", metavar="RECIPIENT", help="Only this recipient")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """List unknown deliveries, or record their outcome; return 4 if an outcome is still unknown, else 0."""
    with open_run(output, now) as run:
        request = build_request(arguments)
        if arguments.url:
            channel, url = arguments.url
            issue_id = save_article_url(run, request.issue, channel, url)
            output.line(f"{issue_id}  {channel} · {url}", "green")
            return output.finish(0, issue=issue_id, channel=channel, url=url)
        unknowns = find_unknown(run, request.issue, request.channels)
        resolution = _parse_resolution(arguments)
        if resolution is None or not unknowns:
            return _print_unknown_deliveries(unknowns, arguments.issue, run.now.tzinfo, output)
        return _record_resolutions(run, unknowns, resolution, arguments.issue, output)


def _record_resolutions(
    run: RunContext, unknowns: list[UnknownDeliveries], resolution: Resolution, issue: str, output: Output
) -> int:
    _require_single_publication(unknowns, resolution)
    unknowns = [unknown for unknown in unknowns if resolution.select_deliveries(unknown)] or unknowns
    recorded = [
        (unknown.key, *record_resolution(run.ledger, unknown, resolution, run.started_at)) for unknown in unknowns
    ]
    for key, count, remaining in recorded:
        label = _RESOLUTION_LABELS[resolution.verdict]
        output.line(f"{key.channel} · {key.destination} · {count} {label}")
        if remaining.planned and any(channel.name == key.channel for channel in find_worker_channels(run.config)):
            output.info("the workers send the rest: publish status")
        elif remaining.planned:
            command = "publish retry" if key.notice_of else "publish"
            output.info(f"next: {command} {issue} --channel {key.channel} sends the rest")
    still_unknown = sum(remaining.unknown for _, _, remaining in recorded)
    resolved = sum(count for _, count, _ in recorded)
    return output.finish(4 if still_unknown else 0, settled=resolved, unknown=still_unknown)


def _parse_resolution(arguments: argparse.Namespace) -> Resolution | None:
    if arguments.sent is not None:
        choice = ResolutionChoice.SENT
    elif arguments.resend:
        choice = ResolutionChoice.RESEND
    elif arguments.drop:
        choice = ResolutionChoice.DROP
    else:
        return None
    return Resolution(choice, arguments.part, arguments.to, arguments.sent or "")


def _require_single_publication(unknowns: list[UnknownDeliveries], resolution: Resolution) -> None:
    """Raise ConfigError if a resolution could apply to several publications."""
    if len({unknown.key.channel for unknown in unknowns}) > 1:
        names = ", ".join(unknown.key.channel for unknown in unknowns)
        message = f"several channels have unknown outcomes: {names}"
        raise ConfigError(message, "choose one with --channel NAME")
    if len(unknowns) > 1 and not resolution.part:
        names = "; ".join(unknown.key.destination for unknown in unknowns)
        message = f"the issue and notices about it have unknown outcomes: {names}"
        raise ConfigError(message, "choose one with --part KEY")


def _print_unknown_deliveries(
    unknowns: list[UnknownDeliveries], issue: str, zone: dt.tzinfo | None, output: Output
) -> int:
    for unknown in unknowns:
        channel, destination = unknown.key.channel, unknown.key.destination
        number = f"{len(unknown.deliveries)} of {unknown.total} unknown"
        output.line(f"{channel} · {destination} · {number}", "bold")
        for index, delivery in enumerate(unknown.deliveries):
            to = "" if delivery.recipient == destination else f" to {delivery.recipient}"
            started = f"{delivery.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
            output.line(f"  {short_part_name(delivery.part)}{to}  started {started}")
            if index < _MAX_DETAILED:
                output.line(f"    {delivery.reason}")
                if preview := unknown.previews[delivery.digest]:
                    output.line(f"    look for: {preview}")
        output.line("Check whether it arrived, then run one of:")
        sent_option = _SENT_WITH_ID_OPTION if unknown.can_edit else _SENT_OPTION
        for option, meaning in (sent_option | _RESOLUTION_OPTIONS).items():
            output.line(f"  publish resolve {issue} --channel {channel} {option.ljust(9)}  {meaning}")
    if not unknowns:
        output.line(f"no unknown outcomes for {issue}")
    return output.finish(
        4 if unknowns else 0, unknown=[_unknown_deliveries_to_json(unknown, zone) for unknown in unknowns]
    )


def _unknown_deliveries_to_json(unknown: UnknownDeliveries, zone: dt.tzinfo | None) -> dict[str, object]:
    return {
        "channel": unknown.key.channel,
        "destination": unknown.key.destination,
        "deliveries": [
            {
                "part": delivery.part,
                "recipient": delivery.recipient,
                "began": format_iso_time(delivery.started_at, zone),
                "reason": delivery.reason,
                "words": unknown.previews[delivery.digest],
            }
            for delivery in unknown.deliveries
        ],
    }
