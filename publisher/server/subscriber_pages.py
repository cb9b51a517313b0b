"""What the pages for subscribers show and do: subscribe, confirm, leave, refuse, preferences.

Showing a page changes nothing, because programs open all links of a mail; only its button does. What a page says
does not depend on whether an address is on the list, and no page has an address that was not typed into it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from publisher.errors import PublisherError, StorageError
from publisher.localized import format_date
from publisher.server.page_views import Form, Page, PageLink, PageView
from publisher.server.sign_up import SignUp
from publisher.server.visit import Visit, require_list
from publisher.signing import Purpose
from publisher.subscribers.limits import SignUpLimits
from publisher.subscribers.models import Subscriber, SubscriberState
from publisher.subscribers.subscriber_list import SubscriberList

if TYPE_CHECKING:
    from publisher.config import Config
    from publisher.newsletter import Newsletter
    from publisher.server.confirmations import ConfirmationSender
    from publisher.theme import Theme

_PAUSE = dt.timedelta(weeks=4)

_ACTIONS: Mapping[Purpose, tuple[str, ...]] = {
    Purpose.CONFIRM: ("confirm",),
    Purpose.LEAVE: ("leave",),
    Purpose.REFUSE: ("refuse",),
    Purpose.PREFERENCES: ("pause", "resume", "leave"),
}
"""What can be done on the page of a token: values of buttons, whose texts have the same names."""

TOKEN_PAGES = {purpose.value: purpose for purpose in _ACTIONS}
"""The pages whose URL has a token, by their name in it."""

_ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The field that mail providers POST to the page to leave: RFC 8058, section 3.1."""


class SubscriberPages:
    """The pages of the list in the publisher.toml of `project`, with its theme; both may change while they are served.

    Confirmations are left to `confirmations`, so that the time that an answer takes does not say whether one is sent.
    """

    def __init__(
        self,
        project: Callable[[], tuple[Config, Theme]],
        clock: Callable[[], dt.datetime],
        confirmations: ConfirmationSender,
    ) -> None:
        self._project, self._clock, self._confirmations = project, clock, confirmations
        self._sign_up = SignUp(confirmations)

    @property
    def newsletter(self) -> Newsletter:
        """The newsletter that the pages are about."""
        return self._project()[0].newsletter

    @property
    def url(self) -> str:
        """Where the pages are, without a slash at the end; "" if publisher.toml has no list any more."""
        settings = self._project()[0].subscribers
        return settings.base if settings else ""

    def show(self, name: str, token: str) -> Page:
        """Return the page with this name and token; "" is the form to subscribe.

        Raises ConfigError for a key that cannot be read, and for an error in a template of the user. So does `act`.
        """
        visit = self._begin("")
        if not name:
            return self._sign_up.show(visit)
        purpose, view = TOKEN_PAGES[name], visit.view
        tag = visit.keys.verify(token, purpose)
        if not tag:
            return _show_invalid_link(view)
        title = view.texts["preferences"] if purpose is Purpose.PREFERENCES else view.format_text(f"{name}_ask")
        form = Form(tuple((action, view.texts[action]) for action in _ACTIONS[purpose]))
        return view.render(title, form=form, link=_link_preferences(visit, tag) if purpose is Purpose.LEAVE else None)

    def act(self, name: str, token: str, fields: Mapping[str, str], client: str) -> Page:
        """Do what the form on a page asks for, and return the page about it. `client` is as for SignUpLimits.

        If the ledger cannot be used, nothing was done, and the page says so.
        """
        visit = self._begin(client)
        try:
            if not name:
                return self._sign_up.submit(visit, fields)
            return _follow_link(visit, TOKEN_PAGES[name], token, fields)
        except StorageError as error:
            self.report(error)
            return visit.view.render(visit.view.texts["failed"], status=503)

    def report(self, error: PublisherError) -> None:
        """Report a problem to the editor, because of which a page is not shown."""
        self._confirmations.report_later(error, self._clock())

    def _begin(self, client: str) -> Visit:
        config, theme = self._project()
        settings = require_list(config)
        view = PageView(config.newsletter, theme, settings.base)
        return Visit(config, view, settings.load_keys(), client, self._clock())


def _follow_link(visit: Visit, purpose: Purpose, token: str, fields: Mapping[str, str]) -> Page:
    """Do what a page's button, or a mail provider, asks for. The second time it changes nothing, and says the same."""
    view, tag = visit.view, visit.keys.verify(token, purpose)
    if not tag:
        return _show_invalid_link(view)
    is_one_click = purpose is Purpose.LEAVE and fields.get(_ONE_CLICK[0]) == _ONE_CLICK[1]
    action = "leave" if is_one_click else fields.get("act", "")
    if action not in _ACTIONS[purpose]:
        return view.render(view.texts["failed"], status=400)
    with visit.open_ledger() as ledger:
        subscribers = SubscriberList(ledger, visit.newsletter_id, visit.keys)
        subscriber = subscribers.find_by_tag(tag)
        key = subscriber.key if subscriber else ""
        match action:
            case "confirm":
                if not subscribers.confirm(key, visit.build_origin("link", view.format_text("confirm_ask"))):
                    return _show_invalid_link(view)
                SignUpLimits(ledger, visit.newsletter_id, visit.keys).forget(key)
                return view.render(view.format_text("confirmed"))
            case "pause":
                subscribers.pause(key, visit.now + _PAUSE, visit.build_origin("link"))
                return _show_state(view, subscribers.find_by_tag(tag))
            case "resume":
                subscribers.resume(key, visit.build_origin("link"))
                return _show_state(view, subscribers.find_by_tag(tag))
            case "refuse":
                subscribers.refuse(tag, visit.build_origin("link"))
                return view.render(view.format_text("left"))
            case _:
                subscribers.leave(key, visit.build_origin("one-click" if is_one_click else "link"))
                return view.render(view.format_text("left"), link=view.form_link)


def _show_state(view: PageView, subscriber: Subscriber | None) -> Page:
    """Return the page that says whether the subscriber gets issues now."""
    match subscriber:
        case Subscriber(state=SubscriberState.CONFIRMED):
            return view.render(view.format_text("confirmed"))
        case Subscriber(state=SubscriberState.PAUSED, paused_until=dt.datetime() as until):
            return view.render(view.format_text("paused", format_date(until.date(), view.newsletter.lang)))
        case _:
            return view.render(view.format_text("left"), link=view.form_link)


def _link_preferences(visit: Visit, tag: str) -> PageLink:
    """Return the link to the page that can pause a subscription: each issue has only the link to leave."""
    token = visit.keys.sign(Purpose.PREFERENCES, tag)
    return PageLink(f"{visit.view.url}/{Purpose.PREFERENCES.value}/{token}", visit.view.texts["preferences"])


def _show_invalid_link(view: PageView) -> Page:
    return view.render(view.texts["expired"], link=view.form_link, status=404)
