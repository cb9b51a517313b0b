"""Publishing a draft by the interface, which verified accounts may: to hand it in, and to wait for its end.

developers.weixin.qq.com/doc/subscription/api/public/api_freepublish_submit, and api_freepublish_get and
api_freepublish_batchget there. That it was handed in says nothing yet; the end is one of seven states.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from publisher.channel import Receipt
from publisher.channels.wechat.client import NO_RIGHT, Account, RefusedError
from publisher.channels.wechat.draft import Wanted, is_of
from publisher.channels.wechat.errors import STATES
from publisher.channels.wechat.writer import Sentence
from publisher.errors import DeliveryError, OutcomeUnknownError

PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)
"""Seconds between the questions how far it is: two minutes in all."""

ARTICLE = "article/"
"""What the name of a published article begins with; those of drafts have no slash."""

_DONE, _RUNNING = 0, 1
_FILE = "publishing"

_STILL_RUNNING = Sentence(
    "微信收下了，还在发布",
    "过几分钟再 publish 一次，会接着等结果，不会重复发布",
    "WeChat has taken it and is still at work on it",
    "publish again in a few minutes: it goes on waiting, and publishes nothing twice",
)


class FailedError(DeliveryError):
    """WeChat has ended the publication, and there is no article."""


class Publishing:
    """Publishes for an account. `sleep` waits for some seconds.

    What was handed in is remembered before its end is known, so that whoever comes after a crash waits for
    the same and does not hand it in again.
    """

    def __init__(self, account: Account, sleep: Callable[[float], None]) -> None:
        self._account = account
        self._sleep = sleep

    def is_handed_in(self, issue: str) -> bool:
        """Whether an issue is on its way, or at its end."""
        return bool(self._handed_in(issue))

    def hand_in(self, issue: str, media_id: str) -> None:
        """Hand in a draft, whose media_id is worth nothing afterwards."""
        made = self._account.call("freepublish/submit", {"media_id": media_id}, acts=True)
        with suppress(DeliveryError):  # it is handed in, and whatever happens now must not unsay that
            self._account.store.remember(_FILE, issue, str(made["publish_id"]))

    def wait(self, issue: str) -> Receipt:
        """The article, once it is there. Raises DeliveryError when it will not be, and OutcomeUnknownError
        when that takes too long."""
        for pause in (*PAUSES, 0.0):
            try:
                receipt = self._ended(issue)
            except FailedError:
                self._account.store.remember(_FILE, issue, "")  # it may be handed in again
                raise
            except DeliveryError:  # no answer is no end: ask again
                receipt = None
            if receipt:
                return receipt
            self._sleep(pause)
        raise OutcomeUnknownError(*_STILL_RUNNING.told(self._account.lang))

    def find(self, which: Wanted) -> Receipt | None:
        """The article of an issue, None when there is none. Raises DeliveryError when it is on its way, or
        nobody answers."""
        if self.is_handed_in(which.issue):
            try:
                receipt = self._ended(which.issue)
            except FailedError:
                return None
            if receipt is None:
                raise _STILL_RUNNING.error(self._account.lang)
            return receipt
        for name, article in self._account.listed("freepublish/batchget"):
            if is_of(article, which) and not article.get("is_deleted"):
                return Receipt(url=str(article.get("url", "")), remote_id=f"{ARTICLE}{name}")
        return None

    def is_out(self, which: Wanted) -> bool:
        """Whether WeChat has the article, as far as this account may ask."""
        try:
            return self.find(which) is not None
        except RefusedError as error:
            if error.code == NO_RIGHT:
                return False
            raise

    def _ended(self, issue: str) -> Receipt | None:
        """The article of an issue that was handed in; None while WeChat is at work on it."""
        made = self._account.call("freepublish/get", {"publish_id": self._handed_in(issue)})
        state = int(made.get("publish_status", _RUNNING))
        if state == _RUNNING:
            return None
        if state == _DONE:
            (item, *_) = made["article_detail"]["item"]
            return Receipt(url=str(item["article_url"]), remote_id=f"{ARTICLE}{made['article_id']}")
        sentence, step = STATES.get(state, STATES[3]).told(self._account.lang)
        raise FailedError(f"{sentence} (publish_status {state})", step, permanent=True)

    def _handed_in(self, issue: str) -> str:
        return str(self._account.store.read(_FILE).get(issue, ""))
