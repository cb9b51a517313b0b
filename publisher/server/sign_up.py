"""The form to subscribe, and what comes of it: a confirmation by email, unless someone abuses the form.

The answer is the same for every address that can get email, whether it is on the list, never wants to be, or has been
asked already: the page is no way to find out who subscribes to what.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from publisher.channels.email.settings import resolve_sender
from publisher.delivery.confirmation import find_email_channel
from publisher.errors import BusyError, ConfigError
from publisher.labels import get_labels
from publisher.mail_address import Mailbox, normalize_address, parse_recipient
from publisher.server.captcha import build_challenge, check_solution
from publisher.server.confirmations import ConfirmationSender
from publisher.server.forms import is_form_fresh, sign_form
from publisher.server.page_views import Captcha, Form, Page
from publisher.server.visit import Visit, require_list
from publisher.subscribers.limits import LimitKind, SignUpLimits
from publisher.subscribers.subscriber_list import SubscriberList

_CLOSED_FOR = dt.timedelta(minutes=10)
"""How long the form is not shown after the limit of the whole list was reached; then the limit is asked again."""


class SignUp:
    """The form of one list."""

    def __init__(self, confirmations: ConfirmationSender) -> None:
        self._confirmations = confirmations
        self._closed_until = dt.datetime.min.replace(tzinfo=dt.UTC)

    def show(self, visit: Visit) -> Page:
        """Return the form, or, while there are too many sign-ups, how to subscribe without it."""
        if visit.now < self._closed_until:
            return _show_too_many(visit)
        return _show_form(visit, "hint")

    def submit(self, visit: Visit, fields: Mapping[str, str]) -> Page:
        """Ask for a confirmation, and return the page about it. Raises StorageError; then nothing was recorded.

        A form that is not from here, like that on the page of the site, or that was filled in by a program, is shown
        once more: a person only has to press the button again.
        """
        text = fields.get("address", "").strip()
        try:
            mailbox = parse_recipient(text)
        except ConfigError:
            mailbox = None
        if mailbox is None or not mailbox.is_public:
            return _show_form(visit, "bad_address", text, 400)
        is_fresh = is_form_fresh(visit.keys, fields.get("form", ""), visit.now)
        if fields.get("website", "") or not is_fresh:
            return _show_form(visit, "press_again", text)
        key = normalize_address(mailbox.address)
        with visit.open_ledger() as ledger:
            limits = SignUpLimits(ledger, visit.newsletter_id, visit.keys)
            if _has_captcha(visit) and not _is_solved(visit, limits, fields.get("altcha", "")):
                return _show_form(visit, "press_again", text)
            reached = limits.admit(key, visit.client, visit.now)
            if reached is LimitKind.TOTAL:
                self._close(visit)
            if reached not in (None, LimitKind.ADDRESS):
                return _show_too_many(visit)
            if reached is None:
                origin = visit.build_origin("form", visit.view.texts["hint"])
                asked = SubscriberList(ledger, visit.newsletter_id, visit.keys).ask(
                    Mailbox("", mailbox.address), origin
                )
                if asked.send_confirmation and asked.subscriber:
                    self._confirmations.send_later(visit, asked.subscriber)
        return visit.view.render(_get_page_title(visit), visit.view.texts["asked"])

    def _close(self, visit: Visit) -> None:
        """Show no form for a while, and report that."""
        self._closed_until = visit.now + _CLOSED_FOR
        error = BusyError(
            "there are too many sign-ups: the form is closed, and says how to subscribe by email",
            "wait, or find out who abuses it in the log of the web server",
        )
        self._confirmations.report_later(error, visit.now)


def _show_form(visit: Visit, text: str, address: str = "", status: int = 200) -> Page:
    subscribe = _get_page_title(visit)
    form = Form((("subscribe", subscribe),), sign_form(visit.keys, visit.now), address)
    captcha = _build_captcha(visit) if _has_captcha(visit) else None
    join_address = _find_join_address(visit) if captcha else ""  # the captcha needs a script
    return visit.view.render(
        subscribe, visit.view.texts[text], form=form, captcha=captcha, join_address=join_address, status=status
    )


def _show_too_many(visit: Visit) -> Page:
    text = visit.view.texts["too_many"]
    return visit.view.render(_get_page_title(visit), text, join_address=_find_join_address(visit), status=429)


def _get_page_title(visit: Visit) -> str:
    return get_labels(visit.view.newsletter.lang)["subscribe"]


def _find_join_address(visit: Visit) -> str:
    """Return where to write to by hand: a mail from an address shows that its owner wants the newsletter."""
    try:
        return resolve_sender(find_email_channel(visit.config), visit.view.newsletter)[1].address
    except ConfigError:  # there is no channel, or no sender
        return visit.view.newsletter.email


def _has_captcha(visit: Visit) -> bool:
    return require_list(visit.config).captcha == "altcha"


def _build_captcha(visit: Visit) -> Captcha:
    return Captcha(build_challenge(visit.keys, visit.now), visit.view.newsletter.lang)


def _is_solved(visit: Visit, limits: SignUpLimits, payload: str) -> bool:
    nonce = check_solution(visit.keys, payload)
    return bool(nonce) and limits.use_once(nonce, visit.now)
