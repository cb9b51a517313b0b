"""What a live channel would do with a rendering, seen before anything is done: the question to the editor,
the answer of a dry run, and the plan, from one place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from publisher.channel import LiveChannel, Rendering
from publisher.dataclass import dataclass
from publisher.ledger import Standing, State


@dataclass(frozen=True, slots=True)
class Survey:
    """The keys of parts that would be sent for the first time, changed in place, taken back, and given up:
    those that never arrived and are wanted no more.

    With `keep` the publication keeps the content it began with; `held` says why, when that is not what the
    issue says now. `waiting` are deliveries that were planned earlier and not made yet.
    """

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()
    keep: bool = False
    held: str = ""
    waiting: int = 0

    @property
    def has_work(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.new or self.changed or self.surplus or self.given_up or self.waiting)


def survey(
    channel: LiveChannel,
    rendering: Rendering,
    standing: Standing | None,
    *,
    correct: bool = False,
    retry: bool = False,
) -> Survey:
    """Compare a rendering with what stands at the destination. With `correct` an issue that is out may get
    more or fewer messages than it had; with `retry` what failed counts as planned."""
    now = {part.key: part.digest for part in rendering.parts}
    if standing is None:
        return Survey(new=tuple(now))
    if standing.is_adopted:
        return Survey(keep=True, held="it was out before the ledger began, and stays as it is")
    if standing.url and getattr(channel, "ends_with_address", False):
        held = f"it is published at {standing.url}: what changed since is to be changed there by hand"
        return Survey(keep=True, held=held if standing.parts and now != dict(standing.parts) else "")
    if not _has_begun(standing):
        return Survey(new=tuple(_free(channel, standing, now, retry=retry)))
    counts, live = standing.counts, standing.live
    waiting = counts.planned + counts.sending + (counts.failed if retry else 0)
    if channel.ordered and (counts.unknown or (counts.failed and not retry)):
        waiting = 0  # behind what a person has to settle
    if not channel.updates:
        edited = now != dict(standing.parts)
        held = "the issue was edited since; what was sent stays as it is" if edited else ""
        return Survey(keep=True, held=held, waiting=waiting)
    then = standing.parts.keys() | live.keys()
    if now.keys() != then and not (correct or channel.repeatable):
        held = f"the issue takes {_messages(now)} now, and {len(then)} before: publish correct"
        free = _free(channel, standing, standing.parts, retry=retry)
        return Survey(
            new=tuple(key for key in free if key not in live), keep=True, held=held, waiting=waiting
        )
    surplus = dict.fromkeys(sorted(live.keys() - now.keys()), "")
    movable = tuple(_free(channel, standing, now | surplus, retry=retry))
    missing = (key for key, (state, _) in standing.states.items() if state in (State.PLANNED, State.FAILED))
    return Survey(
        new=tuple(key for key in movable if key not in live),
        changed=tuple(key for key in movable if key in live and now.get(key, live[key]) != live[key]),
        surplus=tuple(key for key in movable if key in surplus),
        given_up=tuple(sorted(key for key in missing if key not in now.keys() | live.keys())),
        waiting=waiting,
    )


def _free(
    channel: LiveChannel, standing: Standing, wanted: Mapping[str, str], *, retry: bool
) -> Iterator[str]:
    """The keys of parts that may be sent, changed or taken back now: not what a person has to settle, what
    failed with the same content, or, where the order counts, what is behind one of these."""
    for key, digest in wanted.items():
        state, tried = standing.states.get(key, (State.PLANNED, ""))
        if state is State.DROPPED and tried:  # given up by a person
            continue
        stuck = state is State.UNKNOWN or (state is State.FAILED and tried == digest and not retry)
        if not stuck:
            yield key
        elif channel.ordered:
            return


def _has_begun(standing: Standing) -> bool:
    counts = standing.counts
    return counts.planned + counts.dropped < counts.total or bool(standing.live)


def _messages(parts: Mapping[str, str]) -> str:
    return "1 message" if len(parts) == 1 else f"{len(parts)} messages"
