"""What a live channel would do with a rendering, seen before anything is done: the question to the editor,
the answer of a dry run, and the plan, from one place."""

from __future__ import annotations

from publisher.channel import LiveChannel, Rendering
from publisher.dataclass import dataclass
from publisher.ledger import Standing


@dataclass(frozen=True, slots=True)
class Survey:
    """The keys of parts that would be sent for the first time, changed in place, and taken back.

    With `keep` the publication keeps the content it began with; `held` says why, when that is not what the
    issue says now. `waiting` are deliveries that were planned earlier and not made yet.
    """

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()
    keep: bool = False
    held: str = ""
    waiting: int = 0

    @property
    def has_work(self) -> bool:
        """Whether anything would leave the house."""
        return bool(self.new or self.changed or self.surplus or self.waiting)


def survey(
    channel: LiveChannel, rendering: Rendering, standing: Standing | None, *, correct: bool = False
) -> Survey:
    """Compare a rendering with what stands at the destination. With `correct` an issue that is out may get
    more or fewer messages than it had."""
    now = {part.key: part.digest for part in rendering.parts}
    if standing is None or not _has_begun(standing):
        return Survey(new=tuple(now))
    counts = standing.counts
    waiting = counts.planned + counts.sending
    edited = now != dict(standing.parts)
    if not channel.updates:
        held = "the issue was edited since; what was sent stays as it is" if edited else ""
        return Survey(keep=True, held=held, waiting=waiting)
    then = standing.parts.keys() | standing.live.keys()
    if now.keys() != then and not (correct or channel.repeatable):
        held = f"the issue takes {len(now)} messages now, and {len(then)} were planned: publish correct"
        return Survey(keep=True, held=held, waiting=waiting)
    live = standing.live
    return Survey(
        new=tuple(key for key in now if key not in live),
        changed=tuple(key for key in now if key in live and live[key] != now[key]),
        surplus=tuple(sorted(live.keys() - now.keys())),
        waiting=waiting,
    )


def _has_begun(standing: Standing) -> bool:
    counts = standing.counts
    return counts.planned + counts.dropped < counts.total or bool(standing.live)
