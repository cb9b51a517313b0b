"""Proofs: an issue as a draft of its own, shown to the editor before it becomes the draft of the issue.

A draft has an address at which its article can be seen for a while, and verified accounts may send it to
somebody's phone, a hundred times a day: developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/
api_getdraft, and doc/service/api/notify/message/api_preview
"""

from __future__ import annotations

from contextlib import suppress

from publisher.channels.wechat.client import API_UNAUTHORIZED, INVALID_MEDIA_ID, WeChatApiError, WeChatClient
from publisher.channels.wechat.writer import BilingualMessage
from publisher.errors import DeliveryError
from publisher.patterns import lazy_pattern

DRAFTS_RECIPIENT = "drafts"
"""The destination of a proof that nobody gets on the phone."""

_TEST_DRAFTS_STATE = "proofs"
_OPENID = lazy_pattern(r"o[\w-]{27}")

_TEST_DRAFT_READY = BilingualMessage(
    "校样在草稿箱里；发布时它就成为这一期的草稿",
    "临时链接过一段时间会失效",
    "the proof is in the account's drafts, and becomes the draft of the issue when it is published",
    "its address works for a while only",
)
_PREVIEW_NOT_AUTHORIZED = BilingualMessage(
    "这个公众号不能用接口把预览发到手机上",
    "在草稿箱里打开校样，点「预览」",
    "this account may not send previews to a phone by the interface",
    "open the proof among the drafts at mp.weixin.qq.com, and press 预览 there",
)


class SavedTestDrafts:
    """The proofs of an account that this machine knows of, by the marks of their issues."""

    def __init__(self, client: WeChatClient) -> None:
        self._client = client

    def get_media_id(self, issue: str) -> str:
        """The media_id of the proof of an issue; empty when there is none."""
        return str(self._client.state.load(_TEST_DRAFTS_STATE).get(issue, ""))

    def save(self, issue: str, media_id: str) -> None:
        """Know of a proof; of none when the media_id is empty."""
        self._client.state.set_value(_TEST_DRAFTS_STATE, issue, media_id)

    def delete(self, issue: str, draft_media_id: str) -> None:
        """Delete the proof of an issue that has a `draft`, which it may have become. If it cannot be
        deleted, it stays where it is."""
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
        """Show a proof to a reader, whose name at WeChat or OpenID it is; where else it can be seen, and
        what to know of that."""
        lang = self._client.lang
        notes = ["; ".join(_TEST_DRAFT_READY.format(lang))]
        if recipient != DRAFTS_RECIPIENT:
            name = "touser" if _OPENID.fullmatch(recipient) else "towxname"
            message = {name: recipient, "msgtype": "mpnews", "mpnews": {"media_id": media_id}}
            try:
                self._client.call("message/mass/preview", message, has_effect=True)
            except WeChatApiError as error:
                if error.code != API_UNAUTHORIZED:
                    raise
                notes.append("; ".join(_PREVIEW_NOT_AUTHORIZED.format(lang)))
        (there, *_) = self._client.call("draft/get", {"media_id": media_id})["news_item"]
        return str(there.get("url", "")), tuple(notes)
