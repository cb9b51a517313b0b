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
from publisher.channels.wechat.client import INVALID_MEDIA_ID, WeChatApiError, WeChatClient
from publisher.channels.wechat.doctor import validate_draft
from publisher.channels.wechat.draft import (
    PUBLISH_KEY_SUFFIX,
    Draft,
    IssueQuery,
    build_issue_query,
    build_test_draft,
    is_of_issue,
    is_same_article,
    parse_draft,
    parse_issue_query,
    replace_image_urls,
)
from publisher.channels.wechat.free_publish import ARTICLE_ID_PREFIX, FreePublisher
from publisher.channels.wechat.images import ImageUploader, SourceImage
from publisher.channels.wechat.settings import MAX_TITLE_LENGTH
from publisher.channels.wechat.test_send import SavedTestDrafts
from publisher.channels.wechat.writer import BilingualMessage

_DRAFT_READY = BilingualMessage(
    "草稿已经在公众平台的草稿箱里",
    "看一遍，在那里发表",
    "the article is in the account's drafts",
    "look at it at mp.weixin.qq.com and send it from there",
)
_DRAFT_RECREATED = BilingualMessage(
    "原来的草稿已经不在草稿箱里，新加了一份",
    "如果这一期已经在公众平台上发表，就把新的草稿删掉",
    "the draft was no longer there, so there is a new one",
    "if this issue was sent from mp.weixin.qq.com meanwhile, delete the new draft there",
)
_ALREADY_PUBLISHED = BilingualMessage(
    "这一期已经发布，接口不能改已发布的文章",
    "在公众平台上打开文章，用「修改」更正",
    "this issue is published, and no interface corrects what is published",
    "open the article at mp.weixin.qq.com and correct it there",
)
_ARTICLE_NOT_DELETED = BilingualMessage(
    "已发布的文章留在原处",
    "要删除就在公众平台上删除",
    "the published article stays where it is",
    "delete it at mp.weixin.qq.com if you want that",
)
_NO_DRAFT = BilingualMessage(
    "草稿箱里没有这一期的草稿，不能发布",
    "看看它是否已经在公众平台上发表或者删除",
    "there is no draft of this issue to publish",
    "see at mp.weixin.qq.com whether it was sent or deleted there",
)
_SUBMISSION_UNKNOWN = BilingualMessage(
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
        client: WeChatClient,
        root: Path,
        *,
        title_limit: int = MAX_TITLE_LENGTH,
        publishes: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._root = root
        self._title_limit = title_limit
        self._publishes = publishes
        self._publisher = FreePublisher(client, sleep)
        self._uploader = ImageUploader(client)
        self._test_drafts = SavedTestDrafts(client)
        self._added_media_ids: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Raises ConfigError when the secret is not where it should be."""
        self._client.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, error, trace)

    def deliver(self, part: Part, destination: str) -> Receipt:
        """Add a draft, or publish the one that was added. A proof there is of it becomes the draft."""
        if destination != self._client.appid:
            return self._deliver_test(part, destination)
        if part.key.endswith(PUBLISH_KEY_SUFFIX):
            return self._publish_draft(parse_issue_query(part))
        draft = parse_draft(part)
        media_id, there = self._find_test_draft(draft.issue)
        if there:
            self._update_draft(draft, media_id, there)
            self._test_drafts.save(draft.issue, "")
        else:
            media_id = self._add_draft(draft)
        self._added_media_ids[draft.issue] = media_id
        notes = () if self._publishes else (self._format_message(_DRAFT_READY),)
        return Receipt(remote_id=media_id, notes=(*self._uploader.notes, *notes))

    def edit(self, part: Part, destination: str, remote_id: str) -> Receipt:  # noqa: ARG002 - the protocol's
        """Put a draft in the place of another. One that somebody deleted is added anew, once; what is
        published stays as it is."""
        if part.key.endswith(PUBLISH_KEY_SUFFIX):
            raise _ALREADY_PUBLISHED.build_error(self._client.lang, permanent=True)
        draft = parse_draft(part)
        validate_draft(draft, self._title_limit, self._client.lang)
        there = self._fetch_article(remote_id)
        if there is None:
            return self._recreate_draft(draft)
        receipt = self._update_draft(draft, remote_id, there)
        self._test_drafts.delete(draft.issue, remote_id)
        return receipt

    def delete(self, destination: str, remote_id: str) -> Receipt:  # noqa: ARG002 - the protocol's
        """Delete a draft. A published article stays."""
        if remote_id.startswith(ARTICLE_ID_PREFIX):
            return Receipt(
                changed=False, remote_id=remote_id, notes=(self._format_message(_ARTICLE_NOT_DELETED),)
            )
        try:
            self._client.call("draft/delete", {"media_id": remote_id}, has_effect=True)
        except WeChatApiError as error:
            if error.code != INVALID_MEDIA_ID:
                raise
            return Receipt(changed=False, remote_id=remote_id)
        return Receipt(remote_id=remote_id)

    def probe(self, part: Part, destination: str) -> Receipt | None:  # noqa: ARG002 - the protocol's
        """The draft of exactly this content, or the published article. Raises DeliveryError also when a draft
        may be on its way to be published: WeChat lists articles at their end only."""
        if part.key.endswith(PUBLISH_KEY_SUFFIX):
            which = parse_issue_query(part)
            receipt = self._publisher.find_article(which)
            if receipt is None and not self._publisher.is_submitted(which.issue):
                raise _SUBMISSION_UNKNOWN.build_error(self._client.lang)
            return receipt
        article = parse_draft(part).article
        for media_id, there in self._client.list_articles("draft/batchget"):
            if is_same_article(there, article):
                return Receipt(remote_id=media_id)
        return None

    # ------------------------------------------------------------------ drafts

    def _add_draft(self, draft: Draft) -> str:
        made = self._upload_images_and_call(
            draft, lambda article: self._client.call("draft/add", {"articles": [article]}, has_effect=True)
        )
        return str(made["media_id"])

    def _update_draft(self, draft: Draft, media_id: str, remote: Mapping[str, Any]) -> Receipt:
        """Put a draft in the place of the one that is there."""
        if is_same_article(remote, draft.article):
            return Receipt(changed=False, remote_id=media_id)
        self._upload_images_and_call(
            draft,
            lambda article: self._client.call(
                "draft/update", {"media_id": media_id, "index": 0, "articles": article}, has_effect=True
            ),
        )
        return Receipt(remote_id=media_id, notes=tuple(self._uploader.notes))

    def _recreate_draft(self, draft: Draft) -> Receipt:
        """Add a draft that was there and is gone, unless that is because it was published."""
        which = build_issue_query(draft)
        if self._publisher.is_submitted(draft.issue) or (
            self._publishes and self._publisher.is_published(which)
        ):
            raise _ALREADY_PUBLISHED.build_error(self._client.lang, permanent=True)
        if found := self._find_draft(which):
            return self._update_draft(draft, *found)
        media_id = self._add_draft(draft)
        return Receipt(
            remote_id=media_id, notes=(*self._uploader.notes, self._format_message(_DRAFT_RECREATED))
        )

    def _fetch_article(self, media_id: str) -> Mapping[str, Any] | None:
        """The article of a draft as it is at WeChat; None when it is no longer there."""
        try:
            items = self._client.call("draft/get", {"media_id": media_id})["news_item"]
        except WeChatApiError as error:
            if error.code != INVALID_MEDIA_ID:
                raise
            return None
        return dict(items[0])

    def _find_draft(self, query: IssueQuery) -> tuple[str, Mapping[str, Any]] | None:
        """The draft of an issue, whatever its content."""
        drafts = self._client.list_articles("draft/batchget")
        return next(((media_id, there) for media_id, there in drafts if is_of_issue(there, query)), None)

    # ------------------------------------------------------------------ proofs

    def _deliver_test(self, part: Part, recipient: str) -> Receipt:
        """Show a proof of an issue. It is no article yet, and is not published."""
        if part.key.endswith(PUBLISH_KEY_SUFFIX):
            return Receipt(changed=False)
        draft = parse_draft(part)
        media_id, there = self._find_test_draft(draft.issue)
        if there and not is_of_issue(there, build_issue_query(draft)):  # or else it has become the draft
            self._update_draft(build_test_draft(draft), media_id, there)
        else:
            media_id = self._add_draft(build_test_draft(draft))
            self._test_drafts.save(draft.issue, media_id)
        url, notes = self._test_drafts.send_preview(media_id, recipient)
        return Receipt(url=url, notes=(*self._uploader.notes, *notes))

    def _find_test_draft(self, issue: str) -> tuple[str, Mapping[str, Any] | None]:
        """The media_id and the article of the proof of an issue, if there is one."""
        media_id = self._test_drafts.get_media_id(issue)
        return media_id, self._fetch_article(media_id) if media_id else None

    # ---------------------------------------------------------------- pictures

    def _upload_images_and_call(
        self, draft: Draft, call: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> dict[str, Any]:
        """Do something with the article, all its pictures uploaded. A cover that somebody deleted from the
        library is uploaded once more. What WeChat would refuse is found before it is asked."""
        validate_draft(draft, self._title_limit, self._client.lang)
        front = self._load_cover(draft.cover)
        inside = {url: self._load_image(url, file) for url, file in draft.images.items()}
        for source in (front, *inside.values()):
            self._uploader.prepare(source)
        addresses = {url: self._uploader.upload_image(source) for url, source in inside.items()}
        content = replace_image_urls(draft.article["content"], addresses)
        article = draft.article | {"content": content}
        validate_draft(draft._replace(article=article, images={}), self._title_limit, self._client.lang)
        try:
            return call(article | {"thumb_media_id": self._uploader.upload_cover(front)})
        except WeChatApiError as error:
            if error.code != INVALID_MEDIA_ID:
                raise
        self._uploader.forget_cover(front)
        return call(article | {"thumb_media_id": self._uploader.upload_cover(front)})

    def _load_cover(self, spec: Mapping[str, str]) -> SourceImage:
        if file := spec.get("file"):
            return images.load_image_file(self._root / file, self._client.lang)
        return SourceImage("cover.png", cover.draw_cover(spec["title"], spec["date"]))

    def _load_image(self, url: str, file: str) -> SourceImage:
        """A picture of the text: from its file, if the pages have been made, or else from its address."""
        path = self._root / file
        if file and path.is_file():
            return images.load_image_file(path, self._client.lang)
        return images.download_image(url, self._client.lang)

    # -------------------------------------------------------------- publishing

    def _publish_draft(self, query: IssueQuery) -> Receipt:
        """Hand in the draft, if that was not done before, and wait for its end."""
        if not self._publisher.is_submitted(query.issue):
            media_id = self._added_media_ids.get(query.issue)
            if not media_id and (found := self._find_draft(query)):
                media_id = found[0]
            if not media_id:
                raise _NO_DRAFT.build_error(self._client.lang, permanent=True)
            self._publisher.submit(query.issue, media_id)
        return self._publisher.wait_for_article(query.issue)

    def _format_message(self, message: BilingualMessage) -> str:
        return "; ".join(message.format(self._client.lang))
