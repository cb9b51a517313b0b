"""Reads the mailboxes for bounces, and records what is in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from publisher.bounce_settings import ImapAddress
from publisher.bounces.effects import BounceRecorder, Effect
from publisher.bounces.imap import ImapPosition, read_imap
from publisher.bounces.maildir import read_maildir
from publisher.bounces.returned_mail import parse_returned_mail
from publisher.credentials import resolve_secret
from publisher.errors import PublisherError
from publisher.ledger.meta import get_meta, set_meta
from publisher.ledger.models import format_utc, parse_utc
from publisher.named_tuple import NamedTuple
from publisher.run import RunContext

_IMAP_INTERVAL = dt.timedelta(minutes=5)
"""How often the IMAP server is asked; a Maildir is read on each tick."""


class CollectedBounces(NamedTuple):
    """What reports led to, and the errors of mailboxes that could not be read."""

    effects: tuple[Effect, ...] = ()
    errors: tuple[PublisherError, ...] = ()


def collect_bounces(run: RunContext) -> CollectedBounces:
    """Read the mailboxes in [bounces], and act on what servers replied to former issues. Nothing without a list.

    A mailbox that cannot be read does not keep from the rest. Raises ConfigError when the key of the list cannot be
    read, StorageError when the ledger cannot be used.
    """
    settings, subscribers = run.config.subscribers, run.subscribers
    if settings is None or subscribers is None:
        return CollectedBounces()
    recorder = BounceRecorder(subscribers)
    effects, errors = list[Effect](), list[PublisherError]()

    def handle(raw: bytes) -> bool:
        feedback = parse_returned_mail(raw, settings.bounces).feedback
        effect = recorder.record(feedback, run.clock.time()) if feedback else None
        effects.extend([effect] if effect else [])
        return effect is not None

    for read in (_read_maildir, _read_imap):
        try:
            read(run, handle)
        except PublisherError as error:
            errors.append(error)
    effects += recorder.review_replies(run.clock.time())
    return CollectedBounces(tuple(effects), tuple(errors))


def _read_maildir(run: RunContext, handle: Callable[[bytes], bool]) -> None:
    if folder := run.config.bounces.maildir:
        read_maildir(run.config.root / folder, handle)


def _read_imap(run: RunContext, handle: Callable[[bytes], bool]) -> None:
    """Read on from where the last pass ended, unless that was just now."""
    settings, now = run.config.bounces, run.clock.time()
    if not settings.imap:
        return
    name = f"bounces of {run.config.newsletter.id} at {settings.imap}"
    validity, uid, last = (get_meta(run.ledger, name) or "0 0 ").split(" ")
    if last and dt.timedelta() <= now - parse_utc(last) < _IMAP_INTERVAL:
        return
    position = ImapPosition(int(validity), int(uid))
    try:
        password = resolve_secret(settings.password)
        _, position = read_imap(ImapAddress.parse(settings.imap), password, position, handle)
    finally:
        set_meta(run.ledger, name, f"{position.validity} {position.uid} {format_utc(now)}")
