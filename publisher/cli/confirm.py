"""The one question: before something leaves that nobody can take back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.events import Departure


def approval(output: Output, *, yes: bool) -> Callable[[Sequence[Departure]], bool]:
    """What asks on a terminal. With `yes` it agrees; where nobody can answer it raises ConfigError."""

    def approve(leaving: Sequence[Departure]) -> bool:
        if yes:
            return True
        if not output.can_ask:
            what = "; ".join(f"{one.channel}: {in_words(one)}" for one in leaving)
            raise ConfigError(f"nothing was sent, because nobody is here to ask: {what}", "add --yes")
        width = max(len(one.channel) for one in leaving)
        for one in leaving:
            output.talk(f"{one.channel.ljust(width)}  {in_words(one)}", "bold")
        return output.ask("send?")

    return approve


def in_words(leaving: Departure) -> str:
    """What is about to leave for a destination."""
    messages = "1 message" if leaving.new == 1 else f"{leaving.new} messages"
    counts = (
        (leaving.new, f"{messages} that cannot be taken back"),
        (leaving.changed, f"{leaving.changed} changed"),
        (leaving.withdrawn, f"{leaving.withdrawn} taken back"),
        (leaving.late, f"the issue is {leaving.late:,} {'day' if leaving.late == 1 else 'days'} old"),
    )
    facts = [text for number, text in counts if number]
    return f"{leaving.destination} · {' · '.join(facts) or 'what was begun goes on'}"
