"""Publishing a draft by the interface, which verified accounts may: to hand it in, and to wait for its end.

developers.weixin.qq.com/doc/subscription/api/public/api_freepublish_submit, and api_freepublish_get and
api_freepublish_batchget there. That it was handed in says nothing yet; the end is one of seven states.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from publisher.channel import Receipt
from publisher.channels.wechat.client import API_UNAUTHORIZED, WeChatApiError, WeChatClient
from publisher.channels.wechat.draft import IssueQuery, is_of_issue
from publisher.channels.wechat.errors import PUBLISH_STATUS_MESSAGES
from publisher.channels.wechat.writer import BilingualMessage
from publisher.errors import DeliveryError, OutcomeUnknownError

POLL_INTERVALS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)
"""Seconds between the questions how far it is: two minutes in all."""

ARTICLE_ID_PREFIX = "article/"
"""What the name of a published article begins with; those of drafts have no slash."""

_STATUS_SUCCESS, _STATUS_RUNNING = 0, 1
_PUBLISH_IDS_STATE = "publishing"

_STILL_PUBLISHING = BilingualMessage(
    "微信收下了，还在发布",
    "过几分钟再 publish 一次，会接着等结果，不会重复发布",
    "WeChat has taken it and is still at work on it",
    "publish again in a few minutes: it goes on waiting, and publishes nothing twice",
)


class PublishFailedError(DeliveryError):
    """WeChat has ended the publication, and there is no article."""


class FreePublisher:
    """Publishes for an account. `sleep` waits for some seconds.

    What was handed in is remembered before its end is known, so that whoever comes after a crash waits for
    the same and does not hand it in again.
    """

    def __init__(self, client: WeChatClient, sleep: Callable[[float], None]) -> None:
        self._client = client
        self._sleep = sleep

    def is_submitted(self, issue: str) -> bool:
        """Whether an issue is on its way, or at its end."""
        return bool(self._get_publish_id(issue))

    def submit(self, issue: str, media_id: str) -> None:
        """Hand in a draft, whose media_id is worth nothing afterwards."""
        made = self._client.call("freepublish/submit", {"media_id": media_id}, has_effect=True)
        with suppress(DeliveryError):  # it is handed in, and whatever happens now must not unsay that
            self._client.state.set_value(_PUBLISH_IDS_STATE, issue, str(made["publish_id"]))

    def wait_for_article(self, issue: str) -> Receipt:
        """The article, once it is there. Raises DeliveryError when it will not be, and OutcomeUnknownError
        when that takes too long."""
        for pause in (*POLL_INTERVALS, 0.0):
            try:
                receipt = self._check_status(issue)
            except PublishFailedError:
                self._client.state.set_value(_PUBLISH_IDS_STATE, issue, "")  # it may be handed in again
                raise
            except DeliveryError:  # no answer is no end: ask again
                receipt = None
            if receipt:
                return receipt
            self._sleep(pause)
        raise OutcomeUnknownError(*_STILL_PUBLISHING.format(self._client.lang))

    def find_article(self, query: IssueQuery) -> Receipt | None:
        """The article of an issue, None when there is none. Raises DeliveryError when it is on its way, or
        nobody answers."""
        if self.is_submitted(query.issue):
            try:
                receipt = self._check_status(query.issue)
            except PublishFailedError:
                return None
            if receipt is None:
                raise _STILL_PUBLISHING.build_error(self._client.lang)
            return receipt
        for name, article in self._client.list_articles("freepublish/batchget"):
            if is_of_issue(article, query) and not article.get("is_deleted"):
                return Receipt(url=str(article.get("url", "")), remote_id=f"{ARTICLE_ID_PREFIX}{name}")
        return None

    def is_published(self, query: IssueQuery) -> bool:
        """Whether WeChat has the article, as far as this account may ask."""
        try:
            return self.find_article(query) is not None
        except WeChatApiError as error:
            if error.code == API_UNAUTHORIZED:
                return False
            raise

    def _check_status(self, issue: str) -> Receipt | None:
        """The article of an issue that was handed in; None while WeChat is at work on it."""
        made = self._client.call("freepublish/get", {"publish_id": self._get_publish_id(issue)})
        state = int(made.get("publish_status", _STATUS_RUNNING))
        if state == _STATUS_RUNNING:
            return None
        if state == _STATUS_SUCCESS:
            (item, *_) = made["article_detail"]["item"]
            return Receipt(url=str(item["article_url"]), remote_id=f"{ARTICLE_ID_PREFIX}{made['article_id']}")
        sentence, step = PUBLISH_STATUS_MESSAGES.get(state, PUBLISH_STATUS_MESSAGES[3]).format(
            self._client.lang
        )
        raise PublishFailedError(f"{sentence} (publish_status {state})", step, permanent=True)

    def _get_publish_id(self, issue: str) -> str:
        return str(self._client.state.load(_PUBLISH_IDS_STATE).get(issue, ""))
