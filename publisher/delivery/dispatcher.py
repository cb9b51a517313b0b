"""The post office: all live channels of a run, side by side, after one question to the editor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from threading import Event, Thread
from typing import NamedTuple

from publisher.channel import LiveChannel, Rendering
from publisher.credentials import redact
from publisher.delivery import ledger_guard
from publisher.delivery.job import Live, shortfall
from publisher.delivery.plan import Survey, survey
from publisher.errors import BusyError, ConfigError, OutcomeUnknownError, PublisherError
from publisher.events import ChannelOutcome, Departure, Request
from publisher.ledger import Counts, Key, Ledger, Standing
from publisher.ledger.plan import digest_of
from publisher.ledger.queries import standing
from publisher.run import Outgoing, Run


class Letter(NamedTuple):
    """What a live channel made of an issue that was to appear at a time, and what there is to do with it;
    `only` for these recipients, if not for all."""

    channel: LiveChannel
    rendering: Rendering
    key: Key
    standing: Standing | None
    survey: Survey
    published: dt.datetime | None = None
    only: frozenset[str] | None = None

    @property
    def is_done(self) -> bool:
        """Whether it is out, as it is now."""
        known = self.standing
        is_out = known and known.done and known.digest == digest_of(self.rendering.parts)
        return bool(is_out and not self.survey.waiting)


def letters(run: Run, outgoing: Sequence[Outgoing], ledger: Ledger | None) -> list[Letter]:
    """What there is to do about each; without a ledger nothing was sent yet."""
    request = run.request
    found = []
    for name, _, channel, rendering, published in outgoing:
        key = Key(name, channel.name, channel.destination)
        if ledger and not request.dry_run:
            recover(ledger, channel, key, run.clock.time())
        known = standing(ledger, key) if ledger else None
        todo = survey(channel, rendering, known, correct=request.correct, retry=request.retry)
        found.append(Letter(channel, rendering, key, known, todo, published))
    return found


def recover(ledger: Ledger, channel: LiveChannel, key: Key, now: dt.datetime) -> None:
    """Find out what a publisher that died in the act left behind: what it was sending is unknown now."""
    known = standing(ledger, key)
    if known and known.counts.sending:
        with suppress(BusyError):
            claim = ledger.claim(
                key, now, dt.timedelta(seconds=channel.patience), repeatable=channel.repeatable
            )
            ledger.release(claim, now)


def post(run: Run, found: Sequence[Letter]) -> dict[str, ChannelOutcome]:
    """Deliver them; by channel, what became of it. Raises nothing but KeyboardInterrupt, and then every
    channel has ended its window."""
    going = [letter for letter in found if _moves(run, letter)]
    outcomes = {letter.channel.name: _settled(letter) for letter in found if letter not in going}
    try:
        if going:
            ledger_guard.enter(run)
    except PublisherError as error:
        outcomes |= {letter.channel.name: _outcome(letter, error=error) for letter in going}
        going = []
    leaving = []
    for letter in [one for one in going if _is_asked(run, one)]:
        try:
            leaving.append(_departure(letter, run.now))
        except PublisherError as error:
            outcomes[letter.channel.name] = _outcome(letter, error=error)
            going.remove(letter)
    if leaving:
        try:
            agreed = run.request.approve(leaving)
        except PublisherError as error:
            refusal: PublisherError = error
        else:
            refusal = ConfigError("nothing was sent: you said no", "publish again when it is right")
            if agreed:
                leaving = []
        for letter in [one for one in going if leaving and _is_asked(run, one)]:
            outcomes[letter.channel.name] = _outcome(letter, error=refusal)
            going.remove(letter)
    if going:
        outcomes |= _side_by_side(run, going)
        with suppress(PublisherError):  # a copy made meanwhile is older than this
            ledger_guard.enter(run)
    outcomes = {letter.channel.name: outcomes[letter.channel.name] for letter in found}
    for outcome in outcomes.values():
        run.report(outcome)
    return outcomes


def send(run: Run, one: Outgoing, stop: Event) -> ChannelOutcome:
    """Deliver what no file is asked for, without waiting for the platform; what became of it. `run` is one
    that only looks."""
    with closing(replace(run, request=Request(patience=0.0), stop=stop)) as sending:
        return post(sending, letters(sending, [one], sending.ledger))[one.channel.name]


def _side_by_side(run: Run, going: Sequence[Letter]) -> dict[str, ChannelOutcome]:
    outcomes: dict[str, ChannelOutcome] = {}
    stop = run.stop

    def work(letter: Letter) -> None:
        outcomes[letter.channel.name] = _deliver(run, letter, stop)

    threads = [Thread(target=work, args=(letter,), name=letter.channel.name) for letter in going]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except BaseException:
        stop.set()
        for thread in threads:
            thread.join()
        raise
    return outcomes


def _deliver(run: Run, letter: Letter, stop: Event) -> ChannelOutcome:
    live = Live(
        run.ledger,
        letter.channel,
        letter.key,
        letter.rendering,
        letter.survey,
        run.clock,
        run.request.patience,
        stop,
        again=run.request.retry,
        only=letter.only,
    )
    begun = run.clock.time()
    error: PublisherError | None = None
    try:
        live.deliver()
    except PublisherError as problem:
        error = problem
    except Exception as problem:  # a mistake in one channel must not stop the others
        what = redact(f"{letter.channel.name}: {type(problem).__name__}: {problem}")
        error = OutcomeUnknownError(what, "see what was sent: publish status")
    for note in live.notes:
        run.warn(f"{letter.channel.name}: {redact(note)}")
    took = (run.clock.time() - begun).total_seconds()
    return _outcome(letter, sent=live.sent, changed=live.changed, url=live.url, error=error, took=took)


def _moves(run: Run, letter: Letter) -> bool:
    if letter.is_done:
        return False
    counts = letter.standing.counts if letter.standing else Counts()
    if run.request.retry and not counts.failed + counts.planned:
        return False
    if counts.unknown:  # the channel may have a rule for it, or the platform may be asked
        return True
    # one whose last word is missing: all of it arrived, and the publisher ended before it said so
    open_ended = letter.standing and not letter.standing.done and shortfall(letter.standing) is None
    return letter.survey.has_work or bool(open_ended)


def _leaving(letter: Letter) -> int:
    """How many deliveries nobody can take back. Raises ConfigError for a list of recipients that is none."""
    todo = letter.survey
    if letter.only is None and letter.channel.updates:
        return len(todo.new)
    if letter.only is None and todo.new:
        return len(todo.new) * sum(1 for _ in letter.channel.recipients())
    return todo.waiting


def _is_asked(run: Run, letter: Letter) -> bool:
    """Whether the editor has to agree."""
    if letter.channel.repeatable:
        return False
    todo, in_place = letter.survey, letter.only is None and letter.channel.updates
    return bool(todo.new or (todo.waiting and not in_place) or run.request.correct)


def _departure(letter: Letter, now: dt.datetime) -> Departure:
    todo = letter.survey
    late = now - letter.published if letter.published else dt.timedelta()
    return Departure(
        letter.channel.name,
        letter.key.destination,
        new=_leaving(letter),
        changed=len(todo.changed),
        withdrawn=len(todo.surplus),
        late=max(0, late.days),
    )


def _settled(letter: Letter) -> ChannelOutcome:
    """The outcome for a channel with nothing to do, or nothing that can be done."""
    return _outcome(letter, error=None if letter.is_done else shortfall(letter.standing))


def _outcome(
    letter: Letter,
    sent: int = 0,
    changed: int = 0,
    url: str = "",
    error: PublisherError | None = None,
    took: float = 0.0,
) -> ChannelOutcome:
    return ChannelOutcome(
        letter.channel.name,
        unchanged=0 if sent or changed else len(letter.rendering.parts),
        issues=1,
        error=error,
        destination=letter.key.destination,
        sent=sent,
        changed=changed,
        url=(letter.standing.url if letter.standing else "") or url,
        held=letter.survey.held,
        took=took,
    )


def foreseen(run: Run, found: Sequence[Letter]) -> Iterator[ChannelOutcome]:
    """What `post` would make of them, for a dry run."""
    for letter in found:
        if not _moves(run, letter):
            yield _settled(letter)
            continue
        todo = letter.survey
        try:
            sent = _leaving(letter)
        except PublisherError as error:
            yield _outcome(letter, error=error)
            continue
        yield _outcome(
            letter,
            sent=sent,
            changed=len(todo.changed) + len(todo.surplus),
            error=None if todo.has_work else shortfall(letter.standing),
        )
