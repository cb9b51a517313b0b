"""The one question: before something leaves that nobody can take back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from publisher.cli.output import Output
from publisher.errors import ConfigError
from publisher.events import PendingSend


def build_confirmation(output: Output, *, yes: bool) -> Callable[[Sequence[PendingSend]], bool]:
    """What asks on a terminal. With `yes` it agrees; where nobody can answer it raises ConfigError."""

    def approve(leaving: Sequence[PendingSend]) -> bool:
        if yes:
            return True
        if not output.is_interactive:
            what = "; ".join(f"{one.channel}: {format_pending_send(one)}" for one in leaving)
            raise ConfigError(f"nothing was sent, because nobody is here to ask: {what}", "add --yes")
        width = max(len(one.channel) for one in leaving)
        for one in leaving:
            output.info(f"{one.channel.ljust(width)}  {format_pending_send(one)}", "bold")
        return output.ask("send?")

    return approve


def format_pending_send(leaving: PendingSend) -> str:
    """What is about to leave for a destination."""
    messages = "1 message" if leaving.new == 1 else f"{leaving.new} messages"
    counts = (
        (leaving.new, f"{messages} that cannot be taken back"),
        (leaving.changed, f"{leaving.changed} changed"),
        (leaving.removed, f"{leaving.removed} taken back"),
        (
            leaving.days_late,
            f"the issue is {leaving.days_late:,} {'day' if leaving.days_late == 1 else 'days'} old",
        ),
    )
    facts = [text for number, text in counts if number]
    return f"{leaving.destination} · {' · '.join(facts) or 'what was begun goes on'}"
