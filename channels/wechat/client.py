"""An official account at WeChat's interface: every call, and what its answer means.

A call either did nothing, which is a DeliveryError, or nobody knows, which can only be said of calls that
change something. No address and no token is in any error.

The access token: one for all processes, asked for when there is none that lasts.

In its normal mode stable_token gives the same token to everybody who asks, and from five minutes before its
end a new one, while the old one still works: developers.weixin.qq.com/doc/subscription/api/base/
api_getstableaccesstoken
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from publisher.channels.wechat.errors import (
    ERROR_CODE_RULES,
    TOKEN_ERROR_RULES,
    UNKNOWN_CODE_MESSAGE,
    ErrorCodeRule,
)
from publisher.channels.wechat.state import AccountState
from publisher.channels.wechat.writer import BilingualMessage
from publisher.credentials import Reference, resolve_secret
from publisher.errors import DeliveryError, OutcomeUnknownError, PublisherError
from publisher.patterns import lazy_pattern

if TYPE_CHECKING:
    import httpx

REQUEST_TIMEOUT = 30.0
"""Seconds WeChat may take to answer, once it has the whole call."""

_PAGE_SIZE = 20  # the most that batchget gives

_UNREACHABLE = BilingualMessage(
    "连不上微信的接口：{reason}",
    "检查网络；需要代理的话设置环境变量 HTTPS_PROXY",
    "WeChat's interface cannot be reached: {reason}",
    "look at the network; where a proxy is needed, HTTPS_PROXY names it",
)
_NO_RESPONSE = BilingualMessage(
    "微信没有给出结果：{reason}",
    "稍后再试",
    "WeChat gives no answer: {reason}",
    "try again later",
)
_OUTCOME_UNKNOWN = BilingualMessage(
    "不知道微信有没有做完这一步：{reason}",
    "登录公众平台看看草稿箱",
    "nobody knows whether WeChat did it: {reason}",
    "look at the drafts at mp.weixin.qq.com",
)


class UploadFile(NamedTuple):
    """A file to upload."""

    name: str
    media_type: str
    body: bytes


class WeChatClient:
    """The account `appid`, from `with` on. `secret` says where its AppSecret is, `api` is the address of the
    interface, `lang` the language of errors."""

    def __init__(
        self,
        appid: str,
        secret: Reference,
        api: str,
        lang: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.lang = lang
        self.appid = appid
        self.state = AccountState(appid, lang)
        self._secret = secret
        self._api = api.rstrip("/")
        self._clock = clock
        self._tokens = TokenCache(self.state, self._fetch_token, clock)

    def __enter__(self) -> Self:
        """Raises ConfigError when the secret is not where it should be. No call is made."""
        self._app_secret = resolve_secret(self._secret)
        import httpx

        # A connection that was kept may be closed by the server in the moment it is used again, and then
        # nobody knows whether the call arrived: so none is used twice.
        self._http = httpx.Client(
            timeout=httpx.Timeout(REQUEST_TIMEOUT, connect=10.0),
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def call(self, path: str, body: dict[str, Any], *, has_effect: bool = False) -> dict[str, Any]:
        """Make a call. With `acts` it changes something, and to make it twice is not the same as once.

        Raises RefusedError, DeliveryError when it did nothing, OutcomeUnknownError when nobody knows.
        """
        # WeChat counts the characters of an escape such as \u4f5c one by one
        content = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return self._request_with_token(path, has_effect, content=content, headers=headers)

    def upload(self, path: str, file: UploadFile, **query: str) -> dict[str, Any]:
        """Upload a file. To do it twice leaves a copy that nobody sees."""
        return self._request_with_token(
            path, False, query, files={"media": (file.name, file.body, file.media_type)}
        )

    def list_articles(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """All that a call of the form of batchget lists: the id and the first article of each."""
        at = 0
        while True:
            page = self.call(path, {"offset": at, "count": _PAGE_SIZE, "no_content": 1})
            items = page.get("item", [])
            for item in items:
                for article in item["content"]["news_item"][:1]:
                    yield item.get("media_id") or item["article_id"], article
            at += len(items)
            if not items or at >= page.get("total_count", 0):
                return

    # ------------------------------------------------------------------ calls

    def _fetch_token(self) -> tuple[str, float]:
        """A token from WeChat, and for how many seconds it lasts."""
        asked = {"grant_type": "client_credential", "appid": self.appid, "secret": self._app_secret}
        made = self._post("stable_token", False, {}, json=asked | {"force_refresh": False})
        self._raise_for_error_code(made, TOKEN_ERROR_RULES)
        return str(made["access_token"]), float(made["expires_in"])

    def _request_with_token(
        self, path: str, has_effect: bool, query: dict[str, str] | None = None, **request: Any
    ) -> dict[str, Any]:
        """An answer that is no refusal. A token that is refused is exchanged once."""
        token = self._tokens.get_token()
        made = self._post(path, has_effect, {"access_token": token, **(query or {})}, **request)
        if made.get("errcode") in INVALID_TOKEN_CODES:
            token = self._tokens.get_token(rejected=token)
            made = self._post(path, has_effect, {"access_token": token, **(query or {})}, **request)
        self._raise_for_error_code(made)
        return made

    def _raise_for_error_code(
        self, response: dict[str, Any], rules: Mapping[int, ErrorCodeRule] = ERROR_CODE_RULES
    ) -> None:
        if code := response.get("errcode", 0):
            raise build_api_error(code, str(response.get("errmsg", "")), self.lang, self._clock(), rules)

    def _post(self, path: str, has_effect: bool, query: dict[str, str], **request: Any) -> dict[str, Any]:
        import httpx

        try:
            response = self._http.post(f"{self._api}/cgi-bin/{path}", params=query, **request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise _UNREACHABLE.build_error(self.lang, reason=str(error) or type(error).__name__) from None
        except httpx.HTTPError as error:
            raise self._build_no_response_error(type(error).__name__, has_effect) from None
        made = _parse_json_object(response)
        if made is None:
            raise self._build_no_response_error(f"HTTP {response.status_code}", has_effect)
        if made.get("errcode") == SYSTEM_BUSY:
            raise self._build_no_response_error(
                f"{made.get('errmsg', '')} ({SYSTEM_BUSY})".strip(), has_effect
            )
        return made

    def _build_no_response_error(self, reason: str, has_effect: bool) -> PublisherError:
        if has_effect:
            return OutcomeUnknownError(*_OUTCOME_UNKNOWN.format(self.lang, reason=reason))
        return _NO_RESPONSE.build_error(self.lang, reason=reason)


def _parse_json_object(response: httpx.Response) -> dict[str, Any] | None:
    """The JSON object of an answer; None when it is no such thing, as the page of a proxy."""
    if response.status_code != 200:
        return None
    try:
        made = json.loads(response.content)
    except ValueError:
        return None
    return made if isinstance(made, dict) else None


EXPIRY_MARGIN = 300.0
"""Seconds before its end from which a token is not used any more."""

_TOKEN_STATE = "token"


class TokenCache:
    """`fetch` asks WeChat for a token and for how many seconds it lasts; `clock` gives the Unix time."""

    def __init__(
        self,
        state: AccountState,
        fetch: Callable[[], tuple[str, float]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._state = state
        self._fetch = fetch
        self._clock = clock

    def get_token(self, rejected: str = "") -> str:
        """The token; a new one if the one there is was `refused`, unless another process has it already."""
        with self._state.lock():
            known = self._state.load(_TOKEN_STATE)
            token, until = known.get("token"), known.get("until")
            if isinstance(token, str) and isinstance(until, int | float):
                lasts = until - EXPIRY_MARGIN > self._clock()
                if token and token != rejected and lasts:
                    return token
            token, seconds = self._fetch()
            self._state.save(_TOKEN_STATE, {"token": token, "until": self._clock() + seconds})
            return token


SYSTEM_BUSY = -1
INVALID_TOKEN_CODES = {40001, 40014, 42001}
"""The token is wrong, or no longer right."""

INVALID_MEDIA_ID = 40007
API_UNAUTHORIZED = 48001

_INVALID_IP = lazy_pattern(r"invalid ip ([0-9a-fA-F.:]+)")


class WeChatApiError(DeliveryError):
    """WeChat has answered with an error code: nothing was done."""

    code = 0


def build_api_error(
    code: int, errmsg: str, lang: str, now: float, rules: Mapping[int, ErrorCodeRule] = ERROR_CODE_RULES
) -> WeChatApiError:
    """The error for an error code, and for what WeChat said with it, at a Unix time. `known` are the codes of
    the call."""
    sentence, wait = rules.get(code, ErrorCodeRule(UNKNOWN_CODE_MESSAGE))
    ip = found[1] if (found := _INVALID_IP.search(errmsg)) else "?"
    message, step = sentence.format(lang, ip=ip, said=errmsg)
    error = WeChatApiError(
        f"{message} ({code})", step, permanent=wait is None, retry_after=wait(now) if wait else None
    )
    error.code = code
    return error
