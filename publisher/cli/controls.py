"""Keeps control characters of file names, texts and server replies away from the terminal."""

from __future__ import annotations

import re

from publisher.patterns import lazy_pattern

# controls of C0, DEL and C1, which a terminal obeys, but for tab and newline; characters that reorder or break the
# text around them (Unicode's Bidi_Control, line separators, annotations); and parts of file names that are not UTF-8
_CONTROLS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff"
)
_CONTROL = lazy_pattern(f"[{_CONTROLS}]")

REPLACEMENT = "\ufffd"


def replace_controls(text: str) -> str:
    """Replace each control character but tab and newline by a visible one."""
    if text.replace("\n", "").isprintable():  # compiling the pattern takes half a millisecond
        return text
    return _CONTROL.sub(REPLACEMENT, text)


def dump_json(value: object, indent: int | None = None) -> str:
    """Return a value as JSON, in which control characters are escaped, so that the data stay exact."""
    from json import dumps  # slow to import

    text = dumps(value, ensure_ascii=False, indent=indent)
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def flatten_lines(text: str) -> str:
    """Return a text as one line."""
    return re.sub(r"(?<!\s)\s*?[\r\n]\s*", " ", text.strip())
