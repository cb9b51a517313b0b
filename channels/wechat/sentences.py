"""Sentences for editors: what is wrong, and what to do, in Chinese and in English."""

from __future__ import annotations

from typing import NamedTuple

from publisher.credentials import redact
from publisher.errors import DeliveryError


class Sentence(NamedTuple):
    """What is wrong and the next step, in both languages; words in braces are filled in."""

    chinese: str
    chinese_step: str
    english: str
    english_step: str

    def told(self, lang: str, **values: object) -> tuple[str, str]:
        """The sentence and the step in the language of a BCP 47 tag: Chinese for zh, English for others."""
        pair = self[:2] if lang.lower().split("-")[0] == "zh" else self[2:]
        sentence, step = (redact(text.format(**values)) for text in pair)
        return sentence, step

    def error(
        self, lang: str, *, permanent: bool = False, retry_after: float | None = None, **values: object
    ) -> DeliveryError:
        """The error to raise when nothing went out."""
        return DeliveryError(*self.told(lang, **values), permanent=permanent, retry_after=retry_after)
