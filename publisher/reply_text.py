"""What the text of a mail server's reply is about: prepares it for the table in reply_rules.

The same for each way that such a text arrives: as a reply, in a bounce, or in the webhook of a provider.
"""

from __future__ import annotations

from publisher.mail_address import clean_text
from publisher.patterns import lazy_pattern
from publisher.reply_rules import REPLY_RULES, ReplyRule

_MAX_CLASSIFIED_LENGTH = 2000  # characters

_REPEATED_CODE = lazy_pattern(r"\n\s*[245]\.\d{1,3}\.\d{1,3}(?=\s)")
_ADDRESS = lazy_pattern(r"<[^<>\s]*>|[^\s<>\"'()\[\],;:]{1,64}@[^\s<>\"'()\[\],;:]+")
_CHINESE_WORD = lazy_pattern(r"[\u4e00-\u9fff]{2}")


def find_rule(text: str) -> ReplyRule:
    """Return the rule for a refusal: the text of a server's reply, its code first if it has one.

    It may also be the Diagnostic-Code of a bounce (RFC 3464, section 2.3.6) without its type.
    """
    line = remove_addresses(text[:_MAX_CLASSIFIED_LENGTH])
    return next(rule for rule in REPLY_RULES if rule.matches(line))


def remove_addresses(text: str) -> str:
    """Return the text of a reply on one line, without addresses, which may contain any word.

    A sentence may continue on the next line, which repeats the enhanced code.
    """
    return clean_text(_ADDRESS.sub("", _REPEATED_CODE.sub(" ", text)))


def decode_reply(raw: bytes) -> str:
    """Decode a text: UTF-8 by RFC 6531, but Chinese servers also use GBK."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    return text if _CHINESE_WORD.search(text) else raw.decode("utf-8", "replace")
