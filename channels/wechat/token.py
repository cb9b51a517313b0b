"""The access token: one for all processes, asked for when there is none that lasts.

In its normal mode stable_token gives the same token to everybody who asks, and from five minutes before its
end a new one, while the old one still works: developers.weixin.qq.com/doc/subscription/api/base/
api_getstableaccesstoken
"""

from __future__ import annotations

import time
from collections.abc import Callable

from publisher.channels.wechat.state import Store

MARGIN = 300.0
"""Seconds before its end from which a token is not used any more."""

_FILE = "token"


class Tokens:
    """`fetch` asks WeChat for a token and for how many seconds it lasts; `clock` gives the Unix time."""

    def __init__(
        self, store: Store, fetch: Callable[[], tuple[str, float]], clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._fetch = fetch
        self._clock = clock

    def current(self, refused: str = "") -> str:
        """The token; a new one if the one there is was `refused`, unless another process has it already."""
        with self._store.locked():
            known = self._store.read(_FILE)
            token, until = known.get("token"), known.get("until")
            if isinstance(token, str) and isinstance(until, int | float):
                lasts = until - MARGIN > self._clock()
                if token and token != refused and lasts:
                    return token
            token, seconds = self._fetch()
            self._store.write(_FILE, {"token": token, "until": self._clock() + seconds})
            return token
