"""Delivering drafts to an official account: add, put in the place of, take back, and find again.

developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/api_draft_add, and api_draft_update,
api_getdraft, api_draft_batchget, api_draft_delete there
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from publisher.channel import Part, Receipt
from publisher.channels.wechat import cover, images
from publisher.channels.wechat.client import NO_MEDIA, Account, RefusedError
from publisher.channels.wechat.doctor import check
from publisher.channels.wechat.draft import (
    PUBLISH,
    Draft,
    Wanted,
    is_of,
    is_same,
    issue_of,
    proof_of,
    read,
    wanted,
    with_pictures,
)
from publisher.channels.wechat.free_publish import ARTICLE, Publishing
from publisher.channels.wechat.images import Source, Uploads
from publisher.channels.wechat.settings import TITLE
from publisher.channels.wechat.test_send import Proofs
from publisher.channels.wechat.writer import Sentence

_ONE_TAP = Sentence(
    "草稿已经在公众平台的草稿箱里",
    "看一遍，在那里发表",
    "the article is in the account's drafts",
    "look at it at mp.weixin.qq.com and send it from there",
)
_ANEW = Sentence(
    "原来的草稿已经不在草稿箱里，新加了一份",
    "如果这一期已经在公众平台上发表，就把新的草稿删掉",
    "the draft was no longer there, so there is a new one",
    "if this issue was sent from mp.weixin.qq.com meanwhile, delete the new draft there",
)
_PUBLISHED = Sentence(
    "这一期已经发布，接口不能改已发布的文章",
    "在公众平台上打开文章，用「修改」更正",
    "this issue is published, and no interface corrects what is published",
    "open the article at mp.weixin.qq.com and correct it there",
)
_STAYS = Sentence(
    "已发布的文章留在原处",
    "要删除就在公众平台上删除",
    "the published article stays where it is",
    "delete it at mp.weixin.qq.com if you want that",
)
_NO_DRAFT = Sentence(
    "草稿箱里没有这一期的草稿，不能发布",
    "看看它是否已经在公众平台上发表或者删除",
    "there is no draft of this issue to publish",
    "see at mp.weixin.qq.com whether it was sent or deleted there",
)
_NOT_LISTED = Sentence(
    "不知道草稿有没有提交发布，已发布的文章里还没有这一期",
    "登录公众平台看看，再用 publish resolve 说明结果",
    "nobody knows whether the draft was handed in, and it is not among the articles yet",
    "look at mp.weixin.qq.com, then say what you saw: publish resolve",
)


class DraftSession:
    """A ProbingSession; its destination is the account, any other gets a proof. `root` is the folder in which
    the files of pictures lie. With `publishes` a draft is published afterwards, which is a delivery of its
    own; `sleep` waits for some seconds.

    The name of a draft is its media_id, that of a published article says that it is one.
    """

    def __init__(
        self,
        account: Account,
        root: Path,
        *,
        title_limit: int = TITLE,
        publishes: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._account = account
        self._root = root
        self._title_limit = title_limit
        self._publishes = publishes
        self._publishing = Publishing(account, sleep)
        self._uploads = Uploads(account)
        self._proofs = Proofs(account)
        self._added: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Raises ConfigError when the secret is not where it should be."""
        self._account.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._account.__exit__(kind, error, trace)

    def deliver(self, part: Part, destination: str) -> Receipt:
        """Add a draft, or publish the one that was added. A proof there is of it becomes the draft."""
        if destination != self._account.appid:
            return self._prove(part, destination)
        if part.key.endswith(PUBLISH):
            return self._publish(wanted(part))
        draft = read(part)
        media_id, there = self._proof(draft.issue)
        if there:
            self._put(draft, media_id, there)
            self._proofs.remember(draft.issue, "")
        else:
            media_id = self._add(draft)
        self._added[draft.issue] = media_id
        notes = () if self._publishes else (self._said(_ONE_TAP),)
        return Receipt(remote_id=media_id, notes=(*self._uploads.notes, *notes))

    def edit(self, part: Part, destination: str, remote_id: str) -> Receipt:  # noqa: ARG002 - the protocol's
        """Put a draft in the place of another. One that somebody deleted is added anew, once; what is
        published stays as it is."""
        if part.key.endswith(PUBLISH):
            raise _PUBLISHED.error(self._account.lang, permanent=True)
        draft = read(part)
        check(draft, self._title_limit, self._account.lang)
        there = self._article(remote_id)
        if there is None:
            return self._anew(draft)
        receipt = self._put(draft, remote_id, there)
        self._proofs.delete(draft.issue, remote_id)
        return receipt

    def delete(self, destination: str, remote_id: str) -> Receipt:  # noqa: ARG002 - the protocol's
        """Delete a draft. A published article stays."""
        if remote_id.startswith(ARTICLE):
            return Receipt(changed=False, remote_id=remote_id, notes=(self._said(_STAYS),))
        try:
            self._account.call("draft/delete", {"media_id": remote_id}, acts=True)
        except RefusedError as error:
            if error.code != NO_MEDIA:
                raise
            return Receipt(changed=False, remote_id=remote_id)
        return Receipt(remote_id=remote_id)

    def probe(self, part: Part, destination: str) -> Receipt | None:  # noqa: ARG002 - the protocol's
        """The draft of exactly this content, or the published article. Raises DeliveryError also when a draft
        may be on its way to be published: WeChat lists articles at their end only."""
        if part.key.endswith(PUBLISH):
            which = wanted(part)
            receipt = self._publishing.find(which)
            if receipt is None and not self._publishing.is_handed_in(which.issue):
                raise _NOT_LISTED.error(self._account.lang)
            return receipt
        article = read(part).article
        for media_id, there in self._account.listed("draft/batchget"):
            if is_same(there, article):
                return Receipt(remote_id=media_id)
        return None

    # ------------------------------------------------------------------ drafts

    def _add(self, draft: Draft) -> str:
        made = self._with_cover(
            draft, lambda article: self._account.call("draft/add", {"articles": [article]}, acts=True)
        )
        return str(made["media_id"])

    def _put(self, draft: Draft, media_id: str, there: Mapping[str, Any]) -> Receipt:
        """Put a draft in the place of the one that is there."""
        if is_same(there, draft.article):
            return Receipt(changed=False, remote_id=media_id)
        self._with_cover(
            draft,
            lambda article: self._account.call(
                "draft/update", {"media_id": media_id, "index": 0, "articles": article}, acts=True
            ),
        )
        return Receipt(remote_id=media_id, notes=tuple(self._uploads.notes))

    def _anew(self, draft: Draft) -> Receipt:
        """Add a draft that was there and is gone, unless that is because it was published."""
        which = issue_of(draft)
        if self._publishing.is_handed_in(draft.issue) or (self._publishes and self._publishing.is_out(which)):
            raise _PUBLISHED.error(self._account.lang, permanent=True)
        if found := self._draft_of(which):
            return self._put(draft, *found)
        media_id = self._add(draft)
        return Receipt(remote_id=media_id, notes=(*self._uploads.notes, self._said(_ANEW)))

    def _article(self, media_id: str) -> Mapping[str, Any] | None:
        """The article of a draft as it is at WeChat; None when it is no longer there."""
        try:
            items = self._account.call("draft/get", {"media_id": media_id})["news_item"]
        except RefusedError as error:
            if error.code != NO_MEDIA:
                raise
            return None
        return dict(items[0])

    def _draft_of(self, which: Wanted) -> tuple[str, Mapping[str, Any]] | None:
        """The draft of an issue, whatever its content."""
        drafts = self._account.listed("draft/batchget")
        return next(((media_id, there) for media_id, there in drafts if is_of(there, which)), None)

    # ------------------------------------------------------------------ proofs

    def _prove(self, part: Part, reader: str) -> Receipt:
        """Show a proof of an issue. It is no article yet, and is not published."""
        if part.key.endswith(PUBLISH):
            return Receipt(changed=False)
        draft = read(part)
        media_id, there = self._proof(draft.issue)
        if there and not is_of(there, issue_of(draft)):  # or else it has become the draft
            self._put(proof_of(draft), media_id, there)
        else:
            media_id = self._add(proof_of(draft))
            self._proofs.remember(draft.issue, media_id)
        url, notes = self._proofs.show(media_id, reader)
        return Receipt(url=url, notes=(*self._uploads.notes, *notes))

    def _proof(self, issue: str) -> tuple[str, Mapping[str, Any] | None]:
        """The media_id and the article of the proof of an issue, if there is one."""
        media_id = self._proofs.known(issue)
        return media_id, self._article(media_id) if media_id else None

    # ---------------------------------------------------------------- pictures

    def _with_cover(self, draft: Draft, act: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
        """Do something with the article, all its pictures uploaded. A cover that somebody deleted from the
        library is uploaded once more. What WeChat would refuse is found before it is asked."""
        check(draft, self._title_limit, self._account.lang)
        front = self._cover(draft.cover)
        inside = {url: self._picture(url, file) for url, file in draft.pictures.items()}
        for source in (front, *inside.values()):
            self._uploads.prepare(source)
        addresses = {url: self._uploads.picture(source) for url, source in inside.items()}
        content = with_pictures(draft.article["content"], addresses)
        article = draft.article | {"content": content}
        check(draft._replace(article=article, pictures={}), self._title_limit, self._account.lang)
        try:
            return act(article | {"thumb_media_id": self._uploads.cover(front)})
        except RefusedError as error:
            if error.code != NO_MEDIA:
                raise
        self._uploads.forget_cover(front)
        return act(article | {"thumb_media_id": self._uploads.cover(front)})

    def _cover(self, wish: Mapping[str, str]) -> Source:
        if file := wish.get("file"):
            return images.from_file(self._root / file, self._account.lang)
        return Source("cover.png", cover.draw(wish["title"], wish["date"]))

    def _picture(self, url: str, file: str) -> Source:
        """A picture of the text: from its file, if the pages have been made, or else from its address."""
        path = self._root / file
        if file and path.is_file():
            return images.from_file(path, self._account.lang)
        return images.from_web(url, self._account.lang)

    # -------------------------------------------------------------- publishing

    def _publish(self, which: Wanted) -> Receipt:
        """Hand in the draft, if that was not done before, and wait for its end."""
        if not self._publishing.is_handed_in(which.issue):
            media_id = self._added.get(which.issue)
            if not media_id and (found := self._draft_of(which)):
                media_id = found[0]
            if not media_id:
                raise _NO_DRAFT.error(self._account.lang, permanent=True)
            self._publishing.hand_in(which.issue, media_id)
        return self._publishing.wait(which.issue)

    def _said(self, sentence: Sentence) -> str:
        return "; ".join(sentence.told(self._account.lang))
