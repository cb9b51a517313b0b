"""Messages for the editor in Chinese and English: WeChat's own site and documentation are in Chinese."""

from __future__ import annotations

from publisher.errors import DeliveryError, RefusalKind
from publisher.localized import get_language_code
from publisher.named_tuple import NamedTuple
from publisher.redaction import redact


class BilingualMessage(NamedTuple):
    """An error message and its hint in Chinese and English; fields in braces are filled in."""

    chinese: str
    chinese_hint: str
    english: str
    english_hint: str

    def format(self, lang: str, **values: object) -> tuple[str, str]:
        """Return message and hint, secrets redacted, for a BCP 47 tag: in Chinese for zh, else in English."""
        pair = self[:2] if get_language_code(lang) == "zh" else self[2:]
        message, hint = (redact(text.format(**values)) for text in pair)
        return message, hint

    def build_error(
        self, lang: str, *, permanent: bool = False, kind: RefusalKind = RefusalKind.UNKNOWN, **values: object
    ) -> DeliveryError:
        """Return the DeliveryError to raise: nothing was sent."""
        return DeliveryError(*self.format(lang, **values), permanent=permanent, kind=kind)
