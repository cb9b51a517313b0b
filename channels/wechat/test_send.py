"""Proofs: an issue as a draft of its own, shown to the editor before it becomes the draft of the issue.

A draft has an address at which its article can be seen for a while, and verified accounts may send it to
somebody's phone, a hundred times a day: developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/
api_getdraft, and doc/service/api/notify/message/api_preview
"""

from __future__ import annotations

from contextlib import suppress

from publisher.channels.wechat.client import NO_MEDIA, NO_RIGHT, Account, RefusedError
from publisher.channels.wechat.writer import Sentence
from publisher.errors import DeliveryError
from publisher.patterns import lazy_pattern

DRAFTS = "drafts"
"""The destination of a proof that nobody gets on the phone."""

_FILE = "proofs"
_OPENID = lazy_pattern(r"o[\w-]{27}")

_SEEN = Sentence(
    "校样在草稿箱里；发布时它就成为这一期的草稿",
    "临时链接过一段时间会失效",
    "the proof is in the account's drafts, and becomes the draft of the issue when it is published",
    "its address works for a while only",
)
_NO_PREVIEW = Sentence(
    "这个公众号不能用接口把预览发到手机上",
    "在草稿箱里打开校样，点「预览」",
    "this account may not send previews to a phone by the interface",
    "open the proof among the drafts at mp.weixin.qq.com, and press 预览 there",
)


class Proofs:
    """The proofs of an account that this machine knows of, by the marks of their issues."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def known(self, issue: str) -> str:
        """The media_id of the proof of an issue; empty when there is none."""
        return str(self._account.store.read(_FILE).get(issue, ""))

    def remember(self, issue: str, media_id: str) -> None:
        """Know of a proof; of none when the media_id is empty."""
        self._account.store.remember(_FILE, issue, media_id)

    def delete(self, issue: str, draft: str) -> None:
        """Delete the proof of an issue that has a `draft`, which it may have become. If it cannot be
        deleted, it stays where it is."""
        media_id = self.known(issue)
        if media_id == draft:
            self.remember(issue, "")
        elif media_id:
            with suppress(DeliveryError):
                try:
                    self._account.call("draft/delete", {"media_id": media_id})
                except RefusedError as error:
                    if error.code != NO_MEDIA:
                        raise
                self.remember(issue, "")

    def show(self, media_id: str, reader: str) -> tuple[str, tuple[str, ...]]:
        """Show a proof to a reader, whose name at WeChat or OpenID it is; where else it can be seen, and
        what to know of that."""
        lang = self._account.lang
        notes = ["; ".join(_SEEN.told(lang))]
        if reader != DRAFTS:
            name = "touser" if _OPENID.fullmatch(reader) else "towxname"
            message = {name: reader, "msgtype": "mpnews", "mpnews": {"media_id": media_id}}
            try:
                self._account.call("message/mass/preview", message, acts=True)
            except RefusedError as error:
                if error.code != NO_RIGHT:
                    raise
                notes.append("; ".join(_NO_PREVIEW.told(lang)))
        (there, *_) = self._account.call("draft/get", {"media_id": media_id})["news_item"]
        return str(there.get("url", "")), tuple(notes)
