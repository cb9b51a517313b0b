"""Checks where bounces and complaints come from: that mailboxes can be read, and secrets too. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from publisher.bounce_settings import BounceSettings, ImapAddress
from publisher.bounces.imap import check_imap
from publisher.bounces.maildir import list_new_mails
from publisher.channel import Finding, FindingLevel
from publisher.credentials import resolve_secret
from publisher.run import RunContext


def diagnose_bounces(run: RunContext) -> Iterator[Finding]:
    """Check [bounces]. Raises ConfigError, StorageError and DeliveryError for what cannot be read."""
    settings, subscribers = run.config.bounces, run.config.subscribers
    if subscribers is None:
        return
    if not (subscribers.bounces or settings.webhooks):
        message = "bounces and complaints are not read: addresses that do not exist stay on the list"
        yield Finding(FindingLevel.WARNING, message, "see deploy/BOUNCES.md")
        return
    if settings.maildir:
        count = len(list_new_mails(run.config.root / settings.maildir))
        yield Finding(FindingLevel.OK, f"{settings.maildir}: {count} new email{'' if count == 1 else 's'}")
    if settings.imap:
        address = ImapAddress.parse(settings.imap)
        deletes = check_imap(address, resolve_secret(settings.password))
        result = "can be read" if deletes else "can be read; reports are marked as deleted and stay (no UIDPLUS)"
        yield Finding(FindingLevel.OK, f"{address.user} at {address.host}: {result}")
    if subscribers.bounces and not settings.has_mailbox:
        yield Finding(FindingLevel.OK, f"{subscribers.bounces}: the mail server pipes reports to publish bounces")
    yield from _diagnose_webhooks(settings, subscribers.base)


def _diagnose_webhooks(settings: BounceSettings, base: str) -> Iterator[Finding]:
    """Say where providers have to send their webhooks. Raises ConfigError for a secret that cannot be read."""
    for reference in (settings.postmark, settings.mailgun):
        if reference:
            resolve_secret(reference)
    for name in settings.webhooks:
        yield Finding(FindingLevel.OK, f"webhook: {base}/webhooks/{name}")
