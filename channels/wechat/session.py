"""Delivers drafts to an official account: add, update, delete, find and publish them.

developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/api_draft_add, and api_draft_update,
api_getdraft, api_draft_batchget, api_draft_delete there
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from publisher.channel import Part, Receipt, Session
from publisher.channels.wechat import cover, images
from publisher.channels.wechat.bilingual import BilingualMessage
from publisher.channels.wechat.client import INVALID_MEDIA_ID, WeChatApiError, WeChatClient
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
    validate_draft,
)
from publisher.channels.wechat.free_publish import ARTICLE_ID_PREFIX, FreePublisher
from publisher.channels.wechat.images import ImageUploader, SourceImage
from publisher.channels.wechat.settings import MAX_TITLE_LENGTH, ROOT_FROM_PREVIEW
from publisher.channels.wechat.test_send import SavedTestDrafts
from publisher.deadline import Deadline
from publisher.file_kinds import IMAGE
from publisher.local_files import MISSING, FileAccess

DELIVERY_TIMEOUT = 570.0
"""Seconds for a delivery with all its calls, downloads and waits; the conversion of images comes on top."""

_NOT_IN_FOLDER = (MISSING.code, "file-outside", "file-hidden")
"""Why an output file is not found here: the site may be at another place."""

_DRAFT_READY = BilingualMessage(
    "草稿已放入公众平台的草稿箱",
    "检查无误后在那里发表",
    "the article is in the account's drafts",
    "review it at mp.weixin.qq.com and publish it there",
)
_DRAFT_RECREATED = BilingualMessage(
    "原来的草稿已不在草稿箱里，已新建一份",
    "如果这一期已在公众平台上发表，请删除新的草稿",
    "the draft no longer existed, so a new one was added",
    "if this issue has been published at mp.weixin.qq.com in the meantime, delete the new draft there",
)
_ALREADY_PUBLISHED = BilingualMessage(
    "这一期已经发布，接口不能修改已发布的文章",
    "在公众平台上打开文章，用「修改」更正",
    "this issue is already published, and the API cannot change published articles",
    "open the article at mp.weixin.qq.com and correct it there",
)
_ARTICLE_NOT_DELETED = BilingualMessage(
    "已发布的文章没有删除",
    "如需删除，请在公众平台上操作",
    "the published article was not deleted",
    "to delete it, do so at mp.weixin.qq.com",
)
_NO_DRAFT = BilingualMessage(
    "草稿箱里没有这一期的草稿，无法发布",
    "检查它是否已在公众平台上发表或删除",
    "there is no draft of this issue to publish",
    "check at mp.weixin.qq.com whether it was published or deleted there",
)
_SUBMISSION_UNKNOWN = BilingualMessage(
    "无法确定草稿是否已提交发布，已发布的文章里还没有这一期",
    "登录公众平台查看，再运行 publish resolve 填写结果",
    "it is unknown whether the draft was submitted, and the article is not published yet",
    "check at mp.weixin.qq.com, then enter the result with publish resolve",
)


class DraftSession(Session):
    """A session for one account. A delivery to any other destination is a test send.

    `root` is the folder that image files are relative to, and `private_files` are never uploaded. With
    `publishes` the draft is published by a second delivery. `sleep` waits for a number of seconds. The
    remote_id of a draft is its media_id, that of a published article begins with `ARTICLE_ID_PREFIX`.
    """

    def __init__(
        self,
        client: WeChatClient,
        root: Path,
        *,
        title_limit: int = MAX_TITLE_LENGTH,
        publishes: bool = False,
        private_files: tuple[str, ...] = (),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._files = FileAccess(root, private_files)
        self._title_limit = title_limit
        self._publishes = publishes
        self._publisher = FreePublisher(client, sleep)
        self._uploader = ImageUploader(client)
        self._test_drafts = SavedTestDrafts(client)
        self._added_media_ids: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Resolve the secret. Raise ConfigError if it cannot be resolved."""
        self._client.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._client.__exit__(*error)

    def deliver(self, part: Part, destination: str, *_: object) -> Receipt:
        """Add a draft, or publish the one that was added. An existing test draft becomes the draft."""
        self._start_deadline()
        if destination != self._client.appid:
            return self._deliver_test(part, destination)
        if part.key.endswith(PUBLISH_KEY_SUFFIX):
            return self._publish_draft(parse_issue_query(part))
        draft = parse_draft(part)
        media_id, remote = self._find_test_draft(draft.issue)
        if remote:
            self._update_draft(draft, media_id, remote)
            self._test_drafts.save(draft.issue, "")
        else:
            media_id = self._add_draft(draft)
        self._added_media_ids[draft.issue] = media_id
        notes = () if self._publishes else (self._format_message(_DRAFT_READY),)
        return Receipt(remote_id=media_id, notes=(*self._uploader.notes, *notes))

    def edit(self, part: Part, destination: str, remote_id: str) -> Receipt:  # noqa: ARG002 - part of the interface
        """Update a draft; if it was deleted, add it again.

        Raises DeliveryError when the article is published: the API cannot change it any more.
        """
        self._start_deadline()
        if part.key.endswith(PUBLISH_KEY_SUFFIX):
            raise _ALREADY_PUBLISHED.build_error(self._client.lang, permanent=True)
        draft = parse_draft(part)
        validate_draft(draft, self._title_limit, self._client.lang)
        remote = self._fetch_article(remote_id)
        if remote is None:
            return self._recreate_draft(draft)
        receipt = self._update_draft(draft, remote_id, remote)
        self._test_drafts.delete(draft.issue, remote_id)
        return receipt

    def delete(self, destination: str, remote_id: str) -> Receipt:  # noqa: ARG002 - part of the interface
        """Delete a draft. A published article is not deleted; the receipt has a note about it."""
        self._start_deadline()
        if remote_id.startswith(ARTICLE_ID_PREFIX):
            return Receipt(changed=False, remote_id=remote_id, notes=(self._format_message(_ARTICLE_NOT_DELETED),))
        try:
            self._client.call("draft/delete", {"media_id": remote_id}, has_effect=True)
        except WeChatApiError as error:
            if error.code != INVALID_MEDIA_ID:
                raise
            return Receipt(changed=False, remote_id=remote_id)
        return Receipt(remote_id=remote_id)

    def probe(self, part: Part, destination: str) -> Receipt | None:  # noqa: ARG002 - part of the interface
        """Return the receipt of the draft with exactly this content, or of the published article; or None.

        Raises DeliveryError also when a draft may have been submitted but is not published yet: WeChat lists
        articles only once they are published.
        """
        self._start_deadline()
        if part.key.endswith(PUBLISH_KEY_SUFFIX):
            query = parse_issue_query(part)
            receipt = self._publisher.find_article(query)
            if receipt is None and not self._publisher.is_submitted(query.issue):
                raise _SUBMISSION_UNKNOWN.build_error(self._client.lang)
            return receipt
        article = parse_draft(part).article
        for media_id, remote in self._client.list_articles("draft/batchget"):
            if is_same_article(remote, article):
                return Receipt(remote_id=media_id)
        return None

    def _start_deadline(self) -> None:
        """Have all calls of a delivery together end before the channel's timeout."""
        self._client.deadline = Deadline(DELIVERY_TIMEOUT)

    # ------------------------------------------------------------------ drafts

    def _add_draft(self, draft: Draft) -> str:
        response = self._upload_images_and_call(
            draft, lambda article: self._client.call("draft/add", {"articles": [article]}, has_effect=True)
        )
        return str(response["media_id"])

    def _update_draft(self, draft: Draft, media_id: str, remote: Mapping[str, Any]) -> Receipt:
        """Replace the draft `remote` at WeChat, unless it has the same content."""
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
        """Add a draft that no longer exists, unless it was published or is found under another media_id."""
        query = build_issue_query(draft)
        if self._publisher.is_submitted(draft.issue) or (self._publishes and self._publisher.is_published(query)):
            raise _ALREADY_PUBLISHED.build_error(self._client.lang, permanent=True)
        if existing := self._find_draft(query):
            return self._update_draft(draft, *existing)
        media_id = self._add_draft(draft)
        return Receipt(remote_id=media_id, notes=(*self._uploader.notes, self._format_message(_DRAFT_RECREATED)))

    def _fetch_article(self, media_id: str) -> Mapping[str, Any] | None:
        """Return the article of a draft at WeChat; None if the draft no longer exists."""
        try:
            items = self._client.call("draft/get", {"media_id": media_id})["news_item"]
        except WeChatApiError as error:
            if error.code != INVALID_MEDIA_ID:
                raise
            return None
        return dict(items[0])

    def _find_draft(self, query: IssueQuery) -> tuple[str, Mapping[str, Any]] | None:
        """Return media_id and article of the draft of an issue, in any revision."""
        drafts = self._client.list_articles("draft/batchget")
        return next(((media_id, remote) for media_id, remote in drafts if is_of_issue(remote, query)), None)

    # ------------------------------------------------------------- test sends

    def _deliver_test(self, part: Part, recipient: str) -> Receipt:
        """Add or update the test draft of an issue and send its preview. A request to publish is ignored."""
        if part.key.endswith(PUBLISH_KEY_SUFFIX):
            return Receipt(changed=False)
        draft = parse_draft(part)
        media_id, remote = self._find_test_draft(draft.issue)
        if remote and not is_of_issue(remote, build_issue_query(draft)):  # else it has become the draft
            self._update_draft(build_test_draft(draft), media_id, remote)
        else:
            media_id = self._add_draft(build_test_draft(draft))
            self._test_drafts.save(draft.issue, media_id)
        url, notes = self._test_drafts.send_preview(media_id, recipient)
        return Receipt(url=url, notes=(*self._uploader.notes, *notes))

    def _find_test_draft(self, issue: str) -> tuple[str, Mapping[str, Any] | None]:
        """Return media_id ("" if unknown) and article (None if gone) of the test draft of an issue."""
        media_id = self._test_drafts.get_media_id(issue)
        return media_id, self._fetch_article(media_id) if media_id else None

    # ------------------------------------------------------------------ images

    def _upload_images_and_call(self, draft: Draft, call: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
        """Upload the images of a draft, then make `call` with the finished article and return its response.

        The draft is validated and all images are converted before the first upload. A cover that was deleted
        from the library is uploaded again.
        """
        validate_draft(draft, self._title_limit, self._client.lang)
        cover_image = self._load_cover(draft.cover)
        sources = {url: self._load_image(url, file) for url, file in draft.images.items()}
        for source in (cover_image, *sources.values()):
            self._uploader.prepare(source)
        urls = {url: self._uploader.upload_image(source) for url, source in sources.items()}
        content = replace_image_urls(draft.article["content"], urls)
        article = draft.article | {"content": content}
        validate_draft(draft._replace(article=article, images={}), self._title_limit, self._client.lang)
        try:
            return call(article | {"thumb_media_id": self._uploader.upload_cover(cover_image)})
        except WeChatApiError as error:
            if error.code != INVALID_MEDIA_ID:
                raise
        self._uploader.forget_cover(cover_image)
        return call(article | {"thumb_media_id": self._uploader.upload_cover(cover_image)})

    def _load_cover(self, spec: Mapping[str, str]) -> SourceImage:
        if file := spec.get("file"):
            return images.load_image_file(self._files, file, self._client.lang)
        return SourceImage("cover.png", cover.draw_cover(spec["title"], spec["date"]))

    def _load_image(self, url: str, file: str) -> SourceImage:
        """Read an image of the article from its output file, or download it if that is not in the folder."""
        if url.startswith(ROOT_FROM_PREVIEW):
            return images.load_image_file(self._files, file, self._client.lang)
        found = self._files.read(file, IMAGE) if file else MISSING
        if isinstance(found, bytes):
            return SourceImage(file.rpartition("/")[2], found)
        if found.code in _NOT_IN_FOLDER:
            return images.download_image(url, self._client.lang, self._client.deadline)
        raise images.build_refusal_error(file.rpartition("/")[2], found, self._client.lang)

    # -------------------------------------------------------------- publishing

    def _publish_draft(self, query: IssueQuery) -> Receipt:
        """Submit the draft of an issue, unless that was done before, and wait until it is published."""
        if not self._publisher.is_submitted(query.issue):
            media_id = self._added_media_ids.get(query.issue)
            if not media_id and (existing := self._find_draft(query)):
                media_id = existing[0]
            if not media_id:
                raise _NO_DRAFT.build_error(self._client.lang, permanent=True)
            self._publisher.submit(query.issue, media_id)
        return self._publisher.wait_for_article(query.issue)

    def _format_message(self, message: BilingualMessage) -> str:
        return "; ".join(message.format(self._client.lang))
