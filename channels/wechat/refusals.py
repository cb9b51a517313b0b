"""The errors for WeChat's error codes: nothing was done, and whether it is of use to try again."""

from __future__ import annotations

import re
from collections.abc import Mapping

from publisher.channels.wechat.errors import OTHER, REFUSALS, Refusal
from publisher.errors import DeliveryError

BUSY = -1
EXPIRED = {40001, 40014, 42001}
"""The token is wrong, or no longer right."""

NO_MEDIA = 40007
NO_RIGHT = 48001

_IP = re.compile(r"invalid ip ([0-9a-fA-F.:]+)")


class RefusedError(DeliveryError):
    """WeChat has answered with an error code: nothing was done."""

    code = 0


def refusal(
    code: int, said: str, lang: str, now: float, known: Mapping[int, Refusal] = REFUSALS
) -> RefusedError:
    """The error for an error code, and for what WeChat said with it, at a Unix time. `known` are the codes of
    the call."""
    sentence, wait = known.get(code, Refusal(OTHER))
    ip = found[1] if (found := _IP.search(said)) else "?"
    message, step = sentence.told(lang, ip=ip, said=said)
    error = RefusedError(
        f"{message} ({code})", step, permanent=wait is None, retry_after=wait(now) if wait else None
    )
    error.code = code
    return error
