"""Takes the webhooks of providers: verifies each, and records what it reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import closing

from publisher.bounces.amazon import AmazonCertificates, request_amazon
from publisher.bounces.effects import BounceRecorder, Effect
from publisher.bounces.mailgun import parse_mailgun
from publisher.bounces.postmark import parse_postmark
from publisher.bounces.sendgrid import parse_sendgrid
from publisher.bounces.ses import parse_ses
from publisher.bounces.webhook import Senders, WebhookRefusedError, WebhookReport, WebhookRequest
from publisher.channels.email import Email
from publisher.config import Config
from publisher.credentials import resolve_secret
from publisher.errors import PublisherError
from publisher.mail_address import parse_recipient
from publisher.named_tuple import NamedTuple
from publisher.run import RunContext
from publisher.theme import Theme

_OK, _FORBIDDEN, _NOT_FOUND, _UNAVAILABLE = 200, 403, 404, 503


class WebhookAnswer(NamedTuple):
    """The status of the response, and a line for its body."""

    status: int
    text: str = "ok"


class WebhookReceiver:
    """Receives for the list in the publisher.toml of `project`, which may change in between.

    `report` gets what webhooks led to, and the error of one that could not be processed, so that the provider has to
    send it again. `request` requests a URL of Amazon SNS.
    """

    def __init__(
        self,
        project: Callable[[], tuple[Config, Theme]],
        clock: Callable[[], dt.datetime],
        report: Callable[[tuple[Effect, ...], PublisherError | None], None],
        request: Callable[[str], bytes] = request_amazon,
    ) -> None:
        self._project = project
        self._clock = clock
        self._report = report
        self._request = request
        self._certificates = AmazonCertificates(clock, request)

    @property
    def url(self) -> str:
        """The URL that the paths of webhooks follow, "" if there is no list."""
        subscribers = self._project()[0].subscribers
        return subscribers.base if subscribers else ""

    def receive(self, provider: str, body: bytes, headers: Mapping[str, str]) -> WebhookAnswer:
        """Process a webhook; the names of `headers` are in lower case.

        A request that is refused has no effect. The answer does not say whether an address is on the list.
        """
        config, theme = self._project()
        if config.subscribers is None or provider not in config.bounces.webhooks:
            return WebhookAnswer(_NOT_FOUND, "not found")
        now = self._clock()
        try:
            report = self._parse(config, provider, WebhookRequest(body, headers, now))
            if report.subscribe_url:
                self._request(report.subscribe_url)
            with closing(RunContext.open(config, theme, now)) as run:
                effects = BounceRecorder(run.subscribers).record_webhook(report, now) if run.subscribers else []
        except WebhookRefusedError as error:
            return WebhookAnswer(_FORBIDDEN, error.message)
        except PublisherError as error:
            self._report((), error)
            return WebhookAnswer(_UNAVAILABLE, "try again later")
        self._report(tuple(effects), None)
        return WebhookAnswer(_OK)

    def _parse(self, config: Config, provider: str, request: WebhookRequest) -> WebhookReport:
        settings, senders = config.bounces, _find_senders(config)
        match provider:
            case "ses":
                return parse_ses(request, settings.ses, senders, self._certificates.load)
            case "postmark":
                return parse_postmark(request, resolve_secret(settings.postmark), senders)
            case "mailgun":
                return parse_mailgun(request, resolve_secret(settings.mailgun), senders)
            case _:
                return parse_sendgrid(request, settings.sendgrid)


def _find_senders(config: Config) -> Senders:
    """Return who sends the newsletter by email."""
    bounces = config.subscribers.bounces if config.subscribers else ""
    for channel in config.channels:
        if isinstance(channel, Email) and channel.from_:
            return Senders(parse_recipient(channel.from_).domain, bounces)
    return Senders(bounces.rpartition("@")[2], bounces)
