"""Publishing a draft through WeChat's freepublish API, which requires a verified account.

A draft is submitted, then its publish_status, one of seven values, is polled until it is final: a successful
submission does not mean that the article is published.
developers.weixin.qq.com/doc/subscription/api/public/api_freepublish_submit, and api_freepublish_get and
api_freepublish_batchget there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from publisher.channel import Receipt
from publisher.channels.wechat.bilingual import BilingualMessage
from publisher.channels.wechat.client import API_UNAUTHORIZED, WeChatApiError, WeChatClient
from publisher.channels.wechat.draft import IssueQuery, is_of_issue
from publisher.channels.wechat.errors import PUBLISH_STATUS_MESSAGES
from publisher.errors import DeliveryError, OutcomeUnknownError

POLL_INTERVALS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)
"""Seconds between polls of the status: two minutes in all."""

ARTICLE_ID_PREFIX = "article/"
"""The prefix of the remote_id of a published article; the media_id of a draft has no slash."""

_STATUS_SUCCESS, _STATUS_RUNNING = 0, 1
_PUBLISH_IDS_STATE = "publishing"

_STILL_PUBLISHING = BilingualMessage(
    "微信已接受提交，仍在发布中",
    "过几分钟再运行 publish，会继续等待结果，不会重复发布",
    "WeChat accepted the draft and is still publishing it",
    "run publish again in a few minutes: it continues to wait and never publishes twice",
)


class PublishFailedError(DeliveryError):
    """WeChat's final status is that the article is not published."""


class FreePublisher:
    """Publishes drafts of an account. `sleep` waits for a number of seconds.

    The publish_id is stored on submission, so that after a crash the next run waits for the same publication
    and does not submit the draft again.
    """

    def __init__(self, client: WeChatClient, sleep: Callable[[float], None]) -> None:
        self._client = client
        self._sleep = sleep

    def is_submitted(self, issue: str) -> bool:
        """Return whether a draft of the issue was submitted, whatever its status."""
        return bool(self._get_publish_id(issue))

    def submit(self, issue: str, media_id: str) -> None:
        """Submit a draft; its media_id is invalid afterwards."""
        response = self._client.call("freepublish/submit", {"media_id": media_id}, has_effect=True)
        with suppress(DeliveryError):  # submitted: a storage error must not look as if it was not
            self._client.state.set_value(_PUBLISH_IDS_STATE, issue, str(response["publish_id"]))

    def wait_for_article(self, issue: str) -> Receipt:
        """Poll until the article is published.

        Raises PublishFailedError when WeChat does not publish it, and OutcomeUnknownError after two minutes, or when
        the delivery has no time left.
        """
        for pause in (*POLL_INTERVALS, 0.0):
            if self._client.deadline and self._client.deadline.has_passed:
                break
            try:
                receipt = self._check_status(issue)
            except PublishFailedError:
                self._client.state.set_value(_PUBLISH_IDS_STATE, issue, "")  # allows to submit it again
                raise
            except DeliveryError:  # the status could not be read: ask again
                receipt = None
            if receipt:
                return receipt
            self._sleep(pause)
        raise OutcomeUnknownError(*_STILL_PUBLISHING.format(self._client.lang))

    def find_article(self, query: IssueQuery) -> Receipt | None:
        """Return the published article of an issue, or None if there is none.

        Raises DeliveryError while it is being published, or when WeChat gives no answer.
        """
        if self.is_submitted(query.issue):
            try:
                receipt = self._check_status(query.issue)
            except PublishFailedError:
                return None
            if receipt is None:
                raise _STILL_PUBLISHING.build_error(self._client.lang)
            return receipt
        for article_id, article in self._client.list_articles("freepublish/batchget"):
            if is_of_issue(article, query) and not article.get("is_deleted"):
                return Receipt(url=str(article.get("url", "")), remote_id=f"{ARTICLE_ID_PREFIX}{article_id}")
        return None

    def is_published(self, query: IssueQuery) -> bool:
        """Return whether the issue has a published article; False for accounts without access to this API."""
        try:
            return self.find_article(query) is not None
        except WeChatApiError as error:
            if error.code == API_UNAUTHORIZED:
                return False
            raise

    def _check_status(self, issue: str) -> Receipt | None:
        """Return the article of a submitted issue; None while WeChat is publishing it."""
        response = self._client.call("freepublish/get", {"publish_id": self._get_publish_id(issue)})
        status = int(response.get("publish_status", _STATUS_RUNNING))
        if status == _STATUS_RUNNING:
            return None
        if status == _STATUS_SUCCESS:
            (item, *_) = response["article_detail"]["item"]
            return Receipt(url=str(item["article_url"]), remote_id=f"{ARTICLE_ID_PREFIX}{response['article_id']}")
        message, hint = PUBLISH_STATUS_MESSAGES.get(status, PUBLISH_STATUS_MESSAGES[3]).format(self._client.lang)
        raise PublishFailedError(f"{message} (publish_status {status})", hint, permanent=True)

    def _get_publish_id(self, issue: str) -> str:
        return str(self._client.state.load(_PUBLISH_IDS_STATE).get(issue, ""))
