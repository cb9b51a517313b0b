"""`publish search`: find issues, sections and items by their words."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Sequence
from itertools import groupby

from publisher.cli.actions import open_run, resolve_issue_argument
from publisher.cli.output import Output
from publisher.cli.parser import ISSUE_NAMES, CommandParser
from publisher.errors import ConfigError
from publisher.reports.search import Hit, search_issues
from publisher.search_words import find_marked, split_search_terms

NOTHING_FOUND = 1
_MAX_SHOWN = 20


def define(parser: CommandParser) -> None:
    parser.arguments.add_argument("words", nargs="+", metavar="WORD", help="Beginnings of words; all must match")
    parser.options.add_argument("-i", "--issue", metavar="ISSUE", default="", help=f"{ISSUE_NAMES} [default: all]")


def run(arguments: argparse.Namespace, output: Output, now: dt.datetime) -> int:
    """Print what was found, newest first; the exit code is 1 if that is nothing, as with grep."""
    query = " ".join(arguments.words)
    terms = split_search_terms(query)
    if not terms:
        raise ConfigError(f"{query} has no letters or digits", "publish search WORD")
    with open_run(output, now) as run:
        hits = search_issues(run, terms, resolve_issue_argument(arguments.issue))
    for _, group in groupby(hits[:_MAX_SHOWN], key=lambda hit: hit.path):
        _print_issue(list(group), terms, output)
    if len(hits) > _MAX_SHOWN:
        output.info(f"and {len(hits) - _MAX_SHOWN:,} more · one more word finds fewer, --json prints all")
    if not hits:
        output.info(f"nothing found: {query}")
    return output.finish(0 if hits else NOTHING_FOUND, hits=[hit._asdict() for hit in hits])


def _print_issue(hits: Sequence[Hit], terms: Sequence[str], output: Output) -> None:
    """Print an issue and what was found in it; if its own title was found, its address is below it."""
    first = hits[0]
    facts = [first.date, _highlight(first.issue_title, terms, output), first.state]
    output.line(output.styled(facts[0], "bold") + "".join(f"  {fact}" for fact in facts[1:] if fact))
    for hit in hits:
        if hit.kind != "issue":
            about = " · ".join(filter(None, (hit.section, hit.source)))
            output.line(f"  {_highlight(hit.title, terms, output)}{about and f' · {about}'}")
        output.line(f"    {hit.path}:{hit.line}{hit.url and f'  {hit.url}'}")


def _highlight(text: str, terms: Sequence[str], output: Output) -> str:
    """Return the text with colour where it matches."""
    pieces, at = [], 0
    for start, end in find_marked(text, terms):
        pieces += [text[at:start], output.styled(text[max(at, start) : end], "red")]
        at = end
    return "".join([*pieces, text[at:]])
