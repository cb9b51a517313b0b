"""What `publish init` asks on a terminal: name, address, language and channels, each with a proposal."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from msgspec.structs import replace

from publisher.cli.output import Output
from publisher.errors import ConfigError, find_nearest
from publisher.locales import validate_language
from publisher.scaffold import Proposal, propose_channels
from publisher.scaffold.history import Dating, count_back


def ask_about(proposal: Proposal, output: Output) -> Proposal:
    """Return the proposal with the answers. An empty line is the answer in brackets.

    Raises ConfigError at the end of the input.
    """
    name = _ask(output, "Name", proposal.name, _parse_name)
    address = _ask(output, "Address of the site", proposal.address, _parse_site_address)
    lang = _ask(output, "Language", proposal.lang, validate_language)
    channels = _ask(output, "Channels", ", ".join(propose_channels(lang)), _parse_channels)
    answered = replace(
        proposal,
        name=name,
        address=address,
        lang=lang,
        channels=tuple(channels.split(", ")),
        has_example_address=proposal.has_example_address and address == proposal.address,
    )
    return _ask_dates(answered, output) if proposal.dating.guessed else answered


def _ask_dates(proposal: Proposal, output: Output) -> Proposal:
    """Ask when the newest of the issues without a date came out, and how many days are between them."""
    dates, guessed = dict(proposal.dating.dates), proposal.dating.guessed
    newest = _ask(output, f"Date of {guessed[-1]}", str(dates[guessed[-1]]), _parse_date)
    days = _ask(output, "Days between issues", "7", _parse_days) if len(guessed) > 1 else "7"
    if newest != str(dates[guessed[-1]]) or days != "7":
        dates |= count_back(guessed, dt.date.fromisoformat(newest), int(days))
    return replace(proposal, dating=Dating(dates))


def _ask(output: Output, question: str, default: str, parse: Callable[[str], str]) -> str:
    while True:
        answer = output.ask_text(f"{question} [{default}]: ")
        if answer is None:
            raise ConfigError("no answer, nothing was written", "publish init --yes takes the answers in brackets")
        if not answer:
            return default
        try:
            return parse(answer)
        except ConfigError as error:
            output.error(error.message, error.hint)


def _parse_name(answer: str) -> str:
    return answer


def _parse_site_address(answer: str) -> str:
    """Return the URL of the site with a slash at its end; https is added to a host."""
    url = answer if "://" in answer else f"https://{answer}"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or re.search(r"[\s?#{}]", url):
        raise ConfigError(f"{answer} is not the address of a site", "like https://example.org/news/")
    return url.rstrip("/") + "/"


def _parse_channels(answer: str) -> str:
    from publisher import registry

    names = [name for name in re.split(r"[,\s]+", answer.lower()) if name]
    known = list(registry.channel_names())
    if wrong := next((name for name in names if name not in known), ""):
        nearest = find_nearest(wrong, known)
        raise ConfigError(f"there is no channel {wrong}", f"did you mean {nearest}?" if nearest else ", ".join(known))
    if not names:
        raise ConfigError("no channel given", ", ".join(known))
    return ", ".join(dict.fromkeys(names))


def _parse_date(answer: str) -> str:
    try:
        return str(dt.date.fromisoformat(answer))
    except ValueError:
        raise ConfigError(f"{answer} is not a date", "like 2021-08-01") from None


def _parse_days(answer: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,3}", answer):
        raise ConfigError(f"{answer} is not a number of days", "like 7")
    return answer
