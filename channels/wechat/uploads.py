"""What WeChat keeps for an account: pictures of texts, at addresses of its own, and covers in its library.

Each is uploaded once for its bytes. developers.weixin.qq.com/doc/subscription/api/material/permanent/
api_uploadimage, and api_addmaterial there
"""

from __future__ import annotations

import hashlib

from publisher.channels.wechat.client import Account, File
from publisher.channels.wechat.images import Source, accepted

_PICTURES, _COVERS = "pictures", "covers"


class Uploads:
    """The uploads of an account. `notes` is what editors should know of pictures that were converted."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.notes: list[str] = []
        self._ready: dict[str, File] = {}

    def prepare(self, source: Source) -> None:
        """Make the picture such as WeChat takes. Raises DeliveryError when it cannot be. No call is made."""
        file, notes = accepted(source, self._account.lang)
        self._ready[_digest(source)] = file
        self.notes += [note for note in notes if note not in self.notes]

    def picture(self, source: Source) -> str:
        """The address at WeChat of a picture that is prepared."""
        return self._kept(_PICTURES, source, "media/uploadimg", "url").replace("http://", "https://", 1)

    def cover(self, source: Source) -> str:
        """The media_id of a cover that is prepared."""
        return self._kept(_COVERS, source, "material/add_material", "media_id", type="image")

    def forget_cover(self, source: Source) -> None:
        """Upload it anew when it is next wanted: somebody has deleted it from the library."""
        self._account.store.remember(_COVERS, _digest(source), "")

    def _kept(self, where: str, source: Source, path: str, answer: str, **query: str) -> str:
        digest = _digest(source)
        known = self._account.store.read(where).get(digest)
        if isinstance(known, str):
            return known
        made = str(self._account.upload(path, self._ready[digest], **query)[answer])
        self._account.store.remember(where, digest, made)
        return made


def _digest(source: Source) -> str:
    return hashlib.sha256(source.body).hexdigest()
