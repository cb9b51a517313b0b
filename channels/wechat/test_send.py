"""Test sends: an issue as a test draft for the editor, which later becomes the draft of the issue.

A draft has a temporary URL at which its article can be viewed, and verified accounts may send a preview to a
phone, 100 times a day: developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/api_getdraft, and
doc/service/api/notify/message/api_preview
"""

from __future__ import annotations

from contextlib import suppress

from publisher.channels.wechat.bilingual import BilingualMessage
from publisher.channels.wechat.client import API_UNAUTHORIZED, INVALID_MEDIA_ID, WeChatApiError, WeChatClient
from publisher.errors import DeliveryError
from publisher.patterns import lazy_pattern

DRAFTS_RECIPIENT = "drafts"
"""The destination of a test send that is not sent to a phone."""

_TEST_DRAFTS_STATE = "proofs"
_OPENID = lazy_pattern(r"o[\w-]{27}")

_TEST_DRAFT_READY = BilingualMessage(
    "校样已放入草稿箱；发布时它就成为这一期的草稿",
    "临时链接过一段时间会失效",
    "the test draft is in the account's drafts; when you publish, it becomes the draft of the issue",
    "its URL is temporary",
)
_PREVIEW_NOT_AUTHORIZED = BilingualMessage(
    "这个公众号不能通过接口把预览发到手机上",
    "在草稿箱里打开校样，点「预览」",
    "this account is not authorized to send previews to a phone through the API",
    "open the test draft at mp.weixin.qq.com and press 预览",
)


class SavedTestDrafts:
    """The test drafts of an account that this machine created, by the markers of their issues."""

    def __init__(self, client: WeChatClient) -> None:
        self._client = client

    def get_media_id(self, issue: str) -> str:
        """Return the media_id of the test draft of an issue; empty if there is none."""
        return str(self._client.state.load(_TEST_DRAFTS_STATE).get(issue, ""))

    def save(self, issue: str, media_id: str) -> None:
        """Remember the test draft of an issue; forget it if `media_id` is empty."""
        self._client.state.set_value(_TEST_DRAFTS_STATE, issue, media_id)

    def delete(self, issue: str, draft_media_id: str) -> None:
        """Delete the test draft of an issue whose draft is `draft_media_id`, unless it has become that draft.

        A test draft that cannot be deleted is kept, without an error.
        """
        media_id = self.get_media_id(issue)
        if media_id == draft_media_id:
            self.save(issue, "")
        elif media_id:
            with suppress(DeliveryError):
                try:
                    self._client.call("draft/delete", {"media_id": media_id})
                except WeChatApiError as error:
                    if error.code != INVALID_MEDIA_ID:
                        raise
                self.save(issue, "")

    def send_preview(self, media_id: str, recipient: str) -> tuple[str, tuple[str, ...]]:
        """Send a test draft to a WeChat ID or OpenID; return its temporary URL and notes for the editor.

        Nothing is sent to `DRAFTS_RECIPIENT`.
        """
        lang = self._client.lang
        notes = ["; ".join(_TEST_DRAFT_READY.format(lang))]
        if recipient != DRAFTS_RECIPIENT:
            key = "touser" if _OPENID.fullmatch(recipient) else "towxname"
            message = {key: recipient, "msgtype": "mpnews", "mpnews": {"media_id": media_id}}
            try:
                self._client.call("message/mass/preview", message, has_effect=True)
            except WeChatApiError as error:
                if error.code != API_UNAUTHORIZED:
                    raise
                notes.append("; ".join(_PREVIEW_NOT_AUTHORIZED.format(lang)))
        (article, *_) = self._client.call("draft/get", {"media_id": media_id})["news_item"]
        return str(article.get("url", "")), tuple(notes)
