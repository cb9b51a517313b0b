"""`publish resolve`: enter what a person found out about deliveries nobody knew about."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from publisher.cli.actions import channels_named, issue_named, load, warnings_on
from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.ledger.queries import Verdict
from publisher.project import find
from publisher.reports.resolve import Answer, Case, last_name, settlement

if TYPE_CHECKING:
    from publisher.cli.parser import Parser

_DETAILED = 10
_VERDICTS = {
    "--resend": "it is not there: send it again",
    "--drop": "leave it",
}
_NAMED = {"--sent ID": "it is there (without ID nobody can change it later)"}
_THERE = {"--sent": "it is there"}
_DONE = {Verdict.SENT: "arrived", Verdict.RESEND: "to be sent again", Verdict.DROP: "given up"}


def define(parser: Parser) -> None:
    """Add the arguments."""
    parser.define_issue(needed=True)
    parser.define_channels()
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
    parser.options.add_argument("--part", default="", metavar="KEY", help="only this part of the issue")
    parser.options.add_argument("--to", default="", metavar="RECIPIENT", help="only what went to this one")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """List what is unknown, or enter a verdict; 4 when an outcome is still unknown, else 0."""
    path = find(Path.cwd())
    config, theme = load(path)
    issue = issue_named(arguments.issue, path.parent)
    answer = _answer(arguments)
    with settlement(config, theme, issue, now, warnings_on(output)) as found:
        cases = found.cases(channels_named(arguments.channel))
        if answer is None or not cases:
            return _list(cases, arguments.issue, ZoneInfo(config.publication.timezone), output)
        _refuse_several(cases, answer)
        cases = [case for case in cases if answer.meant(case)] or cases
        entered = [(case, *found.enter(case, answer)) for case in cases]
    for case, number, left in entered:
        output.line(f"{case.key.channel} · {case.key.destination} · {number} {_DONE[answer.verdict]}")
        if left.planned:
            publish = "publish retry" if case.key.followed else "publish"
            output.talk(f"next: {publish} {arguments.issue} --channel {case.key.channel} sends the rest")
    unknown = sum(left.unknown for _, _, left in entered)
    code = 4 if unknown else 0
    settled = sum(number for _, number, _ in entered)
    output.finish({"settled": settled, "unknown": unknown, "exit": code})
    return code


def _answer(arguments: argparse.Namespace) -> Answer | None:
    if arguments.sent is not None:
        verdict = Verdict.SENT
    elif arguments.resend:
        verdict = Verdict.RESEND
    elif arguments.drop:
        verdict = Verdict.DROP
    else:
        return None
    return Answer(verdict, arguments.part, arguments.to, arguments.sent or "")


def _refuse_several(cases: list[Case], answer: Answer) -> None:
    """Raise ConfigError for an answer that could be about several publications."""
    if len({case.key.channel for case in cases}) > 1:
        names = ", ".join(case.key.channel for case in cases)
        raise ConfigError(f"several channels have unknown outcomes: {names}", "say which: --channel NAME")
    if len(cases) > 1 and not answer.part:
        names = "; ".join(case.key.destination for case in cases)
        raise ConfigError(f"the issue and notices about it have unknown outcomes: {names}", "--part KEY")


def _list(cases: list[Case], issue: str, zone: ZoneInfo, output: Output) -> int:
    for case in cases:
        channel, destination = case.key.channel, case.key.destination
        output.line(f"{channel} · {destination} · {len(case.doubts)} of {case.total} unknown", "bold")
        for number, one in enumerate(case.doubts):
            to = "" if one.recipient == destination else f" to {one.recipient}"
            output.line(f"  {last_name(one.part)}{to}  begun {one.began.astimezone(zone):%Y-%m-%d %H:%M:%S}")
            if number < _DETAILED:
                output.line(f"    {one.reason}")
                if words := case.words[one.digest]:
                    output.line(f"    look for: {words}")
        output.line("when you have looked:")
        for option, what in ((_NAMED if case.updates else _THERE) | _VERDICTS).items():
            output.line(f"  publish resolve {issue} --channel {channel} {option.ljust(9)}  {what}")
    if not cases:
        output.line(f"nothing of {issue} is unknown")
    code = 4 if cases else 0
    output.finish({"unknown": [_as_json(case, zone) for case in cases], "exit": code})
    return code


def _as_json(case: Case, zone: ZoneInfo) -> dict[str, object]:
    return {
        "channel": case.key.channel,
        "destination": case.key.destination,
        "deliveries": [
            {
                "part": one.part,
                "recipient": one.recipient,
                "began": one.began.astimezone(zone).isoformat(timespec="seconds"),
                "reason": one.reason,
                "words": case.words[one.digest],
            }
            for one in case.doubts
        ],
    }
