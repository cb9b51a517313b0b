"""Keeps secrets out of everything that is printed, logged or recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.patterns import lazy_pattern

TYPE_CHECKING = False  # see publisher.patterns
if TYPE_CHECKING:
    from logging import LogRecord

REDACTED = "[secret]"
"""Shown instead of a secret."""

_LOGGERS_WITH_URLS = ("httpx", "httpcore", "telegram")

_known_secrets: set[str] = set()


_HINT = lazy_pattern(r"bot[0-9]+:|[0-9]{6}:|%3a|token|secret|://[^\s/]*@|authorization")
"""In each text that the next pattern matches, without regard to case; it compiles in a tenth of the time."""

_SECRET_PATTERN = r"""(?xi)
      bot[0-9]+ (?: : | %3A ) [a-z0-9_-]+                        # in the URLs of Telegram's Bot API
    | (?<![0-9]) [0-9]{6,} (?: : | %3A ) [a-z0-9_-]{30,}         # a bot token by itself
    | ( (?: access_token | secret ) =                            # WeChat's, in URLs and bodies
      | app_?secret \s* : \s*
      | ["'] \w* (?: access_token | secret ) \\?["'] \s* : \s* \\?["'] ) [^\s&"'\\]+
    | ( :// [^\s/:@]* : ) [^\s/]+ (?=@)
    | ( authorization [\\"']* \s* [:=,] \s* (?: b? [\\"'] )* ) [^\s\\"'] [^\n\\"']*
"""

_MIN_ENCODED_LENGTH = 4
"""Encoded forms that are shorter than this are not redacted: they occur in any text."""


def register_secret(text: str) -> None:
    """From now on `redact` removes this text: for what is received, or built from a secret, such as a login."""
    _known_secrets.update(_encode_variants(text))


def redact(text: str) -> str:
    """Replace each secret that was resolved by `[secret]`, and what looks like one: a bot token, the value of
    access_token, secret or Authorization, the password in a URL."""
    for variant in sorted(_known_secrets, key=len, reverse=True):  # one may be part of another
        text = text.replace(variant, REDACTED)
    if _HINT.search(text.casefold()):
        text = re.sub(_SECRET_PATTERN, rf"\1\2\3{REDACTED}", text)
    return text


def redact_logs() -> None:
    """Keep secrets out of the logs. Call it again after adding a handler.

    Libraries that log full URLs are silenced below WARNING, and the root logger's handlers redact all output.
    """
    import logging

    for name in _LOGGERS_WITH_URLS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in (*logging.getLogger().handlers, logging.lastResort):
        if handler:
            handler.addFilter(_redact_record)


def _encode_variants(secret: str) -> set[str]:
    """Return the secret as it appears in plain text, in a URL, in JSON, in the repr of a string, in base64 (also as
    a part of a longer text), and in hex."""
    from base64 import b64encode
    from json import dumps
    from urllib.parse import quote, quote_plus

    body = secret.encode("utf-8", "surrogateescape")
    encoded = b64encode(body).decode()
    encodings = {encoded, encoded.rstrip("="), *_encode_base64_parts(body)}
    encodings |= {text.translate(_URL_SAFE_BASE64) for text in encodings}
    encodings |= {body.hex(), body.hex().upper()}
    variants = {secret, *(text for text in encodings if len(text) >= _MIN_ENCODED_LENGTH)}
    in_urls = {
        quoted
        for text in variants
        for quoted in (
            quote(text, errors="replace"),
            quote(text, "", errors="replace"),
            quote_plus(text, errors="replace"),
        )
    }
    in_lower_case = {re.sub("%..", lambda escape: escape[0].lower(), text) for text in in_urls}
    in_code = {text for variant in variants for text in (dumps(variant)[1:-1], repr(variant)[1:-1])}
    return variants | in_urls | in_lower_case | in_code


_URL_SAFE_BASE64 = str.maketrans("+/", "-_")


def _encode_base64_parts(body: bytes) -> Iterator[str]:
    """Yield what the base64 of any longer text has of `body`, for the three ways in which bytes align there."""
    from base64 import b64encode

    for offset in range(3):
        encoded = b64encode(bytes(offset) + body)
        yield encoded[-(-8 * offset // 6) : 8 * (offset + len(body)) // 6].decode()


def _redact_record(record: LogRecord) -> bool:
    """Redact a log record: a filter for log handlers that lets each record pass."""
    from logging import Formatter

    try:
        message = record.getMessage()
    except Exception:  # with wrong arguments, logging would print them
        message = f"{record.msg} {record.args}"
    record.msg, record.args = redact(message), None
    if record.exc_info:
        record.exc_text = Formatter().formatException(record.exc_info)
        record.exc_info = None  # or the next handler formats it again, unredacted
    if record.exc_text:
        record.exc_text = redact(record.exc_text)
    if record.stack_info:
        record.stack_info = redact(record.stack_info)
    return True
