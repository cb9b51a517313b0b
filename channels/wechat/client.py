"""The client of WeChat's API for one official account, its access token, and its errors.

A failed call raises DeliveryError when nothing was changed, or OutcomeUnknownError when a call that changes
something got no usable response. No error contains a request URL or a token.

All processes share one access token, which is requested when there is none or the one there is expires soon.
In its normal mode stable_token returns the same token to all callers, and from five minutes before expiry a
new one, while the old one still works: developers.weixin.qq.com/doc/subscription/api/base/
api_getstableaccesstoken
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from publisher.channels.wechat.bilingual import BilingualMessage
from publisher.channels.wechat.errors import (
    ERROR_CODE_KINDS,
    ERROR_CODE_RULES,
    TOKEN_ERROR_RULES,
    UNKNOWN_CODE_MESSAGE,
    ErrorCodeRule,
)
from publisher.channels.wechat.state import AccountState
from publisher.credentials import Reference, resolve_secret
from publisher.deadline import Deadline
from publisher.errors import DeliveryError, OutcomeUnknownError, PublisherError, RefusalKind
from publisher.http_client import HttpClient, ResponseTooLargeError
from publisher.named_tuple import NamedTuple
from publisher.patterns import lazy_pattern
from publisher.redaction import register_secret

if TYPE_CHECKING:
    import httpx

CALL_TIMEOUT = 90.0
"""Seconds for a call in all, from the connection to the end of the response; an image may be 10 MB."""

REQUEST_TIMEOUT = 30.0
"""Seconds for each read and write of a call."""

_MAX_RESPONSE_BYTES = 10_000_000

_PAGE_SIZE = 20  # the maximum of batchget

_UNREACHABLE = BilingualMessage(
    "连不上微信的接口：{reason}",
    "检查网络；如需代理，设置环境变量 HTTPS_PROXY",
    "cannot reach WeChat's API: {reason}",
    "check the network; if you need a proxy, set the environment variable HTTPS_PROXY",
)
_NO_RESPONSE = BilingualMessage(
    "微信没有返回结果：{reason}", "稍后再试", "no valid response from WeChat: {reason}", "try again later"
)
_OUTCOME_UNKNOWN = BilingualMessage(
    "无法确定微信是否完成了这一步：{reason}",
    "登录公众平台检查草稿箱",
    "it is unknown whether WeChat processed the request: {reason}",
    "check the drafts at mp.weixin.qq.com",
)


class UploadFile(NamedTuple):
    """A file to upload: name, media type and bytes."""

    name: str
    media_type: str
    body: bytes


class WeChatClient:
    """A context manager that makes API calls for the account `appid`.

    `secret` refers to the AppSecret, `api` is the base URL of the API, `lang` the language of error messages,
    `clock` returns the Unix time.
    """

    def __init__(
        self, appid: str, secret: Reference, api: str, lang: str, clock: Callable[[], float] = time.time
    ) -> None:
        self.lang = lang
        self.appid = appid
        self.state = AccountState(appid, lang)
        self._secret = secret
        self._api = api.rstrip("/")
        self._clock = clock
        self._tokens = TokenCache(self.state, self._fetch_token, clock)
        self.deadline: Deadline | None = None
        """When the calls of a delivery must have ended, if there is a delivery."""

    def __enter__(self) -> Self:
        """Resolve the secret, without making a call. Raise ConfigError if it cannot be resolved."""
        self._app_secret = resolve_secret(self._secret)
        self._http = HttpClient(CALL_TIMEOUT, read_timeout=REQUEST_TIMEOUT, max_bytes=_MAX_RESPONSE_BYTES)
        self._http.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._http.__exit__(*error)

    def call(self, path: str, body: dict[str, Any], *, has_effect: bool = False) -> dict[str, Any]:
        """POST `body` as JSON to `path` below /cgi-bin/ and return the response.

        `has_effect` marks a call that changes something and must not be repeated. Raises WeChatApiError for
        an error code, DeliveryError when nothing was changed, and OutcomeUnknownError when a call that has an
        effect got no valid response.
        """
        # in an escape such as \u4f5c, WeChat counts every character towards its limits
        content = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return self._request_with_token(path, has_effect, content=content, headers=headers)

    def upload(self, path: str, file: UploadFile, **query: str) -> dict[str, Any]:
        """Upload a file and return the response. Repeating an upload only leaves an unused copy."""
        return self._request_with_token(path, False, query, files={"media": (file.name, file.body, file.media_type)})

    def list_articles(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the id and the first article of each entry of a paged call such as draft/batchget."""
        offset = 0
        while True:
            page = self.call(path, {"offset": offset, "count": _PAGE_SIZE, "no_content": 1})
            if "total_count" not in page:  # without a list, it is not known that an article is not there
                raise self._build_no_response_error(f"{path}: total_count?", has_effect=False)
            items = page.get("item", [])
            for item in items:
                for article in item["content"]["news_item"][:1]:
                    yield item.get("media_id") or item["article_id"], article
            offset += len(items)
            if not items or offset >= page["total_count"]:
                return

    # ------------------------------------------------------------------ calls

    def _fetch_token(self) -> tuple[str, float]:
        """Request a token; return it with its lifetime in seconds."""
        body = {"grant_type": "client_credential", "appid": self.appid, "secret": self._app_secret}
        response = self._post("stable_token", False, {}, json=body | {"force_refresh": False})
        self._raise_for_error_code(response, TOKEN_ERROR_RULES)
        token, lifetime = response.get("access_token"), response.get("expires_in")
        if not isinstance(token, str) or not isinstance(lifetime, int | float) or not math.isfinite(lifetime):
            raise self._build_no_response_error("stable_token: access_token?", has_effect=False)
        return token, float(lifetime)

    def _request_with_token(
        self, path: str, has_effect: bool, query: dict[str, str] | None = None, **request: Any
    ) -> dict[str, Any]:
        """Make a call with the token, and once more with a new token if the first is rejected."""
        token = self._tokens.get_token()
        response = self._post(path, has_effect, {"access_token": token, **(query or {})}, **request)
        if response.get("errcode") in INVALID_TOKEN_CODES:
            token = self._tokens.get_token(rejected=token)
            response = self._post(path, has_effect, {"access_token": token, **(query or {})}, **request)
        self._raise_for_error_code(response)
        return response

    def _raise_for_error_code(
        self, response: dict[str, Any], rules: Mapping[int, ErrorCodeRule] = ERROR_CODE_RULES
    ) -> None:
        if code := response.get("errcode", 0):
            raise build_api_error(code, str(response.get("errmsg", "")), self.lang, self._clock(), rules)

    def _post(self, path: str, has_effect: bool, query: dict[str, str], **request: Any) -> dict[str, Any]:
        import httpx

        try:
            response = self._http.request(
                "POST", f"{self._api}/cgi-bin/{path}", deadline=self.deadline, params=query, **request
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            reason = str(error) or type(error).__name__
            raise _UNREACHABLE.build_error(self.lang, kind=RefusalKind.LATER, reason=reason) from None
        except (httpx.HTTPError, ResponseTooLargeError) as error:
            raise self._build_no_response_error(type(error).__name__, has_effect) from None
        result = _parse_json_object(response)
        if result is None:
            raise self._build_no_response_error(f"HTTP {response.status_code}", has_effect)
        if result.get("errcode") == SYSTEM_BUSY:
            raise self._build_no_response_error(f"{result.get('errmsg', '')} ({SYSTEM_BUSY})".strip(), has_effect)
        return result

    def _build_no_response_error(self, reason: str, has_effect: bool) -> PublisherError:
        if has_effect:
            return OutcomeUnknownError(*_OUTCOME_UNKNOWN.format(self.lang, reason=reason))
        return _NO_RESPONSE.build_error(self.lang, kind=RefusalKind.LATER, reason=reason)


def _parse_json_object(response: httpx.Response) -> dict[str, Any] | None:
    """Return the JSON object of a response; None for anything else, such as the error page of a proxy."""
    if response.status_code != 200:
        return None
    try:
        value = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


EXPIRY_MARGIN = 300.0
"""Seconds before its expiry from which a token is no longer used."""

_TOKEN_STATE = "token"


class TokenCache:
    """The access token of an account, stored for all processes.

    `fetch` requests a token and returns it with its lifetime in seconds; `clock` returns the Unix time.
    """

    def __init__(
        self, state: AccountState, fetch: Callable[[], tuple[str, float]], clock: Callable[[], float] = time.time
    ) -> None:
        self._state = state
        self._fetch = fetch
        self._clock = clock

    def get_token(self, rejected: str = "") -> str:
        """Return the stored token, or fetch a new one if it expires soon or is the `rejected` one.

        If another process has already replaced the rejected token, that token is returned.
        """
        with self._state.lock():
            stored = self._state.load(_TOKEN_STATE)
            token, expiry = stored.get("token"), stored.get("until")
            if isinstance(token, str) and isinstance(expiry, int | float):
                is_fresh = expiry - EXPIRY_MARGIN > self._clock()
                if token and token != rejected and is_fresh:
                    register_secret(token)
                    return token
            token, lifetime = self._fetch()
            register_secret(token)
            self._state.save(_TOKEN_STATE, {"token": token, "until": self._clock() + lifetime})
            return token


SYSTEM_BUSY = -1
INVALID_TOKEN_CODES = {40001, 40014, 42001}
"""The token is invalid or has expired."""

INVALID_MEDIA_ID = 40007
API_UNAUTHORIZED = 48001

_INVALID_IP = lazy_pattern(r"invalid ip ([0-9a-fA-F.:]+)")


class WeChatApiError(DeliveryError):
    """WeChat responded with the error code `code`: nothing was changed."""

    code = 0


def build_api_error(
    code: int, errmsg: str, lang: str, now: float, rules: Mapping[int, ErrorCodeRule] = ERROR_CODE_RULES
) -> WeChatApiError:
    """Return the error for an error code and WeChat's own `errmsg`, at the Unix time `now`.

    `rules` are the codes known for the call.
    """
    template, wait = rules.get(code, ErrorCodeRule(UNKNOWN_CODE_MESSAGE))
    ip = match[1] if (match := _INVALID_IP.search(errmsg)) else "?"
    message, hint = template.format(lang, ip=ip, errmsg=errmsg)
    error = WeChatApiError(
        f"{message} ({code})",
        hint,
        permanent=wait is None,
        retry_after=wait(now) if wait else None,
        kind=ERROR_CODE_KINDS.get(code, RefusalKind.UNKNOWN),
    )
    error.code = code
    return error
